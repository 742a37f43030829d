"""How typical points are, by the distances to their nearest others, found exactly.

Hacohen, Dekel and Weinshall, Active Learning on a Budget, ICML 2022. Float32 products only rule pairs out (see
`distances`), and most products are ruled out themselves: with the group of an anchor a, all of whose points are within
r of it, ``|x - y| >= |x - a| - r`` for every y of the group.
"""

from __future__ import annotations

import functools
import itertools

import numba
import numpy as np

from scanpick.arrays import Embeddings, Float32Array, Float64Array, Int64Array
from scanpick.errors import ScanpickError
from scanpick.selection.kernels.distances import LANES, SLACK, CentredRows, squared_distance
from scanpick.selection.kernels.k_center import KCenterPicker
from scanpick.selection.kernels.lowering import row_limit
from scanpick.selection.kernels.workers import Scratch, Workers

BLOCK = 512
"""Points per matrix product."""

COLUMNS = 1024
"""Others per matrix product, about: groups are not cut."""

CHUNK = 64
"""Others whose bounds are counted together, in vector registers, and looked at one by one only on a hit."""

GROUP = 48
"""Points per group, on average."""

UNGROUPED = 2048
"""Up to this many points, groups cost more than they save."""

MOST_GROUPS = 2048
"""More would need more products with anchors than they save."""

OFFSET = 1e-5
"""Keeps the typicality of duplicates finite."""


def typicality(X: Embeddings, neighbours: int, threads: int = 1) -> Float64Array:
    """(N,) float64: 1 / (mean squared distance to the nearest others + 1e-5).

    `neighbours` of the others count, from 1 to N - 1; see `nearest_others`.

    Example:
        >>> typicality(np.array([[0.0], [1.0], [3.0]], dtype=np.float32), 1).round(3)
        array([1.  , 1.  , 0.25])
    """
    return typicality_of(nearest_others(X, neighbours, threads)[0])


def typicality_of(squared: Float64Array) -> Float64Array:
    """(N,) typicality from squared distances (N, K) to the nearest others, ascending."""
    # Columns are added one after the other, so that a result does not depend on the rows beside it.
    total = np.zeros(len(squared))
    for column in range(squared.shape[1]):
        total += squared[:, column]
    return 1.0 / (total / squared.shape[1] + OFFSET)


def nearest_others(X: Embeddings, count: int, threads: int = 1) -> tuple[Float64Array, Int64Array]:
    """Squared distances from every point to its `count` nearest others, ascending, and their indices.

    A point is not among its others, its duplicates are. Distances are exact; where others are equally far, any of them
    may be named last.

    Args:
        X: (N, D) float32 in C order.
        count: K, from 1 to N - 1; anything for no points.
        threads: How many threads compare points.

    Returns:
        (N, K) float64 and (N, K) int64.

    Raises:
        ScanpickError: There are not as many others.
    """
    if len(X) == 0:
        return np.empty((0, count)), np.empty((0, count), dtype=np.int64)
    if not 1 <= count < len(X):
        raise ScanpickError(f"Nearest others of {len(X)} points: expected from 1 to {len(X) - 1}, got {count}.")
    search = _Search(X, count, threads)
    search.run()
    return search.squared, search.others


class _Search:
    """The points in groups, and for each point the nearest others found so far."""

    def __init__(self, X: Embeddings, count: int, threads: int) -> None:
        self.source = CentredRows(X)
        self.squared = np.full((len(X), count), np.inf)
        self.others = np.full((len(X), count), -1, dtype=np.int64)
        self.workers = Workers(threads)
        labels, anchors, self.radii = _groups(X, threads)
        self.order = np.argsort(labels, kind="stable")
        self.edges = np.searchsorted(labels[self.order], np.arange(len(anchors) + 1))
        self.anchor_rows, self.anchor_floors = self.source.gathered(anchors)

    def run(self) -> None:
        """Fill in `squared` and `others`."""
        edges = np.linspace(0, len(self.order), -(-len(self.order) // BLOCK) + 1).astype(np.int64)
        self.workers.run([functools.partial(self._compare, *ends) for ends in itertools.pairwise(edges)])

    def _compare(self, first: int, last: int, scratch: Scratch) -> None:
        """Compare a block of points with each other, then with the groups that may hold nearer ones, nearest first."""
        ids = self.order[first:last]
        rows, floors = self.source.gathered(ids, scratch, "own")
        # The block comes from few groups: with its own points in the lists, most other groups are out of reach.
        self._compare_with(ids, rows, floors, ids, scratch)
        products = rows @ self.anchor_rows.T
        least = _least_distances(products, floors, self.anchor_floors, self.radii)  # (n, G) to any point of each group
        groups = np.argsort(least.min(axis=0), kind="stable")
        start = 0
        while start < len(groups):
            farthest = np.sqrt(self.squared[ids, -1]).astype(np.float32) * np.float32(1 + SLACK)
            groups = groups[start:]
            groups = groups[(least[:, groups] < farthest[:, None]).any(axis=0)]
            start = int(np.searchsorted(np.cumsum(np.diff(self.edges)[groups]), COLUMNS)) + 1
            part = groups[:start]
            if len(part) == 0:
                return
            wanting = np.flatnonzero((least[:, part] < farthest[:, None]).any(axis=1))
            places = np.concatenate([np.arange(self.edges[group], self.edges[group + 1]) for group in part])
            columns = self.order[places[(places < first) | (places >= last)]]
            self._compare_with(ids[wanting], rows[wanting], floors[wanting], columns, scratch)

    def _compare_with(
        self, ids: Int64Array, rows: Float32Array, floors: Float64Array, columns: Int64Array, scratch: Scratch
    ) -> None:
        if len(columns) == 0:
            return
        others, other_floors = self.source.gathered(columns, scratch, "column")
        products = np.matmul(rows, others.T, out=scratch.float32("products", len(ids), len(columns)))
        rounded_down = np.nextafter(other_floors.astype(np.float32), np.float32(-np.inf))
        _keep_nearest(self.source.X, self.squared, self.others, ids, floors, columns, rounded_down, products)


def _groups(X: Embeddings, threads: int) -> tuple[Int64Array, Int64Array, Float64Array]:
    """The group of every point (N,), the anchors of the groups (G,), and their radii (G,)."""
    wanted = min(len(X) // GROUP, MOST_GROUPS) if len(X) > UNGROUPED else 1
    picker = KCenterPicker(X, threads=threads)
    anchors, gains = picker.pick(wanted)
    anchors = anchors[gains > 0]  # duplicates come last
    distances = picker.distances
    labels, squared = distances.nearest.astype(np.int64), distances.squared.copy()
    labels[anchors], squared[anchors] = np.arange(len(anchors)), 0.0
    radii = np.zeros(len(anchors))
    np.maximum.at(radii, labels, np.sqrt(squared))
    return labels, anchors, radii


@numba.njit(cache=True, nogil=True)
def _least_distances(
    products: Float32Array, floors: Float64Array, anchor_floors: Float64Array, radii: Float64Array
) -> Float32Array:
    """(n, G): no point of the group is nearer than this; 0 where products overflow."""
    result = np.empty(products.shape, dtype=np.float32)
    for row in range(products.shape[0]):
        for group in range(products.shape[1]):
            squared = floors[row] + anchor_floors[group] - 2.0 * products[row, group]
            distance = np.sqrt(squared) if squared > 0.0 else 0.0
            least = distance * (1.0 - SLACK) - radii[group] * (1.0 + SLACK)
            result[row, group] = np.float32(least * (1.0 - SLACK)) if least > 0.0 else np.float32(0.0)
    return result


@numba.njit(cache=True, nogil=True)
def _keep_nearest(
    X: Embeddings,
    squared: Float64Array,
    others: Int64Array,
    ids: Int64Array,
    floors: Float64Array,
    columns: Int64Array,
    column_floors: Float32Array,
    products: Float32Array,
) -> None:
    """Put the columns that are nearer than the farthest one kept into each point's list."""
    sums = np.empty(LANES)
    two = np.float32(2.0)
    for position in range(len(ids)):
        i = ids[position]
        row = products[position]
        limit = _limit(squared[i, -1], floors[position])
        for start in range(0, len(columns), CHUNK):
            stop = min(start + CHUNK, len(columns))
            hits = np.int32(0)
            for c in range(start, stop):
                hits += not (column_floors[c] - two * row[c] >= limit)
            if hits == 0:
                continue
            for c in range(start, stop):
                j = columns[c]
                if not (column_floors[c] - two * row[c] >= limit) and i != j:
                    value = squared_distance(X[i], X[j], sums)
                    if value < squared[i, -1]:
                        insert_sorted(squared[i], others[i], value, j)
                        limit = _limit(squared[i, -1], floors[position])


@numba.njit(cache=True, nogil=True, forceinline=True)
def _limit(farthest: float, floor: float) -> np.float32:
    """The smallest bound in float32 that rules a column out, rounded up; nothing is nearer than 0."""
    return row_limit(farthest, floor) if farthest > 0.0 else np.float32(-np.inf)


@numba.njit(cache=True, nogil=True, forceinline=True)
def insert_sorted(squared: Float64Array, others: Int64Array, value: float, other: int) -> None:
    """Put a distance that is less than the last into its place; the last one drops out."""
    place = len(squared) - 1
    while place > 0 and squared[place - 1] > value:
        squared[place] = squared[place - 1]
        others[place] = others[place - 1]
        place -= 1
    squared[place] = value
    others[place] = other
