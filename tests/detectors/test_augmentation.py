"""Every augmentation keeps points in their boxes, changes nothing it should not, and depends on its generator alone."""

from collections.abc import Callable

import numpy as np
import pytest

from scanpick.detectors.augmentation import (
    AugmentationSettings,
    ObjectBank,
    augment,
    flip,
    jitter_objects,
    paste_objects,
    resize_objects,
    rotate,
    scale,
    translate,
)
from scanpick.detectors.scene import Scene
from scanpick.geometry.points_in_boxes import box_of_points, count_points_in_boxes
from scanpick.geometry.rotated_iou import bev_iou
from scanpick.structures import Boxes3D
from tests.detectors.scenes import car_scene


def _counts(scene: Scene) -> np.ndarray:
    # A hair of slack: float32 points that lay on a face may round to the outside.
    grown = scene.boxes.array.copy()
    grown[:, 3:6] += 1e-3
    return count_points_in_boxes(scene.points[:, :3], grown)


WHOLE_SCENE: list[Callable[[Scene], Scene]] = [
    flip,
    lambda s: rotate(s, 0.7),
    lambda s: scale(s, 1.05),
    lambda s: translate(s, np.array([1.0, -2.0, 0.3])),
]


@pytest.mark.parametrize("step", WHOLE_SCENE)
def test_points_stay_in_their_boxes(step: Callable[[Scene], Scene]) -> None:
    scene = car_scene(1, cars=5)
    np.testing.assert_array_equal(_counts(step(scene)), _counts(scene))
    np.testing.assert_array_equal(step(scene).points[:, 3], scene.points[:, 3])


def test_steps_undo_themselves() -> None:
    scene = car_scene(2)
    for there_and_back in (
        flip(flip(scene)),
        rotate(rotate(scene, 0.4), -0.4),
        scale(scale(scene, 1.25), 0.8),
        translate(translate(scene, np.ones(3)), -np.ones(3)),
    ):
        np.testing.assert_allclose(there_and_back.boxes.array, scene.boxes.array, atol=1e-9)
        np.testing.assert_allclose(there_and_back.points, scene.points, atol=1e-5)


def test_flip_and_rotation_by_hand() -> None:
    box = Boxes3D(np.array([[1.0, 2.0, 0.0, 4.0, 2.0, 1.0, 0.3]]), np.array(["Car"]))
    scene = Scene("a", np.array([[1.0, 2.0, 0.0, 0.5]], np.float32), box)
    np.testing.assert_allclose(flip(scene).boxes.array[0], [1, -2, 0, 4, 2, 1, -0.3])
    turned = rotate(scene, np.pi / 2)
    np.testing.assert_allclose(turned.boxes.array[0], [-2, 1, 0, 4, 2, 1, 0.3 + np.pi / 2])
    np.testing.assert_allclose(turned.points[0], [-2, 1, 0, 0.5], atol=1e-6)


def test_jittered_objects_take_their_points_and_touch_nothing() -> None:
    scene = car_scene(3, cars=8)
    moved = jitter_objects(scene, np.random.default_rng(0), 1.0, 0.5)
    assert not np.allclose(moved.boxes.array, scene.boxes.array)
    assert (_counts(moved) >= 80).all()
    overlap = bev_iou(moved.boxes.array, moved.boxes.array)
    assert (overlap[~np.eye(len(overlap), dtype=bool)] == 0).all()


def test_resized_objects_keep_their_points_and_their_ground() -> None:
    scene = car_scene(3, cars=8)
    resized = resize_objects(scene, np.random.default_rng(0), 0.2)
    before, after = scene.boxes.array, resized.boxes.array
    factors = after[:, 3:6] / before[:, 3:6]
    assert (abs(factors - 1) <= 0.2).all()
    assert factors.std() > 0.05
    np.testing.assert_allclose(after[:, 2] - after[:, 5] / 2, before[:, 2] - before[:, 5] / 2)
    np.testing.assert_array_equal(after[:, [0, 1, 6]], before[:, [0, 1, 6]])
    # each point keeps its place in its box, counted in box sizes
    owner = box_of_points(scene.points[:, :3], before)
    for row in range(8):
        mine = owner == row
        np.testing.assert_allclose(
            _in_box(resized.points[mine], after[row]), _in_box(scene.points[mine], before[row]), atol=1e-4
        )
    np.testing.assert_array_equal(resized.points[owner < 0], scene.points[owner < 0])


def _in_box(points: np.ndarray, box: np.ndarray) -> np.ndarray:
    off = points[:, :3].astype(np.float64) - box[:3]
    cos, sin = np.cos(box[6]), np.sin(box[6])
    turned = np.column_stack([cos * off[:, 0] + sin * off[:, 1], cos * off[:, 1] - sin * off[:, 0], off[:, 2]])
    return turned / box[3:6]


def test_an_object_without_room_stays() -> None:
    boxes = np.array([[10.0, 0, 0, 4, 2, 1.5, 0], [14.01, 0, 0, 4, 2, 1.5, 0], [5.99, 0, 0, 4, 2, 1.5, 0]])
    walls = np.array([[10.0, 2.01, 0, 40, 2, 1.5, 0], [10.0, -2.01, 0, 40, 2, 1.5, 0]])
    scene = Scene("a", np.zeros((0, 4), np.float32), Boxes3D(np.concatenate([boxes, walls]), np.full(5, "Car")))
    moved = jitter_objects(scene, np.random.default_rng(0), 3.0, 0.0)
    overlap = bev_iou(moved.boxes.array, moved.boxes.array)
    assert (overlap[~np.eye(5, dtype=bool)] == 0).all()


def test_pasted_objects_bring_points_stand_on_the_ground_and_collide_with_nothing() -> None:
    scene = car_scene(4, cars=2)
    lifted = translate(car_scene(5, cars=6), np.array([0.0, 0.0, 1.0]))
    bank = ObjectBank([lifted])
    pasted = paste_objects(scene, bank, np.random.default_rng(0), most=8)
    assert 2 < len(pasted.boxes) <= 8
    added = pasted.boxes.array[2:]
    np.testing.assert_allclose(added[:, 2] - added[:, 5] / 2, -1.7, atol=0.1)  # not a metre up, as in their own scene
    own = {tuple(pasted.box[[0, 1]]): len(pasted.points) for pasted in bank.objects}
    expected = [own[tuple(box[[0, 1]])] for box in added]
    # Its own points alone: the scene's inside the box are gone. A few lie on its faces.
    np.testing.assert_allclose(_counts(pasted)[2:], expected, atol=3)
    overlap = bev_iou(pasted.boxes.array, pasted.boxes.array)
    assert (overlap[~np.eye(len(overlap), dtype=bool)] == 0).all()


def test_the_bank_holds_objects_of_its_scenes_alone() -> None:
    """What is pasted is labelled: nothing else can come in."""
    scenes = [car_scene(seed) for seed in range(3)]
    bank = ObjectBank(scenes)
    boxes = {tuple(box) for scene in scenes for box in scene.boxes.array}
    assert {tuple(pasted.box) for pasted in bank.objects} == boxes
    assert len(ObjectBank(scenes, least_points=1000)) == 0


@pytest.mark.parametrize("scene", [car_scene(0, cars=0), Scene("none", np.zeros((0, 4), np.float32), Boxes3D.empty())])
def test_scenes_without_objects_or_points(scene: Scene) -> None:
    bank = ObjectBank([scene])
    result = augment(scene, bank, AugmentationSettings(), np.random.default_rng(0))
    assert len(result.boxes) == 0
    assert len(result.points) == len(scene.points)


def test_the_whole_recipe_is_a_function_of_its_generator() -> None:
    scene, bank = car_scene(6), ObjectBank([car_scene(7), car_scene(8)])
    before = scene.points.copy()
    first, again, other = (augment(scene, bank, AugmentationSettings(), np.random.default_rng(s)) for s in (1, 1, 2))
    np.testing.assert_array_equal(first.points, again.points)
    np.testing.assert_array_equal(first.boxes.array, again.boxes.array)
    assert not np.array_equal(first.boxes.array, other.boxes.array)
    np.testing.assert_array_equal(scene.points, before)
    inside = count_points_in_boxes(first.points[:, :3], first.boxes.array * [1, 1, 1, 1.001, 1.001, 1.001, 1])
    assert (inside >= 75).all()
