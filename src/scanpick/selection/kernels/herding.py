"""MaxHerding: choose points so that every point has a chosen one near it, near in the sense of a Gaussian kernel."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float32Array, Float64Array
from scanpick.errors import ScanpickError
from scanpick.selection.kernels.max_cover import GAUSSIAN, STORED_BYTES, MaxCoverPicker


class HerdingPicker(MaxCoverPicker):
    """Generalised coverage with a Gaussian kernel as a `Picker`: v(x, s) = exp(-||x - s||^2 / (2 bandwidth^2)).

    The value of a set is the (weighted) mean over all points of the largest v to a chosen one, from 0 to 1: MaxHerding
    (Bae et al., 2024, arXiv 2407.12212). With uncertainties as `point_weights` it is Uncertainty Herding (Bae et al.,
    2024, arXiv 2412.20644). The top-hat kernel, 1 within a radius and else 0, is ProbCover.

    Arguments besides `bandwidth` are those of `MaxCoverPicker`.
    """

    def __init__(
        self,
        X: Embeddings,
        bandwidth: float,
        candidates: BoolArray | None = None,
        weights: Float64Array | None = None,
        point_weights: Float64Array | None = None,
        threads: int = 1,
        stored_bytes: int = STORED_BYTES,
    ) -> None:
        if not (bandwidth > 0 and np.isfinite(bandwidth)):
            raise ScanpickError(f"bandwidth of the Gaussian kernel: expected a number > 0, got {bandwidth}.")
        total = float(len(X) if point_weights is None else np.sum(point_weights))
        kernel = _Gaussian(bandwidth, total if total > 0 else 1.0)
        super().__init__(X, kernel, candidates, weights, point_weights, threads, stored_bytes)


class _Gaussian:
    """The Gaussian kernel; with nothing chosen a point is at 0. See `Similarity`."""

    least = 0.0
    kind = GAUSSIAN

    def __init__(self, bandwidth: float, scale: float) -> None:
        self.factor = 1.0 / (2.0 * bandwidth * bandwidth)
        self.scale = scale

    def bounds(self, floors: Float32Array) -> None:
        np.multiply(floors, np.float32(-self.factor * (1 - _ROUNDING)), out=floors)
        np.exp(floors, out=floors)
        np.multiply(floors, np.float32(1 + _ROUNDING), out=floors)

    def slack(self, width: float) -> tuple[float, float]:
        # At most 90 in the exponent: below e^-90 a float32 is 0, and the bound must not be.
        return float(np.exp(-self.factor * width) * (1 - 4 * _ROUNDING) * (1 - 90 * 2 * _ROUNDING)), 1e-30


_ROUNDING = 1e-6
"""Many times the rounding of a product and of numpy's float32 exp (a few units in the last place of 6e-8)."""
