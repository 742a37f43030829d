"""One frame of one drive, from the world to points and labels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scanpick.arrays import BoolArray, Points
from scanpick.datasets.simulated.annotate import CAMERA, IMAGE_SIZE, label_frame
from scanpick.datasets.simulated.raycast import cast_ground, cast_objects
from scanpick.datasets.simulated.sensor import MAX_RANGE_M, fan, sweep
from scanpick.datasets.simulated.world import World
from scanpick.structures import Labels


class SimulatedFrame(NamedTuple):
    """Points and labels of one frame."""

    points: Points
    labels: Labels


def simulate(world: World, time: float, frame_seed: int, *, full: bool) -> SimulatedFrame:
    """Simulate one sweep, `time` seconds after the drive began.

    Args:
        world: The drive's world.
        time: Seconds since the drive began.
        frame_seed: Of the sensor's noise, 64 bits.
        full: The whole turn; else only the points in the camera's image, as in KITTI's reduced clouds.
    """
    # What stands around at this time
    snapshot = world.snapshot(time)
    objects = snapshot.objects
    # Where each ray ends
    rays = fan(frame_seed, full=full)
    hits = cast_ground(world.ground, snapshot.view, rays, MAX_RANGE_M)
    alone = cast_objects(objects, rays, hits)
    # What the sensor makes of it
    points, owners = sweep(rays, hits, snapshot.paint, world.weather)
    pictured = in_image(points)
    # What an annotator makes of it
    first_hits = hits.owner[rays.counted]
    visible = np.bincount(first_hits[first_hits >= 0], minlength=len(objects.x))
    labels = label_frame(world, snapshot, alone, visible, points[pictured], owners[pictured])
    return SimulatedFrame(points if full else points[pictured], labels)


def in_image(points: Points) -> BoolArray:
    """(P,) whether a point is in the camera's image.

    Written out instead of as a matrix product, whose last digit may depend on the number of threads.
    """
    x, y, z = (points[:, axis].astype(np.float64) for axis in range(3))
    matrix = CAMERA.projection @ CAMERA.camera_SE3_lidar
    u, v, depth = (row[0] * x + row[1] * y + row[2] * z + row[3] for row in matrix)
    width, height = IMAGE_SIZE
    return (depth > 0.1) & (u >= 0) & (u < width * depth) & (v >= 0) & (v < height * depth)
