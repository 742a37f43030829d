"""Means and differences of scores are paired by draws."""

import numpy as np
import pytest

from scanpick.evaluation.probes.scores import Score, difference, mean_score, weighted_means


def _score(value, replicates, target="cars"):
    return Score("ridge", target, "r2", value, np.array(replicates, dtype=np.float64), 0.0, 10)


def test_a_constant_advantage_has_no_spread():
    """Each alone is unsure, the difference is sure."""
    rng = np.random.default_rng(0)
    common = rng.normal(size=999)
    found = difference(_score(0.5, common + 0.1), _score(0.4, common))
    assert found.value == pytest.approx(0.1)
    assert found.interval == pytest.approx((0.1, 0.1))
    assert found.p_value == pytest.approx(2 / 1000)


def test_equal_scores_differ_by_nothing():
    found = difference(_score(0.5, np.arange(50.0)), _score(0.5, np.arange(50.0)))
    assert (found.value, found.interval, found.p_value) == (0.0, (0.0, 0.0), 1.0)


def test_undefined_draws_are_left_out():
    nan = np.nan
    assert _score(1.0, [nan, 2.0, 2.0]).interval == (2.0, 2.0)
    assert np.isnan(_score(1.0, [nan, nan]).interval).all()
    assert np.isnan(difference(_score(1.0, [nan]), _score(1.0, [1.0])).interval).all()
    mean = mean_score("detection", "mean", [_score(1.0, [1.0, nan, nan]), _score(3.0, [3.0, 5.0, nan], "vans")])
    assert mean.value == 2.0
    np.testing.assert_array_equal(mean.replicates, [2.0, 5.0, nan])


def test_weighted_means_are_means_of_repeated_frames():
    rng = np.random.default_rng(1)
    values = rng.normal(size=20)
    values[3] = np.nan
    draws = rng.integers(0, 4, size=(6, 20))
    value, replicates = weighted_means(values, draws)
    assert value == pytest.approx(np.nanmean(values))
    np.testing.assert_allclose(replicates, [np.nanmean(values.repeat(draw)) for draw in draws])
    assert np.isnan(weighted_means(np.full(20, np.nan), draws)[1]).all()
