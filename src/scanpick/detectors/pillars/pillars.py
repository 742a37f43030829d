"""From points to pillars: which pillar each point is in, and what is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numba import njit

from scanpick.arrays import Float32Array, Float64Array, Int64Array, Points
from scanpick.detectors.pillars.config import PillarConfig
from scanpick.geometry.ground import Ground, estimate_ground

POINT_FEATURES = 10
"""Offsets to the pillar's centre (2) and to the mean of its points (3), height above the ground, height above the
sensor, intensity, range, and the logarithm of the number of points in the pillar; each of the order of 1."""


AROUND_FEATURES = 5
"""Of a point around a cell: x and y from the cell's centre, height, intensity, and 1."""

AROUND_LOWEST_M = 0.15
"""Points lower above the ground tell nothing of an object's size."""


class Grid(NamedTuple):
    """The pillars seen from above: the lowest x and y, a pillar's side, and how many there are along x and y."""

    x0: float
    y0: float
    side: float
    nx: int
    ny: int


@dataclass(frozen=True, eq=False)
class Pillars:
    """Points of one frame, sorted by pillar.

    Attributes:
        features: (P, 10) float32, see `POINT_FEATURES`.
        points: (P, 4) float32: x, y, height above the ground, intensity.
        starts: (S + 1,) int64: the points of pillar s are ``starts[s]`` to ``starts[s + 1]``.
        cells: (S,) int64: the pillar's place in the flattened (nx, ny) grid, rising.
        cell_ground_m: (nx / 2, ny / 2) float32: height of the ground under each cell of the heads' grid.
    """

    features: Float32Array
    points: Float32Array
    starts: Int64Array
    cells: Int64Array
    cell_ground_m: Float32Array


def make_pillars(points: Points, config: PillarConfig) -> Pillars:
    """Sort (P, C >= 4) points into pillars. Points outside the volume are left out."""
    grid = _grid(config)
    ground = estimate_ground(points, config.ground)
    xyzi = np.ascontiguousarray(points[:, :4])
    above = (xyzi[:, 2] - ground.height_at(xyzi[:, :2])).astype(np.float32)
    cell = _cell_of_points(xyzi, above, grid, *config.z_range_m)
    looked_at = (cell >= 0) & ((above > AROUND_LOWEST_M) | (np.arange(len(above)) % config.road_every == 0))
    kept = np.flatnonzero(looked_at)
    # Small whole numbers are sorted by counting, several times as fast as others.
    narrow = np.uint16 if grid.nx * grid.ny <= 1 << 16 else np.int64
    kept = kept[np.argsort(cell[kept].astype(narrow), kind="stable")]
    cell = cell[kept]
    first = np.flatnonzero(np.diff(cell, prepend=-1))
    cells, starts = cell[first], np.append(first, len(kept)).astype(np.int64)
    features = _features(xyzi[kept], above[kept], starts, cells, grid)
    placed = np.column_stack([xyzi[kept, :2], above[kept], xyzi[kept, 3]])
    return Pillars(features, placed, starts, cells, cell_ground(ground, config))


def points_around(pillars: Pillars, head_cells: Int64Array, config: PillarConfig) -> Float32Array:
    """(K, n, 5) points near the centres of K cells of the heads' grid, above the ground.

    Of each point: x and y from the centre, of the order of 1; height above the ground; intensity; and 1. Where there
    are fewer than n, the rest is 0; where there are more, they are thinned evenly.
    """
    near = (config.around_m, config.around_points)
    return _points_around(pillars.points, pillars.starts, pillars.cells, head_cells, _grid(config), *near)


def cell_ground(ground: Ground, config: PillarConfig) -> Float32Array:
    """(nx / 2, ny / 2) height of the ground at the centres of the heads' cells."""
    centres = head_cell_centres(config)
    return ground.height_at(centres.reshape(-1, 2)).reshape(centres.shape[:2]).astype(np.float32)


def head_cell_centres(config: PillarConfig) -> Float64Array:
    """(nx / 2, ny / 2, 2) positions of the heads' cells, which are two pillars wide."""
    (nx, ny), side = config.grid, 2 * config.pillar_m
    x = config.x_range_m[0] + (np.arange(nx // 2) + 0.5) * side
    y = config.y_range_m[0] + (np.arange(ny // 2) + 0.5) * side
    return np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1)


def _grid(config: PillarConfig) -> Grid:
    return Grid(config.x_range_m[0], config.y_range_m[0], config.pillar_m, *config.grid)


@njit(cache=True, nogil=True)
def _cell_of_points(xyzi: Float32Array, above: Float32Array, grid: Grid, lowest: float, highest: float) -> Int64Array:
    """(P,) the place of each point's pillar in the flattened grid, -1 outside."""
    cell = np.full(len(xyzi), -1, dtype=np.int64)
    for p in range(len(xyzi)):
        i = int(np.floor((xyzi[p, 0] - grid.x0) / grid.side))
        j = int(np.floor((xyzi[p, 1] - grid.y0) / grid.side))
        if 0 <= i < grid.nx and 0 <= j < grid.ny and lowest <= above[p] < highest:
            cell[p] = i * grid.ny + j
    return cell


@njit(cache=True, nogil=True)
def _features(
    xyzi: Float32Array, above: Float32Array, starts: Int64Array, cells: Int64Array, grid: Grid
) -> Float32Array:
    side = grid.side
    features = np.empty((len(xyzi), 10), dtype=np.float32)
    for s in range(len(cells)):
        first, last = starts[s], starts[s + 1]
        mx, my, mz = 0.0, 0.0, 0.0  # in float64: sums of metres, of which millimetres count
        for p in range(first, last):
            mx += xyzi[p, 0]
            my += xyzi[p, 1]
            mz += xyzi[p, 2]
        count = last - first
        mx, my, mz = mx / count, my / count, mz / count
        cx = grid.x0 + (cells[s] // grid.ny + 0.5) * side
        cy = grid.y0 + (cells[s] % grid.ny + 0.5) * side
        for p in range(first, last):
            features[p, 0] = (xyzi[p, 0] - cx) / side
            features[p, 1] = (xyzi[p, 1] - cy) / side
            features[p, 2] = (xyzi[p, 0] - mx) / side
            features[p, 3] = (xyzi[p, 1] - my) / side
            features[p, 4] = xyzi[p, 2] - mz
            features[p, 5] = above[p]
            features[p, 6] = xyzi[p, 2] + 1.7
            features[p, 7] = xyzi[p, 3]
            features[p, 8] = np.sqrt(xyzi[p, 0] ** 2 + xyzi[p, 1] ** 2) / 30.0
            features[p, 9] = np.log(np.float32(count)) / 3.0
    return features


@njit(cache=True, nogil=True)
def _points_around(
    points: Float32Array,
    starts: Int64Array,
    cells: Int64Array,
    head_cells: Int64Array,
    grid: Grid,
    radius: float,
    most: int,
) -> Float32Array:
    x0, y0, side, nx, ny = grid
    # Pillars are listed, not spread over the grid: this tells which one, if any, lies at a place.
    pillar_at = np.full(nx * ny, -1, dtype=np.int64)
    for s in range(len(cells)):
        pillar_at[cells[s]] = s
    found = np.zeros((len(head_cells), most, AROUND_FEATURES), dtype=np.float32)
    near = np.empty(len(points), dtype=np.int64)
    reach = int(np.ceil(radius / side)) + 1
    for k in range(len(head_cells)):
        row, column = head_cells[k] // (ny // 2), head_cells[k] % (ny // 2)
        cx, cy = x0 + (row + 0.5) * 2 * side, y0 + (column + 0.5) * 2 * side
        count = 0
        for i in range(max(2 * row + 1 - reach, 0), min(2 * row + 1 + reach, nx)):
            for j in range(max(2 * column + 1 - reach, 0), min(2 * column + 1 + reach, ny)):
                s = pillar_at[i * ny + j]
                if s < 0:
                    continue
                for p in range(starts[s], starts[s + 1]):
                    dx, dy = points[p, 0] - cx, points[p, 1] - cy
                    if points[p, 2] > AROUND_LOWEST_M and dx * dx + dy * dy < radius * radius:
                        near[count] = p
                        count += 1
        taken = min(count, most)
        for n in range(taken):
            p = near[n * count // taken]  # evenly, since pillars come in order: the first ones would be of one side
            found[k, n, 0] = (points[p, 0] - cx) / 2
            found[k, n, 1] = (points[p, 1] - cy) / 2
            found[k, n, 2] = points[p, 2]
            found[k, n, 3] = points[p, 3]
            found[k, n, 4] = 1
    return found
