"""Ball query by its rule: rings, first rows in order, fill, and the empty ring."""

import numba
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from scanpick.errors import ScanpickError
from scanpick.geometry.ball_query import Ring, ball_query


def plain_query(points, centres, ring):
    """The rule, centre by centre."""
    least, greatest = (np.asarray(radius, points.dtype) ** 2 for radius in (ring.least, ring.greatest))
    result = np.zeros((len(centres), ring.count), np.int32)
    for m, centre in enumerate(centres):
        dx, dy, dz = (centre - points).T
        distance = dx * dx + dy * dy + dz * dz
        rows = np.flatnonzero(((distance >= least) & (distance < greatest)) | (distance == 0))[: ring.count]
        if len(rows):
            result[m] = rows[0]
            result[m, : len(rows)] = rows
    return result


RINGS = [Ring(0, 0.5, 4), Ring(0.5, 1.5, 16), Ring(0, 2.5, 40)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("scale", [(6, 6, 1), (100, 80, 3), (0.2, 0.2, 0.2), (1e4, 1, 1)])
def test_rows_equal_the_plain_rule(scale, dtype):
    rng = np.random.default_rng(0)
    points = (rng.uniform(-1, 1, (5000, 3)) * scale).astype(dtype)
    centres = np.concatenate([points[::40], (rng.uniform(-1.2, 1.2, (60, 3)) * scale).astype(dtype)])
    for ring, found in zip(RINGS, ball_query(points, centres, RINGS), strict=True):
        np.testing.assert_array_equal(found.pad(), plain_query(points, centres, ring))


@settings(max_examples=60, deadline=None)
@given(
    arrays(np.float32, st.tuples(st.integers(1, 200), st.just(3)), elements=st.integers(-4, 4)),
    arrays(np.float32, st.tuples(st.integers(0, 20), st.just(3)), elements=st.integers(-6, 6)),
    st.sampled_from([Ring(0, 1, 3), Ring(1, 2, 8), Ring(2, 3, 1), Ring(0, 20, 5)]),
)
def test_distances_exactly_on_a_radius_and_equal_points(points, centres, ring):
    np.testing.assert_array_equal(ball_query(points, centres, [ring])[0].pad(), plain_query(points, centres, ring))


def test_the_nearer_radius_is_inside_the_farther_one_outside_and_the_centre_in_every_ring():
    points = np.array([[2.0, 0, 0], [1, 0, 0], [0, 0, 0], [1.5, 0, 0]])
    (found,) = ball_query(points, np.zeros((1, 3)), [Ring(1, 2, 4)])
    assert found.pad().tolist() == [[1, 2, 3, 1]]
    assert found.rows.tolist() == [1, 2, 3]
    assert found.repeats().tolist() == [2, 1, 1]


def test_a_centre_without_points_gets_row_0_alone():
    (found,) = ball_query(np.full((9, 3), 7.0), np.zeros((2, 3)), [Ring(0, 1, 5)])
    assert found.rows.tolist() == [0, 0]
    assert found.repeats().tolist() == [5, 5]
    assert (found.pad() == 0).all()


def test_no_centres():
    (found,) = ball_query(np.zeros((9, 3)), np.zeros((0, 3)), [Ring(0, 1, 5)])
    assert found.pad().shape == (0, 5)
    assert len(found.repeats()) == 0


def test_a_far_point_does_not_blow_the_grid_up():
    points = np.concatenate([np.random.default_rng(0).normal(size=(500, 3)), [[1e9, -1e9, 1e9]]])
    (found,) = ball_query(points, points, [Ring(0, 0.5, 8)])
    np.testing.assert_array_equal(found.pad(), plain_query(points, points, Ring(0, 0.5, 8)))


def test_threads_do_not_change_anything():
    points = np.random.default_rng(0).normal(size=(3000, 3)).astype(np.float32)
    before = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        alone = ball_query(points, points, RINGS)
    finally:
        numba.set_num_threads(before)
    for one, many in zip(alone, ball_query(points, points, RINGS), strict=True):
        np.testing.assert_array_equal(one.rows, many.rows)
        np.testing.assert_array_equal(one.starts, many.starts)


def test_wrong_input_is_named():
    with pytest.raises(ScanpickError, match=r"centres: expected finite numbers, got NaN or infinity in 0"):
        ball_query(np.zeros((2, 3)), np.full((1, 3), np.nan), [Ring(0, 1, 1)])
    with pytest.raises(ScanpickError, match=r"expected shape \(at least 1, 3\), got \(2, 2\)"):
        ball_query(np.zeros((2, 2)), np.zeros((1, 3)), [Ring(0, 1, 1)])
    with pytest.raises(ScanpickError, match="0 <= least < greatest"):
        Ring(1, 1, 3)


@pytest.mark.golden
def test_rows_equal_the_reference(golden):
    points = np.ascontiguousarray(np.load(golden / "ssd3d" / "forward.npz")["points"][:, :, :3])
    arrays = np.load(golden / "ssd3d" / "ball_query.npz")
    names = [name for name in arrays if name.startswith("idx_")]
    assert names
    for name in names:
        least, greatest, count = arrays[name.replace("idx", "min_max_n")]
        for cloud, centres, expected in zip(points, arrays["centres"], arrays[name], strict=True):
            (found,) = ball_query(cloud, centres, [Ring(least, greatest, int(count))])
            np.testing.assert_array_equal(found.pad(), expected)
    count = arrays["empty_idx"].shape[2]
    for cloud, centres, expected in zip(points, arrays["empty_centres"], arrays["empty_idx"], strict=True):
        np.testing.assert_array_equal(ball_query(cloud, centres, [Ring(0.2, 0.4, count)])[0].pad(), expected)
