"""Where the camera sits relative to the LiDAR, and how it projects."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float64Array, Transform
from scanpick.errors import ScanpickError
from scanpick.structures.checks import check_finite, set_arrays

_FARTHEST_M = 50.0


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
        set_arrays(self, camera_SE3_lidar=(np.float64, (4, 4)), projection=(np.float64, (3, 4)))
        check_finite("Calibration.camera_SE3_lidar", self.camera_SE3_lidar)
        check_finite("Calibration.projection", self.projection)
        if abs(np.linalg.det(self.camera_SE3_lidar)) < 1e-6:
            raise ScanpickError("Calibration.camera_SE3_lidar: expected an invertible transform, got a singular one.")

    @property
    def focal_px(self) -> Float64Array:
        """(2,) focal lengths across and down in pixels, whatever the projection's scale."""
        across, down, depth = self.projection[:, :3]
        squared = [row @ row / (depth @ depth) - at**2 for row, at in zip((across, down), self.centre_px, strict=True)]
        return np.sqrt(np.maximum(squared, 0))

    @property
    def centre_px(self) -> Float64Array:
        """(2,) the pixel in the direction of view (the principal point)."""
        across, down, depth = self.projection[:, :3]
        return np.array([across @ depth, down @ depth]) / (depth @ depth)

    @property
    def fault(self) -> str:
        """Why no camera can sit like this, in words; "" where one can. What it sees is another question.

        The bounds are far from what real cameras show, and near enough to find identities, other axes and other units.
        """
        rotation, place_m = self.camera_SE3_lidar[:3, :3], self.camera_SE3_lidar[:3, 3]
        if np.abs(rotation @ rotation.T - np.eye(3)).max() > 0.05:
            return "its axes in the LiDAR's frame are not of length 1 and at right angles"
        if np.linalg.det(rotation) < 0:
            return "its axes in the LiDAR's frame are mirrored"
        down = rotation[1]  # the camera's y axis, in the LiDAR's frame
        if down[2] > -0.5:
            axis = int(np.abs(down).argmax())
            directions = (("backward", "forward"), ("to the right", "to the left"), ("down", "up"))
            direction = directions[axis][int(down[axis] > 0)]
            identity = " (its rotation is the identity)" if np.allclose(rotation, np.eye(3), atol=1e-3) else ""
            return f"its y axis, which is down, points {direction} in the LiDAR's frame{identity}"
        if np.abs(place_m).max() > _FARTHEST_M:
            return f"it is {np.abs(place_m).max():.0f} m away from the LiDAR (millimetres?)"
        return ""
