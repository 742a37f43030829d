"""Bins of the yaw, corners, and points inside."""

import math

import numpy as np
import pytest
import torch

from scanpick.detectors.ssd3d.boxes import (
    corners_of_boxes,
    decode_axis,
    decode_yaw,
    encode_axis,
    encode_yaw,
    points_inside,
    put_together,
)
from tests.detectors.ssd3d.golden_files import geometric


@pytest.mark.golden
def test_equals_the_reference_coder(golden):
    arrays = np.load(golden / "ssd3d" / "box_coder.npz")
    boxes, bins = geometric(arrays["boxes"]), 12
    np.testing.assert_allclose(boxes[:, :3], arrays["center_target"], atol=1e-5)
    np.testing.assert_allclose(boxes[:, 3:6] / 2, arrays["size_target"], atol=1e-6)
    direction_bin, residual = encode_yaw(boxes[:, 6], bins)
    np.testing.assert_array_equal(direction_bin, arrays["dir_class"])
    np.testing.assert_allclose(residual, arrays["dir_res"], atol=1e-5)
    yaw = decode_yaw(direction_bin, residual[:, None].expand(-1, bins))
    decoded = put_together(boxes[:, :3], boxes[:, 3:6] / 2, yaw, 0.1)
    np.testing.assert_allclose(decoded, arrays["decoded"], atol=1e-5)


@pytest.mark.golden
def test_points_inside_equal_the_reference(golden):
    arrays = np.load(golden / "ssd3d" / "box_coder.npz")
    inside = points_inside(torch.from_numpy(arrays["points"]), geometric(arrays["corners_boxes"]))
    np.testing.assert_array_equal(inside, arrays["points_in_boxes_all"])
    assert inside.any()


@pytest.mark.parametrize("bins", [1, 4, 12])
def test_yaws_come_back_from_their_bins(bins):
    yaw = torch.linspace(-10, 10, 2001, dtype=torch.float64)
    direction_bin, residual = encode_yaw(yaw, bins)
    assert direction_bin.min() >= 0
    assert direction_bin.max() < bins
    assert residual.abs().max() <= 0.5 + 1e-12
    back = decode_yaw(direction_bin, residual[:, None].expand(-1, bins))
    assert back.max() <= math.pi
    assert back.min() > -math.pi - 1e-9
    turns = (back - yaw) / (2 * math.pi)
    np.testing.assert_allclose(turns, turns.round(), atol=1e-9)


def test_sizes_have_a_least_value():
    box = put_together(torch.zeros(1, 3), torch.tensor([[-1.0, 0.2, 0.01]]), torch.zeros(1), 0.1)
    np.testing.assert_allclose(box[0, 3:6], [0.1, 0.4, 0.1])


def test_corners_are_in_the_order_drawn_in_structures():
    """Front right, front left, rear left, rear right, below and then above."""
    corners = corners_of_boxes(torch.tensor([[10.0, 0, 1, 4, 2, 1, math.pi / 2]]))[0]
    flat = [[11, 2], [9, 2], [9, -2], [11, -2]]
    np.testing.assert_allclose(corners[:4], [[*xy, 0.5] for xy in flat], atol=1e-5)
    np.testing.assert_allclose(corners[4:], [[*xy, 1.5] for xy in flat], atol=1e-5)


def test_axes_come_back_as_yaws():
    yaw = torch.linspace(-math.pi + 1e-6, math.pi, 999, dtype=torch.float64)
    opposed, doubled = encode_axis(yaw)
    turned = decode_axis(opposed, 0.3 * doubled)
    assert torch.allclose((turned - yaw).cos(), torch.ones_like(yaw))
    assert (turned > -math.pi).all()
    assert (turned <= math.pi).all()


def test_front_and_rear_have_one_axis():
    yaw = torch.linspace(-3, 0, 50, dtype=torch.float64)
    assert torch.allclose(encode_axis(yaw)[1], encode_axis(yaw + math.pi)[1])
    assert (encode_axis(yaw)[0] != encode_axis(yaw + math.pi)[0]).all()
