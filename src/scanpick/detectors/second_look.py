"""A second look at the points within each rough box mends it.

As in LiDAR R-CNN (Li, Wang and Wang, 2021, arXiv 2103.15297), but looking more than once, and learning from noisy
copies of true boxes: see `SecondLook`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scanpick.arrays import BoxArray
from scanpick.detectors.aligned_overlap import aligned_overlap_loss
from scanpick.detectors.box_frame import in_box_frame
from scanpick.detectors.point_layers import WITHIN, WITHIN_FEATURES, PointLayers
from scanpick.geometry.points_in_boxes import rows_in_boxes
from scanpick.geometry.transforms import wrap_angle

CHANGE_WEIGHTS = (1.0, 1.0, 2.0, 1.0, 1.0, 3.0, 1.0)
"""Of the change along, across and up, of the logarithms of length, width and height, and of the heading."""

MOST_STRETCH = 1.5
"""Largest change of a logarithm of a size in one look."""

LEAST_SIZE_M = 0.05
"""Copies of boxes are at least so long, wide and high."""

BETA = 0.05
"""Smaller errors count by their square."""

_BOX_FEATURES = 4


class LookConfig(Protocol):
    """What a detector's configuration says of its second look; its own attributes tell what they are."""

    @property
    def second_look(self) -> int:
        """Points within each rough box."""

    @property
    def second_look_width(self) -> int:
        """Channels."""

    @property
    def second_look_times(self) -> int:
        """How often a box is looked at."""

    @property
    def noisy_copies(self) -> int:
        """Copies of each true box."""

    @property
    def copy_noise(self) -> tuple[float, ...]:
        """Seven deviations of the noise of a copy."""


class SecondLook(nn.Module):
    """How boxes should change, and an IoU estimate of what comes of it.

    A change is told from the points within a box, its height and its sizes. It learns from noisy copies of the true
    boxes (`losses`), not from the network's own rough boxes: those are few, wild at first, and come with features that
    tell the training's objects apart, which is easier to learn by heart than to read the points. The IoU estimate does
    learn from rough boxes, and sees the network's features, too.
    """

    def __init__(self, inputs: int, config: LookConfig) -> None:
        super().__init__()
        channels = config.second_look_width
        self.points, self.times = config.second_look, config.second_look_times
        self.of_box = nn.Linear(_BOX_FEATURES, channels)
        self.within = PointLayers(WITHIN_FEATURES, channels)
        self.norm = nn.LayerNorm(channels)
        self.mix = nn.Linear(channels, channels)
        self.change = nn.Linear(channels, 7)
        self.of_candidate = nn.Linear(inputs, channels)
        self.of_seen = nn.Linear(channels, channels)
        self.overlap = nn.Linear(channels, 1)
        nn.init.zeros_(self.change.weight)  # at first nothing changes
        nn.init.zeros_(self.change.bias)

    def forward(self, clouds: Tensor, candidates: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """Mended boxes (B, P, 7), without gradient, and logits (B, P) of the estimate of their IoU with true ones.

        Args:
            clouds: (B, N, 4 or 5) points.
            candidates: (B, P, C) features.
            boxes: (B, P, 7) rough boxes.
        """
        shape = boxes.shape
        mended, overlap = self.mend(list(clouds), candidates.flatten(0, 1), list(boxes))
        return mended.view(shape), overlap.view(shape[:2])

    def mend(self, clouds: Sequence[Tensor], candidates: Tensor, boxes: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
        """The same for frames with numbers of their own of points and boxes.

        Args:
            clouds: (N_b, 4 or 5) points of each frame.
            candidates: (K, C) features of all boxes, one frame after the other.
            boxes: (K_b, 7) rough boxes of each frame.

        Returns:
            (K, 7) mended boxes, without gradient, and (K,) logits.
        """
        counts = [len(some) for some in boxes]
        mended = torch.cat(list(boxes)).detach()
        with torch.no_grad():
            for _ in range(self.times - 1):
                mended = changed(mended, self.change(self._seen(clouds, torch.split(mended, counts))))
        seen = self._seen(clouds, torch.split(mended, counts))
        mended = changed(mended, self.change(seen)).detach()
        both = F.relu(self.of_candidate(candidates) + self.of_seen(seen))
        return mended, self.overlap(both)[:, 0]

    def losses(
        self, clouds: Tensor | Sequence[Tensor], noisy: Sequence[Tensor], truth: Sequence[Tensor]
    ) -> dict[str, Tensor]:
        """Means over copies and looks of the losses of `change_losses`; 0 without boxes.

        Args:
            clouds: (N, 4 or 5) points of each frame.
            noisy: (n G, 7) copies of the true boxes in each frame, see `noisy_copies`.
            truth: (G, 7) true boxes in each frame.
        """
        counts = [len(copies) for copies in noisy]
        copied = [
            boxes.repeat_interleave(count // max(len(boxes), 1), dim=0)
            for boxes, count in zip(truth, counts, strict=True)
        ]
        true, boxes = torch.cat(copied), torch.cat(list(noisy))
        weights = boxes.new_full((len(boxes),), 1 / (self.times * max(len(boxes), 1)))
        total = {"change": boxes.new_zeros(()), "mended": boxes.new_zeros(())}
        for _ in range(self.times):
            change = self.change(self._seen(clouds, torch.split(boxes, counts)))
            of_look = change_losses(boxes, change, true, weights)
            total = {name: total[name] + of_look[name] for name in total}
            boxes = changed(boxes, change).detach()
        return total

    def _seen(self, clouds: Tensor | Sequence[Tensor], boxes: Sequence[Tensor]) -> Tensor:
        """(K, C) what is seen of the (K_b, 7) boxes of each frame, one frame after the other."""
        looks = [self._look(cloud, some) for cloud, some in zip(clouds, boxes, strict=True)]
        points, inside = (torch.cat(parts) for parts in zip(*looks, strict=True))
        hidden = self.of_box(_told_of(torch.cat(list(boxes)))) + self.within(points, inside)
        return F.relu(self.mix(F.relu(self.norm(hidden))))

    def _look(self, cloud: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """(P, n, 8) along, across and up in box sizes, the same in metres, intensity and 1; (P, n, 1) which count."""
        columns = boxes.cpu().double().numpy() * np.array([1, 1, 1, WITHIN, WITHIN, 0, 1]) + [0, 0, 0, 0, 0, 1e3, 0]
        rows = torch.from_numpy(rows_in_boxes(cloud[:, :3].cpu().numpy(), np.nan_to_num(columns), self.points))
        rows = rows.to(cloud.device)
        cloud = cloud if len(cloud) else cloud.new_zeros(1, cloud.shape[1])  # of which no row counts
        points = cloud[rows.clamp_min(0)]  # (P, n, 4 or 5)
        metres = in_box_frame(points[..., :3], boxes[:, None])
        metres = torch.cat([metres[..., :2], metres[..., 2:] + boxes[:, None, 5:6] / 2], dim=-1)
        shares = (metres / boxes[:, None, 3:6]).clamp(-3, 3)
        counts = (rows >= 0).to(cloud)[..., None]
        return torch.cat([shares, metres, points[..., 3:4], torch.ones_like(points[..., 3:4])], dim=-1), counts


def noisy_copies(boxes: BoxArray, config: LookConfig, rng: np.random.Generator) -> BoxArray:
    """(n G, 7) copies of (G, 7) boxes, those of a box one after the other, each with noise of its own."""
    copies = np.repeat(boxes, config.noisy_copies, axis=0)
    copies[:, 3:6] = np.maximum(copies[:, 3:6], LEAST_SIZE_M)  # labels may have a size of 0: its logarithm is told
    noise = rng.normal(size=copies.shape) * config.copy_noise
    along, across, up = (noise[:, :3] * copies[:, 3:6]).T
    cos, sin = np.cos(copies[:, 6]), np.sin(copies[:, 6])
    sizes = copies[:, 3:6] * np.exp(noise[:, 3:6])
    bottom = copies[:, 2] - copies[:, 5] / 2 + up
    places = [copies[:, 0] + cos * along - sin * across, copies[:, 1] + sin * along + cos * across]
    return np.column_stack([*places, bottom + sizes[:, 2] / 2, sizes, wrap_angle(copies[:, 6] + noise[:, 6])])


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
        boxes: (K, 7) boxes before the change.
        change: (K, 7).
        truth: (K, 7) true boxes.
        weights: (K,) of the boxes.
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
