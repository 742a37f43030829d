"""`diversity`: the frame that is farthest from all that are chosen, again and again (k-center greedy)."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float64Array, Int64Array
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import EmbeddingStrategy, Request


class Diversity(EmbeddingStrategy):
    """Farthest-first traversal (Gonzalez, 1985; CoreSet: Sener and Savarese, 2018).

    gain(x) = the distance from x to the nearest frame that is labelled or picked; infinite for the first pick with
    nothing labelled. The greedy choice keeps the cover radius within twice the best one. Once every frame has a
    chosen one at distance 0, it goes on with duplicates in the order of their ids, at gain 0.

    Attributes:
        start: Where to start with nothing labelled: at the frame nearest to the mean, or at the first by id.
    """

    gain_means: ClassVar[str] = "distance to the nearest chosen frame"
    gain_is_distance: ClassVar[bool] = True

    start: Literal["mean", "first"] = "mean"

    def picker(self, pool: Pool, request: Request) -> FarthestFirst:
        """Start with the labelled frames as chosen."""
        assert request.values is not None
        picker = FarthestFirst(request.values, request.allowed, request.weights, start_at_mean=self.start == "mean")
        picker.take_all(np.flatnonzero(pool.labelled))
        return picker


class FarthestFirst:
    """k-center greedy in float64, every distance computed."""

    def __init__(
        self, values: Embeddings, allowed: BoolArray, weights: Float64Array | None, *, start_at_mean: bool
    ) -> None:
        self._values = values.astype(np.float64)
        self._weights = np.ones(len(values)) if weights is None else weights
        self._distance = np.full(len(values), np.inf)
        self._allowed = allowed.copy()
        self._start_at_mean = start_at_mean
        self._taken = 0

    def best(self) -> tuple[int, float] | None:
        """The farthest frame; the start while nothing is chosen."""
        if not self._allowed.any():
            return None
        weighted = self._distance * self._weights
        ranked = weighted if self._taken else np.zeros(len(self._values))
        if not self._taken and self._start_at_mean:
            ranked = -np.linalg.norm(self._values - self._values.mean(axis=0), axis=1)
        index = int(np.argmax(np.where(self._allowed, ranked, -np.inf)))
        return index, float(weighted[index])

    def take(self, index: int) -> None:
        """Bring the distances up to date."""
        distance = np.linalg.norm(self._values - self._values[index], axis=1)
        self._distance = np.minimum(self._distance, distance)
        self._allowed[index] = False
        self._taken += 1

    def take_all(self, indices: Int64Array) -> None:
        """Choose frames, such as labelled ones."""
        for index in indices:
            self.take(int(index))

    def forbid(self, indices: Int64Array) -> None:
        """Pass these over from now on."""
        self._allowed[indices] = False

    def gains(self) -> Float64Array:
        """(N,) distance times weight; 0 where a frame is not allowed."""
        return np.where(self._allowed, self._distance * self._weights, 0.0)
