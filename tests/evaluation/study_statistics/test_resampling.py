"""Intervals over seeds are those of scipy's bootstrap, moved outwards for few seeds, and cover what they should."""

from itertools import product

import numpy as np
import pytest
from scipy import stats

from scanpick.evaluation.study_statistics.resampling import FEWEST, interval, seed_weights


@pytest.mark.parametrize("seeds", [1, 2, 3, 6])
def test_all_draws_are_looked_at_with_their_chances(seeds):
    """Brute force: every ordered draw, counted."""
    weights, chances = seed_weights(seeds)
    counted = {}
    for draw in product(range(seeds), repeat=seeds):
        key = tuple(np.bincount(draw, minlength=seeds))
        counted[key] = counted.get(key, 0) + 1
    assert {
        tuple(row.astype(int)): round(chance * seeds**seeds) for row, chance in zip(weights, chances, strict=True)
    } == (counted)
    assert chances.sum() == pytest.approx(1)


def test_many_seeds_are_drawn_the_same_way_each_time():
    weights, chances = seed_weights(12)
    seed_weights.cache_clear()
    assert np.array_equal(weights, seed_weights(12)[0])
    assert (weights.sum(axis=1) == 12).all()
    assert chances.sum() == pytest.approx(1)


def test_against_scipy_at_the_level_that_stands_for_95_percent():
    """The percentile bootstrap of scipy, asked for the wider level, gives the same ends up to its own randomness."""
    values = np.random.default_rng(3).normal(size=14)
    weights, chances = seed_weights(14)
    low, high = interval(weights @ values / 14, chances, 14)
    tail = stats.norm.cdf(-np.sqrt(14 / 13) * stats.t.ppf(0.975, 13))
    expected = stats.bootstrap(
        (values,), np.mean, confidence_level=1 - 2 * tail, n_resamples=50_000, method="percentile", rng=1
    ).confidence_interval
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=0.03)


@pytest.mark.parametrize(("seeds", "end"), [(5, 3.10416), (10, 2.38452)])
def test_ends_move_outwards_by_both_factors(seeds, end):
    """Of draws that are exactly normal, by sqrt(n / (n - 1)) times the t of n - 1 degrees, worked out by hand."""
    count = 400_001
    values = stats.norm.ppf((np.arange(count) + 0.5) / count)
    assert interval(values, np.full(count, 1 / count), seeds) == pytest.approx((-end, end), abs=2e-3)


def test_no_interval_below_three_seeds():
    for seeds in range(1, FEWEST):
        weights, chances = seed_weights(seeds)
        assert interval(weights[:, 0], chances, seeds) is None


def test_five_seeds_cover_the_truth_nearly_as_often_as_asked():
    """Percentiles as they are cover it in 84% of all cases; a plain n or t mix-up falls out of these bounds."""
    rng = np.random.default_rng(5)
    weights, chances = seed_weights(5)
    covered = 0
    for _ in range(1500):
        low, high = interval(weights @ rng.normal(size=5) / 5, chances, 5)
        covered += low <= 0 <= high
    assert 0.90 < covered / 1500 < 0.95


def test_infinite_values_lie_beyond_all_others():
    weights, chances = seed_weights(4)
    values = np.where(weights[:, 0] > 0, np.inf, weights[:, 1])
    low, high = interval(values, chances, 4)
    assert np.isfinite(low)
    assert high == np.inf
