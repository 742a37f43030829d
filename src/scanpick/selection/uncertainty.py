"""`uncertainty`: the frames of highest score, whatever else is chosen."""

from __future__ import annotations

from typing import ClassVar

from scanpick.selection.pool import Pool
from scanpick.selection.ranking import RankPicker
from scanpick.selection.scores import score_of
from scanpick.selection.strategy import Request, Strategy


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
