"""Resampled averages equal evaluations of frames that are really repeated; intervals and comparisons behave."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.evaluation.bootstrap import differences, draw_frames, intervals, resampled_precision
from scanpick.evaluation.kitti import evaluate
from scanpick.evaluation.settings import KITTI_2017_R11
from scanpick.formats.object_table import ObjectTable
from scanpick.structures import CameraObjects


@pytest.mark.parametrize("oriented", [False, True])
def test_a_draw_is_the_evaluation_of_repeated_frames(make_frames, as_tables, oriented):
    """Thresholds depend on the draw: each must come out as if the drawn frames were written to disk."""
    frames = make_frames(21, 12)
    draws = draw_frames(len(frames), 6, np.random.default_rng(4))
    evaluation = evaluate(*as_tables(frames))
    metric = "aos" if oriented else "bbox"
    for name in evaluation.curves:
        for level in ("easy", "hard"):
            got = resampled_precision(evaluation.matches[name, "bbox", level], draws, oriented)
            for draw, precision in zip(draws, got, strict=True):
                repeated = [frame for frame, count in zip(frames, draw, strict=True) for _ in range(count)]
                expected = evaluate(*as_tables(repeated)).curves[name][metric][level]
                np.testing.assert_allclose(precision, 0 if expected is None else expected.precision, atol=1e-12)


def test_drawing_every_frame_once_gives_the_evaluation_itself(make_frames, as_tables):
    evaluation = evaluate(*as_tables(make_frames(22, 30)))
    once = np.ones((2, 30), dtype=np.int64)
    for cell, interval in intervals(evaluation, once).items():
        result = evaluation.curves[cell[0]][cell[1]][cell[2]]
        np.testing.assert_allclose(interval.r40, result.ap_r40, atol=1e-9)
        np.testing.assert_allclose(interval.r11, result.ap_r11, atol=1e-9)


def test_intervals_hold_the_average_and_shrink_with_more_frames(make_frames, as_tables):
    widths = []
    for count in (30, 240):
        evaluation = evaluate(*as_tables(make_frames(23, count)))
        found = intervals(evaluation, draw_frames(count, 300, np.random.default_rng(0)))
        low, high = found["Car", "bbox", "hard"].r40
        assert low <= evaluation.curves["Car"]["bbox"]["hard"].ap_r40 <= high
        widths.append(high - low)
    assert widths[1] < 0.6 * widths[0]


def test_draws_are_reproducible_and_keep_groups_together():
    groups = ["a", "a", "b", "b", "b", "c"]
    one, two = (draw_frames(6, 50, np.random.default_rng(7), groups) for _ in range(2))
    np.testing.assert_array_equal(one, two)
    assert (one[:, 0] == one[:, 1]).all()
    assert (one[:, 2] == one[:, 4]).all()
    np.testing.assert_array_equal(one[:, [0, 2, 5]].sum(axis=1), 3)
    single = draw_frames(6, 50, np.random.default_rng(7))
    np.testing.assert_array_equal(single.sum(axis=1), 6)
    with pytest.raises(ScanpickError, match="a group for each of 6 frames, got 2"):
        draw_frames(6, 5, np.random.default_rng(0), ["a", "b"])
    with pytest.raises(ScanpickError, match="at least one replicate"):
        draw_frames(6, 0, np.random.default_rng(0))


def _with_scores(table, scores):
    columns = {name: getattr(table.objects, name) for name in table.objects.__dataclass_fields__}
    return ObjectTable(table.frame_ids, table.offsets, CameraObjects(**(columns | {"scores": scores})))


def test_two_detectors_on_the_same_frames(make_frames, as_tables):
    labels, detections = as_tables(make_frames(24, 80))
    draws = draw_frames(80, 200, np.random.default_rng(1))
    good, same = evaluate(labels, detections), evaluate(labels, detections)
    for found in differences(good, same, draws).values():
        assert (found.r40, found.interval, found.p_value) == (0, (0, 0), 1)
    noise = np.random.default_rng(2).uniform(size=len(detections))
    worse = evaluate(labels, _with_scores(detections, noise))
    found = differences(good, worse, draws)["Car", "bbox", "hard"]
    back = differences(worse, good, draws)["Car", "bbox", "hard"]
    assert found.r40 == -back.r40
    assert found.interval[0] <= found.r40 <= found.interval[1]
    np.testing.assert_allclose(found.interval, [-back.interval[1], -back.interval[0]])
    assert 0 < found.p_value <= 1


def test_comparisons_that_make_no_sense_are_refused(make_frames, as_tables):
    tables, others = as_tables(make_frames(25, 10)), as_tables(make_frames(26, 10))
    draws = np.ones((1, 10), dtype=np.int64)
    with pytest.raises(ScanpickError, match="settings differ"):
        differences(evaluate(*tables), evaluate(*tables, KITTI_2017_R11), draws)
    with pytest.raises(ScanpickError, match="same frames and labels"):
        differences(evaluate(*tables), evaluate(*others), draws)
