"""`facility_location`: frames that serve the whole pool, every frame by the nearest."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from scanpick.selection.kernels.max_cover import MaxCoverPicker, negative_square
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import EmbeddingStrategy, Request


class FacilityLocation(EmbeddingStrategy):
    """Greedy facility location (Nemhauser, Wolsey and Fisher, 1978), on squared distances.

    gain(x) = what the sum over all frames of the squared distance to the nearest labelled or picked frame falls by.
    With nothing labelled every frame begins at a distance of twice the pool's radius about its mean, so that the first
    pick is the frame of smallest sum of squared distances to all. In the metric `cosine` it is facility location on
    cosines, up to a factor of 2. Greedy reaches 1 - 1/e of the best value. Once nothing can be improved, it goes on
    in the order of ids.
    """

    gain_means: ClassVar[str] = "fall of the sum of squared distances to the nearest chosen frame"

    def picker(self, pool: Pool, request: Request) -> MaxCoverPicker:
        """Start with the labelled frames as chosen."""
        X = request.points
        picker = MaxCoverPicker(X, negative_square(X), request.allowed, request.weights, threads=request.threads)
        picker.take_all(np.flatnonzero(pool.labelled))
        return picker
