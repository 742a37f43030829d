"""Which points the camera sees: KITTI's objects are labelled there and nowhere else."""

import numpy as np

from scanpick.arrays import BoolArray, Points
from scanpick.errors import ScanpickError
from scanpick.geometry.transforms import project_to_image, transform_points
from scanpick.structures import Calibration


def in_camera_view(points: Points, calibration: Calibration) -> BoolArray:
    """(P,) which points lie in front of the camera and project into its image, left and top border included.

    With the images' own sizes these are, point for point, those of KITTI's ``velodyne_reduced``.

    Args:
        points: (P, C >= 3) x, y, z in metres, LiDAR frame.
        calibration: The camera, with its image's size.

    Raises:
        ScanpickError: The image's size is not known.
    """
    if calibration.image_size is None:
        raise ScanpickError("The camera's view: expected a calibration with the image's width and height, got none.")
    camera = transform_points(calibration.camera_SE3_lidar, points[:, :3].astype(np.float64))
    depth = camera @ calibration.projection[2, :3] + calibration.projection[2, 3]
    inside: BoolArray = depth > 0
    pixels = project_to_image(camera[inside], calibration.projection)
    inside[inside] = ((pixels >= 0) & (pixels < calibration.image_size)).all(axis=1)
    return inside
