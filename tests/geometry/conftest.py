"""Cameras and boxes that several tests of geometry use."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from scanpick.structures import Calibration

AXES = np.array([[0, -1, 0], [0, 0, -1], [1, 0, 0]], dtype=np.float64)  # LiDAR x forward -> camera z forward


@pytest.fixture(scope="session")
def make_camera():
    """A camera by its pitch, roll and yaw against level and straight ahead."""

    def make(pitch=0.0, roll=0.0, yaw=0.0):
        pose = np.eye(4)
        pose[:3, :3] = Rotation.from_euler("xyz", [pitch, yaw, roll]).as_matrix() @ AXES
        pose[:3, 3] = [0.1, -0.3, -0.2]
        return Calibration(pose, np.array([[700.0, 0, 600, 0], [0, 700, 180, 0], [0, 0, 1, 0]]))

    return make


@pytest.fixture(scope="session")
def level(make_camera):
    """A camera that is mounted level."""
    return make_camera()


@pytest.fixture(scope="session")
def many_boxes():
    """200 boxes all around the LiDAR."""
    rng = np.random.default_rng(0)
    places = rng.uniform([-5, -40, -3], [70, 40, 2], (200, 3))
    return np.column_stack([places, rng.uniform(0.3, 12, (200, 3)), rng.uniform(-np.pi, np.pi, 200)])
