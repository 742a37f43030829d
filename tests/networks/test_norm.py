"""Batch norm with ReLU and maximum, against torch's own on rows that are really repeated."""

import pytest
import torch
from torch import nn

from scanpick.networks import row_kernels
from scanpick.networks.norm import norm_relu, norm_relu_max

LENGTHS = torch.tensor([1, 5, 2, 40, 1, 7])
STARTS = torch.cat([torch.zeros(1, dtype=torch.int64), LENGTHS.cumsum(0)])
REPEATS = torch.ones(int(LENGTHS.sum()), dtype=torch.int64)
REPEATS[STARTS[:-1]] = torch.tensor([8, 1, 3, 1, 9, 2])


def make_norm(channels, dtype, training, seed=0):
    """With weights of both signs, and one that is zero."""
    generator = torch.Generator().manual_seed(seed)
    norm = nn.BatchNorm1d(channels, eps=1e-3).to(dtype)
    with torch.no_grad():
        norm.weight.copy_(torch.randn(channels, generator=generator))
        norm.weight[0] = 0
        norm.bias.copy_(torch.randn(channels, generator=generator))
        norm.running_mean.copy_(torch.randn(channels, generator=generator))
        norm.running_var.copy_(torch.rand(channels, generator=generator) + 0.5)
    return norm.train(training)


def make_rows(channels, dtype):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(len(REPEATS), channels, generator=generator).to(dtype) * 3 + 10


@pytest.fixture(params=["kernels", "torch"])
def path(request, monkeypatch):
    """Both the kernels for the CPU and the formulas for other devices."""
    if request.param == "torch":
        monkeypatch.setattr(row_kernels, "on_cpu", lambda z: False)
    return request.param


def results(compute, rows, norm, bias):
    """Output, gradients and running statistics of a sum with fixed weights."""
    rows, bias = rows.clone().requires_grad_(), bias.clone().requires_grad_()
    output = compute(rows, norm, bias)
    weights = torch.randn(output.shape, generator=torch.Generator().manual_seed(2)).to(rows.dtype)
    (output * weights).sum().backward()
    # Batch statistics take the bias out: its gradient is exactly zero here and noise in torch.
    of_bias = torch.zeros_like(bias) if bias.grad is None or norm.training else bias.grad
    counted = norm.num_batches_tracked
    return output, rows.grad, norm.weight.grad, norm.bias.grad, of_bias, norm.running_mean, norm.running_var, counted


def repeated_by_torch(rows, norm, bias):
    """(R, C) of rows that are really there several times; the first of each run of copies."""
    copies = rows.repeat_interleave(REPEATS, dim=0) + bias
    first = torch.cat([torch.zeros(1, dtype=torch.int64), REPEATS.cumsum(0)[:-1]])
    return torch.relu(norm(copies))[first]


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("channels", "dtype"), [(5, torch.float64), (16, torch.float32), (700, torch.float32)])
def test_norm_relu_equals_torch(path, channels, dtype, training):
    rows, bias = make_rows(channels, dtype), torch.randn(channels).to(dtype)
    ours = results(
        lambda z, norm, b: norm_relu(z, norm, b, REPEATS.to(dtype)), rows, make_norm(channels, dtype, training), bias
    )
    theirs = results(repeated_by_torch, rows, make_norm(channels, dtype, training), bias)
    for got, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-3 if dtype == torch.float32 else 1e-9, atol=2e-4)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("channels", "dtype"), [(5, torch.float64), (16, torch.float32), (700, torch.float32)])
def test_maximum_equals_the_maximum_of_each_run(path, channels, dtype, training):
    def by_torch(rows, norm, bias):
        values = repeated_by_torch(rows, norm, bias)
        return torch.stack([part.amax(dim=0) for part in values.split(LENGTHS.tolist())])

    rows, bias = make_rows(channels, dtype), torch.randn(channels).to(dtype)
    norm = make_norm(channels, dtype, training)
    with torch.no_grad():
        norm.weight[0] = 0.5  # with a weight of zero all rows tie, and a maximum may choose any
    other = make_norm(channels, dtype, training)
    other.load_state_dict(norm.state_dict())
    ours = results(lambda z, n, b: norm_relu_max(z, STARTS, n, b, REPEATS.to(dtype)), rows, norm, bias)
    theirs = results(by_torch, rows, other, bias)
    for got, expected in zip(ours, theirs, strict=True):
        torch.testing.assert_close(got, expected, rtol=1e-3 if dtype == torch.float32 else 1e-9, atol=2e-4)


@pytest.mark.parametrize("training", [True, False])
def test_gradients_by_differences(training):
    channels = 4
    norm = make_norm(channels, torch.float64, training)
    repeats = REPEATS.double()

    def compute(rows, weight, bias, of_map):
        norm.weight, norm.bias = None, None  # leaves of the check take their place
        norm.__dict__["weight"], norm.__dict__["bias"] = weight, bias
        return norm_relu(rows, norm, of_map, repeats), norm_relu_max(rows, STARTS, norm, of_map, repeats)

    inputs = [make_rows(channels, torch.float64), norm.weight.detach() + 0.7, norm.bias.detach(), torch.randn(channels)]
    assert torch.autograd.gradcheck(compute, [value.double().requires_grad_() for value in inputs])


def test_of_equal_rows_the_first_gets_the_gradient():
    norm = make_norm(3, torch.float32, training=False)
    with torch.no_grad():
        norm.weight.fill_(1)
        norm.bias.fill_(50)
    rows = torch.ones(4, 3, requires_grad=True)
    norm_relu_max(rows, torch.tensor([0, 4]), norm, None, torch.ones(4)).sum().backward()
    assert (rows.grad[0] > 0).all()
    assert (rows.grad[1:] == 0).all()


def test_variance_far_from_zero_is_not_lost():
    """A mean of 1000 deviations: the difference of two sums of squares would lose the variance in float32."""
    rows = torch.randn(5000, 8, generator=torch.Generator().manual_seed(0)) + 1000
    norm = nn.BatchNorm1d(8)
    y = norm_relu(rows, norm, None)
    exact = rows.double()
    expected = torch.relu((exact - exact.mean(0)) / (exact.var(0, unbiased=False) + norm.eps).sqrt()).float()
    torch.testing.assert_close(y, expected, rtol=1e-3, atol=1e-3)


def test_threads_do_not_change_a_bit():
    rows, repeats = torch.randn(3000, 24), torch.randint(1, 5, (3000,)).float()
    starts = torch.arange(0, 3001, 12)
    found, before = [], torch.get_num_threads()
    for threads in (1, 2):
        torch.set_num_threads(threads)
        try:
            norm, z = make_norm(24, torch.float32, True), rows.clone().requires_grad_()
            (norm_relu(z, norm, None, repeats).sum() + norm_relu_max(z, starts, norm, None, repeats).sum()).backward()
        finally:
            torch.set_num_threads(before)
        found.append((z.grad, norm.weight.grad, norm.running_var))
    for one, two in zip(*found, strict=True):
        assert (one == two).all()
