"""Scores that strategies weigh frames with."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import BoolArray, Float64Array
from scanpick.errors import ScanpickError, unknown_name
from scanpick.selection.pool import Pool
from scanpick.structures.checks import name_some


def score_of(pool: Pool, name: str | None, needed: BoolArray, *, at_least_zero: bool) -> Float64Array:
    """(N,) the score or column of numbers of this name, or the first score; 0 where it is not needed.

    Args:
        pool: The frames.
        name: Which score.
        needed: (N,) bool: frames that must have one.
        at_least_zero: Whether negative scores are refused, since a product or a gain per cost would turn them round.

    Raises:
        ScanpickError: There is none of that name, or a score that is needed is missing, not finite or negative.
    """
    if name is None and not pool.scores:
        raise ScanpickError("The pool has no scores, and this strategy needs one. Score the frames with a detector.")
    known = {key: column for key, column in pool.metadata.items() if column.dtype.kind in "iuf"} | dict(pool.scores)
    name = name or next(iter(pool.scores))
    if name not in known:
        raise unknown_name("score", name, known)
    scores = np.asarray(known[name], dtype=np.float64)
    check_numbers(f"Score '{name}'", scores, needed, pool, at_least_zero=at_least_zero)
    return np.where(needed, scores, 0.0)


def check_numbers(
    what: str, values: Float64Array, needed: BoolArray, pool: Pool, *, at_least_zero: bool = True
) -> None:
    """Raise `ScanpickError` naming the frames for which a needed value is not finite or, if asked for, negative."""
    bad = needed & ~np.isfinite(values)
    if at_least_zero:
        bad |= needed & (values < 0)
    if bad.any():
        frames = [f"{pool.frame_ids[row]} ({values[row]:g})" for row in np.flatnonzero(bad)]
        wanted = "numbers of 0 or more" if at_least_zero else "finite numbers"
        raise ScanpickError(f"{what}: expected {wanted}, got others for the frames {name_some(frames)}.")
