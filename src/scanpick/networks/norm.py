"""Batch norm with ReLU over rows, and with a maximum over runs of rows: the steps of every point network.

On the CPU fused kernels do each in one pass; other devices run the same formulas in torch. Rows may stand for several
equal ones (`repeats`), so that statistics over ragged neighbourhoods equal those over padded ones.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from scanpick.networks import row_kernels as kernels
from scanpick.networks.segment_max import scatter_max

BatchNorm = nn.BatchNorm1d | nn.BatchNorm2d
Statistics = tuple[Tensor, Tensor]
"""(C,) the mean to take from rows without the bias, and (C,) one over their deviation."""


def norm_relu(z: Tensor, norm: BatchNorm, bias: Tensor | None, repeats: Tensor | None = None) -> Tensor:
    """ReLU of the batch norm of (R, C) rows; in training mode with the rows' own statistics.

    Args:
        z: (R, C) outputs of a linear map **without** its bias.
        norm: Batch norm of C channels; its running statistics are updated in training mode.
        bias: (C,) bias of the linear map. Batch statistics take it out again, so that it only moves the running mean.
        repeats: (R,) how many rows each stands for, in the type of `z`; None for one.
    """
    repeats = torch.ones_like(z[:, 0]) if repeats is None else repeats
    if norm.training:
        statistics = _remember(norm, bias, *(_moments if kernels.on_cpu(z) else _moments_by_torch)(z.detach(), repeats))
    else:
        statistics = _running_statistics(norm, bias)
    if kernels.on_cpu(z):
        y: Tensor = _NormReLU.apply(z, repeats, norm.weight, norm.bias, *statistics, norm.training)  # type: ignore[no-untyped-call]
        return y
    if norm.training:  # the same statistics again, through which gradients flow
        mean, variance, _ = _moments_by_torch(z, repeats)
        statistics = mean, torch.rsqrt(variance + norm.eps)
    mean, inverse = statistics
    return torch.relu((z - mean) * (inverse * norm.weight) + norm.bias)


def norm_relu_max(z: Tensor, starts: Tensor, norm: BatchNorm, bias: Tensor | None, repeats: Tensor) -> Tensor:
    """(S, C) maximum over runs of rows of `norm_relu`; run s goes from ``starts[s]`` to ``starts[s + 1]``.

    The gradient goes to the first row of a run that reaches the maximum. Every run has at least one row.
    """
    if not kernels.on_cpu(z):
        return scatter_max(norm_relu(z, norm, bias, repeats), starts)
    extremes, places, moments = _extremes(z.detach(), starts, repeats, norm)
    statistics = _running_statistics(norm, bias) if moments is None else _remember(norm, bias, *moments)
    y: Tensor = _NormReLUMax.apply(  # type: ignore[no-untyped-call]
        z, starts, repeats, extremes, places, norm.weight, norm.bias, *statistics, norm.training
    )
    return y


def _running_statistics(norm: BatchNorm, bias: Tensor | None) -> Statistics:
    running_mean, running_var = _buffers(norm)
    mean = running_mean if bias is None else running_mean - bias
    return mean, torch.rsqrt(running_var + norm.eps)


def _remember(norm: BatchNorm, bias: Tensor | None, mean: Tensor, variance: Tensor, total: float) -> Statistics:
    """Update the running statistics as torch does, and give what normalises."""
    running_mean, running_var = _buffers(norm)
    assert norm.momentum is not None
    with torch.no_grad():
        if norm.num_batches_tracked is not None:
            norm.num_batches_tracked.add_(1)
        seen = mean if bias is None else mean + bias
        running_mean.lerp_(seen, norm.momentum)
        running_var.lerp_(variance * (total / max(total - 1, 1)), norm.momentum)
        return mean, torch.rsqrt(variance + norm.eps)


def _buffers(norm: BatchNorm) -> tuple[Tensor, Tensor]:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    return norm.running_mean, norm.running_var


def _moments_by_torch(z: Tensor, repeats: Tensor) -> tuple[Tensor, Tensor, float]:
    total = repeats.sum()
    mean = repeats @ z / total
    return mean, repeats @ (z - mean).square() / total, float(total)


def _moments(z: Tensor, repeats: Tensor) -> tuple[Tensor, Tensor, float]:
    """(C,) mean, (C,) biased variance and weight of all rows."""
    partial, totals = _tables(z, kernels.blocks_of(len(z)))
    _launch(kernels.moments, z.contiguous(), repeats, partial, totals)
    return _merged(partial, totals)


def _extremes(
    z: Tensor, starts: Tensor, repeats: Tensor, norm: BatchNorm
) -> tuple[Tensor, Tensor, tuple[Tensor, Tensor, float] | None]:
    """(S, C) z of which each run's maximum comes, with its row, and in training mode the moments of all rows.

    ReLU and a scale keep or turn the order: the greatest output comes from the greatest or the least input.
    """
    z, signs = z.contiguous(), torch.where(norm.weight.detach() < 0, -1.0, 1.0).to(z.dtype)
    extremes = z.new_empty(len(starts) - 1, z.shape[1])
    places = torch.empty(extremes.shape, dtype=torch.int32)
    if not norm.training:
        _launch(kernels.extremes, z, starts, signs, extremes, places)
        return extremes, places, None
    partial, totals = _tables(z, -(-len(extremes) // kernels.RUNS))
    _launch(kernels.moments_and_extremes, z, starts, repeats, signs, partial, totals, extremes, places)
    return extremes, places, _merged(partial, totals)


def _tables(z: Tensor, blocks: int) -> tuple[Tensor, Tensor]:
    return z.new_empty(blocks, 2, z.shape[1]), z.new_empty(blocks)


def _merged(partial: Tensor, totals: Tensor) -> tuple[Tensor, Tensor, float]:
    mean, variance, total = kernels.merge_moments(partial.numpy(), totals.numpy())
    return torch.from_numpy(mean).to(partial.dtype), torch.from_numpy(variance).to(partial.dtype), total


def _launch(kernel: Callable[..., None], *tensors: Tensor) -> None:
    kernels.launch(kernel, *(tensor.detach().numpy() for tensor in tensors))


class _NormReLU(torch.autograd.Function):
    """With batch statistics, mean and inverse deviation are functions of z; their share is part of its gradient."""

    @staticmethod
    def forward(
        ctx: Any,
        z: Tensor,
        repeats: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        inverse: Tensor,
        batch_statistics: bool,
    ) -> Tensor:
        z, affine = z.contiguous(), torch.stack([mean, inverse * weight, bias])
        y = torch.empty_like(z)
        _launch(kernels.norm_relu, z, affine, y)
        ctx.save_for_backward(z, repeats, inverse, affine)
        ctx.batch_statistics = batch_statistics
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        z, repeats, inverse, affine = ctx.saved_tensors
        gradient = gradients[0].contiguous()
        partial = z.new_empty(kernels.blocks_of(len(z)), 2, z.shape[1])
        _launch(kernels.norm_relu_sums, z, gradient, affine, partial)
        passed, product = partial.sum(dim=0, dtype=torch.float64).to(z.dtype)
        pulls = _pulls(passed, product, affine[1], inverse, repeats, ctx.batch_statistics)
        out = torch.empty_like(z)
        _launch(kernels.norm_relu_gradient, z, gradient, repeats, affine, pulls, out)
        for_mean = None if ctx.batch_statistics else -affine[1] * passed
        return out, None, product * inverse, passed, for_mean, None, None


class _NormReLUMax(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any,
        z: Tensor,
        starts: Tensor,
        repeats: Tensor,
        extremes: Tensor,
        places: Tensor,
        weight: Tensor,
        bias: Tensor,
        mean: Tensor,
        inverse: Tensor,
        batch_statistics: bool,
    ) -> Tensor:
        affine = torch.stack([mean, inverse * weight, bias])
        y = torch.relu_((extremes - mean).mul_(affine[1]).add_(bias))
        ctx.save_for_backward(z.contiguous(), starts, repeats, extremes, places, inverse, affine, y)
        ctx.batch_statistics = batch_statistics
        return y

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        z, starts, repeats, extremes, places, inverse, affine, y = ctx.saved_tensors
        mean, scale, _ = affine
        behind = gradients[0].contiguous() * (y > 0)
        passed = behind.sum(dim=0)
        product = (behind * (extremes - mean)).sum(dim=0)
        pulls = _pulls(passed, product, scale, inverse, repeats, ctx.batch_statistics)
        out = torch.empty_like(z)
        _launch(kernels.max_gradient, z, starts, repeats, affine, pulls, behind * scale, places, out)
        for_mean = None if ctx.batch_statistics else -scale * passed
        return out, None, None, None, None, product * inverse, passed, for_mean, None, None


def _pulls(
    passed: Tensor, product: Tensor, scale: Tensor, inverse: Tensor, repeats: Tensor, batch_statistics: bool
) -> Tensor:
    """(2, C) what mean and variance take from the gradient of each row: ``pulls[0] + pulls[1] * (z - mean)``."""
    if not batch_statistics:
        return passed.new_zeros(2, len(passed))
    total = repeats.sum()
    return torch.stack([scale * passed / total, scale * product * inverse.square() / total])
