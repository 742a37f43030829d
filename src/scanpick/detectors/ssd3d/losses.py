"""The seven losses of 3DSSD, each of weight 1: sums whose weights add up to one over the batch.

An eighth, where the network estimates overlaps: the cross-entropy of the estimate and the 3D IoU of its box. A second
look has losses of its own, see `SecondLook.losses`.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from scanpick.detectors.ssd3d.boxes import corners_of_boxes, decode_axis, decode_yaw, encode_axis, put_together
from scanpick.detectors.ssd3d.config import Ssd3dConfig
from scanpick.detectors.ssd3d.decoding import decode
from scanpick.detectors.ssd3d.head import Predictions
from scanpick.detectors.ssd3d.targets import Targets
from scanpick.geometry.rotated_iou import iou_3d_of_pairs


def losses(predictions: Predictions, targets: Targets, config: Ssd3dConfig) -> dict[str, Tensor]:
    """Named losses of a batch; without a positive or a seed that votes theirs are 0."""
    judged = _shares((targets.positive | targets.negative)[..., None].expand_as(targets.centre_ness), predictions)
    box = _shares(targets.positive, predictions)
    vote = _shares(targets.votes_count, predictions)
    heading = _axis(predictions, targets) if config.heading == "axis" else _bins(predictions, targets)
    beta = config.regression_beta
    # As in the reference, the centre loss moves votes as well, which the corner loss does not.
    centre_offsets = predictions.centre_offsets + (predictions.votes - predictions.votes.detach())
    decoded = put_together(predictions.centres, predictions.half_sizes, heading.yaw, config.least_size_m)
    corners = _smooth_l1(corners_of_boxes(decoded), targets.corners, box[..., None, None], beta)
    named = {
        "centre_ness": _binary(predictions.class_logits, targets.centre_ness, judged),
        "centre": _smooth_l1(centre_offsets, targets.centre_offsets, box[..., None], beta),
        "direction_bin": _categorical(predictions.direction_logits, heading.bins, box),
        "direction_residual": _smooth_l1(
            predictions.direction_residuals, heading.residuals, heading.counts * box[..., None], beta
        ),
        "size": _smooth_l1(predictions.half_sizes, targets.half_sizes, box[..., None], beta),
        "corners": config.corner_weight * corners,
        "vote": _smooth_l1(predictions.vote_offsets, targets.vote_offsets, vote[..., None]),
    }
    if predictions.overlap_logits is not None:
        named["overlap"] = _binary(predictions.overlap_logits, _overlaps(predictions, targets, config), box)
    return named


@dataclass(frozen=True, eq=False)
class _Heading:
    """What the heading should be: (B, P) bins, (B, P, bins) residuals and which count, and (B, P) yaw for corners."""

    bins: Tensor
    residuals: Tensor
    counts: Tensor
    yaw: Tensor


def _bins(predictions: Predictions, targets: Targets) -> _Heading:
    """Residuals count in the true bin; corners are those of the predicted box with it."""
    predicted = predictions.direction_residuals
    counts = F.one_hot(targets.direction_bins, predicted.shape[-1])
    yaw = decode_yaw(targets.direction_bins, predicted)
    return _Heading(targets.direction_bins, targets.direction_residuals[..., None].expand_as(predicted), counts, yaw)


def _axis(predictions: Predictions, targets: Targets) -> _Heading:
    """Corners are those of the predicted axis, in the direction nearer to the true one; they do not turn it."""
    predicted, true_yaw = predictions.direction_residuals, targets.boxes[..., 6]
    opposed, doubled = encode_axis(true_yaw)
    axis = decode_axis(torch.zeros_like(opposed), predicted.detach())
    nearer = torch.where((axis - true_yaw).cos() < 0, axis + math.pi, axis)
    return _Heading(opposed, doubled, torch.ones_like(doubled), nearer)


def _overlaps(predictions: Predictions, targets: Targets, config: Ssd3dConfig) -> Tensor:
    """(B, P) 3D IoU of each predicted box with the true one of its candidate."""
    found, _ = decode(predictions, config)
    # Where the network gives NaN, the other losses are NaN and stop the training with the frames' names.
    pairs = [np.nan_to_num(boxes.detach().double().cpu().numpy().reshape(-1, 7)) for boxes in (found, targets.boxes)]
    return torch.from_numpy(iou_3d_of_pairs(*pairs)).to(found).view(found.shape[:2])


def _shares(mask: Tensor, predictions: Predictions) -> Tensor:
    """Equal weights of what a mask chooses, with a sum of 1 over the batch."""
    chosen = mask.to(predictions.class_logits.dtype)
    return chosen / (chosen.sum() + 1e-6)


def _smooth_l1(predicted: Tensor, target: Tensor, weight: Tensor, beta: float = 1.0) -> Tensor:
    return (F.smooth_l1_loss(predicted, target, reduction="none", beta=beta) * weight).sum()


def _binary(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, target, weight, reduction="sum")


def _categorical(logits: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    each = F.cross_entropy(logits.flatten(0, 1), target.flatten(), reduction="none")
    return torch.dot(each, weight.flatten())
