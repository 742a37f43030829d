"""`random`: every selectable frame with the same chance. The baseline that all others are measured against."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from scanpick.arrays import Float64Array, Int64Array
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import Request, Strategy


class Random(Strategy):
    """Draws a number from 0 to 1 for every frame and takes the largest first.

    The numbers belong to the frames in the order of their ids, so they do not depend on the order of the pool.
    Costs do not sway them: the baseline stays unbiased, and frames that no longer fit the budget are passed over.
    """

    gain_means: ClassVar[str] = "the random number that was drawn for the frame"

    def picker(self, pool: Pool, request: Request) -> RankPicker:
        """Frames in a random order."""
        picker = RankPicker(request.rng.random(len(pool)))
        picker.forbid(np.flatnonzero(~request.allowed))
        return picker


class RankPicker:
    """Takes frames by a fixed value, highest first, ties to the lowest index.

    Args:
        values: (N,) float64: the gain of each frame, which no pick changes.
        weights: (N,) float64 that multiply the gains in the ranking, or None.
    """

    def __init__(self, values: Float64Array, weights: Float64Array | None = None) -> None:
        self._values = np.asarray(values, dtype=np.float64)
        ranked = self._values if weights is None else self._values * weights
        self._order = np.argsort(-ranked, kind="stable")
        self._allowed = np.ones(len(ranked), dtype=bool)
        self._next = 0

    def best(self) -> tuple[int, float] | None:
        """The highest value that is still allowed."""
        while self._next < len(self._order) and not self._allowed[self._order[self._next]]:
            self._next += 1
        if self._next == len(self._order):
            return None
        index = int(self._order[self._next])
        return index, float(self._values[index])

    def take(self, index: int) -> None:
        """Choose a frame; the others keep their values."""
        self._allowed[index] = False

    def forbid(self, indices: Int64Array) -> None:
        """Pass these over from now on."""
        self._allowed[indices] = False

    def gains(self) -> Float64Array:
        """(N,) the fixed values."""
        return self._values
