"""Crops are about as large as objects, stand above the ground, and there are always as many as asked for."""

from __future__ import annotations

import numpy as np

from scanpick.encoders.recon.crops import LEAST_POINTS, RADIUS_M, object_crops
from tests.detectors.scenes import GROUND_Z, car_scene


def test_crops_are_small_and_show_no_ground() -> None:
    xyz = car_scene(cars=9).points[:, :3]
    crops = object_crops(xyz, 40, np.random.default_rng(0))
    assert len(crops) == 40
    known = {tuple(point) for point in xyz}
    off_ground = 0
    for crop in crops:
        assert len(crop) >= LEAST_POINTS
        assert all(tuple(point) in known for point in crop)
        if (crop[:, 2] > GROUND_Z + 0.1).all():
            off_ground += 1
            assert np.ptp(crop[:, :2], axis=0).max() <= 2 * RADIUS_M[1]
    assert off_ground > 10


def test_empty_ground_and_tiny_frames_give_the_nearest_points() -> None:
    rng = np.random.default_rng(0)
    flat = np.column_stack([rng.uniform(0, 40, (500, 2)), np.full(500, GROUND_Z)]).astype(np.float32)
    for xyz in (flat, flat[:LEAST_POINTS]):
        for crop in object_crops(xyz, 3, rng):
            assert crop.shape == (LEAST_POINTS, 3)


def test_the_same_rng_gives_the_same_crops() -> None:
    xyz = car_scene().points[:, :3]
    one, other = (object_crops(xyz, 3, np.random.default_rng(1)) for _ in range(2))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
