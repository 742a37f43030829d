"""Objective `diversity`: far from everything that is chosen, in one embedding. Name it again for another one."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import Embeddings, Float64Array
from scanpick.selection.kernels.k_center import KCenterPicker
from scanpick.selection.objectives.objective import Objective
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import Metric, Request, in_metric


class DiversityObjective(Objective):
    """value(x) = the distance from x to the nearest frame that is labelled or picked; 1 while there is none.

    Attributes:
        embedding: Name of the embedding; the pool's first by default.
        metric: As for the strategy `diversity`.
    """

    embedding: str | None = None
    metric: Metric = "euclidean"

    def space(self, pool: Pool) -> Embeddings:
        """(N, D) float32: the embedding in the metric."""
        return in_metric(pool.embedding(self.embedding), self.metric)

    def values(self, pool: Pool, request: Request) -> Distances:
        """Distances to the labelled frames."""
        return Distances(self.space(pool), pool, request)


class Distances:
    """Distances to the nearest chosen frame."""

    def __init__(self, space: Embeddings, pool: Pool, request: Request) -> None:
        self._picker = KCenterPicker(space, request.allowed, threads=request.threads)
        self._count = len(pool)
        self._any_chosen = bool(pool.labelled.any())
        self._picker.take_all(np.flatnonzero(pool.labelled))

    def now(self) -> Float64Array:
        """(N,) distances; 1 while nothing is chosen."""
        return self._picker.gains() if self._any_chosen else np.ones(self._count)

    def take(self, index: int) -> None:
        """A frame was chosen."""
        self._any_chosen = True
        self._picker.take(index)
