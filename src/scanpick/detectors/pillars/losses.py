"""Losses of the pillar network."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scanpick.detectors.pillars.config import PillarConfig
from scanpick.detectors.pillars.targets import decode_boxes
from scanpick.geometry.rotated_iou import iou_3d_of_pairs

BOX_WEIGHTS = (1.0, 1.0, 2.0, 1.0, 1.0, 1.0, 0.5, 0.5)
"""Weight of each regressed value: the height counts double, since it decides the overlap of flat boxes."""


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


def iou_loss(
    logits: Tensor,
    predicted: Tensor,
    cells: np.ndarray,
    ground: np.ndarray,
    boxes: np.ndarray,
    weights: Tensor,
    config: PillarConfig,
) -> Tensor:
    """Cross-entropy between the IoU estimate and the true 3D IoU of the box that the network gives at the cell."""
    values = predicted.detach().cpu().numpy()
    # Where the network gives NaN, the other losses are NaN and stop the training with the frames' names.
    decoded = np.nan_to_num(decode_boxes(values, cells, ground, config))
    iou = torch.from_numpy(iou_3d_of_pairs(decoded, boxes)).to(weights)
    loss = F.binary_cross_entropy_with_logits(logits, iou, weight=weights, reduction="sum")
    return loss / weights.sum().clamp_min(1.0)
