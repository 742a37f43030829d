"""What intervals are asked for, and how they are read off replicates."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import Float64Array

CONFIDENCE = 0.95
"""Share of replicates that an interval holds."""


def percentiles(replicates: Float64Array) -> tuple[float, float]:
    """Lower and upper end of the interval that holds the middle `CONFIDENCE` of the replicates.

    Example:
        >>> [round(end) for end in percentiles(np.arange(201.0))]
        [5, 195]
    """
    low, high = np.quantile(replicates, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return float(low), float(high)


def two_sided_p(differences: Float64Array) -> float:
    """How often, at the least, resampling would lead as far to the other side of zero, from (R,) replicates."""
    tail = min((differences <= 0).sum(), (differences >= 0).sum())
    return float(min(1.0, 2 * (tail + 1) / (len(differences) + 1)))
