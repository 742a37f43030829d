"""The fused maximum over runs equals torch's scatter, forward and backward."""

import itertools

import numpy as np
import torch

from scanpick.networks.segment_max import segment_max


def _runs(seed: int, segments: int = 50) -> torch.Tensor:
    lengths = np.random.default_rng(seed).integers(1, 9, segments)
    return torch.from_numpy(np.concatenate([[0], np.cumsum(lengths)]))


def test_equals_a_loop_and_the_scatter_path() -> None:
    starts = _runs(0)
    rows = torch.randn(int(starts[-1]), 7, generator=torch.Generator().manual_seed(0))
    expected = torch.stack([rows[a:b].amax(0) for a, b in itertools.pairwise(starts)])
    assert torch.equal(segment_max(rows, starts), expected)
    assert torch.equal(segment_max(rows.double(), starts), expected.double())


def test_gradients_of_both_paths_agree() -> None:
    starts = _runs(1)
    rows = torch.randn(int(starts[-1]), 5, generator=torch.Generator().manual_seed(1))
    weights = torch.randn(len(starts) - 1, 5, generator=torch.Generator().manual_seed(2))
    gradients = []
    for dtype in (torch.float32, torch.float64):
        leaf = rows.to(dtype, copy=True).requires_grad_()
        (segment_max(leaf, starts) * weights.to(dtype)).sum().backward()
        gradients.append(leaf.grad)
    first, second = gradients
    assert first is not None
    torch.testing.assert_close(first.double(), second)


def test_a_tie_sends_its_gradient_to_the_first_row() -> None:
    rows = torch.ones(3, 1, requires_grad=True)
    segment_max(rows, torch.tensor([0, 3])).sum().backward()
    assert rows.grad is not None
    assert rows.grad[:, 0].tolist() == [1, 0, 0]


def test_a_run_without_rows_is_zero_and_gets_no_gradient() -> None:
    starts = torch.tensor([0, 0, 2, 2])
    for dtype in (torch.float32, torch.float64):
        rows = torch.tensor([[-3.0, 1.0], [-2.0, 0.5]], dtype=dtype, requires_grad=True)
        values = segment_max(rows, starts)
        assert values.tolist() == [[0, 0], [-2, 1], [0, 0]]
        values.sum().backward()
        assert rows.grad is not None
        assert rows.grad.tolist() == [[0, 1], [1, 0]]
