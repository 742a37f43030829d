"""InfoNCE against its formula written out, and without counter-examples of the same scene."""

from __future__ import annotations

import numpy as np
import torch

from scanpick.encoders.recon.pretraining import contrast


def _written_out(one: np.ndarray, other: np.ndarray, same: np.ndarray, temperature: float) -> float:
    def unit(rows: np.ndarray) -> np.ndarray:
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    total = 0.0
    for a, b in ((one, other), (other, one)):
        for i in range(len(a)):
            logits = [unit(a)[i] @ unit(b)[j] / temperature for j in range(len(b)) if j == i or not same[i, j]]
            total -= unit(a)[i] @ unit(b)[i] / temperature - np.log(np.exp(logits).sum())
    return total / (2 * len(one))


def test_equals_the_formula() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.standard_normal((2, 6, 5))
    same = np.eye(6, dtype=bool)
    same[1, 4] = same[4, 1] = True
    found = contrast(torch.tensor(one), torch.tensor(other), torch.tensor(same), 0.2)
    assert abs(found.item() - _written_out(one, other, same, 0.2)) < 1e-9


def test_a_batch_of_one_scene_teaches_nothing_and_stays_finite() -> None:
    one = torch.randn(3, 4, requires_grad=True)
    loss = contrast(one, torch.randn(3, 4), torch.ones(3, 3, dtype=torch.bool), 0.1)
    loss.backward()
    assert loss.item() == 0
    assert one.grad is not None
    assert torch.equal(one.grad, torch.zeros(3, 4))
