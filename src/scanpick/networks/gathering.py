"""The first layer of a grouped network: a linear map of each neighbour's features and of its offset to the centre."""

from typing import Any

import torch
from torch import Tensor

from scanpick.networks import row_kernels as kernels
from scanpick.networks.neighbourhoods import Neighbourhoods


def gather_linear(
    mapped: Tensor, weight: Tensor, points: Tensor, centres: Tensor, neighbourhoods: Neighbourhoods
) -> Tensor:
    """(R, C) ``mapped[row] + weight @ (points[row] - centre)`` for each neighbour of each centre.

    A linear map of features that are gathered is the gathering of mapped features, and there are far fewer points
    than neighbours: so the features come here mapped.

    Args:
        mapped: (B x N, C) mapped features of all points.
        weight: (C, 3) the map of offsets.
        points: (B x N, 3) positions.
        centres: (B x M, 3) positions.
        neighbourhoods: Which points surround which centre.
    """
    if kernels.on_cpu(mapped) and not points.requires_grad:
        gathered: Tensor = _GatherLinear.apply(  # type: ignore[no-untyped-call]
            mapped, weight, points, centres, neighbourhoods.rows, neighbourhoods.starts
        )
        return gathered
    offsets = points[neighbourhoods.rows] - centres[neighbourhoods.centres]
    return mapped[neighbourhoods.rows] + offsets @ weight.T


class _GatherLinear(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, mapped: Tensor, weight: Tensor, points: Tensor, centres: Tensor, rows: Tensor, starts: Tensor
    ) -> Tensor:
        arrays = [tensor.detach().contiguous() for tensor in (mapped, weight.T, points, centres, rows, starts)]
        offsets, out = mapped.new_empty(len(rows), 3), mapped.new_empty(len(rows), mapped.shape[1])
        kernels.launch(kernels.gather_offsets, *(tensor.numpy() for tensor in (*arrays, offsets, out)))
        ctx.save_for_backward(weight, offsets, rows, starts)
        ctx.points = len(mapped)
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        weight, offsets, rows, starts = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        for_mapped = gradient.new_empty(ctx.points, gradient.shape[1])
        places, of_point = kernels.rows_of_points(rows.numpy(), ctx.points)
        kernels.launch(kernels.sum_runs, gradient.numpy(), places, of_point, for_mapped.numpy())
        for_centres = None
        if ctx.needs_input_grad[3]:
            for_centres = -torch.segment_reduce(gradient @ weight, "sum", offsets=starts, axis=0)
        return for_mapped, gradient.T @ offsets, None, for_centres, None, None
