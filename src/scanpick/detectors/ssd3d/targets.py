"""What 3DSSD should have predicted: which votes are positive, and for which box."""

from __future__ import annotations

from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from scanpick.detectors.box_frame import in_box_frame
from scanpick.detectors.ssd3d.boxes import corners_of_boxes, encode_yaw, points_inside
from scanpick.detectors.ssd3d.config import Ssd3dConfig
from scanpick.detectors.ssd3d.head import Predictions


@dataclass(frozen=True, eq=False)
class Targets:
    """Targets of P candidates in each of B frames; of one frame without the first axis.

    What belongs to a box is that of the first box that holds the vote, and of the first box of the frame where none
    does. In frames without objects no vote is positive; what is told of boxes is that of one of size 0 at the origin.

    Attributes:
        vote_offsets: (B, P, 3) from the seed to the centre of the first box that holds it.
        votes_count: (B, P) bool: the seed lies in a box, so that it learns to vote.
        positive: (B, P) bool: the vote lies in a box, near enough to its centre.
        negative: (B, P) bool: the vote lies in no box. Votes that are neither are left out.
        centre_ness: (B, P, classes) from 0 to 1, of the class of the box.
        centre_offsets: (B, P, 3) from the vote to the centre of the box.
        half_sizes: (B, P, 3).
        direction_bins: (B, P) int64.
        direction_residuals: (B, P) in widths of a bin.
        corners: (B, P, 8, 3).
        boxes: (B, P, 7).
    """

    vote_offsets: Tensor
    votes_count: Tensor
    positive: Tensor
    negative: Tensor
    centre_ness: Tensor
    centre_offsets: Tensor
    half_sizes: Tensor
    direction_bins: Tensor
    direction_residuals: Tensor
    corners: Tensor
    boxes: Tensor


def make_targets(predictions: Predictions, boxes: list[Tensor], labels: list[Tensor], config: Ssd3dConfig) -> Targets:
    """Targets of a batch.

    Args:
        predictions: Seeds and votes are looked at.
        boxes: (G, 7) boxes of each frame, geometric centres; may be none.
        labels: (G,) int64 class of each box.
        config: Limits.
    """
    seeds, votes = predictions.seeds.detach(), predictions.votes.detach()
    frames = [
        _targets_of_frame(seeds[row], votes[row], boxes[row].to(votes), labels[row].to(votes.device), config)
        for row in range(len(votes))
    ]
    return Targets(*(torch.stack([getattr(frame, field.name) for frame in frames]) for field in fields(Targets)))


def _targets_of_frame(seeds: Tensor, votes: Tensor, boxes: Tensor, labels: Tensor, config: Ssd3dConfig) -> Targets:
    anything = len(boxes) > 0
    if not anything:
        boxes, labels = boxes.new_zeros(1, 7), labels.new_zeros(1)
    inside = points_inside(votes, boxes) & anything
    row = _first(inside)
    box = boxes[row]
    # The reference measures the distance to the centre moved up by half the height, which is the top face.
    top = box[:, :3] + box[:, 3:6] * box.new_tensor([0, 0, 0.5])
    near = (votes - top).norm(dim=1) < config.farthest_positive_m
    seeded = points_inside(seeds, _enlarged(boxes, config.vote_margin_m)) & anything
    direction_bins, direction_residuals = encode_yaw(box[:, 6], config.direction_bins)
    return Targets(
        vote_offsets=boxes[_first(seeded), :3] - seeds,
        votes_count=seeded.any(dim=1),
        positive=inside.any(dim=1) & near,
        negative=~inside.any(dim=1),
        centre_ness=_centre_ness(votes, box)[:, None] * F.one_hot(labels[row], len(config.class_names)),
        centre_offsets=box[:, :3] - votes,
        half_sizes=box[:, 3:6] / 2,
        direction_bins=direction_bins,
        direction_residuals=direction_residuals,
        corners=corners_of_boxes(box),
        boxes=box,
    )


def _first(inside: Tensor) -> Tensor:
    """(P,) the first box that holds each point, 0 where none does."""
    return inside.to(torch.uint8).argmax(dim=1)


def _enlarged(boxes: Tensor, margin: float) -> Tensor:
    """Larger by the margin on every side and then lowered by it, as the reference does."""
    grown = boxes.clone()
    grown[:, 3:6] += 2 * margin
    grown[:, 2] -= margin
    return grown


def _centre_ness(points: Tensor, boxes: Tensor) -> Tensor:
    """(P,) 1 in the centre of a box, 0 on its faces and outside: the cube root of the ratios of opposite distances."""
    local, half = in_box_frame(points, boxes), boxes[:, 3:6] / 2
    ahead, behind = (half - local).clamp(min=0), (half + local).clamp(min=0)
    ratios = torch.minimum(ahead, behind) / torch.maximum(ahead, behind).clamp(min=1e-9)  # sizes may be 0
    return ratios.prod(dim=1).clamp(0, 1).pow(1 / 3)
