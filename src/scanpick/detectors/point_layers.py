"""What the points in or around a box say of it, whatever their number and order."""

import torch.nn.functional as F
from torch import Tensor, nn

from scanpick.networks.segment_max import segment_max

WITHIN = 1.3
"""A second look takes points within a rough box, enlarged so much seen from above, whatever their height."""

WITHIN_FEATURES = 8
"""Of a point in a box: along, across and up (from its bottom) in box sizes, the same in metres, intensity, and 1."""


class PointLayers(nn.Module):
    """Two layers on each point, the largest over the points that count, and a linear map."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.first = nn.Linear(inputs, channels // 2)
        self.second = nn.Linear(channels // 2, channels)
        self.out = nn.Linear(channels, channels, bias=False)

    def forward(self, points: Tensor, counts: Tensor) -> Tensor:
        """(K, n, inputs) points, of which those with a 1 in (K, n, 1) count -> (K, channels); 0 where none does."""
        # Most places of a cell are empty: only the points that count go through the layers.
        counted = counts[:, :, 0] > 0
        rows = counted.flatten().nonzero()[:, 0]
        each = F.relu(self.second(F.relu(self.first(points.flatten(0, 1).index_select(0, rows)))))
        starts = F.pad(counted.sum(dim=1).cumsum(dim=0), (1, 0))
        out: Tensor = self.out(segment_max(each, starts))
        return out
