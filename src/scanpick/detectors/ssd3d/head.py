"""The head of 3DSSD: seeds vote for the centres of objects, and what surrounds a vote tells class and box."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scanpick.detectors.ssd3d.config import Ssd3dConfig
from scanpick.networks.set_abstraction import ConvNorm, SetAbstraction


@dataclass(frozen=True, eq=False)
class Predictions:
    """What the head says of P candidates in each of B frames. Metres in the LiDAR frame.

    Attributes:
        seeds: (B, P, 3) the points that voted.
        vote_offsets: (B, P, 3) votes relative to the seeds, before they are limited.
        votes: (B, P, 3) seeds moved by their limited votes: the candidates.
        class_logits: (B, P, classes).
        centre_offsets: (B, P, 3) centres of the boxes relative to the votes.
        half_sizes: (B, P, 3) half of length, width and height.
        direction_logits: (B, P, bins) of the yaw; of the axis and its opposite where axes are regressed.
        direction_residuals: (B, P, bins) of the yaw from the middle of each bin, in widths of a bin; cos and sin of
            twice the yaw where axes are regressed.
        overlap_logits: (B, P) of the IoU with the true box, where it is estimated.
        candidates: (B, P, C) features that class and box are told from.
        mended: (B, P, 7) boxes after the second look, without gradient, where there is one.
    """

    seeds: Tensor
    vote_offsets: Tensor
    votes: Tensor
    class_logits: Tensor
    centre_offsets: Tensor
    half_sizes: Tensor
    direction_logits: Tensor
    direction_residuals: Tensor
    overlap_logits: Tensor | None = None
    candidates: Tensor | None = None
    mended: Tensor | None = None

    @property
    def centres(self) -> Tensor:
        """(B, P, 3) geometric centres of the boxes. Through them no gradient reaches the votes."""
        return self.votes.detach() + self.centre_offsets


class Head(nn.Module):
    """See the module. Names of parameters are mmdetection3d's."""

    def __init__(self, config: Ssd3dConfig) -> None:
        super().__init__()
        inputs = config.levels[-1].outputs
        self.candidates, self.bins = config.candidates, config.direction_bins
        self.overlap = config.overlap_estimated
        self.vote_module = VoteModule(inputs, config.vote_width, config.farthest_vote, eps=config.norm_eps)
        self.vote_aggregation = SetAbstraction(config.vote_rings, inputs, config.vote_widths, eps=config.norm_eps)
        self.conv_pred = Branches(self.vote_aggregation.outputs, config)

    def forward(self, points: Tensor, features: Tensor) -> Predictions:
        """Predictions from the (B, M, 3) points of the backbone and their (B, M, C) features."""
        seeds = points[:, : self.candidates]
        offsets, votes = self.vote_module(seeds, features[:, : self.candidates])
        class_logits, boxes, candidates = self.conv_pred(self.vote_aggregation(points, features, votes))
        box, overlap = boxes.split((6 + 2 * self.bins, int(self.overlap)), dim=-1)
        centre_offsets, half_sizes, direction_logits, residuals = box.split((3, 3, self.bins, self.bins), dim=-1)
        return Predictions(
            seeds,
            offsets,
            votes,
            class_logits,
            centre_offsets,
            half_sizes,
            direction_logits,
            residuals,
            overlap[..., 0] if self.overlap else None,
            candidates,
        )


class VoteModule(nn.Module):
    """A seed's features to an offset towards the centre of its object."""

    farthest: Tensor

    def __init__(self, inputs: int, width: int, farthest: tuple[float, float, float], *, eps: float) -> None:
        super().__init__()
        self.vote_conv = nn.Sequential(ConvNorm(inputs, width, dimensions=1, eps=eps))
        self.conv_out = nn.Conv1d(width, 3, 1)
        self.register_buffer("farthest", torch.tensor(farthest), persistent=False)

    def forward(self, seeds: Tensor, features: Tensor) -> tuple[Tensor, Tensor]:
        """(B, P, 3) offsets, and (B, P, 3) votes that went no farther than the limits."""
        offsets = linear(self.vote_conv(features), self.conv_out)
        return offsets, seeds + torch.maximum(torch.minimum(offsets, self.farthest), -self.farthest)


class Branches(nn.Module):
    """Shared layers, then one layer and an output each for class and box."""

    def __init__(self, inputs: int, config: Ssd3dConfig) -> None:
        super().__init__()
        self.shared_convs = nn.Sequential()
        for layer, outputs in enumerate(config.shared_widths):
            self.shared_convs.add_module(f"layer{layer}", ConvNorm(inputs, outputs, dimensions=1, eps=config.norm_eps))
            inputs = outputs
        width, eps = config.branch_width, config.norm_eps
        self.cls_convs = nn.Sequential()
        self.cls_convs.add_module("layer0", ConvNorm(inputs, width, dimensions=1, eps=eps))
        self.conv_cls = nn.Conv1d(width, len(config.class_names), 1)
        self.reg_convs = nn.Sequential()
        self.reg_convs.add_module("layer0", ConvNorm(inputs, width, dimensions=1, eps=eps))
        self.conv_reg = nn.Conv1d(width, 6 + 2 * config.direction_bins + config.overlap_estimated, 1)

    @property
    def hidden_layers(self) -> list[nn.Module]:
        """All layers but the outputs."""
        return [*self.shared_convs, *self.cls_convs, *self.reg_convs]

    def forward(self, features: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, P, classes) and (B, P, 6 + 2 x bins, and 1 for the overlap) from (B, P, C), and what both share."""
        shared = self.shared_convs(features)
        return linear(self.cls_convs(shared), self.conv_cls), linear(self.reg_convs(shared), self.conv_reg), shared


def linear(rows: Tensor, convolution: nn.Conv1d) -> Tensor:
    """A 1 x 1 convolution of (..., C) rows."""
    return F.linear(rows, convolution.weight.flatten(1), convolution.bias)
