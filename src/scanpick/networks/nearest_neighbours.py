"""The k nearest points for batches of clouds on any device: see `scanpick.geometry.nearest_neighbours`."""

import torch
from torch import Tensor

from scanpick.geometry.nearest_neighbours import nearest_neighbours as nearest_on_cpu

TABLE_ENTRIES = 2**24  # distances of one block of queries, on devices other than the CPU


def nearest_neighbours(points: Tensor, queries: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """(B, M, K) int64 rows of the K nearest of (B, N, 3) points to (B, M, 3) queries, and their squared distances.

    Nearest first, of equally near ones the lowest row first. On the CPU through buckets, on other devices by sorting
    all distances, with the same result. No gradients.
    """
    points, queries = points.detach(), queries.detach()
    if points.device.type == "cpu":
        clouds = zip(points.numpy(), queries.numpy(), strict=True)
        found = [nearest_on_cpu(cloud, asked, count) for cloud, asked in clouds]
        rows, distances = (
            torch.stack([torch.from_numpy(part) for part in parts]) for parts in zip(*found, strict=True)
        )
        return rows, distances
    return _sort_all(points, queries, count)


def _sort_all(points: Tensor, queries: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Sort all distances, in blocks of queries."""
    block_size = max(1, TABLE_ENTRIES // (points.shape[0] * points.shape[1]))
    parts = []
    for block in torch.split(queries, block_size, dim=1):
        dx, dy, dz = (points[:, None] - block[:, :, None]).unbind(-1)
        distances, rows = (dx * dx + dy * dy + dz * dz).sort(dim=2, stable=True)
        parts.append((rows[..., :count], distances[..., :count]))
    rows, distances = (torch.cat(part, dim=1) for part in zip(*parts, strict=True))
    return rows, distances
