"""Targets of small frames, by hand; and which of them can be scored."""

import numpy as np

from scanpick.evaluation.probes.targets import Targets, frame_targets, seen_area_m2, target_names, usable_targets
from scanpick.structures import Boxes3D, Labels

POINTS = np.array([[0.5, 0.5, 0, 0], [0.6, 0.6, 0, 0], [1.5, 0.5, 0, 0], [-0.5, 0.5, 0, 0], [90, 0, 0, 0]], np.float32)
AREA_M2 = seen_area_m2(POINTS)


def _labels(rows, occlusion=None):
    boxes = np.array([[x, 0, 0, 4, 2, 1.5, 0] for _, x in rows], dtype=np.float64).reshape(-1, 7)
    names = np.array([name for name, _ in rows], dtype=np.str_)
    return Labels(Boxes3D(boxes, names), occlusion=None if occlusion is None else np.array(occlusion, np.float64))


def test_targets_by_hand():
    """Three cells are seen within 80 m; the van and the unknown occlusion do not count."""
    labels = _labels([("Car", 10), ("car", 40), ("Cyclist", 29), ("Van", 50), ("Car", 60)], [0, 1, 3, 2, 2])
    values = frame_targets(labels, AREA_M2)
    names = target_names()
    expected = [3**0.5, 0, 1, 2 / 4, 2 / 3, (4 / 3 * 1000) ** 0.5]
    np.testing.assert_allclose(values, expected)
    assert names[0] == "number of Car"
    assert len(names) == len(values)


def test_what_a_frame_does_not_tell_is_nan():
    nothing = frame_targets(_labels([]), AREA_M2)
    assert np.isnan(nothing).tolist() == [False, False, False, True, True, False]
    no_levels = frame_targets(_labels([("Car", 10)]), AREA_M2)
    assert np.isnan(no_levels).tolist() == [False, False, False, False, True, False]
    assert np.isnan(frame_targets(None, AREA_M2)).all()
    assert np.isnan(frame_targets(_labels([("Car", 10)]), seen_area_m2(POINTS[:0]))[-1])


def test_targets_that_cannot_be_learned_are_left_out_with_the_reason():
    groups = np.repeat(np.arange(5), 4)
    rng = np.random.default_rng(0)
    one_drive = np.where(groups == 2, rng.random(20), 0.0)
    columns = {
        "good": rng.random(20),
        "constant": np.full(20, 0.25),
        "unknown": np.full(20, np.nan),
        "in one drive": one_drive,
        "partly known": np.where(groups < 3, rng.random(20), np.nan),
    }
    targets = Targets(tuple(columns), np.stack(list(columns.values()), axis=1))
    usable, left_out = usable_targets(targets, groups, 3)
    assert usable == [0, 4]
    assert "constant: 0.25 in all 20 frames" in left_out["constant"]
    assert "no frame has a value" in left_out["unknown"]
    assert "differs from 0 in 1 drives" in left_out["in one drive"]
