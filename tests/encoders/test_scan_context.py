"""Scan Context against a plain numpy twin, its invariances, and what it does with frames it cannot describe."""

import itertools

import numpy as np
import pytest

from scanpick.arrays import Float64Array, Points
from scanpick.encoders.scan_context import ScanContext, height_map, smoothed
from scanpick.errors import FrameError
from scanpick.structures import Frame, FrameRecord


def frame_of(points: Points) -> Frame:
    return Frame(FrameRecord("frame", "drive", 0), points)


def scene(seed: int = 0, count: int = 3000) -> Points:
    rng = np.random.default_rng(seed)
    points = np.column_stack([rng.uniform(-100, 100, (count, 2)), rng.uniform(-3, 6, count), rng.random(count)])
    return points.astype(np.float32)


def plain_map(points: Points, rings: int, sectors: int, max_range_m: float, sensor_height_m: float) -> Float64Array:
    """The definition, in numpy and float64."""
    x, y, z = points[:, :3].astype(np.float64).T
    range_m = np.hypot(x, y)
    near = range_m < max_range_m
    ring = np.floor(range_m[near] / max_range_m * rings).astype(int)
    sector = np.floor(np.arctan2(y, x)[near] % (2 * np.pi) / (2 * np.pi) * sectors).astype(int)
    heights = np.zeros((rings, sectors))
    np.maximum.at(heights, (ring, np.minimum(sector, sectors - 1)), z[near] + sensor_height_m)
    return heights


@pytest.mark.parametrize(("rings", "sectors"), [(20, 60), (1, 1), (7, 13)])
def test_map_equals_its_definition(rings: int, sectors: int) -> None:
    points = scene()
    expected = plain_map(points, rings, sectors, 80.0, 2.0)
    np.testing.assert_allclose(height_map(points, rings, sectors, 80.0, 2.0), expected, rtol=1e-12)


def test_map_by_hand() -> None:
    """Two points in one bin: the higher counts. Sector 0 starts ahead and goes left; 80 m is out."""
    points = np.array(
        [[10, 1, 1, 0], [10, 0.9, 3, 0], [-0.1, 30, 0, 0], [10, -1, -1, 0], [80, 0, 5, 0], [30, 30, -9, 0]],
        dtype=np.float32,
    )
    heights = height_map(points, 20, 60, 80.0, 2.0)
    assert {(int(r), int(s)): float(heights[r, s]) for r, s in zip(*np.nonzero(heights), strict=True)} == {
        (2, 0): 5.0,
        (7, 15): 2.0,
        (2, 59): 1.0,
    }


def test_turning_the_vehicle_rolls_the_map_and_keeps_the_key() -> None:
    points = scene()
    angle = 2 * np.pi * 7 / 60
    turned = points.astype(np.float64)
    turned[:, 0] = np.cos(angle) * points[:, 0] - np.sin(angle) * points[:, 1]
    turned[:, 1] = np.sin(angle) * points[:, 0] + np.cos(angle) * points[:, 1]
    before = height_map(points, 20, 60, 80.0, 2.0)
    after = height_map(turned.astype(np.float32), 20, 60, 80.0, 2.0)
    # float32 coordinates of the turned scene move a few points over the edge of a bin
    assert (np.abs(np.roll(before, 7, axis=1) - after) < 1e-5).mean() > 0.99
    key = ScanContext(descriptor="key")
    np.testing.assert_allclose(
        key.encode([frame_of(points)]), key.encode([frame_of(turned.astype(np.float32))]), atol=2e-3
    )


@pytest.mark.parametrize("sigma", [0.5, 1.0])
def test_smoothing_is_a_weighted_mean_around_the_circle_and_up_to_the_outer_rings(sigma: float) -> None:
    heights = height_map(scene(), 20, 60, 80.0, 2.0)
    reach = int(4 * sigma + 0.5)
    offsets = range(-reach, reach + 1)
    weights = np.exp(-0.5 * (np.array(offsets) / sigma) ** 2)
    expected = np.zeros_like(heights)
    for ring, sector, i, j in itertools.product(range(20), range(60), offsets, offsets):
        source = heights[np.clip(ring + i, 0, 19), (sector + j) % 60]
        expected[ring, sector] += weights[i + reach] * weights[j + reach] * source
    np.testing.assert_allclose(smoothed(heights, sigma), expected / weights.sum() ** 2, atol=1e-12)


def test_plain_descriptor_of_the_paper() -> None:
    """Without smoothing and scaling, the vector is the map."""
    vector = ScanContext(descriptor="full", smoothing_bins=0, unit_length=False).encode([frame_of(scene())])[0]
    np.testing.assert_allclose(vector, plain_map(scene(), 20, 60, 80.0, 2.0).ravel().astype(np.float32))


def test_parts_weigh_the_same() -> None:
    both = ScanContext().encode([frame_of(scene())])[0]
    assert np.linalg.norm(both[:1200]) == pytest.approx(np.sqrt(0.5))
    assert np.linalg.norm(both[1200:]) == pytest.approx(np.sqrt(0.5))


def test_smoothing_brings_neighbours_in_time_nearer() -> None:
    """Why it is there: moved by a metre, a scene stays nearer to itself, measured against other scenes."""
    moved = scene(0) + np.array([1, 0, 0, 0], dtype=np.float32)
    ratios = []
    for sigma in (0.0, 1.0):
        vectors = ScanContext(smoothing_bins=sigma).encode([frame_of(p) for p in (scene(0), moved, scene(1))])
        ratios.append(np.linalg.norm(vectors[0] - vectors[1]) / np.linalg.norm(vectors[0] - vectors[2]))
    assert ratios[1] < ratios[0]


def test_nothing_in_range_is_told() -> None:
    """Millimetres taken for metres, for instance."""
    with pytest.raises(FrameError, match=r"None of the 3000 points lies within 80 m.*Check the unit"):
        ScanContext().encode([frame_of(scene() * np.float32(1e5))])
