"""Points in boxes against a plain twin, and what happens on a face."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.geometry.points_in_boxes import box_of_points, count_points_in_boxes, rows_in_boxes


def _plain(points, boxes):
    offset = points[:, None, :3].astype(np.float64) - boxes[None, :, :3]
    cos, sin = np.cos(boxes[:, 6]), np.sin(boxes[:, 6])
    along = cos * offset[..., 0] + sin * offset[..., 1]
    across = cos * offset[..., 1] - sin * offset[..., 0]
    local = np.abs(np.stack([along, across, offset[..., 2]], axis=-1))
    return (local <= boxes[None, :, 3:6] / 2).all(axis=-1)


def points_in_boxes(points, boxes):
    """(P, B) which points each box holds, as a box alone says it."""
    return np.stack([box_of_points(points, box[None]) == 0 for box in boxes], axis=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_mask_index_and_counts_agree_with_the_plain_twin(dtype):
    rng = np.random.default_rng(5)
    points = rng.uniform(-5, 5, (500, 4)).astype(dtype)
    boxes = np.column_stack([rng.uniform(-4, 4, (9, 3)), rng.uniform(0.5, 6, (9, 3)), rng.uniform(-4, 4, 9)])
    expected = _plain(points, boxes)
    assert expected.any(axis=0).all()
    np.testing.assert_array_equal(points_in_boxes(points, boxes), expected)
    np.testing.assert_array_equal(count_points_in_boxes(points, boxes), expected.sum(axis=0))
    np.testing.assert_array_equal(
        box_of_points(points, boxes), np.where(expected.any(axis=1), expected.argmax(axis=1), -1)
    )


@pytest.mark.parametrize("most", [1, 7, 500])
def test_rows_of_each_box_are_thinned_evenly(most):
    rng = np.random.default_rng(6)
    points = rng.uniform(-5, 5, (500, 3)).astype(np.float32)
    boxes = np.column_stack([rng.uniform(-4, 4, (9, 3)), rng.uniform(0.2, 6, (9, 3)), rng.uniform(-4, 4, 9)])
    rows = rows_in_boxes(points, boxes, most)
    assert rows.shape == (9, most)
    for mine, inside in zip(rows, _plain(points, boxes).T, strict=True):
        every = np.flatnonzero(inside)
        taken = min(len(every), most)
        expected = [every[n * len(every) // taken] for n in range(taken)]
        assert mine.tolist() == expected + [-1] * (most - taken)


def test_faces_belong_to_the_box():
    box = np.array([[1.0, 0.0, 0.0, 4.0, 2.0, 1.0, 0.0]])
    on = np.array([[3, 1, 0.5], [-1, -1, -0.5], [3, 0, 0]], dtype=np.float64)
    assert points_in_boxes(on, box).all()
    assert not points_in_boxes(np.nextafter(on, on * 9), box).any()


def test_empty_and_bad_input():
    assert box_of_points(np.zeros((0, 3)), np.zeros((2, 7))).shape == (0,)
    assert box_of_points(np.zeros((3, 3)), np.zeros((0, 7))).tolist() == [-1, -1, -1]
    assert not points_in_boxes(np.full((1, 3), np.nan), np.ones((1, 7))).any()
    with pytest.raises(ScanpickError, match=r"points: expected shape \(any, at least 3\), got \(4, 2\)"):
        box_of_points(np.zeros((4, 2)), np.zeros((1, 7)))


@pytest.mark.golden
def test_golden_mask(golden):
    with np.load(golden / "ssd3d" / "box_coder.npz", allow_pickle=False) as data:
        boxes = data["corners_boxes"].astype(np.float64)
        boxes[:, 2] += boxes[:, 5] / 2  # the reference counts from the bottom
        np.testing.assert_array_equal(points_in_boxes(data["points"], boxes), data["points_in_boxes_all"].astype(bool))
