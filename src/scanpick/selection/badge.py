"""`badge`: k-means++ seeding on embeddings scaled by uncertainty: unsure frames, spread out, by chance."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from scanpick.arrays import Embeddings, Float64Array, Int64Array
from scanpick.selection.kernels.k_center import KCenterPicker
from scanpick.selection.kernels.kmeans_seeding import drawn
from scanpick.selection.kernels.picker import Picker
from scanpick.selection.pool import Pool
from scanpick.selection.scores import score_of
from scanpick.selection.strategy import EmbeddingStrategy, Metric, Request


class Badge(EmbeddingStrategy):
    """BADGE (Ash et al., ICLR 2020) with any embedding in the place of gradients.

    In BADGE a frame is its gradient, whose length grows with uncertainty. Here it is v(x) = score(x) * embedding(x).
    The first pick is the longest v (as in the authors' code); every further one is drawn with a chance in proportion
    to gain(x) = the squared distance from v(x) to the nearest v that is picked. As published, labelled frames repel
    nothing: what the detector has learned from them shows in low scores. Where every distance is 0, it goes on in the
    order of ids. With a budget of objects or cost, chances are in proportion to gain per cost.

    Attributes:
        score: Name of the score; the pool's first by default. Numbers of 0 or more.
    """

    gain_means: ClassVar[str] = "squared distance to the nearest pick, weighted by score"

    metric: Metric = "cosine"
    score: str | None = None

    def picker(self, pool: Pool, request: Request) -> SeedingPicker:
        """Start with nothing chosen."""
        scores = score_of(pool, self.score, request.allowed, at_least_zero=True)
        return SeedingPicker((request.points * scores[:, None]).astype(np.float32), request)


class SeedingPicker(Picker):
    """k-means++ seeding: a draw for every pick, in proportion to squared distances times weights."""

    def __init__(self, vectors: Embeddings, request: Request) -> None:
        self._vectors = vectors
        self._rng = request.rng
        self._weights = np.ones(len(vectors)) if request.weights is None else request.weights
        self._allowed = request.allowed.copy()
        self._distances = KCenterPicker(vectors, request.allowed, threads=request.threads)
        self._any_chosen = False
        self._found: tuple[int, float] | None = None

    def best(self) -> tuple[int, float] | None:
        """The frame that was drawn, with its squared distance times weight."""
        if self._found is None and self._allowed.any():
            chances = self.gains()
            index = self._drawn(chances) if self._any_chosen else int(np.argmax(np.where(self._allowed, chances, -1.0)))
            self._found = index, float(chances[index])
        return self._found

    def take(self, index: int) -> None:
        """Choose a frame."""
        self._distances.take(index)
        self._any_chosen = True
        self._allowed[index] = False
        self._found = None

    def forbid(self, indices: Int64Array) -> None:
        """Never draw these again. A frame that was drawn already and is still allowed stays drawn."""
        self._distances.forbid(indices)
        self._allowed[indices] = False
        if self._found is not None and not self._allowed[self._found[0]]:
            self._found = None

    def gains(self) -> Float64Array:
        """(N,) squared distance to the nearest pick, or to zero before the first, times weight; 0 if not allowed."""
        if self._any_chosen:
            squared = self._distances.gains() ** 2
        else:
            vectors = self._vectors.astype(np.float64)
            squared = np.where(self._allowed, np.einsum("nd,nd->n", vectors, vectors), 0.0)
        return squared * self._weights

    def _drawn(self, chances: Float64Array) -> int:
        found = drawn(chances, self._rng.random(1)) if chances.any() else np.flatnonzero(self._allowed)
        return int(found[0])
