"""Parts by range and occlusion: one part that holds all is the whole, parts split objects and false positives."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.evaluation.breakdown import breakdown, occlusion_parts, range_parts
from scanpick.evaluation.kitti import evaluate


def test_one_range_that_holds_everything_is_the_whole(make_frames, as_tables):
    evaluation = evaluate(*as_tables(make_frames(31, 25)))
    parts = breakdown(evaluation, range_parts([0, np.inf]))
    for (name, metric, level), by_part in parts.items():
        whole = evaluation.curves[name][metric][level]
        if whole is not None and whole.ground_truths:
            np.testing.assert_array_equal(by_part["0+ m"].precision, whole.precision)


def test_ranges_split_the_objects_and_what_is_counted(make_frames, as_tables):
    evaluation = evaluate(*as_tables(make_frames(32, 40)))
    parts = breakdown(evaluation, range_parts([0, 15, 30, np.inf]))["Car", "3d", "hard"]
    whole = evaluation.curves["Car"]["3d"]["hard"]
    assert list(parts) == ["0-15 m", "15-30 m", "30+ m"]
    assert sum(part.ground_truths for part in parts.values()) == whole.ground_truths
    assert len({part.ap_r40 for part in parts.values()}) == 3


def test_false_positives_count_in_their_own_range(make_frames, as_tables):
    """Far detections moved away from every label must not lower the near range."""
    labels, detections = as_tables(make_frames(33, 30))
    centres = detections.objects.bottom_centres.copy()
    far = centres[:, 2] > 25
    centres[far, 2] += 500
    columns = {name: getattr(detections.objects, name) for name in detections.objects.__dataclass_fields__}
    moved = type(detections)(
        detections.frame_ids, detections.offsets, type(detections.objects)(**(columns | {"bottom_centres": centres}))
    )
    near = [
        breakdown(evaluate(labels, table), range_parts([0, 15, np.inf]))["Car", "bev", "hard"]["0-15 m"]
        for table in (detections, moved)
    ]
    np.testing.assert_allclose(near[0].precision, near[1].precision)


def test_occlusion_levels_split_the_objects(make_frames, as_tables):
    evaluation = evaluate(*as_tables(make_frames(34, 40)))
    parts = breakdown(evaluation, occlusion_parts())["Car", "3d", "hard"]
    assert list(parts) == ["visible", "partly", "largely", "unknown"]
    assert parts["unknown"] is None  # beyond every difficulty
    counts = [part.ground_truths for part in parts.values() if part]
    assert sum(counts) == evaluation.curves["Car"]["3d"]["hard"].ground_truths
    assert breakdown(evaluation, occlusion_parts())["Car", "3d", "easy"]["partly"] is None


def test_ranges_must_rise():
    with pytest.raises(ScanpickError, match="two rising distances"):
        range_parts([0, 20, 20])
