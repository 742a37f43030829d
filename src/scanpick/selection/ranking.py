"""A picker for strategies in which no pick changes the worth of another frame."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import BoolArray, Float64Array, Int64Array


class RankPicker:
    """Takes frames by a fixed value, highest first, ties to the lowest index.

    Args:
        values: (N,) float64: the gain of each frame.
        allowed: (N,) bool: frames that may be returned.
        weights: (N,) float64 > 0 that multiply the gains, or None.
        ranked_by_weight: Whether the weights count in the ranking too.
    """

    def __init__(
        self,
        values: Float64Array,
        allowed: BoolArray,
        weights: Float64Array | None = None,
        *,
        ranked_by_weight: bool = True,
    ) -> None:
        self._weighted = np.asarray(values, dtype=np.float64) * (1.0 if weights is None else weights)
        self._order = np.argsort(-(self._weighted if ranked_by_weight else values), kind="stable")
        self._allowed = allowed.copy()
        self._next = 0

    def best(self) -> tuple[int, float] | None:
        """The highest value that is still allowed, times its weight."""
        while self._next < len(self._order) and not self._allowed[self._order[self._next]]:
            self._next += 1
        if self._next == len(self._order):
            return None
        index = int(self._order[self._next])
        return index, float(self._weighted[index])

    def take(self, index: int) -> None:
        """Choose a frame; the others keep their values."""
        self._allowed[index] = False

    def take_all(self, indices: Int64Array) -> None:
        """Choose frames."""
        self._allowed[indices] = False

    def forbid(self, indices: Int64Array) -> None:
        """Pass these over from now on."""
        self._allowed[indices] = False

    def gains(self) -> Float64Array:
        """(N,) value times weight; 0 where a frame is not allowed."""
        return np.where(self._allowed, self._weighted, 0.0)
