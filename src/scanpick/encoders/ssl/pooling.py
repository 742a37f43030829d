"""From the words of things to the vector of a scene: how many things there are of which word."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import Float32Array, Float64Array

RINGS_M = (10.0, 25.0, 45.0)
"""A thing belongs to the two of these distances that it lies between, in proportion; beyond them to the last one."""

SHARPNESS = 0.03
"""Temperature of a thing's share in each word: a little of the second best word, where two fit."""

LEAST_POINTS = 4
"""Things with fewer points say too little of what they are, and are left out."""


def pooled(scores: Float32Array, centres_m: Float64Array, *, by_distance: bool) -> Float32Array:
    """(D,) the square root of how many things are of each word; zeros for a scene without things.

    The Euclidean distance of two such vectors is that of Hellinger, but of counts: that a scene holds more of
    something counts, and a second car counts more than a tenth one.

    Args:
        scores: (M, K) cosines of things to words.
        centres_m: (M, 2) where the things are.
        by_distance: Count at each distance of `RINGS_M` apart.
    """
    exponents = scores.astype(np.float64) / SHARPNESS
    shares = np.exp(exponents - exponents.max(axis=1, keepdims=True))
    shares /= shares.sum(axis=1, keepdims=True)
    distances = np.hypot(*centres_m.T)
    places = ring_shares(distances) if by_distance else np.ones((len(distances), 1))
    counted = np.einsum("mr,mk->rk", places, shares)  # no matrix product, whose rounding may depend on threads
    vector: Float32Array = np.sqrt(counted).ravel().astype(np.float32)
    return vector


def ring_shares(distances_m: Float64Array) -> Float64Array:
    """(M, rings) how much a thing at each distance belongs to each ring; rows sum to 1.

    Shares change gradually, so that a step of the vehicle moves nothing from one number to another at once.
    """
    rings = np.array(RINGS_M)
    inner = np.clip(np.searchsorted(rings, distances_m) - 1, 0, len(rings) - 2)
    outer = np.clip((distances_m - rings[inner]) / (rings[inner + 1] - rings[inner]), 0.0, 1.0)
    shares = np.zeros((len(distances_m), len(rings)))
    every = np.arange(len(distances_m))
    shares[every, inner] = 1 - outer
    shares[every, inner + 1] = outer
    return shares
