"""Decoding and suppression against the reference, and with several classes."""

import re
from dataclasses import replace

import numpy as np
import pytest

from scanpick.detectors.ssd3d.config import SSD3D
from scanpick.detectors.ssd3d.decoding import decode, detections_of_frame, keep_boxes
from tests.detectors.ssd3d.golden_files import geometric, stored_predictions


@pytest.mark.golden
@pytest.mark.parametrize("file", ["forward.npz", "small_forward.npz"])
def test_boxes_equal_the_reference(golden, file):
    """All candidates, and what remains of each frame for each setting that is in the file, in its order."""
    arrays = np.load(golden / "ssd3d" / file)
    boxes, scores = (value.double().numpy() for value in decode(stored_predictions(arrays), SSD3D))
    np.testing.assert_allclose(boxes, arrays["decoded_boxes_center_origin"], atol=1e-5)
    names = [match for match in (re.match(r"(final_(.*_)?)boxes_(\d+)$", name) for name in arrays) if match]
    assert len(names) >= len(boxes)
    for match in names:
        prefix, settings, frame = match[1], match[2], int(match[3])
        config = SSD3D
        if settings:
            iou, score, most = re.match(r"iou([\d.]+)_score([\d.]+)_max(\d+)_", settings).groups()
            config = replace(SSD3D, nms_iou=float(iou), score_threshold=float(score), most_boxes=int(most))
        found = detections_of_frame("frame", boxes[frame], scores[frame], np.ones((len(boxes[frame]), 1)), config)
        expected = geometric(arrays[f"{prefix}boxes_{frame}"])
        np.testing.assert_allclose(found.boxes.array, expected, atol=1e-5)
        np.testing.assert_allclose(found.scores, arrays[f"{prefix}scores_{frame}"], atol=1e-6)


TWO = replace(SSD3D, class_names=("Car", "Cyclist"))


def box(x, y=0.0):
    return [x, y, 0, 4, 2, 1.5, 0]


def test_a_candidate_is_one_box_of_its_best_class_and_suppresses_its_class_only():
    boxes = np.array([box(0), box(0.2), box(0.4), box(30)])
    scores = np.array([[0.9, 0.1], [0.8, 0.2], [0.1, 0.7], [0.3, 0.2]])
    found = detections_of_frame("frame", boxes, scores, np.full((4, 12), 1 / 12), TWO)
    assert found.boxes.class_names.tolist() == ["Car", "Cyclist", "Car"]
    assert found.scores.tolist() == [0.9, 0.7, 0.3]
    assert found.class_probabilities.tolist() == [[0.9, 0.1], [0.1, 0.7], [0.3, 0.2]]
    assert found.probability_classes == ("Car", "Cyclist")
    np.testing.assert_allclose(found.extras["heading_entropy"], 1.0)


def test_the_cap_takes_the_best_and_results_stay_in_order():
    boxes = np.array([box(10 * k) for k in range(5)])
    scores = np.array([0.1, 0.9, 0.5, 0.8, 0.2])
    kept = keep_boxes(boxes, scores, np.zeros(5, np.int64), replace(SSD3D, most_boxes=3))
    assert kept.tolist() == [1, 2, 3]
    kept = keep_boxes(boxes, scores, np.zeros(5, np.int64), replace(SSD3D, most_boxes=3, score_threshold=0.6))
    assert kept.tolist() == [1, 3]


def test_nothing_above_the_threshold():
    found = detections_of_frame(
        "f", np.array([box(0)]), np.array([[0.1]]), np.ones((1, 1)), replace(SSD3D, score_threshold=0.5)
    )
    assert len(found) == 0
