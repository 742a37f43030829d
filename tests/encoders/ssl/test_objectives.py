"""Words: balanced as they should be, and cheaper where views agree."""

import numpy as np
import torch

from scanpick.encoders.ssl.objectives import balanced, mean_by_thing, swapped_words


def test_balanced_shares_sum_to_one_and_spread_over_words() -> None:
    torch.manual_seed(0)
    scores = 0.05 * torch.randn(200, 8) + torch.linspace(0, 0.1, 8)  # some words are nearer to everything
    shares = balanced(scores)
    torch.testing.assert_close(shares.sum(dim=1), torch.ones(200))
    unbalanced = torch.softmax(scores / 0.05, dim=1)
    assert shares.sum(dim=0).std() < 0.5 * unbalanced.sum(dim=0).std()


def test_agreement_costs_less() -> None:
    torch.manual_seed(1)
    scores = torch.randn(64, 8).clamp(-1, 1)
    assert swapped_words(scores, scores) < swapped_words(scores, scores[torch.randperm(64)])


def test_mean_by_thing_by_hand() -> None:
    features = torch.tensor([[1.0, 0.0], [3.0, 2.0], [5.0, 5.0]])
    means = mean_by_thing(features, torch.tensor([0, 1, 2]), torch.tensor([1, 1, 2]), 3)
    np.testing.assert_allclose(means, [[0, 0], [2, 1], [5, 5]])
