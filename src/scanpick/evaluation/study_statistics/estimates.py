"""A number over seeds with its interval: a mean, or a ratio of two means.

A **ratio** is that of the means over seeds, not the mean of the seeds' ratios, which one seed with a small denominator
would decide alone. It is not defined where its denominator is not clearly above zero: where its mean is below
`SMALLEST_DENOMINATOR`, or where the denominator's own interval reaches down to zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError
from scanpick.evaluation.study_statistics.resampling import FEWEST, Bounds, interval, seed_weights

SMALLEST_DENOMINATOR = 0.1
"""Points of AP. A gain below a tenth of a point is nothing to divide by."""


@dataclass(frozen=True)
class Estimate:
    """A number over seeds.

    Attributes:
        value: The number; None where it is not defined.
        interval: Its 95% interval over seeds, or None.
        deviation: Standard deviation over seeds (n - 1); None with one seed, and for ratios.
        seeds: How many seeds it stands on.
        note: Why there is no value or no interval; empty where there are both.
    """

    value: float | None
    interval: Bounds | None
    deviation: float | None
    seeds: int
    note: str = ""


def mean(values: Float64Array) -> Estimate:
    """Mean over seeds; values that are not finite do not count.

    Args:
        values: (S,) a value for each seed.

    Example:
        >>> mean(np.array([1.0, 3.0]))
        Estimate(value=2.0, interval=None, deviation=1.4142135623730951, seeds=2, note='no interval with 2 seeds')
    """
    values = np.asarray(values, dtype=np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return Estimate(None, None, None, 0, "no value")
    weights, chances = seed_weights(len(values))
    return Estimate(
        float(values.mean()),
        interval(weights @ values / len(values), chances, len(values)),
        float(values.std(ddof=1)) if len(values) > 1 else None,
        len(values),
        few_seeds(len(values)),
    )


def ratio(numerator: Float64Array, denominator: Float64Array, *, less: float = 0.0) -> Estimate:
    """Mean numerator per mean denominator, less a constant. Seeds where either is not finite do not count.

    Args:
        numerator: (S,) a value for each seed.
        denominator: (S,) likewise, in points of AP.
        less: Taken off the ratio: 1 turns it into a relative improvement.

    Raises:
        ScanpickError: The two are of different length.
    """
    above, below = np.asarray(numerator, dtype=np.float64), np.asarray(denominator, dtype=np.float64)
    if above.shape != below.shape or above.ndim != 1:
        raise ScanpickError(f"Ratio over seeds: expected two lists of one length, got {above.shape} and {below.shape}.")
    known = np.isfinite(above) & np.isfinite(below)
    above, below = above[known], below[known]
    divisor = mean(below)
    if divisor.value is None:
        return Estimate(None, None, None, 0, "no value")
    if divisor.value < SMALLEST_DENOMINATOR:
        return Estimate(None, None, None, len(below), "not defined: no gain to divide by")
    if divisor.interval is not None and divisor.interval[0] <= 0:
        return Estimate(None, None, None, len(below), "not defined: the gain to divide by may be zero")
    weights, chances = seed_weights(len(below))
    drawn = weights @ below
    # Draws beyond the interval of the denominator may lie at or below zero: the ratio is then beyond all bounds.
    ratios = np.divide(weights @ above, drawn, out=np.full(len(drawn), math.inf), where=drawn > 0) - less
    return Estimate(
        float(above.sum() / below.sum()) - less,
        interval(ratios, chances, len(below)),
        None,
        len(below),
        few_seeds(len(below)),
    )


def few_seeds(seeds: int) -> str:
    """Why there is no interval; empty where there are seeds enough."""
    return "" if seeds >= FEWEST else f"no interval with {seeds} seed{'s' if seeds != 1 else ''}"
