"""From points to patch tokens: groups around farthest points, each through a small PointNet."""

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
        local = self._last(self.first_conv, self._norm(self.first_conv, _rows(self.first_conv[0], rows)))
        overall = local.view(batch * groups, size, 256).amax(dim=1)  # (B G, 256)
        first = self.second_conv[0]
        assert isinstance(first, nn.Conv1d)
        weight = first.weight[:, :, 0]
        mixed = F.linear(overall, weight[:, :256], first.bias).unsqueeze(1)  # the same for all points of a group
        mixed = mixed + F.linear(local, weight[:, 256:]).view(batch * groups, size, 512)
        tokens = self._last(self.second_conv, self._norm(self.second_conv, mixed.view(-1, 512)))
        return tokens.view(batch, groups, size, -1).amax(dim=2)

    @staticmethod
    def _norm(layers: nn.Sequential, rows: Tensor) -> Tensor:
        return torch.relu_(layers[1](rows))

    @staticmethod
    def _last(layers: nn.Sequential, rows: Tensor) -> Tensor:
        return _rows(layers[3], rows)


def _rows(layer: nn.Module, rows: Tensor) -> Tensor:
    assert isinstance(layer, nn.Conv1d)
    return F.linear(rows, layer.weight[:, :, 0], layer.bias)


def normalise(points: Tensor) -> Tensor:
    """(B, P, 3) clouds moved to their centroid and scaled into the unit sphere; a single point becomes the origin."""
    centred = points - points.mean(dim=1, keepdim=True)
    radius = centred.norm(dim=2).amax(dim=1)[:, None, None]
    return centred / radius.clamp_min(torch.finfo(points.dtype).tiny)


def group(points: Tensor, centre_index: Tensor, size: int) -> tuple[Tensor, Tensor]:
    """Neighbourhoods of (B, G) centres among (B, P, 3) points.

    Returns (B, G, S, 3) points relative to their centre, and (B, G, 3) centres.

    Neighbours are the `size` nearest by distance; their order does not matter to what follows.
    """
    centres = points.gather(1, centre_index[:, :, None].expand(-1, -1, 3))
    # Squared distances by differences, not by a matrix product: in float32 the latter errs by more than near-ties.
    distance = sum((centres[:, :, None, axis] - points[:, None, :, axis]) ** 2 for axis in range(3))
    assert isinstance(distance, Tensor)
    neighbours = distance.topk(size, dim=2, largest=False, sorted=False).indices  # (B, G, S)
    flat = neighbours.flatten(1)[:, :, None].expand(-1, -1, 3)
    chosen = points.gather(1, flat).view(*neighbours.shape, 3)
    return chosen - centres[:, :, None], centres
