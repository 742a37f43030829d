"""2D boxes of detections: clipped to the image, right for boxes that reach behind the camera."""

from dataclasses import replace

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.formats.kitti_text import read_calibration, read_objects
from scanpick.geometry.image_boxes import (
    camera_box_corners,
    image_boxes_of_camera_boxes,
    kitti_objects_from_detections,
)
from scanpick.geometry.transforms import (
    box_corners,
    camera_boxes_to_lidar,
    lidar_boxes_to_camera,
    project_to_image,
    transform_points,
)
from scanpick.structures import Boxes3D, Detections

SIZE = (1242, 375)


def test_corners_in_the_camera_are_the_lidar_corners_of_a_level_camera(many_boxes, level):
    boxes = many_boxes
    ours = camera_box_corners(*lidar_boxes_to_camera(boxes, level))
    lidar = box_corners(boxes).reshape(-1, 3)
    np.testing.assert_allclose(ours.reshape(-1, 3), transform_points(level.camera_SE3_lidar, lidar), atol=1e-9)


def test_box_in_view_is_the_range_of_its_corners(level):
    centre, size, rotation = np.array([[1.0, 1.5, 20.0]]), np.array([[1.5, 1.8, 4.0]]), np.array([0.4])
    rectangles, visible = image_boxes_of_camera_boxes(centre, size, rotation, level.projection, SIZE)
    pixels = project_to_image(camera_box_corners(centre, size, rotation)[0], level.projection)
    assert visible.tolist() == [True]
    np.testing.assert_allclose(rectangles[0], [*pixels.min(axis=0), *pixels.max(axis=0)])


def test_a_box_beside_the_camera_is_cut_not_mirrored(level):
    """Dense points of the box in front of the near plane, projected, are the truth."""
    centre, size, rotation = np.array([[3.0, 1.7, 1.0]]), np.array([[1.5, 1.8, 4.0]]), np.array([-np.pi / 2])
    rectangles, visible = image_boxes_of_camera_boxes(centre, size, rotation, level.projection, SIZE)
    corners = camera_box_corners(centre, size, rotation)[0]
    weights = np.random.default_rng(0).dirichlet([0.2] * 8, 20000)
    inside = weights @ corners
    pixels = np.clip(project_to_image(inside[inside[:, 2] >= 0.1], level.projection), 0, np.array(SIZE) - 1)
    assert visible.tolist() == [True]
    np.testing.assert_allclose(rectangles[0], [*pixels.min(axis=0), *pixels.max(axis=0)], atol=3)
    assert rectangles[0, 2] == SIZE[0] - 1


def test_boxes_out_of_the_image_are_not_seen(level):
    centres = np.array([[0, 1.5, -10], [60, 1.5, 10], [0, 1.5, 10]], dtype=float)
    rectangles, visible = image_boxes_of_camera_boxes(
        centres, np.full((3, 3), 1.5), np.zeros(3), level.projection, SIZE
    )
    assert visible.tolist() == [False, False, True]
    assert (rectangles[:2] == 0).all()
    empty, none = image_boxes_of_camera_boxes(np.zeros((0, 3)), np.zeros((0, 3)), np.zeros(0), level.projection, SIZE)
    assert empty.shape == (0, 4)
    assert none.shape == (0,)


def _detections(boxes, **columns):
    return Detections("000001", Boxes3D(boxes, np.full(len(boxes), "Car")), np.linspace(0, 1, len(boxes)), **columns)


def test_detections_become_result_objects(level):
    boxes = np.array([[20.0, 0, 0, 4, 2, 1.5, 0.1], [-20.0, 0, 0, 4, 2, 1.5, 0.1]])
    objects = kitti_objects_from_detections(_detections(boxes), replace(level, image_size=SIZE))
    assert len(objects) == 1  # the one behind is left out
    assert objects.scores.tolist() == [0.0]
    given = np.array([[1.0, 2, 3, 4], [5, 6, 7, 8]])
    kept = kitti_objects_from_detections(_detections(boxes, image_boxes=given), level)
    np.testing.assert_array_equal(kept.image_boxes, given)
    with pytest.raises(ScanpickError, match="Frame '000001': the image's width and height are not known"):
        kitti_objects_from_detections(_detections(boxes), level)


def test_projected_boxes_are_near_the_labelled_ones(test_data):
    """KITTI's 2D boxes were drawn tightly by hand; ours go around the corners, so they agree to some pixels."""
    overlaps = []
    for path in sorted((test_data / "kitti").glob("**/label_2/*.txt"))[:40]:
        calibration = read_calibration(path.parents[1] / "calib" / path.name)
        objects = read_objects(path)
        objects = objects[(objects.class_names == "Car") & (objects.truncation == 0)]
        boxes = camera_boxes_to_lidar(objects.bottom_centres, objects.sizes_hwl, objects.rotation_y, calibration)
        found = kitti_objects_from_detections(_detections(boxes), replace(calibration, image_size=SIZE))
        assert len(found) == len(objects)
        a, b = found.image_boxes, objects.image_boxes
        shared = np.prod(np.maximum(np.minimum(a[:, 2:], b[:, 2:]) - np.maximum(a[:, :2], b[:, :2]), 0), axis=1)
        area = [np.prod(c[:, 2:] - c[:, :2], axis=1) for c in (a, b)]
        overlaps.extend(shared / (area[0] + area[1] - shared))
    assert len(overlaps) > 20
    assert np.median(overlaps) > 0.85
