"""`herding`: every frame should have a chosen one near it, in the sense of a kernel; also weighted by a score."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from scanpick.arrays import Embeddings, Float64Array
from scanpick.selection.kernels.distances import column_means, read_only, squared_distances_to
from scanpick.selection.kernels.max_cover import MaxCoverPicker, gaussian
from scanpick.selection.pool import Pool
from scanpick.selection.scores import score_of
from scanpick.selection.strategy import EmbeddingStrategy, Metric, Request


class Herding(EmbeddingStrategy):
    """MaxHerding (Bae et al., ECCV 2024): generalised coverage with a Gaussian kernel.

    gain(x) = what the mean over all frames y of max over chosen s of exp(-distance(y, s)^2 / (2 bandwidth^2)) rises by
    when x is chosen. With the top-hat kernel, 1 within a radius and 0 beyond, it is `probcover`.

    Attributes:
        bandwidth: Of the kernel, in distances of the embedding. By default the root mean square distance of frames to
            their mean, which is the paper's 1 for unit vectors spread evenly.
    """

    gain_means: ClassVar[str] = "rise of the mean similarity to the nearest chosen frame"

    metric: Metric = "cosine"
    bandwidth: float | None = Field(default=None, gt=0, allow_inf_nan=False)

    def picker(self, pool: Pool, request: Request) -> MaxCoverPicker:
        """Start with the labelled frames as chosen."""
        X, uncovered = request.points, self._point_weights(pool, request)
        kernel = gaussian(X, self.bandwidth or spread_of(X), uncovered)
        picker = MaxCoverPicker(X, kernel, request.allowed, request.weights, uncovered, request.threads)
        picker.take_all(np.flatnonzero(pool.labelled))
        return picker

    def _point_weights(self, pool: Pool, request: Request) -> Float64Array | None:
        """(N,) what covering each frame counts; None where all count alike."""
        return None


class UncertaintyHerding(Herding):
    """Uncertainty Herding (Bae et al., 2024): `herding` with every frame that is to be covered weighted by its score.

    gain(x) = what the mean over all frames y, weighted by score(y), of max over chosen s of
    exp(-distance(y, s)^2 / (2 bandwidth^2)) rises by when x is chosen. Labelled frames and others that cannot be
    picked count as sure: score 0. The authors also fit the bandwidth and a temperature of the scores to the labelled
    set; here both are the user's.

    Attributes:
        score: Name of the score; the pool's first by default. Numbers of 0 or more.
    """

    gain_means: ClassVar[str] = "rise of the mean similarity to the nearest chosen frame, weighted by score"

    score: str | None = None

    def _point_weights(self, pool: Pool, request: Request) -> Float64Array:
        return score_of(pool, self.score, request.allowed, at_least_zero=True)


def spread_of(values: Embeddings) -> float:
    """Root mean square distance of the rows to their mean; 1 where they are all the same."""
    if len(values) == 0:
        return 1.0
    points = read_only(values)
    squared = squared_distances_to(points, np.arange(len(points)), column_means(points))
    return float(np.sqrt(squared.mean())) or 1.0
