"""How many seeds it takes to see a difference: power of the two-sided paired t-test.

Cohen, "Statistical Power Analysis for the Behavioral Sciences" (1988), chapter 2; the non-central t distribution is
exact for normal differences. The difference and the deviation that are put in come from few seeds themselves, so that
the number found is rough.
"""

from __future__ import annotations

from math import sqrt

from scipy import stats

POWER = 0.8
MOST = 10_000
"""More seeds than this are not counted."""


def paired_power(difference: float, deviation: float, seeds: int, alpha: float = 0.05) -> float:
    """Chance that a paired t-test at level `alpha` finds a true mean difference with so many seeds."""
    freedom = seeds - 1
    limit = stats.t.ppf(1 - alpha / 2, freedom)
    shift = abs(difference) / deviation * sqrt(seeds)
    # The far tail comes out as NaN where it is too small for the routine: it is nothing then.
    far = stats.nct.cdf(-limit, freedom, shift)
    return float(stats.nct.sf(limit, freedom, shift)) + (float(far) if far == far else 0.0)


def seeds_needed(
    difference: float, deviation: float, *, power: float = POWER, alpha: float = 0.05, fewest: int = 2
) -> int | None:
    """Seeds with which a difference of this size would be found with this power; None if more than `MOST`.

    Args:
        difference: Mean paired difference.
        deviation: Standard deviation of the differences.
        power: Chance to find it.
        alpha: Level of the test, corrected for several strategies where there are several.
        fewest: The number is at least this: what another test than the t-test needs to show anything.

    Example:
        >>> seeds_needed(0.5, 1.0), seeds_needed(3.0, 2.5), seeds_needed(0.0, 1.0)
        (34, 8, None)
    """
    if difference == 0 or not deviation >= 0:
        return None
    if deviation <= 1e-12 * abs(difference):
        return fewest
    low, high = 1, max(fewest, 2)  # the power of `low` is too small, or not known
    while paired_power(difference, deviation, high, alpha) < power:
        low, high = high, 2 * high
        if low >= MOST:
            return None
    while high - low > 1 and low >= 1:
        middle = (low + high) // 2
        if middle >= 2 and paired_power(difference, deviation, middle, alpha) >= power:
            high = middle
        else:
            low = middle
    needed = max(high, fewest)
    return needed if needed <= MOST else None
