"""The paired permutation test is scipy's; both corrections are what they stand for, and hold what they promise."""

from itertools import combinations, product

import numpy as np
import pytest
from scipy import stats

from scanpick.evaluation.study_statistics import sign_flips
from scanpick.evaluation.study_statistics.sign_flips import holm, sign_flip_p, smallest_p, step_down


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


@pytest.mark.parametrize("seed", range(4))
def test_step_down_against_its_definition(seed):
    """Brute force over all signs, strategy by strategy, with seeds missing."""
    rng = np.random.default_rng(seed)
    table = rng.normal((0.0, 1.5, -0.5, 0.2), 1.0, size=(6, 4))
    table[2, 1] = table[0, 3] = np.nan
    found = np.abs(np.nanmean(table, axis=0))
    order = np.argsort(-found)
    expected, before = np.zeros(4), 0.0
    for place, strategy in enumerate(order):
        left = order[place:]
        beyond = [
            np.abs(np.nanmean(table * np.array(signs)[:, None], axis=0))[left].max() >= found[strategy] - 1e-9
            for signs in product((-1, 1), repeat=6)
        ]
        before = expected[strategy] = max(before, np.mean(beyond))
    assert step_down(table) == pytest.approx(expected)


def test_step_down_of_one_strategy_is_the_test_itself():
    differences = np.random.default_rng(0).normal(0.4, 1, size=9)
    assert step_down(differences[:, None])[0] == sign_flip_p(differences)
    assert np.isnan(step_down(np.full((3, 2), np.nan))).all()
    assert step_down(np.zeros((0, 2))).shape == (2,)


def test_step_down_is_seldom_wrong_about_any_strategy():
    """Six strategies against one random, two of which really differ: a false alarm in at most 5% of all studies."""
    rng = np.random.default_rng(3)
    alarms = found = 0
    for _ in range(1500):
        random = rng.normal(size=8)
        table = rng.normal(size=(8, 6)) - random[:, None]
        table[:, :2] += 4.0
        p_values = step_down(table)
        alarms += bool((p_values[2:] < 0.05).any())
        found += bool((p_values[:2] < 0.05).all())
    assert alarms / 1500 < 0.06
    assert found / 1500 > 0.5


def test_six_seeds_can_show_what_holm_cannot():
    rng = np.random.default_rng(4)
    table = rng.normal(0, 0.5, size=(6, 6))
    table[:, 0] += 6.0
    single = np.array([sign_flip_p(column) for column in table.T])
    assert step_down(table)[0] == smallest_p(6) == 0.03125
    assert holm(single)[0] > 0.15


def test_differences_of_nothing_show_nothing():
    """Every assignment of signs is as far from zero as the one found."""
    assert sign_flip_p(np.zeros(4)) == 1.0
    assert (smallest_p(0), smallest_p(1), smallest_p(2)) == (1.0, 1.0, 0.5)
