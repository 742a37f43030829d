"""`diversity`: the frame that is farthest from all that are chosen, again and again (k-center greedy)."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from scanpick.arrays import Embeddings, Float64Array, Int64Array
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import Request, Strategy


class Diversity(Strategy):
    """Farthest-first traversal (Gonzalez, 1985; CoreSet: Sener and Savarese, 2018).

    gain(x) = the distance from x to the nearest frame that is labelled or picked. The greedy choice keeps the cover
    radius within twice the best one. With nothing labelled it starts at the frame nearest to the pool's mean.

    Attributes:
        embedding: Name of the embedding; the pool's first by default.
        metric: `euclidean`, or `cosine` for the Euclidean distance between L2-normalised vectors; a zero vector
            stays zero.
        start: Where to start with nothing labelled: nearest to the mean, or the first frame by id.
    """

    gain_means: ClassVar[str] = "distance to the nearest chosen frame"

    embedding: str | None = None
    metric: Literal["euclidean", "cosine"] = "euclidean"
    start: Literal["mean", "first"] = "mean"

    def picker(self, pool: Pool, request: Request) -> FarthestFirst:
        """Start with the labelled frames as chosen."""
        values = pool.embedding(self.embedding)
        if self.metric == "cosine":
            norms = np.linalg.norm(values.astype(np.float64), axis=1, keepdims=True)
            values = (values / np.where(norms > 0, norms, 1)).astype(np.float32)
        picker = FarthestFirst(values, request.weights, start_at_mean=self.start == "mean")
        for index in np.flatnonzero(pool.labelled):
            picker.take(int(index))
        picker.forbid(np.flatnonzero(~request.allowed))
        return picker


class FarthestFirst:
    """k-center greedy in float64, every distance computed."""

    def __init__(self, values: Embeddings, weights: Float64Array | None, *, start_at_mean: bool) -> None:
        self._values = values.astype(np.float64)
        self._weights = np.ones(len(values)) if weights is None else weights
        self._distance = np.full(len(values), np.inf)
        self._allowed = np.ones(len(values), dtype=bool)
        self._start_at_mean = start_at_mean
        self._taken = 0

    def best(self) -> tuple[int, float] | None:
        """The farthest frame; the start while nothing is chosen."""
        if not self._allowed.any():
            return None
        if self._taken:
            ranked = self._distance * self._weights
        elif self._start_at_mean:
            ranked = -np.linalg.norm(self._values - self._values.mean(axis=0), axis=1)
        else:
            ranked = np.zeros(len(self._values))
        index = int(np.argmax(np.where(self._allowed, ranked, -np.inf)))
        return index, float(self._distance[index])

    def take(self, index: int) -> None:
        """Bring the distances up to date."""
        distance = np.linalg.norm(self._values - self._values[index], axis=1)
        self._distance = np.minimum(self._distance, distance)
        self._allowed[index] = False
        self._taken += 1

    def forbid(self, indices: Int64Array) -> None:
        """Pass these over from now on."""
        self._allowed[indices] = False

    def gains(self) -> Float64Array:
        """(N,) distances to the nearest chosen frame."""
        return self._distance
