"""The backbone of 3DSSD: levels of sampling and set abstraction."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from scanpick.detectors.ssd3d.config import Draw, Level
from scanpick.networks.point_sampling import sample_by_feature, sample_by_place, take_rows
from scanpick.networks.set_abstraction import ConvNorm, SetAbstraction


class Backbone(nn.Module):
    """Points with few features to few points with rich features.

    Args:
        levels: What each level does.
        inputs: Features of the points.
        norm_eps: Of the batch norms of the set abstractions.
        aggregation_norm_eps: Of the batch norms of the layers that condense them.
    """

    def __init__(self, levels: Sequence[Level], inputs: int, *, norm_eps: float, aggregation_norm_eps: float) -> None:
        super().__init__()
        self.draws = [level.draws for level in levels]
        self.SA_modules, self.aggregation_mlps = nn.ModuleList(), nn.ModuleList()
        for level in levels:
            abstraction = SetAbstraction(level.rings, inputs, level.widths, eps=norm_eps)
            self.SA_modules.append(abstraction)
            condense = ConvNorm(abstraction.outputs, level.outputs, dimensions=1, eps=aggregation_norm_eps)
            self.aggregation_mlps.append(condense)
            inputs = level.outputs

    def forward(self, cloud: Tensor) -> tuple[Tensor, Tensor]:
        """(B, M, 3) points of the last level and their (B, M, C) features.

        Args:
            cloud: (B, N, 3 + inputs) x, y, z in metres, then the features.
        """
        points, features = cloud[..., :3].contiguous(), cloud[..., 3:].contiguous()
        for draws, abstraction, condense in zip(self.draws, self.SA_modules, self.aggregation_mlps, strict=True):
            centres = take_rows(points, draw_points(draws, points, features))
            features = condense(abstraction(points, features, centres))
            points = centres
        return points, features


def draw_points(draws: Sequence[Draw], points: Tensor, features: Tensor) -> Tensor:
    """(B, K) rows of the points that a level keeps."""
    rows = []
    for draw in draws:
        part = points[:, draw.start : draw.stop].contiguous()
        if draw.by == "place":
            picked = sample_by_place(part, draw.count)
        else:
            picked = sample_by_feature(part, features[:, draw.start : draw.stop], draw.count)
        rows.append(picked + draw.start)
    return torch.cat(rows, dim=1)
