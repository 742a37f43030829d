"""`random`: every selectable frame with the same chance. The baseline that all others are measured against."""

from __future__ import annotations

from typing import ClassVar

from scanpick.selection.pool import Pool
from scanpick.selection.ranking import RankPicker
from scanpick.selection.strategy import Request, Strategy


class Random(Strategy):
    """Draws a number from 0 to 1 for every frame and takes the largest first.

    The numbers belong to the frames in the order of their ids, so they do not depend on the order of the pool.
    Costs do not sway them: the baseline stays unbiased, and frames that no longer fit the budget are passed over.
    """

    gain_means: ClassVar[str] = "the random number that was drawn for the frame"

    def picker(self, pool: Pool, request: Request) -> RankPicker:
        """Frames in a random order."""
        return RankPicker(request.rng.random(len(pool)), request.allowed, request.weights, ranked_by_weight=False)
