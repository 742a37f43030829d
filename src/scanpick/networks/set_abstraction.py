"""Set abstraction of PointNet++ (Qi et al., NeurIPS 2017), multi-scale, on ragged neighbourhoods.

The modules hold 1 x 1 convolutions and batch norms under the names that mmdetection3d gives them, so that its
checkpoints load; what they compute are linear maps of rows.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scanpick.geometry.ball_query import Ring
from scanpick.networks.gathering import gather_linear
from scanpick.networks.neighbourhoods import Neighbourhoods, ball_query
from scanpick.networks.norm import norm_relu, norm_relu_max


class ConvNorm(nn.Module):
    """A 1 x 1 convolution, batch norm and ReLU of rows.

    Args:
        inputs: Input channels.
        outputs: Output channels.
        dimensions: 1 or 2: whether the convolution is a `Conv1d` or a `Conv2d`. It says how the weights are stored.
        eps: Of the batch norm.
    """

    def __init__(self, inputs: int, outputs: int, *, dimensions: int, eps: float) -> None:
        super().__init__()
        self.conv = nn.Conv1d(inputs, outputs, 1) if dimensions == 1 else nn.Conv2d(inputs, outputs, 1)
        self.bn = nn.BatchNorm1d(outputs, eps=eps) if dimensions == 1 else nn.BatchNorm2d(outputs, eps=eps)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out", nonlinearity="relu")
        nn.init.zeros_(self.conv.bias)  # type: ignore[arg-type]

    @property
    def weight(self) -> Tensor:
        """(outputs, inputs) of the linear map."""
        return self.conv.weight.flatten(1)

    def forward(self, rows: Tensor) -> Tensor:
        """(..., inputs) to (..., outputs)."""
        flat = F.linear(rows.flatten(0, -2), self.weight)
        return norm_relu(flat, self.bn, self.conv.bias).view(*rows.shape[:-1], -1)


class PointNetwork(nn.Module):
    """Layers that each neighbour goes through, then the maximum over the neighbours of a centre.

    Args:
        widths: Channels: those of the features, then the outputs of each layer. Offsets to the centre (3) come on
            top of the features.
        eps: Of the batch norms.
    """

    def __init__(self, widths: Sequence[int], *, eps: float) -> None:
        super().__init__()
        for layer, (inputs, outputs) in enumerate(pairwise(widths)):
            width = inputs + 3 if layer == 0 else inputs
            self.add_module(f"layer{layer}", ConvNorm(width, outputs, dimensions=2, eps=eps))

    def forward(self, points: Tensor, features: Tensor, centres: Tensor, around: Neighbourhoods) -> Tensor:
        """(B x M, channels) of the centres.

        Args:
            points: (B x N, 3) positions in metres.
            features: (B x N, C) their features.
            centres: (B x M, 3) positions.
            around: The points around each centre.
        """
        first, *middle, last = (layer for layer in self.children() if isinstance(layer, ConvNorm))
        # Offsets come before the features in the weights of the first layer.
        mapped = F.linear(features, first.weight[:, 3:])
        rows = gather_linear(mapped, first.weight[:, :3], points, centres, around)
        rows = norm_relu(rows, first.bn, first.conv.bias, around.repeats)
        for layer in middle:
            rows = norm_relu(F.linear(rows, layer.weight), layer.bn, layer.conv.bias, around.repeats)
        rows = F.linear(rows, last.weight)
        return norm_relu_max(rows, around.starts, last.bn, last.conv.bias, around.repeats)


class SetAbstraction(nn.Module):
    """Several rings around each centre, each with a network of its own; their outputs side by side.

    Args:
        rings: Which neighbours, see `scanpick.geometry.ball_query`.
        inputs: Channels of the features.
        widths: Outputs of the layers of each ring's network; at least two layers.
        eps: Of the batch norms.
    """

    def __init__(self, rings: Sequence[Ring], inputs: int, widths: Sequence[Sequence[int]], *, eps: float) -> None:
        super().__init__()
        self.rings = tuple(rings)
        self.mlps = nn.ModuleList(PointNetwork((inputs, *layers), eps=eps) for layers in widths)
        self.outputs = sum(layers[-1] for layers in widths)

    def forward(self, points: Tensor, features: Tensor, centres: Tensor) -> Tensor:
        """(B, M, outputs) features of the (B, M, 3) centres, from (B, N, 3) points with (B, N, C) features."""
        flat = points.flatten(0, 1), features.flatten(0, 1), centres.flatten(0, 1)
        neighbourhoods = ball_query(points, centres, self.rings)
        found = [network(*flat, around) for network, around in zip(self.mlps, neighbourhoods, strict=True)]
        return torch.cat(found, dim=1).view(*centres.shape[:2], -1)
