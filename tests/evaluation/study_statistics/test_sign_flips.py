"""The paired permutation test is scipy's, and Holm's correction is the closed test that it stands for."""

from itertools import combinations

import numpy as np
import pytest
from scipy import stats

from scanpick.evaluation.study_statistics import sign_flips
from scanpick.evaluation.study_statistics.sign_flips import holm, sign_flip_p, smallest_p


@pytest.mark.parametrize("seed", range(4))
def test_exact_against_scipy(seed):
    rng = np.random.default_rng(seed)
    differences = np.round(rng.normal(0.5, 1, size=8), 1)  # rounded: ties between sums occur
    expected = stats.permutation_test(
        (differences, np.zeros(8)),
        lambda a, b, axis: (a - b).mean(axis=axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=np.inf,
    ).pvalue
    assert sign_flip_p(differences) == pytest.approx(expected)


def test_many_seeds_by_chance_agree_with_all_signs(monkeypatch):
    differences = np.random.default_rng(1).normal(0.6, 1, size=14)
    exact = sign_flip_p(differences)
    monkeypatch.setattr(sign_flips, "MOST_EXACT", 10)
    assert sign_flip_p(differences) == pytest.approx(exact, abs=0.003)
    assert sign_flip_p(np.ones(20)) >= 1 / (sign_flips.REPLICATES + 1)  # never zero


def test_edges():
    assert np.isnan(sign_flip_p(np.zeros(0)))
    assert sign_flip_p(np.array([7.0])) == 1.0
    assert sign_flip_p(np.zeros(5)) == 1.0
    assert sign_flip_p(np.array([0.1, 0.2, 0.3, 0.1, 0.2])) == smallest_p(5) == 0.0625


def test_it_is_wrong_as_seldom_as_it_says():
    """Under no difference, at most 5% of the p-values lie below 0.05 - skewed differences included."""
    rng = np.random.default_rng(2)
    p_values = [sign_flip_p(rng.exponential(size=8) - rng.exponential(size=8)) for _ in range(2000)]
    assert np.mean(np.array(p_values) < 0.05) < 0.06


def test_holm_by_hand_and_with_gaps():
    assert holm(np.array([0.01, 0.02, 0.03, 0.005])).tolist() == pytest.approx([0.03, 0.04, 0.04, 0.02])
    assert holm(np.array([0.5, np.nan, 0.9])).tolist() == pytest.approx([1.0, np.nan, 1.0], nan_ok=True)
    assert holm(np.zeros(0)).tolist() == []


@pytest.mark.parametrize("seed", range(5))
def test_holm_is_the_closed_bonferroni_test(seed):
    """Brute force: a hypothesis falls where Bonferroni rejects every set of hypotheses that holds it."""
    p_values = np.random.default_rng(seed).uniform(0, 0.2, size=5)
    expected = []
    for place in range(5):
        sets = [some for size in range(1, 6) for some in combinations(range(5), size) if place in some]
        expected.append(max(min(1.0, len(some) * p_values[list(some)].min()) for some in sets))
    assert holm(p_values).tolist() == pytest.approx(expected)
