"""One frame of one drive, from the world to points and labels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Points
from scanpick.datasets.simulated.annotate import IMAGE_SIZE, calibration, label_frame
from scanpick.datasets.simulated.raycast import cast_ground, cast_objects
from scanpick.datasets.simulated.sensor import MAX_RANGE_M, fan, sweep
from scanpick.datasets.simulated.world import World
from scanpick.geometry.transforms import project_to_image, transform_points
from scanpick.structures import Labels

CAMERA = calibration()


@dataclass(frozen=True, eq=False)
class SimulatedFrame:
    """Points and labels of one frame."""

    points: Points
    labels: Labels


def simulate(world: World, time: float, frame_seed: int, *, full: bool) -> SimulatedFrame:
    """Simulate one sweep.

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
    points, returned = sweep(rays, hits, snapshot.paint, world.weather)
    if not full:
        points = points[in_image(points)]
    # What an annotator makes of it
    counted = hits.owner[rays.counted]
    visible = np.bincount(counted[counted >= 0], minlength=len(objects.x))
    echoes = np.bincount(counted[(counted >= 0) & returned[rays.counted]], minlength=len(objects.x))
    labels = label_frame(world, snapshot, alone, visible, echoes, CAMERA)
    return SimulatedFrame(points, labels)


def in_image(points: Points) -> np.ndarray:
    """(P,) whether a point is in the camera's image."""
    camera = transform_points(CAMERA.camera_SE3_lidar, points[:, :3])
    ahead = camera[:, 2] > 0.1
    pixels = project_to_image(np.where(ahead[:, None], camera, [0.0, 0.0, 1.0]), CAMERA.projection)
    inside = (pixels >= 0) & (pixels < np.array(IMAGE_SIZE))
    return ahead & inside.all(axis=1)
