"""Farthest-point sampling for batches of clouds on any device: see `scanpick.geometry.farthest_point_sampling`.

On the CPU the kernels of `geometry` do it; elsewhere a plain scan in torch gives the same picks. Sums over many
features are taken in another order there, so that of features equally far to the last bit another may be picked.
"""

import torch
from torch import Tensor

from scanpick.geometry.farthest_point_sampling import farthest_feature_sampling_batch, farthest_point_sampling_batch


def sample_by_place(points: Tensor, count: int) -> Tensor:
    """(B, count) int64 rows of (B, N, 3) points, each the farthest from those before it, starting at row 0 (D-FPS)."""
    points = points.detach()
    if points.device.type == "cpu":
        return torch.from_numpy(farthest_point_sampling_batch(points.numpy(), count))
    return _scan(points, count)


def sample_by_feature(points: Tensor, features: Tensor, count: int) -> Tensor:
    """The same by the squared L2 distance of positions (B, N, 3) and features (B, N, C) together (F-FPS)."""
    both = torch.cat([points.detach(), features.detach()], dim=-1)
    if both.device.type == "cpu":
        return torch.from_numpy(farthest_feature_sampling_batch(both.numpy(), count))
    return _scan(both, count)


def take_rows(values: Tensor, rows: Tensor) -> Tensor:
    """(B, K, C) the given (B, K) rows of (B, N, C) values."""
    return values.gather(1, rows[:, :, None].expand(-1, -1, values.shape[2]))


def _scan(rows: Tensor, count: int) -> Tensor:
    picks = torch.zeros(len(rows), count, dtype=torch.int64, device=rows.device)
    nearest = torch.full(rows.shape[:2], torch.inf, dtype=rows.dtype, device=rows.device)
    for k in range(1, count):
        squares = (rows - take_rows(rows, picks[:, k - 1 : k])).square()
        nearest = torch.minimum(nearest, _sum(squares))
        farthest = nearest == nearest.amax(dim=1, keepdim=True)
        picks[:, k] = farthest.to(torch.uint8).argmax(dim=1)  # the first of equals on every device
    return picks


def _sum(squares: Tensor) -> Tensor:
    if squares.shape[-1] == 3:  # in the order in which the kernel adds
        return squares[..., 0] + squares[..., 1] + squares[..., 2]
    return squares.sum(dim=-1)
