"""Labels as KITTI's annotators would give them, computed from the scene."""

from __future__ import annotations

import math

import numpy as np

from scanpick.arrays import Float64Array, Int64Array, Points
from scanpick.datasets.kitti_labels import labels_from_objects
from scanpick.datasets.simulated.world import Snapshot, World
from scanpick.formats.kitti_text import objects_from_rows
from scanpick.geometry.transforms import (
    alpha_from_rotation_y,
    box_corners,
    lidar_boxes_to_camera,
    project_to_image,
    transform_points,
    wrap_angle,
)
from scanpick.structures import Calibration, Labels

IMAGE_SIZE = (1242, 375)
NEAR_M = 0.3
"""Least depth in front of the camera that is projected."""

OCCLUSION_SHARES = (0.13, 0.58)
"""Up to this share of hidden rays an object counts as visible, up to the second as partly, beyond as largely hidden."""

HOPELESS_SHARE = 0.86
"""Beyond this share of hidden rays an annotator does not see an object."""

FAINT_HEIGHT_PX = 16.0
HIDDEN_HEIGHT_PX = 25.0
"""Lower in the image than this, and than this where largely hidden, an object becomes a "DontCare" region."""


def calibration() -> Calibration:
    """A camera like KITTI's left colour camera: ahead of and below the sensor, 1242 x 375 pixels, 720 pixels focal."""
    projection = np.array([[720.0, 0.0, 610.0, 45.0], [0.0, 720.0, 173.0, 0.2], [0.0, 0.0, 1.0, 0.003]])
    axes = np.array([[0.0, -1.0, 0.0], [0.0, 0.0, -1.0], [1.0, 0.0, 0.0]])
    yaw, pitch = 0.004, -0.0085
    turn = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    nod = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
    camera_SE3_lidar = np.eye(4)
    camera_SE3_lidar[:3, :3] = nod @ turn @ axes
    camera_SE3_lidar[:3, 3] = (0.0, -0.08, -0.27)
    return Calibration(camera_SE3_lidar.round(9), projection, IMAGE_SIZE)


CAMERA = calibration()


def label_frame(
    world: World, snapshot: Snapshot, alone: Int64Array, visible: Int64Array, points: Points, owners: Int64Array
) -> Labels:
    """Labels of one frame, the `snapshot` of a world.

    Objects in the image that the sensor has points on are labelled. Those without any point, and those that are small
    in the image, are "DontCare", as are KITTI's far ones. What is hidden or outside of the image is left out.

    Args:
        world: The drive's world.
        snapshot: It, at the frame's time.
        alone: (O,) rays that would hit the object if nothing else stood in the world.
        visible: (O,) rays of these that do hit it.
        points: (P, 4) those in the image.
        owners: (P,) the object that each is on, or less than 0.
    """
    inside = _points_inside(world, snapshot, points, owners)
    kept: list[int] = []
    rows, regions = [np.zeros((0, 6))], [np.zeros((0, 4))]  # truncation, occlusion, image box; image box
    hidden = 1.0 - visible / np.maximum(alone, 1)
    for o in np.flatnonzero(snapshot.objects.labelled & (alone > 0) & (hidden <= HOPELESS_SHARE)):
        outline = _outline(world, snapshot, int(o))
        if outline is None:
            continue
        image_box, truncation = outline
        occlusion = float(np.searchsorted(OCCLUSION_SHARES, hidden[o], side="left"))
        height = image_box[3] - image_box[1]
        if inside[o] == 0 or height < (FAINT_HEIGHT_PX if occlusion < 2 else HIDDEN_HEIGHT_PX):
            regions.append(image_box[None])
        else:
            kept.append(int(o))
            rows.append(np.array([[truncation, occlusion, *image_box]]))
    return _labels(world, snapshot, kept, np.concatenate(rows), np.concatenate(regions))


def _labels(world: World, snapshot: Snapshot, kept: list[int], rows: Float64Array, regions: Float64Array) -> Labels:
    boxes = np.array([_box(world, snapshot, o) for o in kept], dtype=np.float64).reshape(-1, 7)
    names = [world.things[snapshot.things[o]].class_name for o in kept] + ["DontCare"] * len(regions)
    bottoms, sizes, rotation = lidar_boxes_to_camera(boxes, CAMERA)
    real = np.column_stack(
        [rows[:, :2], alpha_from_rotation_y(bottoms, rotation), rows[:, 2:], sizes, bottoms, rotation]
    )
    ignored = np.tile([-1.0, -1, -10, 0, 0, 0, 0, -1, -1, -1, -1000, -1000, -1000, -10], (len(regions), 1))
    ignored[:, 3:7] = regions
    objects = objects_from_rows(names, np.concatenate([real, ignored]))
    return labels_from_objects(objects, CAMERA, snapshot.things[kept].astype(np.int64))


def _points_inside(world: World, snapshot: Snapshot, points: Points, owners: Int64Array) -> Int64Array:
    """(O,) points on each object that its box holds; mirrors stick out."""
    on_object = owners >= 0
    owner, objects = owners[on_object], snapshot.objects
    sizes = np.array([world.table.shapes[shape].size for shape in snapshot.shape]).reshape(-1, 3)
    x, y = points[on_object, 0] - objects.x[owner], points[on_object, 1] - objects.y[owner]
    along = np.abs(objects.cos[owner] * x + objects.sin[owner] * y)
    across = np.abs(-objects.sin[owner] * x + objects.cos[owner] * y)
    height = points[on_object, 2] - objects.z[owner]
    holds = (along < sizes[owner, 0] / 2) & (across < sizes[owner, 1] / 2) & (height > 0) & (height < sizes[owner, 2])
    return np.bincount(owner[holds], minlength=len(sizes))


def _box(world: World, snapshot: Snapshot, o: int) -> list[float]:
    length, width, height = world.table.shapes[snapshot.shape[o]].size
    objects = snapshot.objects
    yaw = float(wrap_angle(snapshot.yaw[o]))
    return [objects.x[o], objects.y[o], objects.z[o] + height / 2, length, width, height, yaw]


def _outline(world: World, snapshot: Snapshot, o: int) -> tuple[Float64Array, float] | None:
    """The object's box in the image in pixels and the share of it outside; None where it is not in the image.

    Far from the image plane the outline of the shape's own corners is tighter than that of its box, as an annotator
    would draw it. Where it reaches behind the camera, its box is cut off before the camera.
    """
    objects = snapshot.objects
    corners = box_corners(np.array([_box(world, snapshot, o)]))[0]
    depth = transform_points(CAMERA.camera_SE3_lidar, corners)[:, 2]
    if depth.max() < NEAR_M:
        return None
    if depth.min() > 1.0:
        local = world.table.shapes[snapshot.shape[o]].vertices
        x = objects.x[o] + objects.cos[o] * local[:, 0] - objects.sin[o] * local[:, 1]
        y = objects.y[o] + objects.sin[o] * local[:, 0] + objects.cos[o] * local[:, 1]
        z = objects.z[o] + local[:, 2] + objects.slope_x[o] * local[:, 0] + objects.slope_y[o] * local[:, 1]
        points = transform_points(CAMERA.camera_SE3_lidar, np.column_stack([x, y, z]))
    else:
        points = _cut(transform_points(CAMERA.camera_SE3_lidar, corners))
    pixels = project_to_image(points, CAMERA.projection)
    low, high = pixels.min(axis=0), pixels.max(axis=0)
    limit = np.array(IMAGE_SIZE) - 1.0
    inner_low, inner_high = np.clip(low, 0, limit), np.clip(high, 0, limit)
    area, inside = np.prod(high - low), np.prod(inner_high - inner_low)
    if inside <= 0:
        return None
    return np.concatenate([inner_low, inner_high]), float(np.clip(1.0 - inside / area, 0.0, 1.0))


def _cut(corners: Float64Array) -> Float64Array:
    """Corners of a box, without what is less than `NEAR_M` before the camera; edges are cut where they reach there."""
    edges = [(low + i, low + (i + 1) % 4) for low in (0, 4) for i in range(4)] + [(i, i + 4) for i in range(4)]
    kept = [corners[i] for i in range(8) if corners[i, 2] >= NEAR_M]
    for i, j in edges:
        a, b = corners[i], corners[j]
        if (a[2] < NEAR_M) != (b[2] < NEAR_M):
            kept.append(a + (NEAR_M - a[2]) / (b[2] - a[2]) * (b - a))
    return np.array(kept)
