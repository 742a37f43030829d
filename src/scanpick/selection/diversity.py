"""`diversity`: the frame that is farthest from all that are chosen, again and again (k-center greedy)."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from scanpick.selection.kernels.k_center import KCenterPicker
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

    def picker(self, pool: Pool, request: Request) -> KCenterPicker:
        """Start with the labelled frames as chosen."""
        first = int(np.argmax(request.allowed)) if self.start == "first" and request.allowed.any() else None
        picker = KCenterPicker(request.points, request.allowed, request.weights, request.threads, first)
        picker.take_all(np.flatnonzero(pool.labelled))
        return picker
