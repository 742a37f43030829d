"""Farthest-first traversal (k-center greedy, CoreSet): each pick is the point farthest from those chosen.

Twice the optimal cover radius at most (Gonzalez 1985); as active learning: Sener and Savarese, ICLR 2018. The picks
are those of a plain loop in float64, ties to the lowest index, but distances are evaluated late (`NearestChosen`): a
front of the farthest points is kept up to date after every pick, and the others only when one of them might be
farther than the front's best.
"""

from __future__ import annotations

import numba
import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float64Array, Int64Array
from scanpick.selection.kernels.distances import squared_distances_to
from scanpick.selection.kernels.lowering import Rows, State, value_of
from scanpick.selection.kernels.nearest import NearestChosen
from scanpick.selection.kernels.workers import Scratch

FRONT = 512
"""Points of the front: their rows should fit a near cache."""

ENOUGH = 64
"""A new front is worth having when this many of its points are farther than all others can be."""

SAMPLE = 2048
"""Points from which ranks are estimated."""

GROWTH = 3
"""When too few of the points looked at stay far, this many times as many are looked at."""


class KCenterPicker:
    """Farthest-first traversal as a `Picker`; the gain is the distance to the nearest chosen point.

    With nothing chosen every gain is infinite, and the first pick is `start`, or the candidate of the largest weight
    that is nearest to the mean of all points (in float64).

    Args:
        X: (N, D) float32 in C order.
        candidates: (N,) bool, or None for all.
        weights: (N,) float64 > 0, or None for ones.
        threads: How many threads compare points.
        start: First pick with nothing chosen, an allowed candidate.
    """

    def __init__(
        self,
        X: Embeddings,
        candidates: BoolArray | None = None,
        weights: Float64Array | None = None,
        threads: int = 1,
        start: int | None = None,
    ) -> None:
        self.points = NearestChosen(X, threads, None if weights is None else np.square(weights))
        self._weights = np.ones(len(X)) if weights is None else weights
        self._allowed = np.ones(len(X), dtype=np.bool_) if candidates is None else candidates.copy()
        self._chosen = np.zeros(len(X), dtype=np.bool_)
        self._start = start
        self._scratch = Scratch()
        self._front = self._no_front()
        self._front_seen = 0
        self._looked = False
        # Among points outside the front: the largest value there can be, and the lowest index that has it.
        self._beyond = (np.inf, -1)

    def best(self) -> tuple[int, float] | None:
        """The farthest allowed candidate (distance times weight), ties to the lowest index; None when none is left."""
        if self.points.count == 0:
            return self._first()
        while True:
            self.points.follow(self._front, self._front_seen, self._beyond[0])
            self._front_seen = self.points.count
            index, value = _front_best(self.points.state, self._front.ids, self._allowed)
            if index >= 0 and (value > self._beyond[0] or (value == self._beyond[0] and index < self._beyond[1])):
                return index, float(np.sqrt(self.points.state.squared[index]) * self._weights[index])
            if not self._renew_front():
                return None

    def take(self, index: int) -> None:
        """Choose a point; choosing it again changes nothing."""
        self._allowed[index] = False
        if not self._chosen[index]:
            self._chosen[index] = True
            self.points.add(np.array([index]))

    def take_all(self, indices: Int64Array) -> None:
        """Choose points in this order."""
        fresh = indices[~self._chosen[indices]]
        if len(fresh) > 1:
            fresh = fresh[np.sort(np.unique(fresh, return_index=True)[1])]
        self._chosen[fresh] = True
        self._allowed[fresh] = False
        self.points.add(fresh)
        if len(fresh) > FRONT:
            self._front, self._beyond = self._no_front(), (np.inf, -1)

    def forbid(self, indices: Int64Array) -> None:
        """Never return these again."""
        self._allowed[indices] = False

    def gains(self) -> Float64Array:
        """(N,) distance to the nearest chosen point times weight; 0 where a point is not allowed."""
        ids = np.flatnonzero(self._allowed)
        self.points.update(ids)
        result = np.zeros(len(self._allowed))
        result[ids] = np.sqrt(self.points.state.squared[ids]) * self._weights[ids]
        return result

    def _first(self) -> tuple[int, float] | None:
        if self._start is not None and self._allowed[self._start]:
            return self._start, np.inf
        ids = np.flatnonzero(self._allowed)
        if len(ids) == 0:
            return None
        ids = ids[self._weights[ids] == self._weights[ids].max()]
        return int(ids[np.argmin(squared_distances_to(self.points.state.X, ids, self.points.source.mean))]), np.inf

    def _renew_front(self) -> bool:
        """Make the farthest points the front, looking at no more points than needed; False when none are allowed."""
        count = int(np.count_nonzero(self._allowed))
        if count == 0:
            return False
        if not self._looked:
            self.points.first_look(np.flatnonzero(self._allowed))
            self._looked = True
        values = _values(self.points.state, self._allowed)
        stride = max(1, len(values) // SAMPLE)
        ranked = np.sort(values[::stride])[::-1]
        size = 2 * FRONT
        while True:
            # All points that may be farther than `low`, brought up to date until they are known not to be.
            low = ranked[size // stride] if size < count else -1.0
            far = np.flatnonzero(values > low)
            self.points.update(far, enough=max(low, 0.0))
            far_values = self.points.values(far)
            far, far_values = far[far_values > low], far_values[far_values > low]
            if len(far) >= ENOUGH or low < 0.0:
                break
            size *= GROWTH
        self._front = self.points.gather(_top(far, far_values), self._scratch)
        self._front_seen = self.points.count
        values = _values(self.points.state, self._allowed)
        values[self._front.ids] = -1.0
        most = int(np.argmax(values))
        self._beyond = (float(values[most]), most)
        return True

    def _no_front(self) -> Rows:
        return Rows(np.empty(0, np.int64), np.empty((0, self.points.state.X.shape[1]), np.float32), np.empty(0))


def k_center_greedy(
    X: Embeddings,
    count: int,
    labelled: Int64Array | None = None,
    start: int | None = None,
    threads: int = 1,
) -> tuple[Int64Array, Float64Array]:
    """Up to `count` farthest-first picks and the distance of each to those before it.

    Args:
        X: (N, D) float32 in C order.
        count: Picks; all unlabelled points when there are fewer.
        labelled: Indices chosen before the start.
        start: First pick with nothing labelled; the point nearest to the mean if None.
        threads: How many threads compare points.

    Returns:
        Indices (K,) and distances (K,); the distance of a first pick with nothing labelled is infinite.

    Example:
        >>> k_center_greedy(np.array([[0.0], [1.0], [5.0]], dtype=np.float32), 3, start=0)
        (array([0, 2, 1]), array([inf,  5.,  1.]))
    """
    picker = KCenterPicker(X, threads=threads, start=start)
    if labelled is not None:
        picker.take_all(labelled)
    picks: list[tuple[int, float]] = []
    while len(picks) < count and (found := picker.best()) is not None:
        picks.append(found)
        picker.take(found[0])
    return np.array([index for index, _ in picks], dtype=np.int64), np.array([value for _, value in picks])


@numba.njit(cache=True, nogil=True)
def _front_best(state: State, front: Int64Array, allowed: BoolArray) -> tuple[int, float]:
    """Index and value of the farthest allowed point of the front, the lowest index of equals; -1 for none."""
    best, most = -1, -1.0
    for i in front:
        if allowed[i]:
            value = value_of(state, i)
            if value > most or (value == most and i < best):
                best, most = i, value
    return best, most


def _top(ids: Int64Array, values: Float64Array) -> Int64Array:
    """The points of the largest values, enough for a front, the lowest indices of equals; `ids` ascend."""
    if len(ids) > FRONT:
        possible = values >= np.partition(values, len(values) - FRONT)[len(values) - FRONT]
        ids, values = ids[possible], values[possible]
    return ids[np.argsort(-values, kind="stable")[:FRONT]]


@numba.njit(cache=True, nogil=True)
def _values(state: State, allowed: BoolArray) -> Float64Array:
    """(N,) upper bounds of the values of all points; -1 where they are not allowed."""
    values = np.empty(len(allowed))
    for i in range(len(allowed)):
        values[i] = value_of(state, i) if allowed[i] else -1.0
    return values
