"""Rotated IoU against GEOS (shapely), on reference pairs and on streams of hard ones."""

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from scanpick.errors import ScanpickError
from scanpick.geometry.rotated_iou import bev_iou, bev_iou_of_pairs, iou_3d_of_pairs
from scanpick.geometry.transforms import upright_camera_boxes

TOLERANCE = 1e-9
angles = st.floats(-7, 7) | st.sampled_from([k * np.pi / 2 for k in range(-3, 4)])
sizes = st.floats(0.1, 1.0)


@st.composite
def pairs(draw):
    """Two boxes as they occur and as they hurt: touching, contained, turned by 90 degrees or a hair, tiny, huge."""
    scale = 10.0 ** draw(st.integers(-4, 6))
    a = np.array([0.0, 0.0, 0.0, draw(sizes), draw(sizes), draw(sizes), draw(angles)])
    turn = draw(angles | st.just(0.0) | st.floats(-1e-3, 1e-3) | st.floats(-1e-14, 1e-14))
    ratio = draw(st.sampled_from([1.0, 1.0, 1e-3, 1e3]))
    b = np.array([0.0, 0.0, 0.0, *(draw(sizes) * ratio for _ in range(3)), a[6] + turn])
    kind = draw(st.sampled_from(["anywhere", "same size", "same centre", "sides touch", "corners touch"]))
    if kind == "same size":
        b[3:6] = a[3:6]
    if kind in ("anywhere", "same size"):
        b[:3] = [draw(st.floats(-1, 1)) * max(ratio, 1.0) for _ in range(3)]
    if kind in ("sides touch", "corners touch"):
        b[6] = a[6]
        across = (a[4] + b[4]) / 2 if kind == "corners touch" else draw(st.floats(-0.5, 0.5))
        b[:2] = _turned((a[3] + b[3]) / 2, across, a[6])
    a[:6] *= scale
    b[:6] *= scale
    return a[None], b[None]


def _turned(x, y, angle):
    return np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y


def _shapely_iou(a, b, in_3d):
    """Pair by pair, relative to a's centre so that GEOS works with short numbers."""
    b = b.copy()
    b[:, :3] -= a[:, :3]
    a = np.column_stack([np.zeros((len(a), 3)), a[:, 3:]])
    shared = shapely.area(shapely.intersection(_polygons(a), _polygons(b)))
    of_a, of_b = a[:, 3] * a[:, 4], b[:, 3] * b[:, 4]
    if in_3d:
        top = np.minimum(a[:, 5] / 2, b[:, 2] + b[:, 5] / 2)
        shared *= np.maximum(0, top - np.maximum(-a[:, 5] / 2, b[:, 2] - b[:, 5] / 2))
        of_a, of_b = of_a * a[:, 5], of_b * b[:, 5]
    return shared / (of_a + of_b - shared)


def _polygons(boxes):
    corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) / 2
    along, across = boxes[:, 3, None] * corners[:, 0], boxes[:, 4, None] * corners[:, 1]
    x, y = _turned(along, across, boxes[:, 6, None])
    return shapely.polygons(np.stack([x + boxes[:, 0, None], y + boxes[:, 1, None]], axis=-1))


@given(pairs())
@settings(max_examples=400, deadline=None)
def test_agrees_with_geos_and_is_symmetric(pair):
    a, b = pair
    np.testing.assert_allclose(bev_iou_of_pairs(a, b), _shapely_iou(a, b, False), rtol=0, atol=TOLERANCE)
    np.testing.assert_allclose(iou_3d_of_pairs(a, b), _shapely_iou(a, b, True), rtol=0, atol=TOLERANCE)
    assert bev_iou_of_pairs(a, b) == bev_iou_of_pairs(b, a)
    assert iou_3d_of_pairs(a, b) == iou_3d_of_pairs(b, a)
    assert 0 <= iou_3d_of_pairs(a, b)[0] <= 1


@given(pairs(), st.floats(-7, 7), st.floats(-100, 100), st.floats(-100, 100))
@settings(max_examples=200, deadline=None)
def test_moving_and_turning_both_boxes_changes_nothing(pair, turn, east, north):
    a, b = pair
    scale = max(a[0, 3:6].max(), b[0, 3:6].max())
    moved = []
    for box in (a, b):
        x, y = _turned(box[:, 0], box[:, 1], turn)
        box = box.copy()
        box[:, 0], box[:, 1], box[:, 6] = x + east * scale, y + north * scale, box[:, 6] + turn
        moved.append(box)
    np.testing.assert_allclose(bev_iou_of_pairs(*moved), bev_iou_of_pairs(a, b), rtol=0, atol=TOLERANCE)


@given(st.lists(sizes, min_size=3, max_size=3), angles, st.integers(-4, 6), st.integers(-2, 2))
@settings(max_examples=100, deadline=None)
def test_a_box_covers_itself_and_its_half_turn(size, yaw, exponent, half_turns):
    box = np.array([[1.0, -2.0, 0.5, *size, 0.0]]) * 10.0**exponent
    box[:, 6] = yaw
    turned = box.copy()
    turned[:, 6] += half_turns * np.pi
    np.testing.assert_allclose(iou_3d_of_pairs(box, turned), 1, rtol=0, atol=TOLERANCE)
    assert bev_iou(box, box) == 1


def test_contained_boxes_and_boxes_without_area():
    outer = np.array([[0, 0, 0, 4, 4, 4, 0.3]])
    inner = np.array([[0.1, 0.2, 0, 1, 1, 1, 1.0], [0, 0, 0, 0, 0, 0, 0], [0, 0, 0, 0, 2, 1, 0]])
    np.testing.assert_allclose(bev_iou(outer, inner), [[1 / 16, 0, 0]], atol=1e-15)
    np.testing.assert_allclose(iou_3d_of_pairs(inner, outer.repeat(3, axis=0)), [1 / 64, 0, 0], atol=1e-15)
    assert bev_iou(inner[1:2], inner[1:2]) == 0


def test_matrix_and_pairs_agree():
    rng = np.random.default_rng(3)
    a, b = rng.uniform(0.5, 2, (7, 7)), rng.uniform(0.5, 2, (7, 7))
    np.testing.assert_array_equal(np.diag(bev_iou(a, b)), bev_iou_of_pairs(a, b))
    assert bev_iou(np.zeros((0, 7)), b).shape == (0, 7)


def test_bad_arrays_are_named():
    good = np.ones((2, 7))
    with pytest.raises(ScanpickError, match=r"boxes_b: expected shape \(any, 7\), got \(2, 6\)"):
        bev_iou(good, np.ones((2, 6)))
    with pytest.raises(ScanpickError, match="boxes_a: expected finite numbers"):
        iou_3d_of_pairs(good * np.nan, good)
    with pytest.raises(ScanpickError, match="as many rows"):
        bev_iou_of_pairs(good, np.ones((3, 7)))


@pytest.mark.golden
def test_golden_pairs(golden):
    with np.load(golden / "rotated_iou.npz", allow_pickle=False) as data:
        a, b = (_lidar_like(data[name]) for name in ("boxes_a", "boxes_b"))
        np.testing.assert_allclose(bev_iou_of_pairs(a, b), data["bev_iou_shapely"], rtol=0, atol=TOLERANCE)
        np.testing.assert_allclose(iou_3d_of_pairs(a, b), data["iou3d_shapely"], rtol=0, atol=TOLERANCE)
    np.testing.assert_array_equal(bev_iou_of_pairs(a, b), bev_iou_of_pairs(b, a))


def _lidar_like(camera):
    return upright_camera_boxes(camera[:, :3], camera[:, 3:6], camera[:, 6])
