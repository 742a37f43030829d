"""Labels as KITTI's annotators would give them, computed from the scene."""

from __future__ import annotations

import math

import numpy as np

from scanpick.arrays import Float64Array, Int64Array, Points
from scanpick.datasets.simulated.world import Snapshot, World
from scanpick.geometry.transforms import (
    box_corners,
    camera_boxes_to_lidar,
    lidar_boxes_to_camera,
    project_to_image,
    transform_points,
    wrap_angle,
)
from scanpick.structures import Boxes3D, Calibration, CameraObjects, Labels

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


def label_frame(
    world: World,
    snapshot: Snapshot,
    alone: Int64Array,
    visible: Int64Array,
    points: Points,
    owners: Int64Array,
    camera: Calibration,
) -> Labels:
    """Labels of one frame.

    Objects in the image that the sensor has points on are labelled. Those without any point, and those that are small
    in the image, are "DontCare", as are KITTI's far ones. What is hidden or outside of the image is left out.

    Args:
        world: The drive's world.
        snapshot: It, at the frame's time.
        alone: (O,) rays that would hit the object if nothing else stood in the world.
        visible: (O,) rays of these that do hit it.
        points: (P, 4) those in the image.
        owners: (P,) the object that each is on, or less than 0.
        camera: The camera.
    """
    inside = _points_inside(world, snapshot, points, owners)
    kept: list[int] = []
    regions: list[Float64Array] = []
    rows: list[tuple[float, float, Float64Array]] = []  # truncation, occlusion, image box
    hidden = 1.0 - visible / np.maximum(alone, 1)
    for o in np.flatnonzero(snapshot.objects.labelled & (alone > 0) & (hidden <= HOPELESS_SHARE)):
        outline = _outline(world, snapshot, int(o), camera)
        if outline is None:
            continue
        image_box, truncation = outline
        occlusion = float(np.searchsorted(OCCLUSION_SHARES, hidden[o], side="left"))
        height = image_box[3] - image_box[1]
        if inside[o] == 0 or height < (FAINT_HEIGHT_PX if occlusion < 2 else HIDDEN_HEIGHT_PX):
            regions.append(image_box)
            continue
        kept.append(int(o))
        rows.append((truncation, occlusion, image_box))
    return _labels(world, snapshot, kept, rows, regions, camera)


def _labels(
    world: World,
    snapshot: Snapshot,
    kept: list[int],
    rows: list[tuple[float, float, Float64Array]],
    regions: list[Float64Array],
    camera: Calibration,
) -> Labels:
    boxes = np.array([_box(world, snapshot, o) for o in kept], dtype=np.float64).reshape(-1, 7)
    names = np.array([world.things[snapshot.things[o]].class_name for o in kept], dtype=np.str_)
    bottoms, sizes, rotation = lidar_boxes_to_camera(boxes, camera)
    alpha = wrap_angle(rotation - np.arctan2(bottoms[:, 0], bottoms[:, 2]))
    ignored = len(regions)
    image_boxes = np.array([row[2] for row in rows] + regions, dtype=np.float64).reshape(-1, 4)
    objects = CameraObjects(
        class_names=np.concatenate([names, np.full(ignored, "DontCare")]),
        truncation=np.array([row[0] for row in rows] + [-1.0] * ignored),
        occlusion=np.array([row[1] for row in rows] + [-1.0] * ignored),
        alpha=np.concatenate([alpha, np.full(ignored, -10.0)]),
        image_boxes=image_boxes,
        sizes_hwl=np.concatenate([sizes, np.full((ignored, 3), -1.0)]),
        bottom_centres=np.concatenate([bottoms, np.full((ignored, 3), -1000.0)]),
        rotation_y=np.concatenate([rotation, np.full(ignored, -10.0)]),
    )
    return Labels(
        boxes=Boxes3D(camera_boxes_to_lidar(bottoms, sizes, rotation, camera), names),
        truncation=objects.truncation[: len(kept)],
        occlusion=objects.occlusion[: len(kept)],
        image_boxes=image_boxes[: len(kept)],
        track_ids=snapshot.things[kept].astype(np.int64),
        dont_care_image_boxes=image_boxes[len(kept) :],
        camera_objects=objects,
    )


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


def _outline(world: World, snapshot: Snapshot, o: int, camera: Calibration) -> tuple[Float64Array, float] | None:
    """The object's box in the image in pixels and the share of it outside; None where it is not in the image.

    Far from the image plane the outline of the shape's own corners is tighter than that of its box, as an annotator
    would draw it. Where it reaches behind the camera, its box is cut off before the camera.
    """
    objects = snapshot.objects
    corners = box_corners(np.array([_box(world, snapshot, o)]))[0]
    depth = transform_points(camera.camera_SE3_lidar, corners)[:, 2]
    if depth.max() < NEAR_M:
        return None
    if depth.min() > 1.0:
        local = world.table.shapes[snapshot.shape[o]].vertices
        x = objects.x[o] + objects.cos[o] * local[:, 0] - objects.sin[o] * local[:, 1]
        y = objects.y[o] + objects.sin[o] * local[:, 0] + objects.cos[o] * local[:, 1]
        z = objects.z[o] + local[:, 2] + objects.slope_x[o] * local[:, 0] + objects.slope_y[o] * local[:, 1]
        points = transform_points(camera.camera_SE3_lidar, np.column_stack([x, y, z]))
    else:
        points = _cut(transform_points(camera.camera_SE3_lidar, corners))
    pixels = project_to_image(points, camera.projection)
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
