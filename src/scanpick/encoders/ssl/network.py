"""The network: cells of a scene to a feature of each cell of 0.64 m, down to 2.56 m and up again.

This form in torch is for training; `inference` computes the same without torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from scanpick.arrays import Int32Array, Int64Array
from scanpick.encoders.ssl.cells import CELL_FEATURES, FINE, INTENSITY, Cells
from scanpick.encoders.ssl.sparse import CellConv, Merge, hand_down
from scanpick.encoders.ssl.weights import NetworkConfig


@dataclass(frozen=True, eq=False)
class CellBatch:
    """Scenes put together: rows of all, one scene after the other, as `Cells` has them.

    Attributes:
        features: (V, 13) of the finest level.
        neighbours: (V, 9) int32 of each level.
        children: (V, 4) int32 of each level but the finest.
        starts: (B + 1,) of each level: the rows of scene b go from ``starts[level][b]`` to ``starts[level][b + 1]``.
    """

    features: Tensor
    neighbours: tuple[Tensor, ...]
    children: tuple[Tensor, ...]
    starts: tuple[Int64Array, ...]


def batch_cells(scenes: Sequence[Cells], device: torch.device | str = "cpu") -> CellBatch:
    """One batch of scenes."""
    depth = len(scenes[0].levels)
    starts = [np.cumsum([0, *(len(scene.levels[level]) for scene in scenes)]) for level in range(depth)]

    def joined(tables: Sequence[Int32Array], starts: Int64Array) -> Tensor:
        moved = [
            np.where(table == last - first, starts[-1], table + first).astype(np.int32)
            for table, first, last in zip(tables, starts[:-1], starts[1:], strict=True)
        ]
        return torch.from_numpy(np.concatenate(moved)).to(device)

    return CellBatch(
        torch.from_numpy(np.concatenate([scene.features for scene in scenes])).to(device),
        tuple(joined([s.levels[level].neighbours for s in scenes], starts[level]) for level in range(depth)),
        tuple(joined([s.levels[level].children for s in scenes], starts[level - 1]) for level in range(1, depth)),
        tuple(starts),
    )


class SceneNetwork(nn.Module):
    """Residual blocks over cells at four levels, and a path back up to cells of 0.64 m."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        channels, outputs = config.channels, config.outputs
        self.standardise = nn.BatchNorm1d(CELL_FEATURES)
        self.stem = CellConv(CELL_FEATURES, channels[0])
        self.stem_norm = nn.BatchNorm1d(channels[0])
        self.merges = nn.ModuleList(Merge(a, b) for a, b in pairwise(channels))
        self.merge_norms = nn.ModuleList(nn.BatchNorm1d(c) for c in channels[1:])
        self.blocks = nn.ModuleList(Residual(c) for c in channels[1:])
        self.lateral = nn.ModuleList(nn.Linear(c, outputs) for c in channels[FINE:])
        self.mix = CellConv(outputs, outputs)
        self.mix_norm = nn.BatchNorm1d(outputs)

    def forward(self, batch: CellBatch, *, intensity: bool = False) -> tuple[Tensor, Tensor]:
        """(V, outputs) features of the cells of 0.64 m, not negative, and (U, outputs) of those of 2.56 m.

        Args:
            batch: The cells.
            intensity: Whether their intensity counts. Otherwise every cell has the same, about the mean of what the
                network was trained with: sensors differ in the gain of theirs, some have none.
        """
        x = self.standardise(batch.features)
        if not intensity:
            x = x.index_fill(1, torch.tensor(INTENSITY, device=x.device), 0.0)
        x = F.relu(self.stem_norm(self.stem(x, batch.neighbours[0])))
        levels = []
        steps = zip(self.merges, self.merge_norms, self.blocks, batch.children, batch.neighbours[1:], strict=True)
        for merge, norm, block, children, neighbours in steps:
            x = block(F.relu(norm(merge(x, children))), neighbours)
            levels.append(x)
        wanted = levels[FINE - 1 :]
        coarse = fine = self.lateral[-1](wanted[-1])
        for level in range(len(wanted) - 2, -1, -1):
            handed = hand_down(fine, batch.children[level + FINE], len(wanted[level]))
            fine = handed + self.lateral[level](wanted[level])
        return F.relu(self.mix_norm(self.mix(fine, batch.neighbours[FINE]))), coarse


class Residual(nn.Module):
    """Two 3 x 3 convolutions with a shortcut."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1, self.norm1 = CellConv(channels, channels), nn.BatchNorm1d(channels)
        self.conv2, self.norm2 = CellConv(channels, channels), nn.BatchNorm1d(channels)

    def forward(self, x: Tensor, neighbours: Tensor) -> Tensor:
        """(V, C) -> (V, C)."""
        inner = F.relu(self.norm1(self.conv1(x, neighbours)))
        return F.relu(self.norm2(self.conv2(inner, neighbours)) + x)
