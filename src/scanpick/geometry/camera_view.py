"""Which points the camera sees: KITTI's objects are labelled there and nowhere else."""

import numpy as np

from scanpick.arrays import BoolArray, BoxArray, Points
from scanpick.errors import ScanpickError
from scanpick.geometry.points_in_boxes import count_points_in_boxes
from scanpick.geometry.transforms import project_to_image, transform_points
from scanpick.structures import Calibration

AROUND = 0.02
"""A frame of which a greater share of the points lies behind the sensor is not cut to a camera's view yet."""

LEAST_SHARE = 0.05
"""KITTI's cameras see 14 to 18% of a full sweep, View-of-Delft's 13 to 15%; an identity as calibration leaves 4%."""

LEAST_FOCAL_PX = 10.0

LEFT_IN_BOX = 0.1
"""A box that keeps a smaller share of its points is lost: 0 to 14% of the boxes in KITTI's frames, truncated ones."""


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


def reaches_around(points: Points) -> bool:
    """Whether (P, >= 3) points are a sweep that is not cut to a camera's view yet."""
    return len(points) > 0 and bool((points[:, 0] < -1).mean() > AROUND)


def view_fault(points: Points, seen: BoolArray, boxes: BoxArray) -> str:
    """Why a cut of a full sweep to the camera's view is no such cut, in words; "" where it may be one.

    Args:
        points: (P, C >= 3) the sweep.
        seen: (P,) the points that the cut leaves.
        boxes: (B, 7) labelled boxes, all of which a camera has seen; none where they are not known.
    """
    if seen.mean() < LEAST_SHARE:
        return f"it would leave {seen.sum()} of {len(points)} points"
    before, after = count_points_in_boxes(points, boxes), count_points_in_boxes(points[seen], boxes)
    held = before > 0
    lost = held & (after < LEFT_IN_BOX * before)
    if 2 * lost.sum() > held.sum():
        return f"{lost.sum()} of {held.sum()} labelled boxes would lose their points"
    return ""


def image_fault(calibration: Calibration) -> str:
    """Why a camera cannot see like this, in words; "" where it can.

    Projections that were never filled in show so, and images that were scaled without their calibration.
    """
    if not calibration.projection[2, :3].any():
        return "its projection has no depth"
    if calibration.focal_px.min() < LEAST_FOCAL_PX:
        return f"its focal length is {calibration.focal_px.min():.3g} pixels"
    if calibration.image_size is None:
        return ""
    (x, y), (width, height) = calibration.centre_px, calibration.image_size
    if 0.05 * width < x < 0.95 * width and -0.1 * height < y < 1.1 * height:  # parts above and below are cropped often
        return ""
    return f"its image of {width}x{height} pixels is not around the direction of view, pixel ({x:.0f}, {y:.0f})"
