"""Transforms from the translations and quaternions that recordings hold."""

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError
from scanpick.structures.checks import as_array, check_finite


def transforms_from_quaternions(what: str, translations: Float64Array, wxyz: Float64Array) -> Float64Array:
    """(N, 4, 4) transforms a_SE3_b from where b's origin is in a, and how b's axes are turned.

    Args:
        what: What they are, for messages.
        translations: (N, 3) metres.
        wxyz: (N, 4) quaternions, the scalar first; their length is taken to be meant as 1.

    Raises:
        ScanpickError: A value is not finite, or a quaternion has hardly any length.

    Example:
        >>> transforms_from_quaternions("pose", np.array([[1.0, 2, 3]]), np.array([[0.0, 0, 0, 1]]))[0, :2]
        array([[-1.,  0.,  0.,  1.],
               [ 0., -1.,  0.,  2.]])
    """
    count = len(translations)
    places = as_array(f"{what}: translations", translations, np.float64, (count, 3))
    check_finite(f"{what}: translations", places)
    transforms = np.zeros((count, 4, 4))
    transforms[:, :3, :3] = rotations_from_quaternions(what, wxyz)
    transforms[:, :3, 3] = places
    transforms[:, 3, 3] = 1
    return transforms


def rotations_from_quaternions(what: str, wxyz: Float64Array) -> Float64Array:
    """(N, 3, 3) rotations from (N, 4) quaternions, the scalar first.

    Raises:
        ScanpickError: As `transforms_from_quaternions`.
    """
    quaternions = as_array(f"{what}: quaternions", wxyz, np.float64, (None, 4))
    check_finite(f"{what}: quaternions", quaternions)
    lengths = np.linalg.norm(quaternions, axis=1, keepdims=True)
    if len(lengths) and abs(lengths - 1).max() > 0.01:
        row = int(abs(lengths - 1).argmax())
        raise ScanpickError(f"{what}: expected quaternions of length 1, got {quaternions[row].tolist()}.")
    w, x, y, z = (quaternions / lengths).T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y)],
        [2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x)],
        [2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def quaternion_from_rotation(rotation: Float64Array) -> Float64Array:
    """(4,) quaternion of length 1, the scalar first and not negative, from a (3, 3) rotation.

    It is the eigenvector of the largest eigenvalue of Bar-Itzhack's matrix ("New method for extracting the quaternion
    from a rotation matrix", 2000), which also gives the nearest one where the rotation is only nearly one.

    Example:
        >>> quaternion_from_rotation(np.array([[-1.0, 0, 0], [0, -1, 0], [0, 0, 1]])).round(12) + 0.0
        array([0., 0., 0., 1.])
    """
    r = np.asarray(rotation, dtype=np.float64)
    antisymmetric = np.array([r[2, 1] - r[1, 2], r[0, 2] - r[2, 0], r[1, 0] - r[0, 1]])
    matrix = np.empty((4, 4))
    matrix[1:, 1:] = r + r.T - np.trace(r) * np.eye(3)
    matrix[0, 1:] = matrix[1:, 0] = antisymmetric
    matrix[0, 0] = np.trace(r)
    wxyz = np.linalg.eigh(matrix)[1][:, -1]
    return np.asarray(wxyz * (-1 if wxyz[0] < 0 else 1))


def upright_boxes(centres: Float64Array, sizes: Float64Array, rotations: Float64Array) -> Float64Array:
    """(B, 7) boxes from (B, 3) centres, (B, 3) length, width, height, and (B, 3, 3) axes of the boxes.

    The yaw is the direction of the box's own x axis seen from above; a tilt against the frame's axes is left out.
    """
    yaw = np.arctan2(rotations[:, 1, 0], rotations[:, 0, 0])
    return np.column_stack([centres, sizes, yaw])
