"""Convolutions over the cells that exist: rows are gathered and multiplied, forwards and backwards alike.

Graham, Engelcke and van der Maaten, "3D semantic segmentation with submanifold sparse convolutional networks",
CVPR 2018, seen from above: a cell without points has no row, and neither gives nor gets a value.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class CellConv(nn.Module):
    """A 3 x 3 convolution over the rows of one level."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(9 * inputs, outputs) * (2 / (9 * inputs)) ** 0.5)

    def forward(self, rows: Tensor, neighbours: Tensor) -> Tensor:
        """(V, inputs), (V, 9) -> (V, outputs)."""
        return _CellConv.apply(rows, self.weight, neighbours)  # type: ignore[no-untyped-call]


class Merge(nn.Module):
    """A 2 x 2 convolution with stride 2: rows of a level to rows of the next coarser one."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(4 * inputs, outputs) * (2 / (4 * inputs)) ** 0.5)

    def forward(self, rows: Tensor, children: Tensor) -> Tensor:
        """(V, inputs), (U, 4) -> (U, outputs)."""
        return spread(rows, children).view(len(children), -1) @ self.weight


def with_empty(rows: Tensor) -> Tensor:
    """(V + 1, C): a row of zeros is what stands for a cell that does not exist."""
    return torch.cat([rows, rows.new_zeros(1, rows.shape[1])])


def spread(rows: Tensor, children: Tensor) -> Tensor:
    """(U, 4, C) rows of the children of each cell, zeros for those that do not exist; each row has one parent."""
    return _Spread.apply(rows, children)  # type: ignore[no-untyped-call]


def hand_down(rows: Tensor, children: Tensor, count: int) -> Tensor:
    """(count, C) each child gets its parent's row of (U, C)."""
    return _HandDown.apply(rows, children, count)  # type: ignore[no-untyped-call]


class _CellConv(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, weight: Tensor, neighbours: Tensor) -> Tensor:
        ctx.wide = rows.dtype
        # Within autocast: narrow numbers before the gathering, which is half of the work.
        if torch.is_autocast_enabled(rows.device.type):
            rows, weight = (x.to(torch.get_autocast_dtype(rows.device.type)) for x in (rows, weight))
        ctx.save_for_backward(rows, weight, neighbours)
        return (_around(rows, neighbours) @ weight).to(ctx.wide)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor, None]:
        rows, weight, neighbours = ctx.saved_tensors
        gradient = gradients[0].to(rows.dtype)
        for_weight = (_around(rows, neighbours).T @ gradient).to(ctx.wide)
        if not ctx.needs_input_grad[0]:
            return None, for_weight, None
        # Neighbour k of a cell has that cell as its neighbour 8 - k: so the gradient is gathered, not scattered.
        turned = weight.view(9, rows.shape[1], -1).flip(0).transpose(1, 2).reshape(-1, rows.shape[1])
        return (_around(gradient, neighbours) @ turned).to(ctx.wide), for_weight, None


def _around(rows: Tensor, neighbours: Tensor) -> Tensor:
    return with_empty(rows).index_select(0, neighbours.reshape(-1)).view(len(neighbours), -1)


class _Spread(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, children: Tensor) -> Tensor:
        ctx.save_for_backward(children)
        ctx.count = len(rows)
        return with_empty(rows).index_select(0, children.reshape(-1)).view(*children.shape, -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (children,) = ctx.saved_tensors
        return _gather_back(gradients[0].reshape(-1, gradients[0].shape[-1]), children, ctx.count), None


class _HandDown(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, children: Tensor, count: int) -> Tensor:
        ctx.save_for_backward(children)
        return _gather_back(rows.repeat_interleave(4, dim=0), children, count)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (children,) = ctx.saved_tensors
        gathered = with_empty(gradients[0]).index_select(0, children.reshape(-1))
        return gathered.view(len(children), 4, -1).sum(dim=1), None, None


def _gather_back(slots: Tensor, children: Tensor, count: int) -> Tensor:
    """(count, C) of (U x 4, C): each child's slot."""
    places = torch.zeros(count + 1, dtype=torch.long, device=slots.device)
    places[children.reshape(-1).long()] = torch.arange(len(slots), device=slots.device)
    return slots.index_select(0, places[:count])
