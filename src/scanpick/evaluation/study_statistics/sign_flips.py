"""Is a paired difference more than chance? Sign flips, and a correction for several strategies.

**Sign-flip test** (paired permutation test, Fisher 1935): if two strategies were alike, the sign of each seed's
difference would be a coin toss. The p-value is the share of all 2^n assignments of signs whose mean difference is at
least as far from zero. With n seeds it cannot be smaller than `smallest_p`: 5 seeds cannot give less than 0.0625,
whatever is found.

**Correction for several strategies.** `holm` (1979) multiplies sorted p-values by the number of hypotheses still to
be rejected; it holds for whatever tests, and is blind to how they hang together: with 6 strategies, 5 seeds or 6 or 7
cannot show anything. `step_down` (Westfall and Young, 1993; Romano and Wolf, 2005) flips the signs of a seed for all
strategies at once and asks how often the largest of all differences is as large: it knows that strategies share their
seeds and random's luck, and can show a difference from 6 seeds on. With both, the chance that any of the differences
called real is none stays below 0.05.
"""

from __future__ import annotations

import numpy as np

from scanpick.arrays import Float64Array

MOST_EXACT = 16
"""Seeds up to which all signs are tried; above, `REPLICATES` random ones."""

REPLICATES = 50_000


def sign_flip_p(differences: Float64Array) -> float:
    """Two-sided p-value of (n,) paired differences; NaN without any.

    Above `MOST_EXACT` seeds the assignment found counts as one of the random ones, so that the test stays valid
    (Phipson and Smyth, 2010).

    Example:
        >>> sign_flip_p(np.array([1.0, 2.0, 3.0]))
        0.25
    """
    return float(step_down(np.asarray(differences, dtype=np.float64)[:, None])[0])


def step_down(differences: Float64Array) -> Float64Array:
    """Corrected two-sided p-values of several strategies; of one, that of `sign_flip_p`.

    The largest difference is compared with the largest over all strategies in each assignment of signs, the next with
    the largest over the others, and so on; a p-value is never smaller than that of a larger difference.

    Args:
        differences: (n, m) paired differences of m strategies in the same unit, NaN where a strategy lacks a seed.

    Returns:
        (m,) NaN for a strategy without any seed.
    """
    known = np.isfinite(differences)
    counts = known.sum(axis=0)
    tested = np.flatnonzero(counts)
    corrected = np.full(differences.shape[1], np.nan)
    if not len(tested):
        return corrected
    values = np.where(known, differences, 0.0)[:, tested] / counts[tested]  # (n, t), sums are means
    # Means that differ in rounding only count as equal.
    found = np.abs(values.sum(axis=0)) - 1e-9 * np.abs(values).sum(axis=0)
    order = np.argsort(-found, kind="stable")
    signs = _signs(len(differences))
    means = np.abs(signs @ values[:, order])  # (R, t)
    largest = np.maximum.accumulate(means[:, ::-1], axis=1)[:, ::-1]  # of this one and all smaller ones
    beyond = (largest >= found[order]).sum(axis=0)
    p_values = beyond / len(signs) if len(differences) <= MOST_EXACT else (beyond + 1) / (len(signs) + 1)
    corrected[tested[order]] = np.maximum.accumulate(p_values)
    return corrected


def smallest_p(seeds: int) -> float:
    """The smallest p-value that the test can give with so many seeds.

    Example:
        >>> smallest_p(5)
        0.0625
    """
    return min(1.0, 2.0 ** (1 - seeds))


def _signs(count: int) -> Float64Array:
    """(R, n) assignments of signs: all of them, or so many by chance."""
    if count <= MOST_EXACT:
        bits = (np.arange(2**count)[:, None] >> np.arange(count)) & 1
    else:
        bits = np.random.default_rng(0).integers(2, size=(REPLICATES, count))
    return (1 - 2 * bits).astype(np.float64)


def holm(p_values: Float64Array) -> Float64Array:
    """Corrected p-values in the given order; NaN stays NaN and does not count.

    Example:
        >>> holm(np.array([0.01, 0.04, 0.03])).tolist()
        [0.03, 0.06, 0.06]
    """
    p_values = np.asarray(p_values, dtype=np.float64)
    corrected = np.full(len(p_values), np.nan)
    order = [place for place in np.argsort(p_values, kind="stable") if not np.isnan(p_values[place])]
    largest = 0.0
    for rank, place in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * float(p_values[place])))
        corrected[place] = largest
    return corrected
