"""Changes leave a frame what it shows."""

import numpy as np
import pytest

from scanpick.evaluation.probes.perturbations import PERTURBATIONS, drop_points, range_noise, rotate


@pytest.fixture
def points():
    rng = np.random.default_rng(0)
    return np.column_stack([rng.uniform(-40, 40, (500, 2)), rng.normal(size=500), rng.random(500)]).astype(np.float32)


def test_a_rotation_keeps_ranges_and_heights(points):
    turned = rotate(points, np.random.default_rng(1))
    np.testing.assert_allclose(np.hypot(*turned[:, :2].T), np.hypot(*points[:, :2].T), rtol=1e-5)
    np.testing.assert_array_equal(turned[:, 2:], points[:, 2:])
    angles = np.angle((turned[:, 0] + 1j * turned[:, 1]) / (points[:, 0] + 1j * points[:, 1]))
    assert np.pi / 36 <= np.abs(angles).min() <= np.abs(angles).max() <= np.pi / 12
    assert np.ptp(angles) < 1e-5


def test_half_of_the_points_stay_in_order(points):
    kept = drop_points(points, np.random.default_rng(1))
    assert len(kept) == 250
    rows = [int(np.flatnonzero((points == row).all(axis=1))[0]) for row in kept]
    assert rows == sorted(rows)
    assert len(drop_points(points[:1], np.random.default_rng(1))) == 1


def test_noise_moves_along_the_ray(points):
    points[0, :3] = 0  # no ray
    moved = range_noise(points, np.random.default_rng(1))
    before, after = (np.linalg.norm(part[:, :3].astype(np.float64), axis=1) for part in (points, moved))
    np.testing.assert_allclose(moved[1:, :3] / after[1:, None], points[1:, :3] / before[1:, None], atol=1e-5)
    assert 0.08 < (after - before).std() < 0.12
    assert np.isfinite(moved).all()


def test_changes_come_from_the_seed_and_keep_the_type(points):
    for change in PERTURBATIONS.values():
        one, same, other = (change(points, np.random.default_rng(seed)) for seed in (1, 1, 2))
        np.testing.assert_array_equal(one, same)
        assert not np.array_equal(one, other)
        assert one.dtype == np.float32
