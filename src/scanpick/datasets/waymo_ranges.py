"""Range images of Waymo Open to points, as the data set's own library does, in float64.

A range image has a row for each inclination of the beam, from the highest, and a column for each azimuth; its channels
are range (m, at most 0 without a return), intensity, elongation and whether the point is in a zone without labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float32Array, Float64Array
from scanpick.geometry.transforms import transform_points


@dataclass(frozen=True, eq=False)
class Laser:
    """One of the LiDARs.

    Attributes:
        vehicle_SE3_laser: (4, 4).
        inclinations: (H,) radians, from the lowest; None where they are evenly spread.
        lowest: The least inclination, radians.
        highest: The greatest.
    """

    vehicle_SE3_laser: Float64Array
    inclinations: Float64Array | None
    lowest: float
    highest: float

    def angles(self, height: int, width: int) -> tuple[Float64Array, Float64Array]:
        """(H,) inclinations from the highest, and (W,) azimuths in the laser's coordinates."""
        rows = self.inclinations
        if rows is None:
            rows = self.lowest + (np.arange(height) + 0.5) / height * (self.highest - self.lowest)
        turn = np.arctan2(self.vehicle_SE3_laser[1, 0], self.vehicle_SE3_laser[0, 0])
        return rows[::-1], ((width - np.arange(width) - 0.5) / width * 2 - 1) * np.pi - turn


def points_of(
    image: Float32Array, laser: Laser, vehicle_SE3_world: Float64Array | None, pixel_poses: Float32Array | None
) -> Float64Array:
    """(P, 5) x, y, z in vehicle coordinates, intensity and elongation of the pixels with a return, row by row.

    Args:
        image: (H, W, C) range image, C >= 3.
        laser: Which made it.
        vehicle_SE3_world: (4, 4) of the frame; needed with pixel poses.
        pixel_poses: (H, W, 6) roll, pitch, yaw, x, y, z of the vehicle in the world when each pixel was measured, which
            takes the vehicle's motion out; None where it is not known.
    """
    rows, columns = np.nonzero(image[..., 0] > 0)
    inclinations, azimuths = laser.angles(*image.shape[:2])
    incline, azimuth = inclinations[rows], azimuths[columns]
    ranges = image[rows, columns, 0].astype(np.float64)
    flat = ranges * np.cos(incline)
    xyz = np.column_stack([flat * np.cos(azimuth), flat * np.sin(azimuth), ranges * np.sin(incline)])
    xyz = transform_points(laser.vehicle_SE3_laser, xyz)
    if pixel_poses is not None and vehicle_SE3_world is not None:
        poses = pixel_poses[rows, columns].astype(np.float64)
        world = np.einsum("pij,pj->pi", rotations(poses[:, :3]), xyz) + poses[:, 3:]
        xyz = transform_points(vehicle_SE3_world, world)
    return np.column_stack([xyz, image[rows, columns, 1:3]])


def rotations(angles: Float64Array) -> Float64Array:
    """(P, 3, 3) Rz(yaw) Ry(pitch) Rx(roll) of (P, 3) roll, pitch, yaw."""
    (cr, cp, cy), (sr, sp, sy) = np.cos(angles).T, np.sin(angles).T
    rows = [
        [cy * cp, cy * sp * sr - sy * cr, cy * sp * cr + sy * sr],
        [sy * cp, sy * sp * sr + cy * cr, sy * sp * cr - cy * sr],
        [-sp, cp * sr, cp * cr],
    ]
    return np.moveaxis(np.array(rows), -1, 0)
