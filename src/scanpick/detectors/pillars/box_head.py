"""Boxes at chosen cells: a first description, and a second look at the points from within it."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scanpick.detectors.pillars.config import PillarConfig
from scanpick.detectors.pillars.pillars import AROUND_FEATURES
from scanpick.detectors.point_layers import WITHIN, WITHIN_FEATURES, PointLayers

BOX_VALUES = 9
"""Regressed at a cell: offset of the centre in cells (2), bottom above the ground in metres (1), logarithms of length,
width and height in metres (3), and the heading's axis as cos and sin of twice the yaw (2) with the logit of pointing
the other way than the axis (1)."""


class RoughHead(nn.Module):
    """Rough boxes at chosen cells only: from the map there, and from the points around.

    The map has forgotten where exactly points lay; the points tell how high, long and wide an object is.

    A dense head would cost as much as a stage of the network, and all but a hundred of its thousands of cells would be
    thrown away: so this one may be wide. It normalises each cell by itself, since statistics over the cells chosen in
    training would not be those of the cells chosen in prediction.
    """

    def __init__(self, inputs: int, config: PillarConfig) -> None:
        super().__init__()
        channels = config.box_channels
        self.cell_m = 2 * config.pillar_m
        self.of_map = nn.Linear(9 * inputs, channels)
        self.around = PointLayers(AROUND_FEATURES, channels)
        self.norm = nn.LayerNorm(channels)
        self.mix = nn.Linear(channels, channels)
        self.values = nn.Linear(channels, BOX_VALUES)

    def first(self, features: Tensor, cells: Tensor, around: Tensor) -> tuple[Tensor, Tensor]:
        """(K, 9) values of rough boxes, see `BOX_VALUES`, and the (K, C) features that they come from.

        Args:
            features: (B, C, nx, ny) map.
            cells: (K,) places in the flattened (B, nx, ny) grid.
            around: (K, n, 5) points around the cells, see `points_around`.
        """
        hidden = self.of_map(neighbourhoods(features, cells)) + self.around(around, around[:, :, 4:])
        hidden = F.relu(self.mix(F.relu(self.norm(hidden))))
        return self.values(hidden), hidden


class BoxHead(RoughHead):
    """Boxes and their IoU estimates at chosen cells.

    Points tell best how large an object is where they are seen from the box: so a rough box comes first, and a second
    look at the points in its frame mends it, as in LiDAR R-CNN (Li, Wang and Wang, 2021, arXiv 2103.15297).
    """

    def __init__(self, inputs: int, config: PillarConfig) -> None:
        super().__init__(inputs, config)
        channels = config.box_channels
        self.within = PointLayers(WITHIN_FEATURES, channels)
        self.again = nn.Linear(channels, channels)
        self.again_norm = nn.LayerNorm(channels)
        self.change = nn.Linear(channels, 7)
        self.overlap = nn.Linear(channels, 1)
        nn.init.zeros_(self.change.weight)  # at first the second look changes nothing
        nn.init.zeros_(self.change.bias)

    def forward(self, features: Tensor, cells: Tensor, around: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Describe boxes at cells; for the arguments see `first`.

        Returns:
            (K, 9) values of the rough boxes and (K, 9) of the mended ones, see `BOX_VALUES`, and (K,) logits of the
            IoU estimate of the latter.
        """
        rough, hidden = self.first(features, cells, around)
        seen, inside = points_in_frame(around, rough.detach(), self.cell_m)
        again = F.relu(self.again_norm(self.again(hidden) + self.within(seen, inside)))
        mended = changed(rough, self.change(again), self.cell_m)
        return rough, mended, self.overlap(again)[:, 0]


def points_in_frame(around: Tensor, values: Tensor, cell_m: float) -> tuple[Tensor, Tensor]:
    """Points as seen from boxes.

    Args:
        around: (K, n, 5), see `points_around`.
        values: (K, 9) the boxes, see `BOX_VALUES`.
        cell_m: Side of a cell.

    Returns:
        (K, n, 8): along, across and up in box sizes, the same in metres, intensity, and 1; and (K, n, 1) which lie in
        the box, enlarged by `WITHIN`, whatever their height.
    """
    yaw = torch.atan2(values[:, 7], values[:, 6]) / 2
    cos, sin = torch.cos(yaw)[:, None], torch.sin(yaw)[:, None]
    off = 2 * around[:, :, :2] - values[:, None, :2] * cell_m
    along = cos * off[:, :, 0] + sin * off[:, :, 1]
    across = cos * off[:, :, 1] - sin * off[:, :, 0]
    metres = torch.stack([along, across, around[:, :, 2] - values[:, 2:3]], dim=2)
    size = values[:, None, 3:6].clamp(-3.0, 3.5).exp()
    shares = metres / size
    inside = (shares[:, :, :2].abs() < WITHIN / 2).all(dim=2, keepdim=True) * around[:, :, 4:]
    return torch.cat([shares.clamp(-3, 3), metres, around[:, :, 3:]], dim=2), inside


def changed(values: Tensor, change: Tensor, cell_m: float) -> Tensor:
    """Boxes moved, stretched and turned in their own frames.

    Args:
        values: (K, 9) boxes, see `BOX_VALUES`.
        change: (K, 7): metres along, across and up; logarithms of length, width and height; radians.
        cell_m: Side of a cell.

    Returns:
        (K, 9) values; gradients reach both.
    """
    axis = F.normalize(values[:, 6:8], dim=1, eps=1e-3)
    yaw = torch.atan2(axis[:, 1], axis[:, 0]).detach() / 2
    cos, sin = torch.cos(yaw), torch.sin(yaw)
    shift = torch.stack([cos * change[:, 0] - sin * change[:, 1], sin * change[:, 0] + cos * change[:, 1]], dim=1)
    turn_cos, turn_sin = torch.cos(2 * change[:, 6]), torch.sin(2 * change[:, 6])
    turned = [turn_cos * axis[:, 0] - turn_sin * axis[:, 1], turn_sin * axis[:, 0] + turn_cos * axis[:, 1]]
    moved = [values[:, :2] + shift / cell_m, values[:, 2:6] + change[:, 2:6]]
    return torch.cat([*moved, torch.stack(turned, dim=1), values[:, 8:]], dim=1)


def neighbourhoods(features: Tensor, cells: Tensor) -> Tensor:
    """(K, 9 C) features of cells and their eight neighbours, row by row; 0 beyond the map."""
    _, channels, nx, ny = features.shape
    step = torch.arange(-1, 2, device=cells.device)
    row = (cells // ny % nx)[:, None, None] + step[:, None].expand(3, 3)
    column = (cells % ny)[:, None, None] + step.expand(3, 3)
    inside = ((row >= 0) & (row < nx) & (column >= 0) & (column < ny)).reshape(-1, 9)
    neighbours = (cells[:, None, None] + step[:, None] * ny + step).reshape(-1, 9)
    rows = features.permute(0, 2, 3, 1).reshape(-1, channels)
    found = rows.index_select(0, torch.where(inside, neighbours, 0).reshape(-1)).view(-1, 9, channels)
    return (found * inside[:, :, None]).reshape(-1, 9 * channels)
