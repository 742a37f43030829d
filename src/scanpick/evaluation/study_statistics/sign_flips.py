"""Is a paired difference more than chance? Sign flips, and a correction for several strategies.

**Sign-flip test** (paired permutation test, Fisher 1935): if two strategies were alike, the sign of each seed's
difference would be a coin toss. The p-value is the share of all 2^n assignments of signs whose mean difference is at
least as far from zero. With n seeds it cannot be smaller than `smallest_p`: 5 seeds cannot give less than 0.0625,
whatever is found.

**Holm** (1979): sorted p-values are multiplied by the number of hypotheses still to be rejected. All of the corrected
ones below 0.05 may be called differences, and the chance that any of these is false stays below 0.05.
"""

from __future__ import annotations

import numpy as np

from scanpick.arrays import Float64Array

MOST_EXACT = 16
"""Seeds up to which all signs are tried; above, `REPLICATES` random ones."""

REPLICATES = 100_000


def sign_flip_p(differences: Float64Array) -> float:
    """Two-sided p-value of (n,) paired differences; NaN without any.

    Above `MOST_EXACT` seeds the assignment found counts as one of the random ones, so that the test stays valid
    (Phipson and Smyth, 2010).

    Example:
        >>> sign_flip_p(np.array([1.0, 2.0, 3.0]))
        0.25
    """
    count = len(differences)
    if not count:
        return float("nan")
    # Sums that differ in rounding only count as equal.
    found = abs(float(differences.sum())) - 1e-9 * float(np.abs(differences).sum())
    if count <= MOST_EXACT:
        signs = 1 - 2 * ((np.arange(2**count)[:, None] >> np.arange(count)) & 1)  # (2^n, n)
        return float((np.abs(signs @ differences) >= found).mean())
    rng = np.random.default_rng(0)
    beyond = sum(
        int((np.abs(rng.choice((-1.0, 1.0), size=(10_000, count)) @ differences) >= found).sum())
        for _ in range(REPLICATES // 10_000)
    )
    return (beyond + 1) / (REPLICATES + 1)


def smallest_p(seeds: int) -> float:
    """The smallest p-value that the test can give with so many seeds.

    Example:
        >>> smallest_p(5)
        0.0625
    """
    return min(1.0, 2.0 ** (1 - seeds))


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
