"""Means and ratios over seeds: worked by hand, and silent where a number would mean nothing."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.evaluation.study_statistics.estimates import mean, ratio


def test_mean_by_hand():
    found = mean(np.array([1.0, 2.0, 6.0]))
    assert (found.value, found.seeds, found.note) == (3.0, 3, "")
    assert found.deviation == pytest.approx(np.sqrt(7))
    low, high = found.interval
    assert 1.0 <= low < 3.0 < high <= 6.0


def test_values_that_are_missing_do_not_count():
    assert mean(np.array([1.0, np.nan, 3.0])) == mean(np.array([1.0, 3.0]))


@pytest.mark.parametrize(
    ("values", "deviation", "note"),
    [([], None, "no value"), ([4.0], None, "no interval with 1 seed"), ([4.0, 4.0], 0.0, "no interval with 2 seeds")],
)
def test_few_seeds_have_no_interval_and_say_so(values, deviation, note):
    found = mean(np.array(values))
    assert found.interval is None
    assert (found.deviation, found.note) == (deviation, note)


def test_ratio_is_that_of_the_means():
    found = ratio(np.array([10.0, 30.0]), np.array([1.0, 4.0]))
    assert found.value == 8.0  # 40 / 5; the mean of the seeds' ratios would be 8.75
    assert ratio(np.array([10.0, 30.0]), np.array([1.0, 4.0]), less=1).value == 7.0


def test_interval_of_a_ratio_against_brute_force():
    above, below = np.array([10.0, 12.0, 17.0, 9.0]), np.array([2.0, 3.0, 2.5, 4.0])
    draws = np.array(np.meshgrid(*[range(4)] * 4)).reshape(4, -1).T
    every = above[draws].sum(axis=1) / below[draws].sum(axis=1)
    low, high = ratio(above, below).interval
    assert every.min() <= low < every.mean() < high <= every.max()
    assert low in every
    assert high in every
    # 4 seeds: the percentiles 0.012 and 99.988 are the second smallest and largest steps or further out.
    assert (every < low).mean() < 0.004
    assert (every > high).mean() < 0.004


@pytest.mark.parametrize(
    ("below", "why"),
    [
        ([0.05, 0.02], "no gain to divide by"),
        ([-3.0, -2.0, -4.0], "no gain to divide by"),
        ([-1.0, 0.5, 3.0, 0.2], "the gain to divide by may be zero"),
    ],
)
def test_a_ratio_to_almost_nothing_is_not_defined(below, why):
    """Never infinite, never a huge number of either sign."""
    found = ratio(np.full(len(below), 100.0), np.array(below))
    assert found.value is None
    assert found.interval is None
    assert found.note == f"not defined: {why}"


def test_ratio_leaves_out_seeds_without_one_of_both():
    assert ratio(np.array([1.0, np.nan, 3.0]), np.array([1.0, 5.0, np.nan])).value == 1.0
    with pytest.raises(ScanpickError, match="one length"):
        ratio(np.zeros(2), np.zeros(3))
