"""Agreement of pairs against the other frames of a batch."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def contrast(one: Tensor, other: Tensor, same_scene: Tensor, temperature: float) -> Tensor:
    """InfoNCE, both ways (van den Oord et al., 2018; SimCLR, Chen et al., ICML 2020, without negatives of one side).

    Row i of `one` should be nearer to row i of `other` than to the rows of other scenes.

    Args:
        one: (B, D) vectors, of any length.
        other: (B, D).
        same_scene: (B, B) bool, pairs that are no counter-examples since they show the same scene; the diagonal, which
            holds the pairs themselves, counts all the same.
        temperature: Of the softmax over cosines.

    Returns:
        The mean loss of the rows; 0 for a batch without any counter-example.
    """
    cosine = F.normalize(one, dim=1) @ F.normalize(other, dim=1).T / temperature
    diagonal = torch.eye(len(one), dtype=torch.bool, device=one.device)
    cosine = cosine.masked_fill(same_scene & ~diagonal, -torch.inf)
    target = torch.arange(len(one), device=one.device)
    return (F.cross_entropy(cosine, target) + F.cross_entropy(cosine.T, target)) / 2
