"""The neighbours of points in a batch of clouds, ragged: what set abstraction gathers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from scanpick.geometry.ball_query import Neighbours, Ring
from scanpick.geometry.ball_query import ball_query as ball_query_on_cpu

TABLE_ENTRIES = 2**24  # distances of one block of centres, on devices other than the CPU


@dataclass(frozen=True, eq=False)
class Neighbourhoods:
    """Neighbours of the B x M centres of a batch, in the B x N points.

    Attributes:
        rows: (R,) int32 rows of the points of the whole batch, cloud after cloud, centre after centre.
        starts: (B x M + 1,) int64: where each centre's rows start; each has at least one.
        repeats: (R,) float: how often each row would stand in a table of K places a centre, see `Neighbours`.
    """

    rows: Tensor
    starts: Tensor
    repeats: Tensor

    @cached_property
    def centres(self) -> Tensor:
        """(R,) int64 the centre that each row belongs to."""
        lengths = self.starts[1:] - self.starts[:-1]
        return torch.repeat_interleave(torch.arange(len(lengths), device=lengths.device), lengths)


def ball_query(points: Tensor, centres: Tensor, rings: Sequence[Ring]) -> list[Neighbourhoods]:
    """The points of each ring around each centre; the rule is that of `scanpick.geometry.ball_query`.

    On the CPU through a grid; on other devices by comparing all pairs, with the same result.

    Args:
        points: (B, N, 3) metres.
        centres: (B, M, 3), of the same type and device.
        rings: One or more; one result each.
    """
    points, centres = points.detach(), centres.detach()
    if points.device.type == "cpu":
        found = [
            ball_query_on_cpu(cloud, queries, rings)
            for cloud, queries in zip(points.numpy(), centres.numpy(), strict=True)
        ]
        return [_joined([cloud[ring] for cloud in found], points) for ring in range(len(rings))]
    return [_compare_all(points, centres, ring) for ring in rings]


def _joined(found: Sequence[Neighbours], points: Tensor) -> Neighbourhoods:
    per_cloud = points.shape[1]
    before = np.cumsum([0, *(len(part.rows) for part in found)])
    rows = [part.rows + np.int32(cloud * per_cloud) for cloud, part in enumerate(found)]
    starts = [part.starts[:-1] + before[cloud] for cloud, part in enumerate(found)]
    repeats = np.concatenate([part.repeats() for part in found])
    return Neighbourhoods(
        torch.from_numpy(np.concatenate(rows)),
        torch.from_numpy(np.concatenate([*starts, before[-1:]])),
        torch.from_numpy(repeats).to(points.dtype),
    )


def _compare_all(points: Tensor, centres: Tensor, ring: Ring) -> Neighbourhoods:
    """Compare all pairs, in blocks of centres."""
    clouds, per_cloud = points.shape[:2]
    # Squared in the type of the points, as on the CPU.
    least, greatest = (
        torch.tensor(r, dtype=points.dtype).square().to(points.device) for r in (ring.least, ring.greatest)
    )
    block = max(1, TABLE_ENTRIES // per_cloud)
    rows, lengths = [], []
    for cloud in range(clouds):
        for start in range(0, centres.shape[1], block):
            dx, dy, dz = (centres[cloud, start : start + block, None] - points[cloud]).unbind(-1)
            distance = dx * dx + dy * dy + dz * dz
            inside = ((distance >= least) & (distance < greatest)) | (distance == 0)
            inside[:, 0] |= ~inside.any(dim=1)  # row 0 alone, where there is none
            kept = inside & (inside.cumsum(dim=1) <= ring.count)
            rows.append(kept.nonzero()[:, 1] + cloud * per_cloud)
            lengths.append(kept.sum(dim=1))
    length = torch.cat(lengths)
    starts = torch.cat([length.new_zeros(1), length.cumsum(0)])
    repeats = points.new_ones(int(starts[-1]))
    repeats[starts[:-1]] += (ring.count - length).to(points.dtype)
    return Neighbourhoods(torch.cat(rows).to(torch.int32), starts, repeats)
