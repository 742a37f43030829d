"""The picks are those of a plain scan, whatever the buckets are."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scanpick.errors import ScanpickError
from scanpick.geometry.farthest_point_sampling import (
    farthest_feature_sampling_batch,
    farthest_point_sampling,
    farthest_point_sampling_batch,
)


def plain_scan(rows, count):
    """The definition, with sums taken column by column."""
    nearest = np.full(len(rows), np.inf, rows.dtype)
    picks = [0]
    for _ in range(count - 1):
        differences = rows - rows[picks[-1]]
        squares = differences * differences
        distances = squares[:, 0]
        for column in range(1, rows.shape[1]):
            distances = distances + squares[:, column]
        nearest = np.minimum(nearest, distances)
        picks.append(int(nearest.argmax()))
    return np.array(picks)


def clouds():
    rng = np.random.default_rng(0)
    yield "lidar-like", rng.normal(size=(5000, 3)) * [30, 20, 1], 700
    yield "several buckets, last one short", rng.normal(size=(1027, 3)), 1027
    yield "on a grid: ties everywhere", rng.integers(0, 5, (900, 3)).astype(float), 200
    yield "a line", np.linspace(0, 1, 600)[:, None] * [1.0, 0, 0], 300
    yield "one place", np.ones((300, 3)), 20
    yield "far from the origin", rng.normal(size=(700, 3)) + 1e5, 300
    yield "one point", np.zeros((1, 3)), 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "cloud", "count"), list(clouds()))
def test_picks_equal_the_plain_scan(name, cloud, count, dtype):
    cloud = cloud.astype(dtype)
    np.testing.assert_array_equal(farthest_point_sampling(cloud, count), plain_scan(cloud, count))
    np.testing.assert_array_equal(farthest_feature_sampling_batch(cloud[None], count)[0], plain_scan(cloud, count))


@settings(max_examples=60, deadline=None)
@given(arrays(np.float32, st.tuples(st.integers(1, 700), st.just(3)), elements=st.integers(-3, 3)), st.data())
def test_picks_equal_the_plain_scan_on_any_cloud_with_ties(cloud, data):
    count = data.draw(st.integers(1, min(len(cloud), 40)))
    np.testing.assert_array_equal(farthest_point_sampling(cloud, count), plain_scan(cloud, count))


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (515, 5), (1200, 35), (17, 8)])
def test_feature_picks_equal_the_plain_scan(rows, columns):
    features = np.random.default_rng(rows).normal(size=(rows, columns)).astype(np.float32)
    count = min(rows, 120)
    np.testing.assert_array_equal(
        farthest_feature_sampling_batch(features[None], count)[0], plain_scan(features, count)
    )


def test_a_smaller_count_is_a_prefix():
    cloud = np.random.default_rng(0).normal(size=(1000, 3))
    np.testing.assert_array_equal(farthest_point_sampling(cloud, 50), farthest_point_sampling(cloud, 500)[:50])


def test_batches_equal_single_clouds_on_one_and_two_threads():
    rng = np.random.default_rng(0)
    points, features = rng.normal(size=(3, 800, 3)), rng.normal(size=(3, 800, 6))
    for threads in (1, min(2, numba.config.NUMBA_NUM_THREADS)):
        before = numba.get_num_threads()
        numba.set_num_threads(threads)
        try:
            by_place = farthest_point_sampling_batch(points, 60)
            by_feature = farthest_feature_sampling_batch(features, 60)
        finally:
            numba.set_num_threads(before)
        np.testing.assert_array_equal(by_place, [plain_scan(cloud, 60) for cloud in points])
        np.testing.assert_array_equal(by_feature, [plain_scan(cloud, 60) for cloud in features])


@pytest.mark.parametrize(
    ("cloud", "count", "message"),
    [
        (np.zeros((5, 3)), 6, "a count from 1 to the 5 points, got 6"),
        (np.zeros((5, 3)), 0, "a count from 1 to the 5 points, got 0"),
        (np.zeros((5, 4)), 2, r"expected shape \(at least 1, 3\), got \(5, 4\)"),
        (np.zeros((0, 3)), 1, r"got \(0, 3\)"),
        (np.array([[0, 0, 0], [np.nan, 0, 0]]), 1, "NaN or infinity in 1"),
    ],
)
def test_wrong_input_is_named(cloud, count, message):
    with pytest.raises(ScanpickError, match=message):
        farthest_point_sampling(cloud, count)


@pytest.mark.golden
def test_picks_equal_the_reference(golden):
    """D-FPS of the first layer, and of the second one F-FPS too, from features that are given."""
    arrays = np.load(golden / "ssd3d" / "small_forward.npz")
    first = arrays["sa0_indices"]
    points = np.ascontiguousarray(arrays["points"][:, :, :3])
    np.testing.assert_array_equal(farthest_point_sampling_batch(points, first.shape[1]), first)
    second = arrays["sa1_indices"]
    features = arrays["agg0_features"].transpose(0, 2, 1)
    places, count = arrays["sa0_xyz"], second.shape[1] // 2
    by_feature = farthest_feature_sampling_batch(np.concatenate([places, features], axis=2), count)
    np.testing.assert_array_equal(by_feature, second[:, :count])
    np.testing.assert_array_equal(farthest_point_sampling_batch(places, count), second[:, count:])
    full = np.load(golden / "ssd3d" / "forward.npz")
    first = full["sa0_indices"]
    points = np.ascontiguousarray(full["points"][:, :, :3])
    np.testing.assert_array_equal(farthest_point_sampling_batch(points, first.shape[1]), first)
