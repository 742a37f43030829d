"""`random` and `uncertainty`: strategies in which no pick changes the worth of another frame."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.selection.kernels.picker import Picker
from scanpick.selection.pool import Pool
from scanpick.selection.scores import score_of
from scanpick.selection.strategy import Request, Strategy


class Random(Strategy):
    """Every selectable frame with the same chance, the baseline: draws a number for each and takes the largest first.

    The numbers belong to the frames in the order of their ids, so they do not depend on the order of the pool.
    Costs do not sway them: the baseline stays unbiased, and frames that no longer fit the budget are passed over.
    """

    gain_means: ClassVar[str] = "the random number that was drawn for the frame"

    def picker(self, pool: Pool, request: Request) -> RankPicker:
        """Frames in a random order."""
        return RankPicker(request.rng.random(len(pool)), request.allowed, request.weights, ranked_by_weight=False)


class Uncertainty(Strategy):
    """gain(x) = the score of x. Near-duplicates have near scores: combine it with a gap, or with diversity.

    Attributes:
        score: Name of the score; the pool's first by default.
    """

    gain_means: ClassVar[str] = "score"

    score: str | None = None

    def picker(self, pool: Pool, request: Request) -> RankPicker:
        """Frames by score."""
        scores = score_of(pool, self.score, request.allowed, at_least_zero=request.weights is not None)
        return RankPicker(scores, request.allowed, request.weights)


class RankPicker(Picker):
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

    def forbid(self, indices: Int64Array) -> None:
        """Pass these over from now on."""
        self._allowed[indices] = False

    def gains(self) -> Float64Array:
        """(N,) value times weight; 0 where a frame is not allowed."""
        return np.where(self._allowed, self._weighted, 0.0)
