"""The network: pillars to feature map, down and up again; objects are looked for and described at stride 2."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scanpick.detectors.pillars.box_head import BoxHead, RoughHead
from scanpick.detectors.pillars.config import PillarConfig
from scanpick.detectors.pillars.pillars import POINT_FEATURES
from scanpick.detectors.second_look import SecondLook
from scanpick.networks.segment_max import segment_max


class Residual(nn.Module):
    """Two 3x3 convolutions with a shortcut."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = nn.Sequential(
                nn.AvgPool2d(stride) if stride > 1 else nn.Identity(),
                nn.Conv2d(inputs, outputs, 1, bias=False),
                nn.BatchNorm2d(outputs),
            )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, nx, ny) -> (B, outputs, nx / stride, ny / stride)."""
        inner = F.relu(self.bn1(self.conv1(x)), inplace=True)
        return F.relu(self.bn2(self.conv2(inner)).add_(self.shortcut(x)), inplace=True)


class PillarNetwork(nn.Module):
    """Points sorted by pillar in, maps at stride 2 out."""

    def __init__(self, config: PillarConfig) -> None:
        super().__init__()
        self.config = config
        width = config.point_channels
        self.point_layer = nn.Linear(POINT_FEATURES, width, bias=False)
        self.point_norm = nn.BatchNorm1d(width)
        stages, inputs = [], width
        for channels, blocks in zip(config.channels, config.blocks, strict=True):
            layers = [Residual(inputs, channels, 2), *(Residual(channels, channels, 1) for _ in range(blocks - 1))]
            stages.append(nn.Sequential(*layers))
            inputs = channels
        self.stages = nn.ModuleList(stages)
        head = config.head_channels
        self.lateral = nn.ModuleList(nn.Conv2d(channels, head, 1) for channels in config.channels)
        self.merge = _conv3(head, head)
        self.where = _conv3(head, head // 2)
        self.heatmap = nn.Conv2d(head // 2, len(config.class_names), 1)
        self.what = RoughHead(head, config) if config.noisy_copies else BoxHead(head, config)
        self.second_look = SecondLook(config.box_channels, config) if config.noisy_copies else None
        assert self.heatmap.bias is not None
        nn.init.constant_(self.heatmap.bias, -4.6)  # a prior of 1 %: most cells hold nothing

    def forward(self, features: Tensor, starts: Tensor, cells: Tensor, batch: int) -> tuple[Tensor, Tensor]:
        """Where objects are, and what is needed to tell their boxes.

        Args:
            features: (P, 10) points of all frames, sorted by frame and pillar.
            starts: (S + 1,) where each pillar's points start.
            cells: (S,) place of each pillar in the flattened (B, nx, ny) grid.
            batch: B.

        Returns:
            Heatmap logits (B, classes, nx/2, ny/2), and the features (B, C, nx/2, ny/2) that `what` describes boxes by.
        """
        nx, ny = self.config.grid
        points = F.relu(self.point_norm(self.point_layer(features)), inplace=True)
        pillars = segment_max(points, starts)
        half = self.config.precision == "bfloat16"
        pillars = pillars.bfloat16() if half else pillars  # before they are spread over the map, most of which is empty
        canvas = pillars.new_zeros(batch * nx * ny, pillars.shape[1]).index_copy_(0, cells, pillars)
        # Channels stay last in memory: no transpose, and convolutions on the CPU are fastest so.
        x = canvas.view(batch, nx, ny, -1).permute(0, 3, 1, 2)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=half):
            merged = self._down_and_up(x)
            heatmap = self.heatmap(self.where(merged))
        return heatmap.float(), merged.float()

    def _down_and_up(self, x: Tensor) -> Tensor:
        levels = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        merged = self.lateral[-1](levels[-1])
        for lateral, level in zip(list(self.lateral)[-2::-1], levels[-2::-1], strict=True):
            merged = F.interpolate(merged, scale_factor=2, mode="nearest") + lateral(level)
        out: Tensor = self.merge(merged)
        return out


def _conv3(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True)
    )


def to_channels_last(network: PillarNetwork) -> PillarNetwork:
    """Lay the weights of convolutions out as the maps are."""
    return network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
