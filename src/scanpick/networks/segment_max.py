"""Maximum over runs of rows, with its gradient: points of a pillar to the pillar's feature."""

from typing import Any

import numpy as np
import torch
from numba import njit
from torch import Tensor

from scanpick.arrays import Float32Array, Int64Array


def segment_max(rows: Tensor, starts: Tensor) -> Tensor:
    """(S, C) maximum of each run of (P, C) `rows`; run s goes from ``starts[s]`` to ``starts[s + 1]``.

    The gradient goes to the first row that reaches the maximum; a run without rows has the maximum 0. On the CPU in
    float32 a fused kernel does both; other devices and types go through torch's scatter, with the same result and,
    where no two rows tie, the same gradient.

    Args:
        rows: (P, C) floating point.
        starts: (S + 1,) int64, not falling, from 0 to P.
    """
    if rows.device.type == "cpu" and rows.dtype == torch.float32:
        return _SegmentMax.apply(rows, starts)  # type: ignore[no-untyped-call]
    lengths = starts[1:] - starts[:-1]
    index = torch.repeat_interleave(torch.arange(len(lengths), device=rows.device), lengths)
    empty = rows.new_zeros(len(lengths), rows.shape[1])
    return empty.scatter_reduce(0, index[:, None].expand_as(rows), rows, "amax", include_self=False)


class _SegmentMax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, starts: Tensor) -> Tensor:
        values, winners = _forward(rows.detach().contiguous().numpy(), starts.numpy())
        ctx.winners, ctx.count = winners, len(rows)
        return torch.from_numpy(values)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return torch.from_numpy(_backward(gradients[0].contiguous().numpy(), ctx.winners, ctx.count)), None


@njit(cache=True, nogil=True)
def _forward(rows: Float32Array, starts: Int64Array) -> tuple[Float32Array, Int64Array]:
    segments, channels = len(starts) - 1, rows.shape[1]
    values = np.empty((segments, channels), np.float32)
    winners = np.empty((segments, channels), np.int64)
    for s in range(segments):
        first = starts[s]
        if first == starts[s + 1]:
            values[s] = 0
            winners[s] = -1
            continue
        for c in range(channels):
            values[s, c] = rows[first, c]
            winners[s, c] = first
        for p in range(first + 1, starts[s + 1]):
            for c in range(channels):
                if rows[p, c] > values[s, c]:
                    values[s, c] = rows[p, c]
                    winners[s, c] = p
    return values, winners


@njit(cache=True, nogil=True)
def _backward(gradient: Float32Array, winners: Int64Array, count: int) -> Float32Array:
    result = np.zeros((count, gradient.shape[1]), np.float32)
    for s in range(gradient.shape[0]):
        if gradient.shape[1] == 0 or winners[s, 0] < 0:
            continue
        for c in range(gradient.shape[1]):
            result[winners[s, c], c] += gradient[s, c]
    return result
