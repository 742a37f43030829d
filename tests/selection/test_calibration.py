"""Expected boxes come to fit what was drawn in labelled frames, and the note says how well."""

import numpy as np
import pytest

from scanpick.selection import Pool, select
from scanpick.selection.calibration import best_reading, with_calibrated_boxes

COUNT = 60


def pool_of(expected: np.ndarray, labelled: int) -> tuple[Pool, tuple[str, ...]]:
    ids = tuple(f"f{number:02d}" for number in range(len(expected)))
    mask = np.arange(len(expected)) < labelled
    return Pool(ids, labelled=mask, expected_boxes=expected, boxes_note="sums of scores"), ids


def test_a_budget_of_objects_buys_about_as_many() -> None:
    """A young detector expects 23 boxes where there are 5: of 120 objects, 24 frames can be had, not 5."""
    rng = np.random.default_rng(0)
    true = rng.integers(3, 8, COUNT)
    expected = 18 + true + rng.uniform(-0.1, 0.1, COUNT)
    pool, ids = pool_of(expected, 20)
    calibrated = with_calibrated_boxes(pool, dict(zip(ids[:20], true.tolist(), strict=False)))
    picked = select(calibrated, "random", "120 objects")
    bought = sum(true[ids.index(frame_id)] for frame_id in picked.frame_ids)
    assert 108 <= bought <= 132
    note = picked.summary["expected_boxes"]
    assert note.startswith("sums of scores, calibrated on 20 labelled frames (isotonic regression): off by 0.")
    assert note.endswith("18 uncalibrated")
    assert sum(true[ids.index(one)] for one in select(pool, "random", "120 objects").frame_ids) < 40


def test_few_labelled_frames_make_a_ratio() -> None:
    pool, ids = pool_of(np.array([10.0, 20, 30, 40]), 3)
    calibrated = with_calibrated_boxes(pool, dict(zip(ids, [1, 2, 3], strict=False)))
    np.testing.assert_allclose(calibrated.expected_boxes, [1, 2, 3, 4])
    assert "(ratio): off by 0 boxes a frame on average, 18 uncalibrated" in calibrated.boxes_note


def test_what_fits_already_stays_as_it_is() -> None:
    expected = np.arange(COUNT, dtype=np.float64)
    pool, ids = pool_of(expected, 30)
    calibrated = with_calibrated_boxes(pool, {one: int(boxes) for one, boxes in zip(ids, expected, strict=True)})
    np.testing.assert_array_equal(calibrated.expected_boxes, expected)
    assert "(as they are)" in calibrated.boxes_note


@pytest.mark.parametrize(("labelled", "why"), [(0, "no labelled frame has"), (2, "only 2 labelled frames have")])
def test_without_labels_it_is_said(labelled: int, why: str) -> None:
    pool, ids = pool_of(np.full(10, 3.0), labelled)
    summary = select(with_calibrated_boxes(pool, dict.fromkeys(ids, 1)), "random", "9 objects").summary
    assert summary["expected_boxes"].startswith(f"sums of scores; not calibrated: {why} both labels and")
    assert "expected_boxes" not in select(pool, "random", 3).summary, "frames cost one each"


def test_more_expected_boxes_are_never_fewer() -> None:
    """Isotonic regression, level outside of what was seen; equal to scikit-learn's."""
    from sklearn.isotonic import IsotonicRegression

    rng = np.random.default_rng(1)
    expected = rng.integers(0, 30, 80).astype(np.float64)  # with ties
    true = np.sqrt(expected) + rng.normal(scale=0.3, size=80)
    name, fit, _ = best_reading(expected, true)
    assert name == "isotonic regression"
    asked = np.linspace(-5, 50, 111)
    theirs = IsotonicRegression(out_of_bounds="clip").fit(expected, true).predict(asked)
    np.testing.assert_allclose(fit(expected, true)(asked), theirs, atol=1e-12)


def test_a_curve_needs_ten_frames() -> None:
    """Steps that only a curve can follow: frames that expect the same have the same."""
    expected, true = np.repeat(np.arange(5.0), 2), np.repeat([0.0, 0.0, 5.0, 5.0, 9.0], 2)
    assert best_reading(expected, true)[0] == "isotonic regression"
    assert best_reading(expected[1:], true[1:])[0] != "isotonic regression"
