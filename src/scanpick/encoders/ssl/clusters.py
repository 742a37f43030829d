"""Things that stand on the ground: connected cells with points above it. No classes: only what is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from scanpick.arrays import BoolArray, Float32Array, Float64Array, Int32Array, Int64Array
from scanpick.encoders.ssl.cells import Cells

CLUSTER_LEVEL = 1
"""Cells of 0.32 m that touch, also at a corner, belong together."""

LOWEST_M, HIGHEST_M = 0.3, 2.4
"""A cell belongs to a thing if it has a point between these heights above the ground."""

POINTS_FROM_M = 0.25
"""A thing's points start at this height."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """M things of a scene.

    Attributes:
        of_point: (P,) int32 the thing that each point belongs to, -1 for none.
        centres_m: (M, 2) mean x, y.
        sizes_m: (M, 4) length and width (of a box with the points' second moments), top and bottom above the ground.
        counts: (M,) points; may be 0 for a thing whose points were taken away.
    """

    of_point: Int32Array
    centres_m: Float64Array
    sizes_m: Float64Array
    counts: Int64Array

    def __len__(self) -> int:
        return len(self.counts)


def find_clusters(xyz: Float32Array, above: Float32Array, cells: Cells) -> Clusters:
    """The things in a scene of (P, C >= 3) points with their heights above the ground, sorted into `cells`."""
    level = cells.levels[CLUSTER_LEVEL]
    row_of_point = cells.rows_at(CLUSTER_LEVEL)
    solid = _solid(row_of_point, above, len(level.cells))
    cluster_of_cell, count = _connected(level.neighbours, solid)
    of_point = np.where((row_of_point >= 0) & (above >= POINTS_FROM_M), cluster_of_cell[row_of_point], -1)
    of_point = of_point.astype(np.int32)
    return Clusters(of_point, *_measure(np.ascontiguousarray(xyz[:, :2]), above, of_point, count))


@njit(cache=True, nogil=True)
def _solid(row_of_point: Int32Array, above: Float32Array, count: int) -> BoolArray:
    """Which cells have a point at a height that things have."""
    solid = np.zeros(count, np.bool_)
    for p in range(len(above)):
        if row_of_point[p] >= 0 and LOWEST_M <= above[p] < HIGHEST_M:
            solid[row_of_point[p]] = True
    return solid


@njit(cache=True, nogil=True)
def _connected(neighbours: Int32Array, solid: BoolArray) -> tuple[Int32Array, int]:
    """The thing of each cell, numbered in the order of their first cells, -1 for cells of none; and their number."""
    # From each solid cell that is not taken yet, all that are reached by neighbours, as a stack: no recursion.
    count = len(solid)
    found = np.full(count + 1, -1, np.int32)
    waiting = np.empty(count, np.int32)
    things = 0
    for first in range(count):
        if not solid[first] or found[first] >= 0:
            continue
        found[first] = things
        waiting[0], length = first, 1
        while length > 0:
            length -= 1
            row = waiting[length]
            for k in range(9):
                other = neighbours[row, k]
                if other < count and solid[other] and found[other] < 0:
                    found[other] = things
                    waiting[length] = other
                    length += 1
        things += 1
    return found[:count], things


@njit(cache=True, nogil=True)
def _measure(
    xy: Float32Array, above: Float32Array, of_point: Int32Array, count: int
) -> tuple[Float64Array, Float64Array, Int64Array]:
    counts = np.zeros(count, np.int64)
    centres, moments, sizes = np.zeros((count, 2)), np.zeros((count, 3)), np.zeros((count, 4))
    sizes[:, 2], sizes[:, 3] = -np.inf, np.inf
    for p in range(len(xy)):
        m = of_point[p]
        if m >= 0:
            counts[m] += 1
            centres[m, 0] += xy[p, 0]
            centres[m, 1] += xy[p, 1]
            sizes[m, 2] = max(sizes[m, 2], above[p])
            sizes[m, 3] = min(sizes[m, 3], above[p])
    for m in range(count):
        centres[m] /= max(counts[m], 1)
    for p in range(len(xy)):  # again, about the means: moments about the sensor would lose metres in rounding
        m = of_point[p]
        if m >= 0:
            dx, dy = xy[p, 0] - centres[m, 0], xy[p, 1] - centres[m, 1]
            moments[m, 0] += dx * dx
            moments[m, 1] += dy * dy
            moments[m, 2] += dx * dy
    for m in range(count):
        xx, yy, xy_ = moments[m] / max(counts[m], 1)
        middle, spread = (xx + yy) / 2, np.sqrt(((xx - yy) / 2) ** 2 + xy_ * xy_)
        sizes[m, 0] = np.sqrt(12 * (middle + spread))
        sizes[m, 1] = np.sqrt(12 * max(middle - spread, 0.0))
    return centres, sizes, counts
