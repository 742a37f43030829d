"""Areas and crossings of label-budget curves: by hand, by brute force, and censored where they are."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.evaluation.study_statistics.curves import first_reach, labels_needed, mean_height


def test_area_by_hand():
    x, y = np.array([10.0, 20.0, 40.0]), np.array([0.0, 20.0, 30.0])
    assert mean_height(x, y, 10, 40) == pytest.approx((100 + 500) / 30)
    assert mean_height(x, y, 15, 30) == pytest.approx((5 * 15 + 10 * 22.5) / 15)


def test_area_against_fine_sums():
    rng = np.random.default_rng(0)
    x, y = np.cumsum(rng.uniform(1, 5, size=9)), rng.uniform(0, 60, size=9)
    fine = np.linspace(x[0] + 1, x[-1] - 2, 200_001)
    assert mean_height(x, y, fine[0], fine[-1]) == pytest.approx(np.interp(fine, x, y).mean(), rel=1e-5)


@pytest.mark.parametrize(("low", "high"), [(5, 20), (10, 50), (20, 20)])
def test_no_area_outside_of_a_curve(low, high):
    assert np.isnan(mean_height(np.array([10.0, 20.0, 40.0]), np.zeros(3), low, high))


def test_first_reach_by_hand():
    x = np.array([[10.0, 20.0, 40.0]] * 5)
    y = np.array([[0.0, 20.0, 30.0], [0.0, 20.0, 30.0], [25.0, 10.0, 30.0], [0.0, 30.0, 10.0], [0.0, 1.0, 2.0]])
    found = first_reach(x, y, np.array([10.0, 25.0, 20.0, 15.0, 15.0]))
    assert found.tolist() == [15.0, 30.0, 10.0, 15.0, np.inf]  # third: its start is there already


def test_first_reach_against_brute_force():
    rng = np.random.default_rng(1)
    x, y = np.cumsum(rng.uniform(1, 5, size=(40, 6)), axis=1), rng.uniform(0, 60, size=(40, 6))
    target = rng.uniform(10, 65, size=40)
    for row, found in enumerate(first_reach(x, y, target)):
        fine = np.linspace(x[row, 0], x[row, -1], 100_001)
        above = np.interp(fine, x[row], y[row]) >= target[row]
        expected = fine[above.argmax()] if above.any() else np.inf
        assert found == pytest.approx(expected, abs=1e-3)


def curves(slope, seeds=5, noise=0.0):
    """AP rises by `slope` a frame from 20 at 50 frames; rounds of 25 frames."""
    x = np.tile([50.0, 75.0, 100.0, 125.0], (seeds, 1))
    shift = noise * np.arange(seeds)[:, None]
    return x, 20 + shift + slope * (x - 50)


def test_twice_the_slope_saves_half_of_what_is_added():
    x, y = curves(0.4, noise=0.5)
    found = labels_needed(x, y, *curves(0.2, noise=0.5))
    assert (found.value, found.reference, found.seeds, found.reached) == (87.5, 125.0, 5, pytest.approx(1.0))
    assert found.saved == pytest.approx(1 - 87.5 / 125)
    assert found.saved_of_added == pytest.approx(0.5)
    assert found.interval_of_added == pytest.approx((0.5, 0.5))


def test_never_reached_is_censored():
    found = labels_needed(*curves(0.1), *curves(0.2))
    assert (found.value, found.saved, found.reached) == (np.inf, -np.inf, 0.0)
    assert found.interval == (-np.inf, -np.inf)


def test_reached_in_some_draws_only():
    x, slow = curves(0.2, seeds=4)
    fast = slow + np.array([[0, 3, 6, 9.0], [0, 3, 6, 9.0], [0, 3, 6, 9.0], [0, -9, -9, -20.0]])
    found = labels_needed(x, fast, x, slow)
    assert 0 < found.reached < 1
    assert np.isfinite(found.value)
    assert found.interval[0] == -np.inf
    assert np.isfinite(found.interval[1])


def test_the_reference_saves_nothing_against_itself():
    """By the same rule for both: a curve that falls again reaches its final value earlier."""
    x = np.tile([50.0, 75.0, 100.0], (3, 1))
    y = np.array([[20.0, 40.0, 30.0], [20.0, 42.0, 31.0], [20.0, 39.0, 30.0]])
    found = labels_needed(x, y, x, y)
    assert found.value == found.reference < 75
    assert found.saved == found.saved_of_added == 0
    assert found.interval == (0, 0)


@pytest.mark.parametrize("seeds", [1, 2])
def test_few_seeds_have_no_interval(seeds):
    found = labels_needed(*curves(0.4, seeds), *curves(0.2, seeds))
    assert found.saved_of_added == pytest.approx(0.5)
    assert found.interval is None


def test_a_reference_that_never_gains():
    """It needs nothing beyond the start, so that nothing can be saved."""
    found = labels_needed(*curves(0.4), *curves(-0.2))
    assert (found.value, found.saved, found.saved_of_added) == (50.0, 0.0, 0.0)
    with pytest.raises(ScanpickError, match="same seeds"):
        labels_needed(*curves(0.4, 3), *curves(0.2, 2))
