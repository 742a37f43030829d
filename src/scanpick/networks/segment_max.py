"""Maximum over runs of rows, with its gradient: points of a pillar to the pillar's feature."""

from typing import Any

import torch
from torch import Tensor

from scanpick.networks import row_kernels as kernels


def segment_max(rows: Tensor, starts: Tensor) -> Tensor:
    """(S, C) maximum of each run of (P, C) `rows`; run s goes from ``starts[s]`` to ``starts[s + 1]``.

    The gradient goes to the first row that reaches the maximum; a run without rows has the maximum 0. Devices other
    than the CPU go through torch's scatter, with the same result and, where no two rows tie, the same gradient.

    Args:
        rows: (P, C) floating point.
        starts: (S + 1,) int64, not falling, from 0 to P.
    """
    if kernels.on_cpu(rows):
        return _SegmentMax.apply(rows, starts)  # type: ignore[no-untyped-call]
    return scatter_max(rows, starts)


def scatter_max(rows: Tensor, starts: Tensor) -> Tensor:
    """`segment_max` by torch's scatter."""
    lengths = starts[1:] - starts[:-1]
    index = torch.repeat_interleave(torch.arange(len(lengths), device=rows.device), lengths)
    empty = rows.new_zeros(len(lengths), rows.shape[1])
    return empty.scatter_reduce(0, index[:, None].expand_as(rows), rows, "amax", include_self=False)


class _SegmentMax(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, starts: Tensor) -> Tensor:
        rows = rows.detach().contiguous()
        values = rows.new_empty(len(starts) - 1, rows.shape[1])
        ctx.places, ctx.count = torch.empty(values.shape, dtype=torch.int32), len(rows)
        arrays = (rows, starts, rows.new_ones(rows.shape[1]), values, ctx.places)
        kernels.launch(kernels.extremes, *(tensor.numpy() for tensor in arrays))
        return values

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        gradient = gradients[0].contiguous()
        out = gradient.new_zeros(ctx.count, gradient.shape[1])
        kernels.add_at_places(gradient.numpy(), ctx.places.numpy(), 0, len(gradient), out.numpy())
        return out, None
