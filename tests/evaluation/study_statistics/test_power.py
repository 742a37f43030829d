"""Seeds needed agree with published tables and with simulation."""

import numpy as np
import pytest
from scipy import stats

from scanpick.evaluation.study_statistics.power import paired_power, seeds_needed


@pytest.mark.parametrize(("effect", "needed"), [(0.2, 199), (0.5, 34), (0.8, 15)])
def test_cohens_effects(effect, needed):
    """G*Power 3.1, t tests, matched pairs, two-sided, alpha 0.05, power 0.8."""
    assert seeds_needed(effect, 1.0) == needed
    assert seeds_needed(-3 * effect, 3.0) == needed


def test_power_against_simulation():
    rng = np.random.default_rng(0)
    drawn = rng.normal(1.0, 1.2, size=(20_000, 7))
    found = np.mean(stats.ttest_1samp(drawn, 0, axis=1).pvalue < 0.05)
    assert paired_power(1.0, 1.2, 7) == pytest.approx(found, abs=0.01)


@pytest.mark.parametrize("effect", [0.3, 1.0, 4.0])
def test_it_is_the_smallest_number(effect):
    needed = seeds_needed(effect, 1.0, alpha=0.01)
    assert paired_power(effect, 1.0, needed, 0.01) >= 0.8
    assert needed == 2 or paired_power(effect, 1.0, needed - 1, 0.01) < 0.8


def test_edges():
    assert seeds_needed(0.0, 1.0) is None
    assert seeds_needed(0.001, 1.0) is None  # millions
    assert seeds_needed(1.0, float("nan")) is None
    assert seeds_needed(1.0, 0.0) == seeds_needed(100.0, 1.0) == 2
    assert seeds_needed(100.0, 1.0, fewest=6) == seeds_needed(1.0, 0.0, fewest=6) == 6
    assert seeds_needed(0.5, 1.0, fewest=6) == 34
