"""Buckets share a cloud evenly, with boxes that hold their points."""

from itertools import pairwise

import numpy as np
import pytest

from scanpick.geometry.buckets import bucket_order, in_buckets


def clouds():
    rng = np.random.default_rng(0)
    yield "lidar-like", rng.normal(size=(3000, 3)).astype(np.float32) * np.float32([30, 20, 1])
    yield "all equal", np.ones((200, 3), np.float32)
    yield "one far away", np.concatenate([rng.normal(size=(500, 3)), [[1e7, 0, 0]]])
    yield "one point", np.zeros((1, 3))
    yield "a grid with many ties", rng.integers(0, 4, (1000, 3)).astype(np.float32)


@pytest.mark.parametrize(("name", "cloud"), list(clouds()))
def test_each_row_is_in_one_bucket_and_rows_rise_within_it(name, cloud):
    order, starts = bucket_order(cloud, 64)
    lengths = np.diff(starts)
    assert (np.sort(order) == np.arange(len(cloud))).all()
    assert lengths.max() <= 64
    assert lengths.max() - lengths.min() <= 1
    for start, stop in pairwise(starts):
        assert (np.diff(order[start:stop]) > 0).all()


@pytest.mark.parametrize(("name", "cloud"), list(clouds()))
def test_boxes_are_those_of_the_points_and_padding_repeats_the_last(name, cloud):
    xs, ys, zs, boxes, order, starts = in_buckets(cloud, 64)
    assert xs.shape[1] % 16 == 0
    for b in range(len(starts) - 1):
        members = cloud[order[starts[b] : starts[b + 1]]]
        np.testing.assert_array_equal(boxes[0::2, b], members.min(axis=0))
        np.testing.assert_array_equal(boxes[1::2, b], members.max(axis=0))
        gathered = np.stack([xs[b], ys[b], zs[b]], axis=1)
        np.testing.assert_array_equal(gathered[: len(members)], members)
        assert (gathered[len(members) :] == members[-1]).all()


def test_buckets_are_compact():
    """Halving the widest axis keeps the boxes of a flat square near squares: a twentieth of its side, squared, each."""
    cloud = np.random.default_rng(0).uniform(0, 100, (2**14, 3)) * [1, 1, 0.01]
    boxes = in_buckets(cloud, 64).boxes
    sides = boxes[1:4:2] - boxes[0:4:2]
    assert np.median(sides.max(axis=0)) < 8
