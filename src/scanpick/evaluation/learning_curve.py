"""How much more labels would bring: a power law through the rounds, with what is not known about it.

AP(n) = ceiling - fall * n^-power, where n is what was labelled (boxes, or frames). A few rounds do not tell three
numbers, so none is chosen: every ceiling from the best round to 100 and every power from 0.1 to 2 is kept with the
weight that the rounds give it (the fall that fits best goes with each), errors being normal with the deviation of the
measured intervals and of one training more or less. Quantiles over all of it are the forecast. What is learnt from two
rounds is therefore nearly nothing, and the interval says so.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError

FEWEST_ROUNDS = 2

TRAINING_DEVIATION = 3.0
"""AP points by which a round strays from its curve, as those of docs/results do: another seed, other frames."""

_POWERS = np.geomspace(0.1, 2.0, 60)
_CEILINGS = 120
_Z95 = 1.959964


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """What the rounds say of the curve.

    Attributes:
        labelled: (R,) what was labelled, rising.
        ap: (R,) AP after it, in percent.
        ceilings: (K,) of each curve that is kept.
        falls: (K,) likewise.
        powers: (K,) likewise.
        weights: (K,) how much the rounds speak for it; they sum to 1.
        deviation: Of a measured AP from the curve, in points.
    """

    labelled: Float64Array
    ap: Float64Array
    ceilings: Float64Array
    falls: Float64Array
    powers: Float64Array
    weights: Float64Array
    deviation: float

    def at(self, labelled: float, share: float = 0.9) -> tuple[float, float, float]:
        """Expected AP at so many labels, with the interval that holds this share of the curves."""
        values = self._values(labelled)
        low, middle, high = _quantiles(values, self.weights, [(1 - share) / 2, 0.5, (1 + share) / 2])
        return middle, low, high

    def measured_at(self, labelled: float, share: float = 0.9) -> tuple[float, float]:
        """The interval of an AP that would be measured there: of the curves, and of the measurement."""
        middle, low, high = self.at(labelled, share)
        reach = float(np.sqrt(2)) * _erf_inverse(share) * self.deviation
        return middle - float(np.hypot(middle - low, reach)), middle + float(np.hypot(high - middle, reach))

    def gain_per_doubling(self, labelled: float, share: float = 0.9) -> tuple[float, float, float]:
        """Points of AP that twice as many labels would bring, with its interval."""
        values = self._values(2 * labelled) - self._values(labelled)
        low, middle, high = _quantiles(values, self.weights, [(1 - share) / 2, 0.5, (1 + share) / 2])
        return middle, low, high

    def needed_for(self, ap: float, share: float = 0.9) -> tuple[float, float, float]:
        """Labels needed for an AP, with its interval; infinite where curves end below it."""
        with np.errstate(divide="ignore", over="ignore"):
            room = np.where(self.ceilings > ap, self.ceilings - ap, np.nan)
            needed = np.where(np.isnan(room), np.inf, (self.falls / room) ** (1 / self.powers))
        low, middle, high = _quantiles(needed, self.weights, [(1 - share) / 2, 0.5, (1 + share) / 2])
        return middle, low, high

    def _values(self, labelled: float) -> Float64Array:
        values: Float64Array = self.ceilings - self.falls * labelled**-self.powers
        return values


def fit_learning_curve(
    labelled: Float64Array, ap: Float64Array, low: Float64Array | None = None, high: Float64Array | None = None
) -> LearningCurve:
    """Fit the curve to rounds.

    Args:
        labelled: (R,) what was labelled, above 0.
        ap: (R,) AP in percent.
        low: (R,) lower ends of the 95% intervals of `ap`, for its error; without them, trainings alone differ.
        high: (R,) upper ends.

    Raises:
        ScanpickError: Fewer than two different numbers of labels.

    Example:
        >>> curve = fit_learning_curve(np.array([10.0, 20, 40, 80]), np.array([30.0, 45, 55, 62]))
        >>> middle, low, high = curve.at(160)
        >>> 62 < low < middle < high < 75
        True
    """
    labelled, ap = np.asarray(labelled, dtype=np.float64), np.asarray(ap, dtype=np.float64)
    if len(np.unique(labelled)) < FEWEST_ROUNDS:
        raise ScanpickError(
            f"A forecast needs at least {FEWEST_ROUNDS} rounds measured on validation frames, with different numbers "
            f"of labels; got {len(np.unique(labelled))}."
        )
    order = np.argsort(labelled, kind="stable")
    labelled, ap = labelled[order], ap[order]
    spread = np.zeros(len(ap))
    if low is not None and high is not None:
        # The frames are the same in every round, so a part of this error is common to all: half of it is counted
        spread = (np.asarray(high)[order] - np.asarray(low)[order]) / (2 * _Z95) / 2
    errors = np.hypot(spread, TRAINING_DEVIATION)
    ceilings = np.linspace(max(float(ap.max()) - 2 * TRAINING_DEVIATION, 0.0) + 1e-6, 100.0, _CEILINGS)
    ceiling, power = (grid.ravel() for grid in np.meshgrid(ceilings, _POWERS, indexing="ij"))
    shape = labelled[None] ** -power[:, None]  # (K, R)
    trust = 1 / errors**2
    fall = ((ceiling[:, None] - ap) * shape * trust).sum(axis=1) / (shape**2 * trust).sum(axis=1)
    fall = np.maximum(fall, 0.0)  # more labels never hurt
    misfit = (((ceiling[:, None] - fall[:, None] * shape - ap) ** 2) * trust).sum(axis=1)
    weights = np.exp(-(misfit - misfit.min()) / 2)
    weights /= weights.sum()
    return LearningCurve(labelled, ap, ceiling, fall, power, weights, float(np.median(errors)))


def _quantiles(values: Float64Array, weights: Float64Array, shares: list[float]) -> list[float]:
    order = np.argsort(values, kind="stable")
    held = np.cumsum(weights[order])
    places = np.minimum(np.searchsorted(held, np.array(shares) * held[-1]), len(values) - 1)
    return [float(values[order][place]) for place in places]


def _erf_inverse(share: float) -> float:
    from scipy.special import erfinv

    return float(erfinv(share))
