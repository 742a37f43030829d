"""How 3DSSD writes boxes: centre, half sizes, and a bin of the yaw with the rest of it; or the axis of the yaw."""

import math

import torch
from torch import Tensor

from scanpick.detectors.box_frame import in_box_frame


def encode_yaw(yaw: Tensor, bins: int) -> tuple[Tensor, Tensor]:
    """(...) int64 bin of the full circle whose middle is nearest, and (...) the rest in widths of a bin, -0.5 to 0.5.

    Bin k has its middle at ``k * 2 pi / bins``.
    """
    width = 2 * math.pi / bins
    shifted = torch.remainder(torch.remainder(yaw, 2 * math.pi) + width / 2, 2 * math.pi)
    bin_of_yaw = torch.floor_divide(shifted, width)  # not the floor of the quotient, which may round up to the next
    return bin_of_yaw.long(), (shifted - (bin_of_yaw * width + width / 2)) / width


def decode_yaw(bin_of_yaw: Tensor, residuals: Tensor) -> Tensor:
    """(...) yaw in (-pi, pi] of the (...) bin, with its entry of the (..., bins) residuals."""
    bins = residuals.shape[-1]
    residual = residuals.gather(-1, bin_of_yaw[..., None])[..., 0]
    yaw = (bin_of_yaw + residual) * (2 * math.pi / bins)
    return torch.where(yaw > math.pi, yaw - 2 * math.pi, yaw)


def encode_axis(yaw: Tensor) -> tuple[Tensor, Tensor]:
    """(...) int64: 1 where the heading opposes the axis of the box, and (..., 2) cos and sin of twice the yaw.

    Doubling makes an axis of a direction: front and rear, which points hardly tell, get the same numbers.
    """
    return (yaw.cos() < 0).long(), torch.stack([(2 * yaw).cos(), (2 * yaw).sin()], dim=-1)


def decode_axis(opposed: Tensor, doubled: Tensor) -> Tensor:
    """(...) yaw in (-pi, pi] of (...) opposed, 0 or 1, and (..., 2) doubled, of any length."""
    yaw = torch.atan2(doubled[..., 1], doubled[..., 0]) / 2 + opposed * math.pi
    return torch.where(yaw > math.pi, yaw - 2 * math.pi, yaw)


def put_together(centres: Tensor, half_sizes: Tensor, yaw: Tensor, least_size_m: float) -> Tensor:
    """(..., 7) boxes: geometric centre, length, width, height in metres, yaw; sizes are at least the least."""
    return torch.cat([centres, (2 * half_sizes).clamp(min=least_size_m), yaw[..., None]], dim=-1)


def corners_of_boxes(boxes: Tensor) -> Tensor:
    """(..., 8, 3) corners of (..., 7) boxes in the order drawn in `scanpick.structures.boxes`."""
    signs = boxes.new_tensor([[1, -1], [1, 1], [-1, 1], [-1, -1]]) / 2  # front right, front left, rear left, rear right
    along, across = signs[:, 0] * boxes[..., 3:4], signs[:, 1] * boxes[..., 4:5]  # (..., 4)
    cos, sin = boxes[..., 6:7].cos(), boxes[..., 6:7].sin()
    x = boxes[..., 0:1] + cos * along - sin * across
    y = boxes[..., 1:2] + sin * along + cos * across
    below, above = (boxes[..., 2:3] + half * boxes[..., 5:6] for half in (-0.5, 0.5))
    faces = [torch.stack([x, y, z.expand_as(x)], dim=-1) for z in (below, above)]
    return torch.cat(faces, dim=-2)


def points_inside(points: Tensor, boxes: Tensor) -> Tensor:
    """(P, B) bool: which of the (P, 3) points lie in which of the (B, 7) boxes: top and bottom included, sides not.

    The rule of mmcv's operator; `scanpick.geometry.points_in_boxes` counts all faces as inside.
    """
    local = in_box_frame(points[:, None], boxes[None]).abs()
    half = boxes[:, 3:6] / 2
    return (local[..., 0] < half[:, 0]) & (local[..., 1] < half[:, 1]) & (local[..., 2] <= half[:, 2])
