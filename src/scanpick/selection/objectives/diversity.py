"""Objective `diversity`: far from everything that is chosen, in one embedding. Name it again for another one."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import Embeddings, Float64Array, Int64Array
from scanpick.selection.kernels.nearest import NearestChosen
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
        return Distances(self.space(pool), np.flatnonzero(pool.labelled), request.threads)


class Distances:
    """Distances of points to the nearest chosen one; 1 while there is none.

    They only shrink, so those that were computed before the last choices are upper bounds.

    Args:
        space: (N, D) float32 points.
        chosen: Those that are chosen at the start.
        threads: How many threads compare points.
    """

    def __init__(self, space: Embeddings, chosen: Int64Array, threads: int) -> None:
        self._points = NearestChosen(space, threads)
        self._bounds = np.ones(len(space))
        self.choose(chosen)

    def bounds(self) -> Float64Array:
        """(N,) distances as they were last computed."""
        return self._bounds

    def at(self, rows: Int64Array) -> Float64Array:
        """(n,) distances now."""
        if self._points.count:
            self._points.update(rows)
            self._bounds[rows] = np.sqrt(self._points.state.squared[rows])
        return self._bounds[rows]

    def take(self, index: int) -> bool:
        """A point was chosen."""
        return self.choose(np.array([index]))

    def choose(self, points: Int64Array) -> bool:
        """Points were chosen; bounds rise when they are the first, and are all computed then."""
        is_first = self._points.count == 0 and len(points) > 0
        self._points.add(points)
        if is_first:
            self.at(np.arange(len(self._bounds)))
        return is_first
