"""`uncertainty_herding`: every frame that the detector is unsure of should have a chosen one near it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from scanpick.selection.herding import spread_of
from scanpick.selection.kernels.herding import HerdingPicker
from scanpick.selection.pool import Pool
from scanpick.selection.scores import score_of
from scanpick.selection.strategy import EmbeddingStrategy, Metric, Request


class UncertaintyHerding(EmbeddingStrategy):
    """Uncertainty Herding (Bae et al., 2024): `herding` with every frame that is to be covered weighted by its score.

    gain(x) = what the mean over all frames y, weighted by score(y), of max over chosen s of
    exp(-distance(y, s)^2 / (2 bandwidth^2)) rises by when x is chosen. Labelled frames and others that cannot be
    picked count as sure: score 0. The authors also fit the bandwidth and a temperature of the scores to the labelled
    set; here both are the user's.

    Attributes:
        bandwidth: As for `herding`.
        score: Name of the score; the pool's first by default. Numbers of 0 or more.
    """

    gain_means: ClassVar[str] = "rise of the mean similarity to the nearest chosen frame, weighted by score"

    metric: Metric = "cosine"
    bandwidth: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    score: str | None = None

    def picker(self, pool: Pool, request: Request) -> HerdingPicker:
        """Start with the labelled frames as chosen."""
        assert request.values is not None
        scores = score_of(pool, self.score, request.allowed, at_least_zero=True)
        bandwidth = self.bandwidth or spread_of(request.values)
        picker = HerdingPicker(
            request.values, bandwidth, request.allowed, request.weights, scores, threads=request.threads
        )
        picker.take_all(np.flatnonzero(pool.labelled))
        return picker
