"""Pieces of a scene about as large as an object, cut without labels."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import Float32Array, Float64Array
from scanpick.geometry.ground import estimate_ground

LEAST_POINTS = 64
RADIUS_M = (0.8, 3.5)
"""A crop is a cylinder: from a pedestrian with what is around, to a car and its neighbour's bumper."""

CLEARANCE_M = 0.2
"""Points lower than this above the ground are not part of an object."""

SEED_HEIGHT_M = (0.4, 2.5)
"""A crop is centred on a point at such a height above the ground, where there is one."""


def object_crops(xyz: Float32Array, count: int, rng: np.random.Generator) -> list[Float32Array]:
    """`count` crops of a scene: the points above the ground within a random radius of a random point.

    A crop with fewer than `LEAST_POINTS` points becomes that many points nearest to its centre, ground or not, so that
    there are always as many crops as were asked for.

    Args:
        xyz: (P, 3) metres, LiDAR frame, at least `LEAST_POINTS`.
        count: How many.
        rng: Draws centres and radii.
    """
    height = _height_above_ground(xyz)
    seeds = np.flatnonzero((height > SEED_HEIGHT_M[0]) & (height < SEED_HEIGHT_M[1]))
    if not len(seeds):
        seeds = np.arange(len(xyz))
    crops = []
    for seed in rng.choice(seeds, count):
        near = ((xyz[:, :2] - xyz[seed, :2]) ** 2).sum(axis=1) < rng.uniform(*RADIUS_M) ** 2
        crop = xyz[near & (height > CLEARANCE_M)]
        if len(crop) < LEAST_POINTS:
            distance = ((xyz - xyz[seed]) ** 2).sum(axis=1)
            crop = xyz[np.argsort(distance, kind="stable")[:LEAST_POINTS]]
        crops.append(np.ascontiguousarray(crop))
    return crops


def _height_above_ground(xyz: Float32Array) -> Float64Array:
    return xyz[:, 2] - estimate_ground(xyz).height_at(xyz[:, :2])
