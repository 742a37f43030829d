"""Frames by their mistakes."""

import numpy as np
import pytest

from scanpick.evaluation.average_precision import Curve
from scanpick.evaluation.frame_errors import FrameErrors, best_and_worst, best_threshold, frame_errors
from scanpick.evaluation.kitti import evaluate


def test_counts_add_up_to_the_curve_where_f1_is_greatest(make_frames, as_tables):
    evaluation = evaluate(*as_tables(make_frames(5, 20)))
    frames, thresholds = frame_errors(evaluation, difficulty="moderate")
    assert [frame.frame_id for frame in frames] == list(evaluation.comparison.labels.frame_ids)
    found = false = 0
    for name, threshold in thresholds.items():
        curve = evaluation.curves[name]["3d"]["moderate"]
        at = np.searchsorted(-curve.all_scores, -threshold)
        true_positives = round(curve.all_recall[at] * curve.ground_truths)
        found += true_positives
        false += round(true_positives * (1 / curve.all_precision[at] - 1))
        p, r = curve.all_precision, curve.all_recall
        f1 = 2 * p * r / np.maximum(p + r, 1e-12)
        assert f1[at] == f1.max()
    assert (sum(frame.found for frame in frames), sum(frame.false for frame in frames)) == (found, false)


def test_nothing_detected_counts_nothing(make_frames, as_tables):
    labels, detections = as_tables(make_frames(6, 4))
    nothing = type(detections)(detections.frame_ids, np.zeros(5, np.int64), detections.objects[:0])
    frames, thresholds = frame_errors(evaluate(labels, nothing))
    assert set(thresholds.values()) == {np.inf}
    assert {(frame.found, frame.false) for frame in frames} == {(0, 0)}
    assert best_threshold(None) == np.inf


def test_best_and_worst_by_hand():
    frames = [
        FrameErrors("empty", 0, 0, 0),
        FrameErrors("good", 2, 0, 0),
        FrameErrors("better", 5, 0, 0),
        FrameErrors("bad", 3, 2, 2),
        FrameErrors("worse", 0, 3, 1),
        FrameErrors("fair", 4, 1, 0),
    ]
    best, worst = best_and_worst(frames, 2)
    assert [frame.frame_id for frame in best] == ["better", "good"]
    assert [frame.frame_id for frame in worst] == ["worse", "bad"]
    best, worst = best_and_worst(frames, 9)
    assert [frame.frame_id for frame in best] == ["better", "good", "fair", "bad"]
    assert [frame.frame_id for frame in worst] == ["worse"]
    assert best_and_worst([], 3) == ([], [])


@pytest.mark.parametrize("most", [0, 1])
def test_no_more_than_asked_for(most):
    best, worst = best_and_worst([FrameErrors(str(i), i, i % 3, 0) for i in range(9)], most)
    assert len(best) == len(worst) == most


def test_a_curve_of_false_positives_alone_has_no_best_score():
    scores, none = np.array([0.9, 0.5]), np.zeros(2)
    counts = np.zeros(0, dtype=np.int64)
    nothing_found = Curve(3, np.zeros(41), np.zeros(0), counts, counts, scores, none, none)
    assert best_threshold(nothing_found) == np.inf
