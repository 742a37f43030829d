"""Objective `typicality`: frames with many others like them, so that outliers are left alone."""

from __future__ import annotations

import numpy as np
from pydantic import Field

from scanpick.selection.kernels.typicality import typicality
from scanpick.selection.objectives.objective import FixedValues, Objective
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import Metric, Request, in_metric


class Typicality(Objective):
    """value(x) = 1 / (mean squared distance of x to its nearest neighbours in the pool + 1e-5), as TypiClust has it.

    Attributes:
        embedding: Name of the embedding; the pool's first by default.
        metric: As for the strategy `diversity`.
        neighbours: How many; all others where the pool is smaller. A frame without any other is worth 1e5.
    """

    embedding: str | None = None
    metric: Metric = "cosine"
    neighbours: int = Field(default=20, ge=1)

    def values(self, pool: Pool, request: Request) -> FixedValues:
        """Typicality in the whole pool, labelled frames among it."""
        space = in_metric(pool.embedding(self.embedding), self.metric)
        neighbours = min(self.neighbours, len(pool) - 1)
        if neighbours < 1:
            return FixedValues(np.full(len(pool), 1e5))
        return FixedValues(typicality(space, neighbours, threads=request.threads))
