"""Facility location: every point is served by the nearest chosen one; the sum of squared distances is to be small."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float32Array, Float64Array
from scanpick.selection.kernels.distances import column_means, read_only, squared_distances_to
from scanpick.selection.kernels.max_cover import LINEAR, STORED_BYTES, MaxCoverPicker


class FacilityLocationPicker(MaxCoverPicker):
    """Facility location as a `Picker`: v(x, s) = c - ||x - s||^2.

    The constant c = 4 * the largest squared distance to the mean is at least every squared distance, so that v >= 0
    and the value of the empty set is 0. It shifts the first gain alone: later ones are what the sum of squared
    distances to the nearest chosen point falls by. On L2-normalised vectors v is the cosine, up to a factor of 2 and
    a constant. Greedy reaches 1 - 1/e of the best value (Nemhauser, Wolsey and Fisher, 1978).

    Arguments are those of `MaxCoverPicker`; the gain is the sum over all points, not divided.
    """

    def __init__(
        self,
        X: Embeddings,
        candidates: BoolArray | None = None,
        weights: Float64Array | None = None,
        point_weights: Float64Array | None = None,
        threads: int = 1,
        stored_bytes: int = STORED_BYTES,
    ) -> None:
        super().__init__(X, _NegativeSquare(X), candidates, weights, point_weights, threads, stored_bytes)


class _NegativeSquare:
    """-||x - s||^2; with nothing chosen a point is at -c. See `Similarity`."""

    scale = 1.0
    kind = LINEAR
    factor = 0.0

    def __init__(self, X: Embeddings) -> None:
        points = read_only(X)
        radius = squared_distances_to(points, np.arange(len(points)), column_means(points))
        self.least = -4.0 * float(radius.max(initial=0.0))

    def bounds(self, floors: Float32Array) -> None:
        np.negative(floors, out=floors)

    def slack(self, width: float) -> tuple[float, float]:
        return 1.0, width
