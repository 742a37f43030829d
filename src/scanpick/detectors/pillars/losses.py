"""Losses of the pillar network."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scanpick.arrays import BoxArray
from scanpick.detectors.aligned_overlap import aligned_overlap_loss
from scanpick.detectors.pillars.config import PillarConfig
from scanpick.geometry.rotated_iou import iou_3d_of_pairs

BOX_WEIGHTS = (1.0, 1.0, 2.0, 1.0, 1.0, 3.0, 0.5, 0.5)
"""Weight of each regressed value. Bottom and height count more: they decide the overlap of flat boxes, and vary so
little that otherwise one height is learnt for all cars."""

OVERLAP_WEIGHT = 1.0


def heatmap_loss(logits: Tensor, target: Tensor, objects: int) -> Tensor:
    """Focal loss of CenterNet (Law and Deng, 2018, arXiv 1808.01244, equation 1, alpha 2, beta 4), summed over cells.

    Divided by the number of objects, or by 1 where there is none.
    """
    probability = torch.sigmoid(logits)
    positive = target == 1
    # softplus(-x) = -log sigmoid(x); torch's own log-sigmoid takes a tenth of a training step on a CPU.
    surprise = F.softplus(-logits)
    gain = -((1 - probability) ** 2) * surprise * positive
    fall = -((1 - target) ** 4) * probability**2 * (surprise + logits)
    return -(gain + fall * ~positive).sum() / max(objects, 1)


def box_losses(predicted: Tensor, values: Tensor, backwards: Tensor, weights: Tensor) -> dict[str, Tensor]:
    """L1 losses of the regressed values at the cells that hold a box, and of the heading's direction.

    Args:
        predicted: (K, 9) what the network says there.
        values: (K, 8) targets.
        backwards: (K,) targets of the direction.
        weights: (K,) that sum to the number of objects.
    """
    total = weights.sum().clamp_min(1.0)
    scale = predicted.new_tensor(BOX_WEIGHTS)
    off = (predicted[:, :8] - values).abs() * scale * weights[:, None]
    direction = F.binary_cross_entropy_with_logits(predicted[:, 8], backwards, weight=weights, reduction="sum")
    return {
        "offset": off[:, :2].sum() / total,
        "height": off[:, 2].sum() / total,
        "size": off[:, 3:6].sum() / total,
        "heading": off[:, 6:8].sum() / total,
        "direction": 0.2 * direction / total,
    }


def overlap_loss(predicted: Tensor, values: Tensor, weights: Tensor, config: PillarConfig) -> Tensor:
    """1 - DIoU of predicted and true boxes, both turned to the true heading, see `aligned_overlap_loss`.

    Args:
        predicted: (K, 9) what the network says.
        values: (K, 8) targets.
        weights: (K,) that sum to the number of objects.
        config: For the cells' side.
    """
    yaw = torch.atan2(values[:, 7], values[:, 6]) / 2
    cos, sin = torch.cos(yaw), torch.sin(yaw)
    off = (predicted[:, :2] - values[:, :2]) * (2 * config.pillar_m)
    size, true_size = predicted[:, 3:6].clamp(-3.0, 3.5).exp(), values[:, 3:6].exp()
    up = predicted[:, 2] + size[:, 2] / 2 - values[:, 2] - true_size[:, 2] / 2
    shift = torch.stack([cos * off[:, 0] + sin * off[:, 1], cos * off[:, 1] - sin * off[:, 0], up], dim=1)
    return (aligned_overlap_loss(shift, size, true_size) * weights).sum() / weights.sum().clamp_min(1.0)


def iou_loss(logits: Tensor, found: BoxArray, boxes: BoxArray, weights: Tensor) -> Tensor:
    """Cross-entropy between the IoU estimate and the true 3D IoU of the box that the network gives at the cell.

    Args:
        logits: (K,) of the estimate.
        found: (K, 7) what the network gives.
        boxes: (K, 7) the true boxes.
        weights: (K,) that sum to the number of objects.
    """
    # Where the network gives NaN, the other losses are NaN and stop the training with the frames' names.
    iou = torch.from_numpy(iou_3d_of_pairs(np.nan_to_num(found), boxes)).to(weights)
    loss = F.binary_cross_entropy_with_logits(logits, iou, weight=weights, reduction="sum")
    return loss / weights.sum().clamp_min(1.0)
