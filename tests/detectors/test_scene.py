"""A scene knows its ground, and only its own."""

import numpy as np
import pytest

from scanpick.detectors.augmentation import translate
from scanpick.detectors.scene import Scene
from scanpick.errors import ScanpickError
from scanpick.structures import Boxes3D
from tests.detectors.scenes import GROUND_Z, car_scene

PLACES = np.array([[10.0, 0.0], [30.0, -8.0]])


def test_the_ground_is_estimated_once_and_not_taken_along_by_a_changed_scene() -> None:
    scene = car_scene()
    np.testing.assert_allclose(scene.ground.height_at(PLACES), GROUND_Z, atol=0.05)
    assert scene.ground is scene.ground
    raised = translate(scene, np.array([0, 0, 1.0]))
    np.testing.assert_allclose(raised.ground.height_at(PLACES), GROUND_Z + 1, atol=0.05)
    kept = scene.with_points(scene.points[:, 1] > 0)
    assert kept.ground is not scene.ground


def test_classes_are_found_in_any_case_and_spelled_as_asked() -> None:
    scene = car_scene()
    other = Scene("a", scene.points, Boxes3D(scene.boxes.array, ["CAR"] * len(scene.boxes)))
    assert set(other.of_classes(("Car",)).boxes.class_names.tolist()) == {"Car"}
    assert len(other.of_classes(("Car",)).boxes) == len(scene.boxes)
    assert len(other.of_classes(("Van",)).boxes) == 0


def test_other_shapes_of_points_are_refused_by_name() -> None:
    with pytest.raises(ScanpickError, match=r"Scene 'a': expected points \(P, 4 or more\), got \(5, 3\)"):
        Scene("a", np.zeros((5, 3), np.float32), Boxes3D.empty())
