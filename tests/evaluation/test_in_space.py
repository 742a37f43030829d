"""Average precision without a camera: perfect, empty and turned detections, and intervals over drives."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.evaluation.in_space import evaluate_in_space
from scanpick.structures import Boxes3D, Detections


def made(frames: int = 12, boxes: int = 6) -> dict[str, Boxes3D]:
    rng = np.random.default_rng(0)
    found = {}
    for number in range(frames):
        centres = rng.uniform(-40, 40, (boxes, 3)) * [1, 1, 0.02] + [0, 0, np.arange(1)[0]]
        centres[:, 0] = np.linspace(-50, 50, boxes)  # apart from each other, also behind the sensor
        rows = np.column_stack([centres, np.tile([4.0, 1.8, 1.5], (boxes, 1)), rng.uniform(-3, 3, boxes)])
        found[f"{number}"] = Boxes3D(rows, np.array(["Car"] * boxes))
    return found


def test_what_is_found_exactly_has_100_and_nothing_has_0() -> None:
    truth = made()
    exact = {one: Detections(one, boxes, np.linspace(0.5, 1, len(boxes))) for one, boxes in truth.items()}
    (car,) = evaluate_in_space(truth, exact, ["Car"], draws=20)
    assert (car.ap, car.min_overlap, car.objects) == (100, 0.7, 72)
    assert (car.low, car.high) == (100, 100)
    (none,) = evaluate_in_space(truth, {}, ["Car"], draws=20)
    assert none.ap == 0


def test_a_quarter_turn_is_no_match_and_half_a_turn_is() -> None:
    truth = made()
    for turn, ap in ((np.pi, 100), (np.pi / 2, 0)):
        about = np.array([0, 0, 0, 0, 0, 0, turn])
        turned = {
            one: Detections(one, Boxes3D(boxes.array + about, boxes.class_names), np.ones(6))
            for one, boxes in truth.items()
        }
        assert evaluate_in_space(truth, turned, ["Car"], draws=5)[0].ap == ap


def test_drives_are_drawn_whole_and_other_classes_have_an_overlap_of_a_half() -> None:
    truth = {one: Boxes3D(boxes.array, np.array(["tractor"] * len(boxes))) for one, boxes in made().items()}
    half = {one: Detections(one, boxes, np.ones(len(boxes))) for one, boxes in truth.items() if int(one) < 6}
    drives = ["a" if int(one) < 6 else "b" for one in truth]
    (found,) = evaluate_in_space(truth, half, ["tractor"], groups=drives, draws=200)
    assert found.min_overlap == 0.5
    assert found.low == 0
    assert found.high == 100
    with pytest.raises(ScanpickError, match="no validation frame"):
        evaluate_in_space({}, half, ["tractor"])
