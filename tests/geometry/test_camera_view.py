"""The camera's view, checked by hand and against KITTI's own cut clouds."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets import open_dataset
from scanpick.errors import ScanpickError
from scanpick.geometry.camera_view import in_camera_view
from scanpick.structures import Calibration

AXES = np.array([[0.0, -1, 0, 0], [0, 0, -1, 0], [1, 0, 0, 0], [0, 0, 0, 1]])  # camera: x right, y down, z forward
PINHOLE = np.array([[100.0, 0, 50, 0], [0, 100, 20, 0], [0, 0, 1, 0]])
CAMERA = Calibration(AXES, PINHOLE, (100, 40))


def seen(*xyz: float) -> bool:
    return bool(in_camera_view(np.array([[*xyz, 0.5]], dtype=np.float32), CAMERA)[0])


def test_borders_by_hand() -> None:
    assert seen(10, 0, 0)
    assert not seen(-10, 0, 0), "behind the camera, though it projects into the image"
    assert seen(10, 5, 0), "the left border (0) belongs to the image"
    assert not seen(10, -5, 0), "the right border (100) does not"
    assert seen(10, 0, 2)
    assert not seen(10, 0, -2)


def test_no_points_and_no_size() -> None:
    nothing = np.zeros((0, 4), dtype=np.float32)
    assert in_camera_view(nothing, CAMERA).shape == (0,)
    with pytest.raises(ScanpickError, match="width and height"):
        in_camera_view(nothing, replace(CAMERA, image_size=None))


def test_full_sweeps_become_kittis_reduced_ones(test_data: Path) -> None:
    full = open_dataset(str(test_data / "kitti"), points="velodyne")
    reduced = open_dataset(str(test_data / "kitti"), points="velodyne_reduced")
    compared = 0
    for record in full.records:
        frame = full.read(record.frame_id)
        if frame.calibration is None or frame.calibration.image_size is None:
            continue  # without its image the size of the view is not known
        cut = frame.points[in_camera_view(frame.points, frame.calibration)]
        np.testing.assert_array_equal(cut, reduced.read(record.frame_id).points)
        compared += 1
    assert compared > 0
