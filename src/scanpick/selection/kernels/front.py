"""The farthest row from the chosen ones, for rows in any order: a front of candidates is kept up to date.

Distances are evaluated late (`NearestChosen`): a front of the farthest points is followed after every choice, and the
others only when one of them might be farther than the front's best.
"""

from __future__ import annotations

import numba
import numpy as np

from scanpick.arrays import BoolArray, Float64Array, Int64Array
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


class FarthestByFront:
    """The same for rows in any order as `FarthestOfRuns` for rows in runs.

    Args:
        points: Distances to the chosen points.
        allowed: (N,) bool, kept and changed.
    """

    def __init__(self, points: NearestChosen, allowed: BoolArray) -> None:
        self._points = points
        self._allowed = allowed
        self._scratch = Scratch()
        self._front = self._no_front()
        self._front_seen = 0
        self._looked = False
        # Among points outside the front: the largest value there can be, and the lowest index that has it.
        self._beyond = (np.inf, -1)

    @property
    def state(self) -> State:
        """Distances and chosen points."""
        return self._points.state

    def add(self, indices: Int64Array) -> None:
        """Choose these points, none of them chosen before."""
        self._points.add(indices)
        if len(indices) > FRONT:
            self._front, self._beyond = self._no_front(), (np.inf, -1)

    def forbid(self, indices: Int64Array) -> None:
        """These are no longer allowed."""
        self._allowed[indices] = False

    def farthest(self) -> tuple[int, float] | None:
        """The allowed row of the largest value (squared distance times factor), the first of equals; None for none."""
        while True:
            self._points.follow(self._front, self._front_seen, self._beyond[0])
            self._front_seen = self._points.count
            index, value = _front_best(self._points.state, self._front.ids, self._allowed)
            if index >= 0 and (value > self._beyond[0] or (value == self._beyond[0] and index < self._beyond[1])):
                return index, value
            if not self._renew_front():
                return None

    def update(self) -> None:
        """Bring the distances of all allowed rows up to date."""
        self._points.update(np.flatnonzero(self._allowed))

    def pick(self, count: int) -> tuple[Int64Array, Float64Array]:
        """Up to `count` times: choose the farthest row, and allow it no longer. Rows and their squared distances."""
        rows: list[int] = []
        squared: list[float] = []
        while len(rows) < count and (found := self.farthest()) is not None:
            rows.append(found[0])
            squared.append(float(self._points.state.squared[found[0]]))
            self.forbid(np.array(rows[-1:]))
            self.add(np.array(rows[-1:]))
        return np.array(rows, dtype=np.int64), np.array(squared)

    def _renew_front(self) -> bool:
        """Make the farthest points the front, looking at no more points than needed; False when none are allowed."""
        count = int(np.count_nonzero(self._allowed))
        if count == 0:
            return False
        if not self._looked:
            self._points.first_look(np.flatnonzero(self._allowed))
            self._looked = True
        # Ranks come from a sample: to sort all values for each front would cost more than the front saves.
        values = _values(self._points.state, self._allowed)
        stride = max(1, len(values) // SAMPLE)
        ranked = np.sort(values[::stride])[::-1]
        size = 2 * FRONT
        while True:
            # All points that may be farther than `low`, brought up to date until they are known not to be.
            low = ranked[size // stride] if size < count else -1.0
            far = np.flatnonzero(values > low)
            # Old distances are upper bounds, so what is not above `low` cannot be: it is not looked at.
            self._points.update(far, enough=max(low, 0.0))
            far_values = self._points.values(far)
            far, far_values = far[far_values > low], far_values[far_values > low]
            if len(far) >= ENOUGH or low < 0.0:
                break
            size *= GROWTH
        self._front = self._points.gather(_top(far, far_values), self._scratch)
        self._front_seen = self._points.count
        values = _values(self._points.state, self._allowed)
        values[self._front.ids] = -1.0
        most = int(np.argmax(values))
        self._beyond = (float(values[most]), most)
        return True

    def _no_front(self) -> Rows:
        return Rows(np.empty(0, np.int64), np.empty((0, self._points.state.X.shape[1]), np.float32), np.empty(0))


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
        # All that equal the last one stay in, so that the index decides between them, and not the partition.
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
