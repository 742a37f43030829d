"""Where boxes appear in the image, and detections as KITTI result objects."""

import numpy as np

from scanpick.arrays import BoolArray, Float64Array, FloatArray
from scanpick.errors import ScanpickError
from scanpick.geometry.transforms import alpha_from_rotation_y, camera_boxes_to_lidar, lidar_boxes_to_camera
from scanpick.structures import Boxes3D, Calibration, CameraObjects, Detections

NEAR_M = 0.1
"""Parts of a box nearer to the image plane than this are cut off before they are projected."""

# Corners in the order of `Boxes3D`: bottom 0-3, top 4-7.
_EDGES = np.array([[0, 1], [1, 2], [2, 3], [3, 0], [4, 5], [5, 6], [6, 7], [7, 4], [0, 4], [1, 5], [2, 6], [3, 7]])


def image_boxes_of_camera_boxes(
    bottom_centres: FloatArray,
    sizes_hwl: FloatArray,
    rotation_y: FloatArray,
    projection: Float64Array,
    image_size: tuple[int, int],
) -> tuple[Float64Array, BoolArray]:
    """The image rectangles around projected 3D boxes, clipped to the image as KITTI's own are.

    A box that reaches behind the camera is cut at `NEAR_M` first: corners behind it would be mirrored.

    Args:
        bottom_centres: (B, 3) centres of the bottom faces in camera coordinates, metres.
        sizes_hwl: (B, 3) height, width, length in metres.
        rotation_y: (B,) radians.
        projection: (3, 4) camera coordinates to homogeneous pixels.
        image_size: Width and height in pixels. The last pixel is at width - 1, height - 1.

    Returns:
        (B, 4) left, top, right, bottom in pixels, and the (B,) mask of boxes of which anything is in the image;
        the others have a rectangle of zeros.
    """
    corners = camera_box_corners(bottom_centres, sizes_hwl, rotation_y)
    homogeneous = corners @ projection[:, :3].T + projection[:, 3]  # (B, 8, 3)
    first, second = homogeneous[:, _EDGES[:, 0]], homogeneous[:, _EDGES[:, 1]]  # (B, 12, 3)
    crosses = (first[..., 2] < NEAR_M) != (second[..., 2] < NEAR_M)
    change = np.where(crosses, second[..., 2] - first[..., 2], 1.0)
    cut = first + (second - first) * ((NEAR_M - first[..., 2]) / change)[..., None]

    points = np.concatenate([homogeneous, cut], axis=1)  # (B, 20, 3)
    seen = np.concatenate([homogeneous[..., 2] >= NEAR_M, crosses], axis=1)
    pixels = points[..., :2] / np.where(seen, points[..., 2], 1.0)[..., None]
    least = np.where(seen[..., None], pixels, np.inf).min(axis=1)
    greatest = np.where(seen[..., None], pixels, -np.inf).max(axis=1)
    last_pixel = np.array(image_size, dtype=np.float64) - 1
    rectangles = np.concatenate([np.clip(least, 0, last_pixel), np.clip(greatest, 0, last_pixel)], axis=1)
    visible: BoolArray = np.logical_and(seen.any(axis=1), (rectangles[:, :2] < rectangles[:, 2:]).all(axis=1))
    return np.where(visible[:, None], rectangles, 0.0), visible


def camera_box_corners(bottom_centres: FloatArray, sizes_hwl: FloatArray, rotation_y: FloatArray) -> Float64Array:
    """(B, 8, 3) corners in camera coordinates, in the order of `Boxes3D`: bottom face first, from the front."""
    centres, sizes = np.asarray(bottom_centres, dtype=np.float64), np.asarray(sizes_hwl, dtype=np.float64)
    along = np.array([1, 1, -1, -1, 1, 1, -1, -1]) * sizes[:, 2:3] / 2
    across = np.array([-1, 1, 1, -1, -1, 1, 1, -1]) * sizes[:, 1:2] / 2
    down = np.array([0, 0, 0, 0, -1, -1, -1, -1]) * sizes[:, 0:1]
    cos, sin = np.cos(rotation_y)[:, None], np.sin(rotation_y)[:, None]
    # The heading is (cos, 0, -sin); left of it, seen from above, is (sin, 0, cos).
    x, z = cos * along + sin * across, cos * across - sin * along
    return np.stack([x, down, z], axis=-1) + centres[:, None]


def kitti_objects_from_detections(detections: Detections, calibration: Calibration) -> CameraObjects:
    """Detections of one frame as the objects of a KITTI result file.

    Image boxes are those that the detections carry, else the projected 3D boxes; then detections of which nothing is in
    the image are left out, since KITTI labels only what the camera sees.

    Raises:
        ScanpickError: The image's size is needed and not on the calibration.
    """
    centres, sizes, rotation_y = lidar_boxes_to_camera(detections.boxes.array, calibration)
    image_boxes, visible = detections.image_boxes, np.ones(len(detections), dtype=np.bool_)
    if image_boxes is None:
        size = calibration.image_size
        if size is None:
            raise ScanpickError(
                f"Frame '{detections.frame_id}': the image's width and height are not known, which the 2D boxes of "
                f"detections are clipped to. Expected it on the calibration."
            )
        image_boxes, visible = image_boxes_of_camera_boxes(centres, sizes, rotation_y, calibration.projection, size)
    unknown = np.full(len(detections), -1.0)
    objects = CameraObjects(
        class_names=detections.boxes.class_names,
        truncation=unknown,
        occlusion=unknown,
        alpha=alpha_from_rotation_y(centres, rotation_y),
        image_boxes=image_boxes,
        sizes_hwl=sizes,
        bottom_centres=centres,
        rotation_y=rotation_y,
        scores=detections.scores,
    )
    return objects[visible]


def detections_from_kitti_objects(frame_id: str, objects: CameraObjects, calibration: Calibration) -> Detections:
    """The objects of a KITTI result file as detections in the LiDAR frame; the inverse of the above, 2D boxes kept.

    Raises:
        ScanpickError: The objects have no scores, or some have no 3D box.
    """
    if objects.scores is None:
        raise ScanpickError(f"Frame '{frame_id}': expected detections with scores, got labels (15 columns, not 16).")
    flat = np.flatnonzero((objects.sizes_hwl <= 0).any(axis=1) | (objects.bottom_centres == -1000).any(axis=1))
    if len(flat):
        raise ScanpickError(f"Frame '{frame_id}': detection {flat[0] + 1} has no 3D box, only one in the image.")
    boxes = camera_boxes_to_lidar(objects.bottom_centres, objects.sizes_hwl, objects.rotation_y, calibration)
    return Detections(frame_id, Boxes3D(boxes, objects.class_names), objects.scores, image_boxes=objects.image_boxes)
