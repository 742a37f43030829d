"""One of the cameras of a vehicle, with what it saw at the time of a frame."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scanpick.arrays import Float64Array, Transform
from scanpick.structures.calibration import Calibration
from scanpick.structures.checks import as_array


@dataclass(frozen=True, eq=False)
class Camera:
    """A camera and its image of one frame.

    Attributes:
        name: As the data set has it ("CAM_FRONT", "ring_front_center").
        image_path: The image that was taken nearest to the time of the frame; None where it is not there.
        calibration: From the frame's coordinates at the frame's time to pixels of that image. Where the vehicle moved
            between sweep and image, the way between them is in it.
    """

    name: str
    image_path: Path | None
    calibration: Calibration

    @classmethod
    def pinhole(
        cls,
        name: str,
        image_path: Path | None,
        intrinsics: Float64Array,
        camera_SE3_lidar: Transform,
        image_size: tuple[int, int] | None = None,
    ) -> Camera:
        """A camera from its (3, 3) intrinsics in pixels and its place, (4, 4).

        Raises:
            ScanpickError: An array has another shape, is not finite, or the place is no transform.
        """
        matrix = as_array("Camera intrinsics", intrinsics, np.float64, (3, 3))
        projection = np.column_stack([matrix, np.zeros(3)])
        return cls(name, image_path, Calibration(camera_SE3_lidar, projection, image_size))
