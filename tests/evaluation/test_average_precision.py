"""Where thresholds are taken, and the area without sampling."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanpick.evaluation.average_precision import curve, threshold_places
from scanpick.evaluation.matching import Matches
from tests.evaluation.plain_kitti import thresholds_of


@given(st.integers(1, 3000), st.floats(0, 1))
@settings(max_examples=300, deadline=None)
def test_thresholds_are_the_devkits(objects, share):
    """Jumping over what is skipped anyway must not change one of them; exact ties occur at these counts."""
    found = int(objects * share)
    expected = thresholds_of(range(found), objects)
    assert threshold_places(found, objects).tolist() == [found - 1 - score for score in expected]


@pytest.mark.parametrize(("objects", "expected"), [(1, 0.0), (2, 2.5), (10, 22.5), (40, 97.5), (41, 100.0)])
def test_a_perfect_detector_on_few_objects(objects, expected):
    got = curve(_matches(np.ones(objects), objects))
    assert got.ap_r40 == pytest.approx(expected)
    assert got.ap_exact == pytest.approx(100)


def _matches(right, objects):
    """Detections by falling score in one frame, right (1) or wrong (0)."""
    right = np.asarray(right, dtype=np.int64)
    scores = np.linspace(0.9, 0.1, len(right))
    frames = np.zeros(len(right), dtype=np.int64)
    return Matches(
        np.array([objects]), scores[right == 1], frames[right == 1], scores, frames, right, 1 - right, 0.5 * right
    )


def test_exact_area_by_hand():
    """Right, wrong, right of 4 objects: 1/4 at precision 1 and 1/4 at 2/3; similarity is half of that."""
    matches = _matches([1, 0, 1], 4)
    assert curve(matches).ap_exact == pytest.approx(100 * (1 / 4 + 2 / 3 / 4))
    assert curve(matches, oriented=True).ap_exact == pytest.approx(50 * (1 / 4 + 2 / 3 / 4))
    assert curve(matches).all_recall.tolist() == [0.25, 0.25, 0.5]
    assert curve(matches).true_positives.tolist() == [1, 2]


def test_sampled_and_exact_agree_on_many_objects():
    rng = np.random.default_rng(0)
    right = (rng.random(4000) < np.linspace(1, 0.2, 4000)).astype(int)
    got = curve(_matches(right, 3000))
    assert got.ap_r40 == pytest.approx(got.ap_exact, abs=0.5)


def test_nothing_found_or_nothing_there():
    assert curve(_matches([0, 0], 5)).ap_r40 == 0
    nothing_there = curve(_matches([0, 0], 0))
    assert (nothing_there.ap_r40, nothing_there.ap_r11, nothing_there.ap_exact) == (0, 0, 0)
    assert curve(_matches([], 3)).ap_exact == 0


def test_equal_scores_count_together():
    """At a score that right and wrong share, both count: the order among them must not matter."""
    one, two = _matches([1, 0], 1), _matches([0, 1], 1)
    for matches in (one, two):
        matches.scores[:] = 0.5
    assert curve(one).all_precision.tolist() == curve(two).all_precision.tolist() == [0.5]
