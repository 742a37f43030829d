"""Several strategies against one reference, seed by seed: how far apart, how sure, and how many seeds would tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from scanpick.evaluation.study_statistics.estimates import Estimate, mean
from scanpick.evaluation.study_statistics.power import seeds_needed
from scanpick.evaluation.study_statistics.resampling import FEWEST
from scanpick.evaluation.study_statistics.sign_flips import holm, sign_flip_p, smallest_p, step_down

LEVEL = 0.05

FEWEST_TO_SHOW = 6
"""Seeds with which the sign-flip test can give a p-value below `LEVEL` at all."""

Verdict = Literal["better", "worse", "no evidence of a difference"]


@dataclass(frozen=True)
class PairedDifference:
    """A strategy less the reference, over the seeds that both have.

    Attributes:
        differences: Seed -> difference in points.
        difference: Their mean with its interval and deviation.
        p_value: Of the sign-flip test; NaN without a seed.
        corrected_p: Corrected for all strategies that have seeds enough for an interval (`step_down`).
        holm_p: Corrected after Holm, for whoever prefers it: never smaller than needed, often much larger.
        smallest_p: The smallest p-value, corrected or not, that so many seeds can give.
        verdict: "better" or "worse" only where the interval does not hold 0 and the corrected p-value is below 0.05.
        seeds_needed: Seeds with which a difference of this size would be seen (power 0.8, paired t-test at 0.05 divided
            by the number of strategies compared); None where it is not known or more than can be counted.
    """

    differences: Mapping[int, float]
    difference: Estimate
    p_value: float
    corrected_p: float
    holm_p: float
    smallest_p: float
    verdict: Verdict
    seeds_needed: int | None


def paired_differences(
    values: Mapping[str, Mapping[int, float]], reference: Mapping[int, float]
) -> dict[str, PairedDifference]:
    """Compare each strategy with the reference.

    Args:
        values: Strategy -> seed -> value. Values that are not finite do not count.
        reference: Seed -> value.

    Example:
        >>> found = paired_differences({"a": {0: 3.0, 1: 5.0}, "b": {}}, {0: 2.0, 1: 2.0})
        >>> found["a"].difference.value, found["a"].p_value, found["a"].verdict
        (2.0, 0.5, 'no evidence of a difference')
    """
    paired = {name: _paired(of_seed, reference) for name, of_seed in values.items()}
    arrays = {name: np.array(list(of_seed.values())) for name, of_seed in paired.items()}
    seeds = sorted(set().union(*paired.values()))
    table = np.array([[of_seed.get(seed, np.nan) for of_seed in paired.values()] for seed in seeds])
    table = table.reshape(len(seeds), len(paired))
    p_values = np.array([sign_flip_p(array) for array in arrays.values()])
    # One or two seeds can show nothing, and their wild means would drown what others show: they stand for themselves.
    few = np.array([len(array) < FEWEST for array in arrays.values()], dtype=bool)
    table[:, few] = np.nan
    corrected, after_holm = np.where(few, p_values, step_down(table)), holm(p_values)
    tested = sum(len(array) > 0 for array in arrays.values())
    found = {}
    for place, (name, array) in enumerate(arrays.items()):
        difference = mean(array)
        needed = None
        if difference.value is not None and difference.deviation is not None:
            alpha = LEVEL / tested
            needed = seeds_needed(difference.value, difference.deviation, alpha=alpha, fewest=FEWEST_TO_SHOW)
        found[name] = PairedDifference(
            differences=paired[name],
            difference=difference,
            p_value=float(p_values[place]),
            corrected_p=float(corrected[place]),
            holm_p=float(after_holm[place]),
            smallest_p=smallest_p(len(array)),
            verdict=_verdict(difference, float(corrected[place])),
            seeds_needed=needed,
        )
    return found


def _paired(values: Mapping[int, float], reference: Mapping[int, float]) -> dict[int, float]:
    differences = {seed: values[seed] - reference[seed] for seed in sorted(values) if seed in reference}
    return {seed: difference for seed, difference in differences.items() if np.isfinite(difference)}


def _verdict(difference: Estimate, corrected_p: float) -> Verdict:
    if difference.interval is None or difference.value is None or not corrected_p < LEVEL:
        return "no evidence of a difference"
    low, high = difference.interval
    if low <= 0 <= high:
        return "no evidence of a difference"
    return "better" if difference.value > 0 else "worse"
