"""Typicality within clusters from which points leave one by one, as they are picked.

To search the neighbours of a whole cluster anew for every pick would be most of the work of TypiClust. So each point
keeps a list of more neighbours than it needs, those that have left are passed over, and only a point whose list has
become too short searches again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float64Array, Int64Array
from scanpick.selection.kernels.distances import LANES, read_only, squared_distance
from scanpick.selection.kernels.typicality import insert_sorted, nearest_others, typicality_of

SPARE = 2
"""How many times as many neighbours are kept as are needed."""

ALONE = 1e5
"""What a point without any other is worth: as much as one among duplicates."""


@dataclass(frozen=True, eq=False)
class _Lists:
    """A cluster: its points (n,), which of them are left (n,), and each one's nearest, as places in it (n, m)."""

    points: Int64Array
    left: BoolArray
    squared: Float64Array
    others: Int64Array


class TypicalityWithin:
    """The typicality of the points left in each cluster among each other: the same as by `typicality`, to the last bit.

    Args:
        X: (N, D) float32 in C order.
        labels: (N,) int64 the cluster of each point.
        neighbours: How many of the nearest count, but at most half of the points left (and at least 1).
        threads: How many threads compare points.
    """

    def __init__(self, X: Embeddings, labels: Int64Array, neighbours: int, threads: int = 1) -> None:
        self._X = read_only(X)
        self._labels = labels
        self._neighbours = neighbours
        self._threads = threads
        self._lists: dict[int, _Lists] = {}

    def __call__(self, points: Int64Array) -> Float64Array:
        """(n,) typicality of the points left in one cluster, ascending; of each cluster points may only leave."""
        if len(points) < 2:
            return np.full(len(points), ALONE)
        cluster = int(self._labels[points[0]])
        if cluster not in self._lists:
            self._lists[cluster] = self._searched(points)
        lists = self._lists[cluster]
        lists.left[:] = np.isin(lists.points, points, assume_unique=True)
        squared = np.empty((len(points), max(min(self._neighbours, len(points) // 2), 1)))
        _read(self._X, lists.points, lists.left, lists.squared, lists.others, squared)
        return typicality_of(squared)

    def _searched(self, points: Int64Array) -> _Lists:
        count = min(SPARE * self._neighbours, len(points) - 1)
        squared, others = nearest_others(np.ascontiguousarray(self._X[points]), count, self._threads)
        return _Lists(points.copy(), np.ones(len(points), dtype=np.bool_), squared, others)


@numba.njit(cache=True, nogil=True)
def _read(
    X: Embeddings,
    points: Int64Array,
    left: BoolArray,
    squared: Float64Array,
    others: Int64Array,
    result: Float64Array,
) -> None:
    """Write the squared distances from each point left to its nearest others left."""
    row = 0
    for place in range(len(points)):
        if not left[place]:
            continue
        if not _read_one(left, squared[place], others[place], result[row]):
            _search(X, points, left, place, squared[place], others[place])
            _read_one(left, squared[place], others[place], result[row])
        row += 1


@numba.njit(cache=True, nogil=True)
def _read_one(left: BoolArray, squared: Float64Array, others: Int64Array, result: Float64Array) -> bool:
    """Whether enough of a list is left to fill the result."""
    count = 0
    for rank in range(len(others)):
        if left[others[rank]]:
            result[count] = squared[rank]
            count += 1
            if count == len(result):
                return True
    return False


@numba.njit(cache=True, nogil=True)
def _search(
    X: Embeddings, points: Int64Array, left: BoolArray, place: int, squared: Float64Array, others: Int64Array
) -> None:
    """Make a new list of the nearest points left; where they are fewer than the list is long, it ends with this one."""
    sums = np.empty(LANES)
    squared[:] = np.inf
    others[:] = place
    for other in range(len(points)):
        if left[other] and other != place:
            value = squared_distance(X[points[place]], X[points[other]], sums)
            if value < squared[-1]:
                insert_sorted(squared, others, value, other)
