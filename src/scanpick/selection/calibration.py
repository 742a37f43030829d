"""How many boxes a frame really needs, learned from labelled frames: scores alone say too much or too little.

A young detector finds dozens of boxes of low score in every frame. Of labelled frames that have an expected number of
boxes, too, the true number is known. Three readings of the expected number are compared: as it is, times the ratio of
all true to all expected boxes, and by isotonic regression (the best rising curve: more expected boxes are never fewer
true ones). Each is judged on labelled frames that it was not fitted to; the one of least mean absolute error is taken.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping

import numpy as np
from scipy.optimize import isotonic_regression

from scanpick.arrays import Float64Array
from scanpick.selection.pool import Pool

_LEAST, _LEAST_FOR_A_CURVE, _MOST_PARTS = 3, 10, 50

Reading = Callable[[Float64Array], Float64Array]
"""From expected to calibrated numbers of boxes."""


def with_calibrated_boxes(pool: Pool, true_boxes: Mapping[str, int]) -> Pool:
    """The pool with expected boxes that fit what is labelled, and a note that says how well.

    Args:
        pool: With expected boxes; those of a labelled frame may be NaN.
        true_boxes: Labelled frame id -> how many boxes were drawn in it.
    """
    if pool.expected_boxes is None:
        return pool
    rows = [
        row
        for row, frame_id in enumerate(pool.frame_ids)
        if frame_id in true_boxes and pool.labelled[row] and np.isfinite(pool.expected_boxes[row])
    ]
    if len(rows) < _LEAST:
        known = f"only {len(rows)} labelled frames have both" if rows else "no labelled frame has both"
        note = f"{pool.boxes_note}; not calibrated: {known} labels and an expected number"
        return dataclasses.replace(pool, boxes_note=note)
    expected = pool.expected_boxes[rows]
    true = np.array([true_boxes[pool.frame_ids[row]] for row in rows], dtype=np.float64)
    name, fit, error = best_reading(expected, true)
    boxes = fit(expected, true)(pool.expected_boxes)
    before = float(np.abs(expected - true).mean())
    note = (
        f"{pool.boxes_note}, calibrated on {len(rows)} labelled frames ({name}): off by {error:.2g} boxes a frame on "
        f"average, {before:.2g} uncalibrated"
    )
    return dataclasses.replace(pool, expected_boxes=boxes, boxes_note=note)


def best_reading(
    expected: Float64Array, true: Float64Array
) -> tuple[str, Callable[[Float64Array, Float64Array], Reading], float]:
    """The reading of least mean absolute error on frames that were left out, with that error.

    Args:
        expected: (n,) expected boxes, n at least 2.
        true: (n,) boxes that were drawn.
    """
    fits = {"as they are": _as_they_are, "ratio": _ratio}
    if len(true) >= _LEAST_FOR_A_CURVE:
        fits["isotonic regression"] = _isotonic
    errors = {name: _error_left_out(fit, expected, true) for name, fit in fits.items()}
    best = min(errors, key=errors.__getitem__)  # the simplest of equals
    return best, fits[best], errors[best]


def _error_left_out(
    fit: Callable[[Float64Array, Float64Array], Reading], expected: Float64Array, true: Float64Array
) -> float:
    """Mean absolute error, each frame read as the others have it; in 50 parts where there are more frames."""
    part = np.arange(len(true)) % _MOST_PARTS
    errors = np.empty(len(true))
    for number in np.unique(part):
        out = part == number
        errors[out] = np.abs(fit(expected[~out], true[~out])(expected[out]) - true[out])
    return float(errors.mean())


def _as_they_are(expected: Float64Array, true: Float64Array) -> Reading:
    return lambda boxes: boxes


def _ratio(expected: Float64Array, true: Float64Array) -> Reading:
    if expected.sum() == 0:
        return lambda boxes: np.where(np.isnan(boxes), np.nan, true.mean())
    ratio = true.sum() / expected.sum()
    return lambda boxes: boxes * ratio


def _isotonic(expected: Float64Array, true: Float64Array) -> Reading:
    """Straight between the steps of the curve, level outside of what was seen; equal numbers share one step."""
    places, inverse, counts = np.unique(expected, return_inverse=True, return_counts=True)
    means = np.bincount(inverse, weights=true) / counts
    curve = isotonic_regression(means, weights=counts.astype(np.float64)).x
    return lambda boxes: np.where(np.isnan(boxes), np.nan, np.interp(boxes, places, curve))
