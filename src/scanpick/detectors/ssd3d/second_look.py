"""A second look at the points within each rough box mends it, as in LiDAR R-CNN (Li, Wang and Wang, 2021)."""

from __future__ import annotations

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scanpick.detectors.aligned_overlap import aligned_overlap_loss
from scanpick.detectors.point_layers import WITHIN, WITHIN_FEATURES, PointLayers
from scanpick.detectors.ssd3d.boxes import in_box_frame
from scanpick.geometry.points_in_boxes import rows_in_boxes

CHANGE_WEIGHTS = (1.0, 1.0, 2.0, 1.0, 1.0, 3.0, 1.0)
"""Of the change along, across and up, of the logarithms of length, width and height, and of the heading."""

MOST_STRETCH = 1.5
"""Largest change of a logarithm of a size."""

BETA = 0.05
"""Smaller errors count by their square."""

_BOX_FEATURES = 4


class SecondLook(nn.Module):
    """How each of P rough boxes in B frames should change, and the IoU estimate of what comes of it."""

    def __init__(self, inputs: int, channels: int, points: int) -> None:
        super().__init__()
        self.points = points
        self.of_candidate = nn.Linear(inputs + _BOX_FEATURES, channels)
        self.within = PointLayers(WITHIN_FEATURES, channels)
        self.norm = nn.LayerNorm(channels)
        self.mix = nn.Linear(channels, channels)
        self.change = nn.Linear(channels, 7)
        self.overlap = nn.Linear(channels, 1)
        nn.init.zeros_(self.change.weight)  # at first nothing changes
        nn.init.zeros_(self.change.bias)

    def forward(self, cloud: Tensor, candidates: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """Changes (B, P, 7), see `changed`, and logits (B, P) of the IoU estimate.

        Args:
            cloud: (B, N, 4 or 5) points.
            candidates: (B, P, C) features.
            boxes: (B, P, 7) rough boxes, without gradient.
        """
        seen, inside = zip(*(self._look(points, some) for points, some in zip(cloud, boxes, strict=True)), strict=True)
        told = torch.cat([candidates, _told_of(boxes)], dim=-1)
        hidden = self.of_candidate(told.flatten(0, 1)) + self.within(torch.cat(seen), torch.cat(inside))
        hidden = F.relu(self.mix(F.relu(self.norm(hidden))))
        shape = boxes.shape[:2]
        return self.change(hidden).view(*shape, 7), self.overlap(hidden).view(shape)

    def _look(self, cloud: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """(P, n, 8) along, across and up in box sizes, the same in metres, intensity and 1; (P, n, 1) which count."""
        columns = boxes.cpu().double().numpy() * np.array([1, 1, 1, WITHIN, WITHIN, 0, 1]) + [0, 0, 0, 0, 0, 1e3, 0]
        rows = torch.from_numpy(rows_in_boxes(cloud[:, :3].cpu().numpy(), np.nan_to_num(columns), self.points))
        rows = rows.to(cloud.device)
        points = cloud[rows.clamp_min(0)]  # (P, n, 4 or 5)
        metres = in_box_frame(points[..., :3], boxes[:, None])
        metres = torch.cat([metres[..., :2], metres[..., 2:] + boxes[:, None, 5:6] / 2], dim=-1)
        shares = (metres / boxes[:, None, 3:6]).clamp(-3, 3)
        return torch.cat([shares, metres, points[..., 3:4], torch.ones_like(points[..., 3:4])], dim=-1), (rows >= 0).to(
            cloud
        )[..., None]


def _told_of(boxes: Tensor) -> Tensor:
    """(..., 4) height of the bottom and logarithms of the sizes: objects stand on the ground, and are alike in size."""
    return torch.cat([boxes[..., 2:3] - boxes[..., 5:6] / 2, boxes[..., 3:6].log()], dim=-1)


def changed(boxes: Tensor, change: Tensor) -> Tensor:
    """(..., 7) boxes moved, stretched and turned.

    Args:
        boxes: (..., 7).
        change: (..., 7): metres along, across and up (of the bottom), logarithms of length, width and height, radians.
    """
    cos, sin = boxes[..., 6].cos(), boxes[..., 6].sin()
    x = boxes[..., 0] + cos * change[..., 0] - sin * change[..., 1]
    y = boxes[..., 1] + sin * change[..., 0] + cos * change[..., 1]
    sizes = boxes[..., 3:6] * change[..., 3:6].clamp(-MOST_STRETCH, MOST_STRETCH).exp()
    z = boxes[..., 2] - boxes[..., 5] / 2 + change[..., 2] + sizes[..., 2] / 2
    yaw = math.pi - torch.remainder(math.pi - boxes[..., 6] - change[..., 6], 2 * math.pi)  # in (-pi, pi]
    return torch.cat([torch.stack([x, y, z], dim=-1), sizes, yaw[..., None]], dim=-1)


def change_losses(boxes: Tensor, change: Tensor, truth: Tensor, weights: Tensor) -> dict[str, Tensor]:
    """How far changes are from those that would be right, and 1 - DIoU of what comes of them.

    A box may point either way along its axis: the head's own direction holds.

    Args:
        boxes: (K, 7) rough boxes.
        change: (K, 7).
        truth: (K, 7) true boxes.
        weights: (K,) that sum to 1.
    """
    local = in_box_frame(truth[:, :3], boxes)
    bottom = (truth[:, 2] - truth[:, 5] / 2) - (boxes[:, 2] - boxes[:, 5] / 2)
    turn = torch.atan2((2 * (truth[:, 6] - boxes[:, 6])).sin(), (2 * (truth[:, 6] - boxes[:, 6])).cos()) / 2
    sizes = (truth[:, 3:6].clamp_min(1e-3) / boxes[:, 3:6]).log().clamp(-MOST_STRETCH, MOST_STRETCH)
    right = torch.cat([local[:, :2], bottom[:, None], sizes, turn[:, None]], dim=1)
    off = F.smooth_l1_loss(change, right, reduction="none", beta=BETA) * change.new_tensor(CHANGE_WEIGHTS)
    mended = changed(boxes, change)
    shift = in_box_frame(mended[:, :3], truth)
    overlap = aligned_overlap_loss(shift, mended[:, 3:6], truth[:, 3:6].clamp_min(1e-3))
    return {"change": (off.sum(dim=1) * weights).sum(), "mended": (overlap * weights).sum()}
