"""Augmentation: pure functions of a scene and a random generator. Points and boxes move together.

Order and ranges as 3DSSD's recipe has them are in `AugmentationSettings`; a detector sets its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scanpick.arrays import BoolArray, BoxArray, FloatArray, Points
from scanpick.detectors.scene import Scene
from scanpick.geometry.points_in_boxes import box_of_points
from scanpick.geometry.rotated_iou import bev_iou
from scanpick.geometry.transforms import wrap_angle
from scanpick.structures import Boxes3D

MIRROR = np.array([1.0, -1.0, 1.0, 1.0, 1.0, 1.0, -1.0])
"""Factors of a box that exchange left and right: y becomes -y, yaw becomes -yaw."""


@dataclass(frozen=True)
class AugmentationSettings:
    """How scenes are varied while training.

    Attributes:
        flip: Probability of a flip of the y axis.
        rotation_rad: Largest rotation about z, either way.
        scale: Largest relative change of scale, either way.
        translation_m: Standard deviation of a shift of the scene in x, y and z.
        object_shift_m: Standard deviation of each object's own shift in x and y.
        object_rotation_rad: Largest rotation of each object about its own axis.
        object_scale: Largest relative change of each object's length, width and height, either way.
        pasted_objects: Up to how many objects a scene holds after pasting.
        pasted_least_points: Objects with fewer points are not pasted.
    """

    flip: float = 0.5
    rotation_rad: float = np.pi / 4
    scale: float = 0.05
    translation_m: tuple[float, float, float] = (0.0, 0.0, 0.0)
    object_shift_m: float = 0.25
    object_rotation_rad: float = np.pi / 20
    object_scale: float = 0.0
    pasted_objects: int = 12
    pasted_least_points: int = 5


@dataclass(frozen=True, eq=False)
class PastedObject:
    """An object cut out of a labelled frame, to be put into others.

    Attributes:
        box: (7,) where it stood.
        class_name: Its class.
        points: (P, C) its points, where they were.
        height_above_ground_m: Of its bottom, so that it can be put on another frame's ground.
    """

    box: BoxArray
    class_name: str
    points: Points
    height_above_ground_m: float


class ObjectBank:
    """Objects of the given labelled scenes, for pasting into others.

    In active learning it must be built from the labelled frames alone: anything else leaks labels.
    """

    def __init__(self, scenes: Sequence[Scene], *, least_points: int = 5) -> None:
        self.objects: list[PastedObject] = []
        for scene in scenes:
            owner = box_of_points(scene.points[:, :3], scene.boxes.array)
            bottoms = scene.boxes.array[:, 2] - scene.boxes.array[:, 5] / 2
            heights = bottoms - scene.ground.height_at(scene.boxes.array[:, :2])
            for row in range(len(scene.boxes)):
                mine = owner == row
                if mine.sum() >= least_points:
                    name = str(scene.boxes.class_names[row])
                    self.objects.append(
                        PastedObject(scene.boxes.array[row], name, scene.points[mine], float(heights[row]))
                    )

    def __len__(self) -> int:
        return len(self.objects)


def augment(scene: Scene, bank: ObjectBank, settings: AugmentationSettings, rng: np.random.Generator) -> Scene:
    """All of a recipe's steps, in order."""
    scene = paste_objects(scene, bank, rng, most=settings.pasted_objects)
    scene = jitter_objects(scene, rng, settings.object_shift_m, settings.object_rotation_rad)
    scene = resize_objects(scene, rng, settings.object_scale)
    scene = flip(scene) if rng.random() < settings.flip else scene
    scene = rotate(scene, rng.uniform(-settings.rotation_rad, settings.rotation_rad))
    scene = scale(scene, 1 + rng.uniform(-settings.scale, settings.scale))
    return translate(scene, rng.normal(size=3) * settings.translation_m)


def flip(scene: Scene) -> Scene:
    """Mirror left and right."""
    points = scene.points.copy()
    points[:, 1] *= -1
    return _moved(scene, points, scene.boxes.array * MIRROR)


def rotate(scene: Scene, angle_rad: float) -> Scene:
    """Turn everything about z, counter-clockwise seen from above."""
    points, boxes = scene.points.copy(), scene.boxes.array.copy()
    points[:, :2] = _turned(points[:, :2], angle_rad)
    boxes[:, :2] = _turned(boxes[:, :2], angle_rad)
    boxes[:, 6] = wrap_angle(boxes[:, 6] + angle_rad)
    return _moved(scene, points, boxes)


def scale(scene: Scene, factor: float) -> Scene:
    """Enlarge everything about the sensor."""
    points, boxes = scene.points.copy(), scene.boxes.array.copy()
    points[:, :3] *= np.float32(factor)
    boxes[:, :6] *= factor
    return _moved(scene, points, boxes)


def translate(scene: Scene, shift_m: FloatArray) -> Scene:
    """Shift everything by (3,) metres."""
    if not np.any(shift_m):
        return scene
    points, boxes = scene.points.copy(), scene.boxes.array.copy()
    points[:, :3] += np.asarray(shift_m, dtype=np.float32)
    boxes[:, :3] += shift_m
    return _moved(scene, points, boxes)


def jitter_objects(
    scene: Scene, rng: np.random.Generator, shift_m: float, rotation_rad: float, *, tries: int = 10
) -> Scene:
    """Move each object and its points a little; an object without a free place among `tries` stays where it is."""
    count = len(scene.boxes)
    if count == 0 or (shift_m == 0 and rotation_rad == 0):
        return scene
    points, boxes = scene.points.copy(), scene.boxes.array.copy()
    owner = box_of_points(points[:, :3], boxes)
    within = np.flatnonzero(owner >= 0)  # few of a frame's points: the rest is looked at once
    owner = owner[within]
    shifts = rng.normal(scale=shift_m, size=(count, tries, 2))
    turns = rng.uniform(-rotation_rad, rotation_rad, size=(count, tries))
    for row in range(count):
        candidates = np.repeat(boxes[row : row + 1], tries, axis=0)
        candidates[:, :2] += shifts[row]
        candidates[:, 6] = wrap_angle(candidates[:, 6] + turns[row])
        free = ~_collides(candidates, np.delete(boxes, row, axis=0))
        if not free.any():
            continue
        chosen = int(free.argmax())
        mine = within[owner == row]
        local = points[mine, :2] - boxes[row, :2]
        points[mine, :2] = _turned(local, turns[row, chosen]) + candidates[chosen, :2]
        boxes[row] = candidates[chosen]
    return _moved(scene, points, boxes)


def resize_objects(scene: Scene, rng: np.random.Generator, most: float) -> Scene:
    """Stretch each object and its points along its own axes; it stays where it stands.

    Without it a detector learns one size for all cars of a few drives, and does not look at their points. After random
    object scaling (Yang et al., 2021, arXiv 2103.05346), here for each axis on its own.
    """
    count = len(scene.boxes)
    if count == 0 or most == 0:
        return scene
    points, boxes = scene.points.copy(), scene.boxes.array.copy()
    factors = rng.uniform(1 - most, 1 + most, size=(count, 3))
    owner = box_of_points(points[:, :3], boxes)
    mine = np.flatnonzero(owner >= 0)
    box, factor = boxes[owner[mine]], factors[owner[mine]]
    cos, sin = np.cos(box[:, 6]), np.sin(box[:, 6])
    off = points[mine, :3] - np.column_stack([box[:, :2], box[:, 2] - box[:, 5] / 2])
    along = factor[:, 0] * (cos * off[:, 0] + sin * off[:, 1])
    across = factor[:, 1] * (cos * off[:, 1] - sin * off[:, 0])
    points[mine, 0] = box[:, 0] + cos * along - sin * across
    points[mine, 1] = box[:, 1] + sin * along + cos * across
    points[mine, 2] = box[:, 2] - box[:, 5] / 2 + factor[:, 2] * off[:, 2]
    bottom = boxes[:, 2] - boxes[:, 5] / 2
    boxes[:, 3:6] *= factors
    boxes[:, 2] = bottom + boxes[:, 5] / 2
    return _moved(scene, points, boxes)


def paste_objects(scene: Scene, bank: ObjectBank, rng: np.random.Generator, *, most: int) -> Scene:
    """Add objects of a bank until the scene holds `most`, where they collide with nothing.

    An object keeps its place and stands on this scene's ground; the scene's points inside its box go.
    """
    wanted = min(most - len(scene.boxes), len(bank))
    if wanted <= 0:
        return scene
    chosen = [bank.objects[i] for i in rng.permutation(len(bank))[:wanted]]
    candidates = np.array([pasted.box for pasted in chosen])
    ground = scene.ground.height_at(candidates[:, :2])
    lift = ground + [p.height_above_ground_m for p in chosen] - (candidates[:, 2] - candidates[:, 5] / 2)
    candidates[:, 2] += lift
    taken = scene.boxes.array
    kept: list[int] = []
    for row in range(wanted):
        if not _collides(candidates[row : row + 1], taken)[0]:
            taken = np.concatenate([taken, candidates[row : row + 1]])
            kept.append(row)
    if not kept:
        return scene
    added = candidates[kept]
    outside = box_of_points(scene.points[:, :3], added) < 0
    parts = [scene.points[outside]]
    for row in kept:
        moved = chosen[row].points.copy()
        moved[:, 2] += np.float32(lift[row])
        parts.append(moved[:, : scene.points.shape[1]])
    names = np.array([chosen[row].class_name for row in kept])
    boxes = Boxes3D.concatenate([scene.boxes, Boxes3D(added, names)])
    return Scene(scene.frame_id, np.concatenate(parts), boxes)


def _collides(candidates: BoxArray, others: BoxArray) -> BoolArray:
    if len(others) == 0:
        return np.zeros(len(candidates), dtype=bool)
    return np.asarray((bev_iou(candidates, others) > 0).any(axis=1))


def _turned(xy: FloatArray, angle_rad: float) -> FloatArray:
    cos, sin = np.cos(angle_rad), np.sin(angle_rad)
    return np.column_stack([cos * xy[:, 0] - sin * xy[:, 1], sin * xy[:, 0] + cos * xy[:, 1]])


def _moved(scene: Scene, points: FloatArray, boxes: BoxArray) -> Scene:
    return Scene(scene.frame_id, np.asarray(points, dtype=np.float32), Boxes3D(boxes, scene.boxes.class_names))
