"""3DSSD: points in, predictions of candidates out."""

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn

from scanpick.detectors.second_look import SecondLook
from scanpick.detectors.ssd3d.config import Draw, Ssd3dConfig
from scanpick.detectors.ssd3d.decoding import rough_boxes
from scanpick.detectors.ssd3d.head import Head, Predictions
from scanpick.networks.point_sampling import sample_by_feature, sample_by_place, take_rows
from scanpick.networks.set_abstraction import ConvNorm, SetAbstraction


class Ssd3dNetwork(nn.Module):
    """Backbone and head. Parameters carry the names of mmdetection3d's checkpoints."""

    def __init__(self, config: Ssd3dConfig) -> None:
        super().__init__()
        self.backbone = Backbone(config)
        self.bbox_head = Head(config)
        self.config = config
        self.second_look: SecondLook | None = None
        if config.second_look:
            inputs = (self.bbox_head.vote_aggregation.outputs, *config.shared_widths)[-1]
            self.second_look = SecondLook(inputs, config)

    def forward(self, cloud: Tensor) -> Predictions:
        """Predictions of (B, N, 4 or 5) x, y, z in metres, intensity, and the height where it is a feature."""
        predictions: Predictions = self.bbox_head(*self.backbone(cloud))
        if self.second_look is None:
            return predictions
        rough = rough_boxes(predictions, self.config)
        mended, overlap_logits = self.second_look(cloud, predictions.candidates, rough)
        return replace(predictions, mended=mended, overlap_logits=overlap_logits)


class Backbone(nn.Module):
    """Levels of sampling and set abstraction: points with few features to few points with rich features."""

    def __init__(self, config: Ssd3dConfig) -> None:
        super().__init__()
        self.draws, inputs = [level.draws for level in config.levels], config.point_features
        self.SA_modules, self.aggregation_mlps = nn.ModuleList(), nn.ModuleList()
        for level in config.levels:
            abstraction = SetAbstraction(level.rings, inputs, level.widths, eps=config.norm_eps)
            self.SA_modules.append(abstraction)
            condense = ConvNorm(abstraction.outputs, level.outputs, dimensions=1, eps=config.aggregation_norm_eps)
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
