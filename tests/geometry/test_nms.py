"""Suppression against a plain twin."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.geometry.nms import bev_extents, nms_axis_aligned, nms_rotated
from scanpick.geometry.rotated_iou import bev_iou
from scanpick.geometry.transforms import box_corners


def _crowd(seed, count=60):
    rng = np.random.default_rng(seed)
    boxes = np.column_stack(
        [rng.uniform(0, 12, (count, 3)), rng.uniform(0.5, 4, (count, 3)), rng.uniform(-4, 4, count)]
    )
    return boxes, rng.integers(0, 12, count) / 12  # equal scores occur


def _plain(overlaps, scores, threshold):
    kept = []
    for row in sorted(range(len(scores)), key=lambda r: (-scores[r], r)):
        if all(overlaps[row, better] <= threshold for better in kept):
            kept.append(row)
    return kept


def _rectangle_overlaps(r):
    low = np.maximum(r[:, None, :2], r[None, :, :2])
    high = np.minimum(r[:, None, 2:], r[None, :, 2:])
    shared = np.prod(np.maximum(high - low, 0), axis=-1)
    area = np.prod(r[:, 2:] - r[:, :2], axis=-1)
    return shared / (area[:, None] + area[None] - shared)


@pytest.mark.parametrize("threshold", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("seed", range(3))
def test_both_keep_what_the_plain_rule_keeps(seed, threshold):
    boxes, scores = _crowd(seed)
    assert nms_rotated(boxes, scores, threshold).tolist() == _plain(bev_iou(boxes, boxes), scores, threshold)
    extents = bev_extents(boxes)
    expected = _plain(_rectangle_overlaps(extents), scores, threshold)
    assert nms_axis_aligned(extents, scores, threshold).tolist() == expected
    assert 5 < len(expected) < len(boxes)


def test_extents_hold_the_corners_tightly():
    boxes, _ = _crowd(7)
    corners = box_corners(boxes)[..., :2]
    np.testing.assert_allclose(bev_extents(boxes), np.concatenate([corners.min(1), corners.max(1)], axis=1), atol=1e-12)


def test_overlap_equal_to_the_threshold_is_kept():
    rectangles = np.array([[0, 0, 2, 1], [1, 0, 3, 1]], dtype=float)  # IoU is 1/3
    assert nms_axis_aligned(rectangles, np.array([0.1, 0.2]), 1 / 3).tolist() == [1, 0]
    assert nms_axis_aligned(rectangles, np.array([0.1, 0.2]), 0.33).tolist() == [1]


def test_nothing_in_and_bad_input():
    assert nms_rotated(np.zeros((0, 7)), np.zeros(0), 0.5).tolist() == []
    with pytest.raises(ScanpickError, match="scores: expected finite"):
        nms_rotated(np.ones((2, 7)), np.array([np.nan, 1]), 0.5)
    with pytest.raises(ScanpickError, match=r"scores: expected shape \(2\)"):
        nms_axis_aligned(np.ones((2, 4)), np.ones(3), 0.5)


@pytest.mark.golden
def test_axis_aligned_keeps_as_many_proposals_as_the_reference_head(golden):
    with np.load(golden / "ssd3d" / "forward.npz", allow_pickle=False) as data:
        for cloud, (boxes, scores) in enumerate(
            zip(data["decoded_boxes_center_origin"], data["pred_obj_scores"][:, 0], strict=True)
        ):
            kept = nms_axis_aligned(bev_extents(boxes), scores, 0.1)[:100]
            np.testing.assert_allclose(np.sort(scores[kept]), np.sort(_logit(data[f"final_scores_{cloud}"])), atol=1e-4)


def _logit(p):
    p = p.astype(np.float64)
    return np.log(p) - np.log1p(-p)
