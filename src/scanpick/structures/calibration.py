"""Where the camera sits relative to the LiDAR, and how it projects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float64Array, Transform
from scanpick.errors import ScanpickError
from scanpick.structures.checks import as_array, check_finite


@dataclass(frozen=True, eq=False)
class Calibration:
    """One rectified camera and one LiDAR.

    The camera frame has x right, y down, z forward.

    Attributes:
        camera_SE3_lidar: (4, 4) float64, LiDAR points to the rectified camera frame (KITTI: R0_rect @ Tr_velo_to_cam).
        projection: (3, 4) float64, rectified camera coordinates to homogeneous pixels (KITTI: P2).
        image_size: (width, height) in pixels, or None where it is not known.
    """

    camera_SE3_lidar: Transform
    projection: Float64Array
    image_size: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        for name, shape in (("camera_SE3_lidar", (4, 4)), ("projection", (3, 4))):
            array = as_array(f"Calibration.{name}", getattr(self, name), np.float64, shape)
            check_finite(f"Calibration.{name}", array)
            object.__setattr__(self, name, array)
        if abs(np.linalg.det(self.camera_SE3_lidar)) < 1e-6:
            raise ScanpickError("Calibration.camera_SE3_lidar: expected an invertible transform, got a singular one.")
