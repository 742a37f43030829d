"""The k nearest points, against sorting all of them."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scanpick.errors import ScanpickError
from scanpick.geometry.nearest_neighbours import nearest_neighbours


def sort_all(points, queries, count):
    dx, dy, dz = (points[None] - queries[:, None]).transpose(2, 0, 1)
    distances = dx * dx + dy * dy + dz * dz
    rows = np.argsort(distances, axis=1, kind="stable")[:, :count]
    return rows, np.take_along_axis(distances, rows, axis=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("count", "size"), [(1, 1), (1, 700), (16, 1024), (33, 33), (5, 4000)])
def test_rows_and_distances_equal_sorting(count, size, dtype):
    rng = np.random.default_rng(size)
    points = rng.normal(size=(size, 3)).astype(dtype)
    queries = np.concatenate([points[::7], rng.normal(size=(20, 3)).astype(dtype) * 9])
    rows, distances = nearest_neighbours(points, queries, count)
    expected_rows, expected_distances = sort_all(points, queries, count)
    np.testing.assert_array_equal(rows, expected_rows)
    np.testing.assert_array_equal(distances, expected_distances)


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float32, st.tuples(st.integers(3, 300), st.just(3)), elements=st.integers(-2, 2)),
    arrays(np.float32, st.tuples(st.integers(0, 9), st.just(3)), elements=st.integers(-3, 3)),
)
def test_of_equally_near_points_the_lowest_row_comes_first(points, queries):
    np.testing.assert_array_equal(nearest_neighbours(points, queries, 3)[0], sort_all(points, queries, 3)[0])


@pytest.mark.golden
def test_neighbours_of_the_reference_patches(golden):
    """The 16 nearest of each centre; the reference sorted them by row, so the sets are compared."""
    arrays = np.load(golden / "recon" / "svm_forward.npz")
    expected = arrays["knn_index_sorted"]
    for cloud, centres, sets in zip(arrays["points"], arrays["centers"], expected, strict=True):
        rows, _ = nearest_neighbours(cloud, centres, expected.shape[2])
        np.testing.assert_array_equal(np.sort(rows, axis=1), sets)


def test_a_count_beyond_the_points_is_named():
    with pytest.raises(ScanpickError, match="a count from 1 to the 2 points, got 3"):
        nearest_neighbours(np.zeros((2, 3)), np.zeros((1, 3)), 3)
