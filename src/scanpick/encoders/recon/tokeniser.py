"""From patches of points to tokens: each patch goes through a small PointNet."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn


class PatchEncoder(nn.Module):
    """Mini-PointNet: (B, G, S, 3) neighbourhoods -> (B, G, C) tokens.

    Layers are kept as Conv1d, whose names and shapes official checkpoints have, but computed on rows: one matrix
    product a layer. The layer that takes [global, local] is split into its two halves, so that the half that is the
    same for all points of a group is multiplied once.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first_conv = nn.Sequential(nn.Conv1d(3, 128, 1), nn.BatchNorm1d(128), nn.ReLU(), nn.Conv1d(128, 256, 1))
        self.second_conv = nn.Sequential(
            nn.Conv1d(512, 512, 1), nn.BatchNorm1d(512), nn.ReLU(), nn.Conv1d(512, width, 1)
        )

    def forward(self, neighbourhoods: Tensor) -> Tensor:
        """(B, G, S, 3) -> (B, G, C)."""
        batch, groups, size, _ = neighbourhoods.shape
        rows = neighbourhoods.reshape(batch * groups * size, 3)
        local = _normed_and_mapped(self.first_conv, _rows(self.first_conv[0], rows))
        overall = local.view(batch * groups, size, 256).amax(dim=1)  # (B G, 256)
        first = self.second_conv[0]
        assert isinstance(first, nn.Conv1d)
        weight = first.weight[:, :, 0]
        mixed = F.linear(overall, weight[:, :256], first.bias).unsqueeze(1)  # the same for all points of a group
        mixed = mixed + F.linear(local, weight[:, 256:]).view(batch * groups, size, 512)
        tokens = _normed_and_mapped(self.second_conv, mixed.view(-1, 512))
        return tokens.view(batch, groups, size, -1).amax(dim=2)


def _normed_and_mapped(layers: nn.Sequential, rows: Tensor) -> Tensor:
    """What follows the first layer: batch norm, ReLU and the second layer."""
    return _rows(layers[3], torch.relu_(layers[1](rows)))


def _rows(layer: nn.Module, rows: Tensor) -> Tensor:
    assert isinstance(layer, nn.Conv1d)
    return F.linear(rows, layer.weight[:, :, 0], layer.bias)
