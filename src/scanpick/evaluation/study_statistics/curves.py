"""Label-budget curves: the area under them, and how many labels they need to reach a value.

A curve is the AP after each round against what was labelled until then, straight lines between rounds. Its **area**
is divided by the width, so that it is the mean AP over that range of the budget. The labels **needed** for a value
are where a curve first reaches it; a curve that never does is censored: infinitely many are needed, as far as was
looked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError
from scanpick.evaluation.study_statistics.resampling import Bounds, interval, seed_weights


@dataclass(frozen=True)
class Needed:
    """Labels that a curve needs to reach the reference's final value; infinite where it does not.

    Attributes:
        value: Labels needed, the initial ones included.
        reference: Labels that the reference itself needs.
        saved: Share of the reference's labels that is saved; negative where more are needed, minus infinity where the
            value is not reached.
        saved_of_added: Likewise, of the labels that the reference adds to the initial ones.
        interval: 95% interval of `saved` over seeds, or None.
        interval_of_added: 95% interval of `saved_of_added`, or None.
        reached: Share of the bootstrap's draws in which the value is reached.
        seeds: How many seeds it stands on.
    """

    value: float
    reference: float
    saved: float
    saved_of_added: float
    interval: Bounds | None
    interval_of_added: Bounds | None
    reached: float
    seeds: int


def mean_height(x: Float64Array, y: Float64Array, low: float, high: float) -> float:
    """Area under the curve through (P,) points from `low` to `high`, divided by the width; NaN outside of the curve.

    Example:
        >>> mean_height(np.array([0.0, 10.0, 20.0]), np.array([0.0, 10.0, 10.0]), 0, 20)
        7.5
    """
    x, y = np.asarray(x, dtype=np.float64), np.asarray(y, dtype=np.float64)
    if len(x) < 2 or not low < high or x[0] > low or x[-1] < high or (np.diff(x) <= 0).any():
        return float("nan")
    places = np.unique(np.clip(x, low, high))
    return float(np.trapezoid(np.interp(places, x, y), places) / (high - low))


def first_reach(x: Float64Array, y: Float64Array, target: Float64Array) -> Float64Array:
    """(R,) where each of R curves first reaches its target, on straight lines between points; infinite if nowhere.

    Args:
        x: (R, P) what was labelled, ascending.
        y: (R, P) AP.
        target: (R,) value to reach.
    """
    reached = y >= target[:, None] - 1e-9  # (R, P)
    place = reached.argmax(axis=1)
    rows = np.arange(len(y))
    before = np.maximum(place - 1, 0)
    rise = y[rows, place] - y[rows, before]
    share = np.divide(target - y[rows, before], rise, out=np.ones(len(y)), where=(place > 0) & (rise > 0))
    found = x[rows, before] + np.clip(share, 0, 1) * (x[rows, place] - x[rows, before])
    return np.where(reached.any(axis=1), np.where(place > 0, found, x[:, 0]), np.inf)


def labels_needed(x: Float64Array, y: Float64Array, reference_x: Float64Array, reference_y: Float64Array) -> Needed:
    """Labels that a strategy needs to reach the reference's final AP, on the mean curves over paired seeds.

    The reference is measured with the same rule: where it reaches its own final AP earlier, by a curve that falls
    again, that is what it needs.

    Args:
        x: (S, P) what was labelled after each round, by seed; the first round is the start that both share.
        y: (S, P) AP.
        reference_x: (S, Q) likewise for the reference.
        reference_y: (S, Q).

    Raises:
        ScanpickError: There are no seeds, or not the same for both.
    """
    seeds = len(x)
    if not seeds or any(len(array) != seeds for array in (y, reference_x, reference_y)):
        raise ScanpickError("Labels needed: expected the same seeds, at least one, for a strategy and its reference.")

    def measured(weights: Float64Array) -> tuple[Float64Array, Float64Array, Float64Array]:
        of_x, of_y, of_rx, of_ry = (weights @ array / seeds for array in (x, y, reference_x, reference_y))
        target = of_ry[:, -1]
        return first_reach(of_x, of_y, target), first_reach(of_rx, of_ry, target), of_rx[:, 0]

    value, reference, start = measured(np.ones((1, seeds)))  # (1,) each
    weights, chances = seed_weights(seeds)
    needed, needed_by_reference, starts = measured(weights)
    return Needed(
        float(value[0]),
        float(reference[0]),
        float(_saved(value, reference, np.zeros(1))[0]),
        float(_saved(value, reference, start)[0]),
        interval(_saved(needed, needed_by_reference, np.zeros(len(needed))), chances, seeds),
        interval(_saved(needed, needed_by_reference, starts), chances, seeds),
        float(chances[np.isfinite(needed)].sum()),
        seeds,
    )


def _saved(needed: Float64Array, reference: Float64Array, start: Float64Array) -> Float64Array:
    """Share saved; nothing where the reference needs nothing beyond the start."""
    with np.errstate(divide="ignore", invalid="ignore"):
        share = 1 - (needed - start) / (reference - start)
    return np.where(reference > start, share, np.where(np.isfinite(needed), 0.0, -np.inf))
