"""The histograms against numpy, by hand, and the length of their blocks."""

import numpy as np
import pytest

from scanpick.encoders.statistics import EXTENT_LEVELS_M, HEIGHT_LEVELS_M, Statistics
from scanpick.errors import FrameError
from scanpick.structures import Frame, FrameRecord


def scene(seed: int = 0, count: int = 5000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    near = rng.normal(0, 12, (count, 2))
    return np.column_stack([near, rng.normal(0, 3, count), rng.random(count)]).astype(np.float32)


def test_histograms_equal_numpy() -> None:
    points = scene()
    ranges, heights, densities, occupancy = Statistics().histograms(points)
    x, y, z = points[:, :3].astype(np.float64).T
    range_m = np.hypot(x, y)
    near = range_m < 80
    np.testing.assert_array_equal(ranges, np.histogram(range_m, np.linspace(0, 80, 17))[0])
    clipped = np.clip(z[near], HEIGHT_LEVELS_M[0], HEIGHT_LEVELS_M[-1])
    np.testing.assert_array_equal(heights, np.histogram(clipped, HEIGHT_LEVELS_M)[0])

    cells = np.stack([np.floor(x[near]), np.floor(y[near])], axis=1)
    unique, inverse, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    expected = np.bincount(np.minimum(np.log2(counts).astype(int), 9), minlength=10)
    np.testing.assert_array_equal(densities, expected)
    highest, lowest = np.full(len(unique), -np.inf), np.full(len(unique), np.inf)
    np.maximum.at(highest, inverse.ravel(), z[near])
    np.minimum.at(lowest, inverse.ravel(), z[near])
    extent = np.searchsorted(EXTENT_LEVELS_M, highest - lowest, side="right")
    ring = np.minimum((np.hypot(*(unique + 0.5).T) / 10).astype(int), 7)
    np.testing.assert_array_equal(occupancy, np.bincount(ring * 3 + extent, minlength=24))


def test_every_block_weighs_the_same() -> None:
    vector = Statistics().encode([Frame(FrameRecord("frame", "drive", 0), scene())])[0]
    blocks = np.split(vector, np.cumsum([16, 16, 10]))
    assert [len(block) for block in blocks] == [16, 16, 10, 24]
    np.testing.assert_allclose([np.linalg.norm(block) for block in blocks], 0.5, rtol=1e-6)


def test_direction_and_number_of_points_do_not_count() -> None:
    points = scene()
    turned = points.copy()
    turned[:, 0], turned[:, 1] = points[:, 1], points[:, 0]
    encoder = Statistics()
    frames = [Frame(FrameRecord(name, "drive", 0), p) for name, p in (("a", points), ("b", turned))]
    np.testing.assert_allclose(*encoder.encode(frames), atol=1e-6)
    ranges, heights, *_ = encoder.histograms(points)
    twice_ranges, twice_heights, *_ = encoder.histograms(np.vstack([points, points]))
    np.testing.assert_array_equal(twice_ranges, ranges * 2)
    np.testing.assert_array_equal(twice_heights, heights * 2)


def test_huge_coordinates_do_no_harm() -> None:
    points = np.array([[1, 1, 3e38, 0], [2, 2, -3e38, 0], [3e38, 0, 0, 0]], dtype=np.float32)
    ranges, heights, densities, occupancy = Statistics().histograms(points)
    assert (heights[0], heights[-1]) == (1, 1)
    assert ranges.sum() == densities.sum() == occupancy.sum() == 2


def test_nothing_in_range_is_told() -> None:
    far = scene() + np.float32(1000)
    with pytest.raises(FrameError, match="None of the 5000 points lies within 80 m"):
        Statistics().encode([Frame(FrameRecord("frame", "drive", 0), far)])
