"""What every registered score keeps to; a new one is tested by being registered."""

import numpy as np
import pytest

from scanpick.structures import Boxes3D, Detections
from scanpick.uncertainty import SCORES

COLUMNS = {"heading_entropy", "box_spread", "dropout_disagreement", "input_disagreement"}
"""Columns of the detections that scores read; a new score that reads another one needs it here."""


@pytest.mark.parametrize("name", SCORES.names())
def test_takes_a_frame_without_detections_and_stays_within_0_and_1(name: str) -> None:
    score = SCORES.load(name)
    assert score(Detections.empty("none")).shape == (0,)
    rng = np.random.default_rng(0)
    boxes = np.tile([0.0, 0, 0, 4, 2, 1.5, 0], (20, 1))
    full = Detections(
        "a",
        Boxes3D(boxes, np.full(20, "Car")),
        rng.uniform(size=20),
        class_probabilities=rng.dirichlet(np.ones(3), 20),
        probability_classes=("a", "b", "c"),
        extras={column: rng.uniform(size=20) for column in sorted(COLUMNS)},
    )
    values = score(full)
    assert values.shape == (20,)
    assert values.min() >= 0
    assert values.max() <= 1
