"""Which patches are hidden in pre-training."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import BoolArray, FloatArray


def random_mask(groups: int, share: float, rng: np.random.Generator) -> BoolArray:
    """(G,) ``int(share * G)`` patches hidden, each as likely as any other."""
    mask = np.zeros(groups, dtype=bool)
    mask[rng.permutation(groups)[: int(share * groups)]] = True
    return mask


def block_mask(centres: FloatArray, share: float, rng: np.random.Generator) -> BoolArray:
    """(G,) one of the (G, 3) patches, drawn at random, and those nearest to it hidden: ``int(share * G)`` in all."""
    distance = ((centres - centres[rng.integers(len(centres))]) ** 2).sum(axis=1)
    mask = np.zeros(len(centres), dtype=bool)
    mask[np.argsort(distance, kind="stable")[: int(share * len(centres))]] = True
    return mask
