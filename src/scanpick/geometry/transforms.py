"""Boxes and points between the LiDAR frame, the camera frame and the image."""

import numpy as np

from scanpick.arrays import BoxArray, Float64Array, FloatArray, Transform
from scanpick.structures import Calibration


def transform_points(a_SE3_b: Transform, points: FloatArray) -> Float64Array:
    """Take (P, 3) points of frame b to frame a."""
    return np.asarray(points, dtype=np.float64) @ a_SE3_b[:3, :3].T + a_SE3_b[:3, 3]


def invert(a_SE3_b: Transform) -> Transform:
    """b_SE3_a. A general inverse: KITTI's rectifications are rotations to 1e-7 only, and round trips need more."""
    return np.asarray(np.linalg.inv(a_SE3_b), dtype=np.float64)


def wrap_angle(angle: FloatArray) -> Float64Array:
    """Angles in radians wrapped to (-pi, pi]."""
    return -((-np.asarray(angle, dtype=np.float64) + np.pi) % (2 * np.pi) - np.pi)


def camera_boxes_to_lidar(
    bottom_centres: FloatArray, sizes_hwl: FloatArray, rotation_y: FloatArray, calibration: Calibration
) -> BoxArray:
    """KITTI's camera boxes as (B, 7) LiDAR boxes.

    The yaw is the direction of the heading vector, transformed and seen from above, so that a camera that is not
    mounted level is allowed for. The box itself is taken to stand upright in both frames, as in every KITTI tool.

    Args:
        bottom_centres: (B, 3) centres of the bottom faces in camera coordinates, metres.
        sizes_hwl: (B, 3) height, width, length in metres.
        rotation_y: (B,) radians about the camera's y axis (down), 0 along +x (right).
        calibration: The camera.
    """
    lidar_SE3_camera = invert(calibration.camera_SE3_lidar)
    sizes = np.asarray(sizes_hwl, dtype=np.float64)
    rotation = np.asarray(rotation_y, dtype=np.float64)
    centres = transform_points(lidar_SE3_camera, bottom_centres)
    centres[:, 2] += sizes[:, 0] / 2
    heading = np.stack([np.cos(rotation), np.zeros_like(rotation), -np.sin(rotation)], axis=1)
    heading = heading @ lidar_SE3_camera[:3, :3].T
    yaw = np.arctan2(heading[:, 1], heading[:, 0])
    return np.column_stack([centres, sizes[:, [2, 1, 0]], yaw])


def lidar_boxes_to_camera(boxes: BoxArray, calibration: Calibration) -> tuple[Float64Array, Float64Array, Float64Array]:
    """(B, 7) LiDAR boxes as KITTI's bottom centres (B, 3), sizes height-width-length (B, 3) and rotation_y (B,).

    The inverse of `camera_boxes_to_lidar`, to 1e-6.
    """
    camera_SE3_lidar = calibration.camera_SE3_lidar
    bottoms = boxes[:, :3].copy()
    bottoms[:, 2] -= boxes[:, 5] / 2
    # The camera rotation whose heading, seen from above in the LiDAR frame, has this yaw: solve the 2 x 2 system
    # A (cos r, sin r)^T || (cos yaw, sin yaw)^T instead of rotating the heading, so that the round trip is exact.
    rotation = invert(camera_SE3_lidar)[:3, :3]
    system = np.array([[rotation[0, 0], -rotation[0, 2]], [rotation[1, 0], -rotation[1, 2]]])
    direction = np.linalg.solve(system, np.stack([np.cos(boxes[:, 6]), np.sin(boxes[:, 6])]))
    rotation_y = np.arctan2(direction[1], direction[0])
    return transform_points(camera_SE3_lidar, bottoms), boxes[:, [5, 4, 3]].copy(), rotation_y


def upright_camera_boxes(bottom_centres: FloatArray, sizes_hwl: FloatArray, rotation_y: FloatArray) -> BoxArray:
    """KITTI's camera boxes as (B, 7) boxes of a frame with x right, y forward, z up at the camera.

    No calibration is needed, and every function that takes (B, 7) boxes can be used on them; overlaps are the same as
    in the camera frame.
    """
    centres = np.asarray(bottom_centres, dtype=np.float64)
    sizes = np.asarray(sizes_hwl, dtype=np.float64)
    middle = -centres[:, 1] + sizes[:, 0] / 2
    return np.column_stack([centres[:, 0], centres[:, 2], middle, sizes[:, [2, 1, 0]], -np.asarray(rotation_y)])


def alpha_from_rotation_y(bottom_centres: FloatArray, rotation_y: FloatArray) -> Float64Array:
    """KITTI's observation angle: (B,) rotation_y less the direction in which the camera sees the object."""
    return wrap_angle(np.asarray(rotation_y) - np.arctan2(bottom_centres[:, 0], bottom_centres[:, 2]))


def box_corners(boxes: BoxArray) -> Float64Array:
    """(B, 8, 3) corners of (B, 7) LiDAR boxes, in the order drawn on `Boxes3D`."""
    signs = np.array([[1, -1, -1], [1, 1, -1], [-1, 1, -1], [-1, -1, -1]], dtype=np.float64)
    signs = np.concatenate([signs, signs * [1, 1, -1]])
    local = signs[None] * boxes[:, None, 3:6] / 2  # (B, 8, 3)
    cos, sin = np.cos(boxes[:, 6])[:, None], np.sin(boxes[:, 6])[:, None]
    x = cos * local[..., 0] - sin * local[..., 1]
    y = sin * local[..., 0] + cos * local[..., 1]
    return np.stack([x, y, local[..., 2]], axis=-1) + boxes[:, None, :3]


def project_to_image(points_camera: FloatArray, projection: Float64Array) -> Float64Array:
    """(P, 2) pixels of (P, 3) rectified camera points; only meaningful in front of the camera (z > 0)."""
    homogeneous = np.asarray(points_camera, dtype=np.float64) @ projection[:, :3].T + projection[:, 3]
    return homogeneous[:, :2] / homogeneous[:, 2:3]
