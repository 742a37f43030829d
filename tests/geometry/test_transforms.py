"""Round trips between the LiDAR and the camera, level and tilted, and the corners as they are drawn."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanpick.formats.kitti_text import read_calibration, read_objects
from scanpick.geometry.rotated_iou import bev_iou
from scanpick.geometry.transforms import (
    alpha_from_rotation_y,
    box_corners,
    camera_boxes_to_lidar,
    lidar_boxes_to_camera,
    upright_camera_boxes,
    wrap_angle,
)
from scanpick.structures import Calibration


@given(*[st.floats(-0.4, 0.4)] * 3)
@settings(max_examples=50, deadline=None)
def test_round_trip_for_cameras_mounted_at_an_angle(many_boxes, make_camera, pitch, roll, yaw):
    boxes, calibration = many_boxes, make_camera(pitch, roll, yaw)
    back = camera_boxes_to_lidar(*lidar_boxes_to_camera(boxes, calibration), calibration)
    np.testing.assert_allclose(back[:, :6], boxes[:, :6], rtol=0, atol=1e-6)
    np.testing.assert_allclose(wrap_angle(back[:, 6] - boxes[:, 6]), 0, atol=1e-6)


def test_a_level_camera_sees_what_is_drawn(level):
    boxes = np.array([[10.0, 2.0, -1.0, 4.0, 2.0, 1.5, 0.0]])
    pose = level.camera_SE3_lidar.copy()
    pose[:3, 3] = 0
    level = Calibration(pose, level.projection)
    centres, sizes, rotation_y = lidar_boxes_to_camera(boxes, level)
    np.testing.assert_allclose(centres, [[-2, 1.75, 10]])
    np.testing.assert_allclose(sizes, [[1.5, 2, 4]])
    np.testing.assert_allclose(rotation_y, -np.pi / 2)  # driving away from the camera


def test_corners_are_in_the_drawn_order():
    corners = box_corners(np.array([[10.0, 0, 1, 4, 2, 1, 0]]))[0]
    np.testing.assert_allclose(corners[:4], [[12, -1, 0.5], [12, 1, 0.5], [8, 1, 0.5], [8, -1, 0.5]])
    np.testing.assert_allclose(corners[4:], corners[:4] + np.array([0, 0, 1]))


def test_alpha_is_rotation_y_less_the_direction_of_view(many_boxes, level):
    centres, _, rotation_y = lidar_boxes_to_camera(many_boxes, level)
    alpha = alpha_from_rotation_y(centres, rotation_y)
    assert (np.abs(alpha) <= np.pi).all()
    seen_from = np.arctan2(centres[:, 0], centres[:, 2])
    np.testing.assert_allclose(wrap_angle(alpha + seen_from - rotation_y), 0, atol=1e-12)


def test_upright_camera_boxes_keep_every_overlap(many_boxes, level):
    boxes = many_boxes[:40].copy()
    boxes[:, :2] /= 8
    np.testing.assert_allclose(
        bev_iou(*[upright_camera_boxes(*lidar_boxes_to_camera(boxes, level))] * 2), bev_iou(boxes, boxes), atol=1e-9
    )


def _kitti_folders(test_data):
    folders = [path.parent for path in sorted(test_data.glob("**/label_2")) if (path.parent / "calib").is_dir()]
    assert folders
    return folders


def test_round_trip_with_real_calibrations(test_data):
    """KITTI's level cameras, and View-of-Delft's, which is tilted."""
    checked = 0
    for folder in _kitti_folders(test_data):
        for path in sorted((folder / "label_2").glob("*.txt")):
            calibration = read_calibration(folder / "calib" / path.name)
            objects = read_objects(path)
            objects = objects[np.char.lower(objects.class_names) != "dontcare"]
            boxes = camera_boxes_to_lidar(objects.bottom_centres, objects.sizes_hwl, objects.rotation_y, calibration)
            centres, sizes, rotation_y = lidar_boxes_to_camera(boxes, calibration)
            np.testing.assert_allclose(centres, objects.bottom_centres, rtol=0, atol=1e-6)
            np.testing.assert_allclose(sizes, objects.sizes_hwl, rtol=0, atol=1e-6)
            np.testing.assert_allclose(wrap_angle(rotation_y - objects.rotation_y), 0, atol=1e-6)
            checked += len(boxes)
    assert checked > 10


def test_alpha_of_real_labels(test_data):
    """KITTI's alpha is rounded to 2 decimals, and so are the centres it is computed from here."""
    errors = []
    for path in sorted((test_data / "kitti").glob("**/label_2/*.txt")):
        objects = read_objects(path)
        objects = objects[objects.rotation_y > -9]
        alpha = alpha_from_rotation_y(objects.bottom_centres, objects.rotation_y)
        errors.extend(np.abs(wrap_angle(alpha - objects.alpha)))
    assert len(errors) > 100
    assert np.median(errors) < 0.02


@pytest.mark.parametrize("angle", [0.0, np.pi, -np.pi, 3 * np.pi, 7.0, -7.0])
def test_wrapped_angles_are_in_range(angle):
    wrapped = wrap_angle(np.array(angle))
    assert -np.pi < wrapped <= np.pi
    np.testing.assert_allclose([np.cos(wrapped), np.sin(wrapped)], [np.cos(angle), np.sin(angle)], atol=1e-12)
