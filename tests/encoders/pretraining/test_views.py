"""Augmented views: rigid up to the scale and the noise that were asked for, never fewer points than needed."""

from __future__ import annotations

import numpy as np

from scanpick.encoders.pretraining.views import ViewSettings, augmented_view
from tests.detectors.scenes import car_scene

XYZ = car_scene().points[:, :3]


def _distances(xyz: np.ndarray) -> np.ndarray:
    return np.linalg.norm(xyz[:200, None].astype(np.float64) - xyz[None, :200], axis=2)


def test_without_scale_noise_and_drops_shape_and_heights_stay() -> None:
    rigid = ViewSettings(scale=0.0, dropped=0.0, jitter_m=0.0)
    handedness = set()
    for seed in range(8):
        view = augmented_view(XYZ, np.random.default_rng(seed), settings=rigid)
        np.testing.assert_allclose(_distances(view), _distances(XYZ), atol=2e-4)
        np.testing.assert_allclose(view[:, 2], XYZ[:, 2], atol=1e-5)
        solved = np.linalg.lstsq(XYZ[:, :2].astype(np.float64), view[:, :2].astype(np.float64), rcond=None)[0]
        handedness.add(round(np.linalg.det(solved)))
    assert handedness == {-1, 1}


def test_noise_is_along_the_ray_and_of_the_size_asked_for() -> None:
    noisy = ViewSettings(rotation_rad=0.0, mirrored=0.0, scale=0.0, dropped=0.0, jitter_m=0.05)
    moved = augmented_view(XYZ, np.random.default_rng(0), settings=noisy).astype(np.float64) - XYZ
    rays = XYZ / np.linalg.norm(XYZ, axis=1, keepdims=True)
    along = (moved * rays).sum(axis=1)
    np.testing.assert_allclose(moved, along[:, None] * rays, atol=1e-5)
    assert abs(along.std() - 0.05) < 0.003


def test_points_are_dropped_but_not_below_the_least() -> None:
    harsh = ViewSettings(dropped=1.0)
    counts = [len(augmented_view(XYZ, np.random.default_rng(s), least=3000, settings=harsh)) for s in range(20)]
    assert min(counts) == 3000
    assert max(counts) > 4000
    assert len(augmented_view(XYZ[:10], np.random.default_rng(0), least=3000, settings=harsh)) == 10


def test_the_same_rng_gives_the_same_view() -> None:
    views = [augmented_view(XYZ, np.random.default_rng(seed)) for seed in (4, 4, 5)]
    np.testing.assert_array_equal(views[0], views[1])
    assert views[0].shape != views[2].shape or not np.array_equal(views[0], views[2])
