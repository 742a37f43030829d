"""From features of cells to the vector of a scene: how many things there are of which word."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from scanpick.arrays import Float32Array, Float64Array
from scanpick.encoders.ssl.clusters import Clusters
from scanpick.encoders.ssl.objectives import Pretraining, mean_by_thing
from scanpick.encoders.ssl.views import Things

RINGS_M = (10.0, 25.0, 45.0)
"""A thing belongs to the two of these distances that it lies between, in proportion; beyond them to the last one."""

SHARPNESS = 0.03
"""Temperature of a thing's share in each word: a little of the second best word, where two fit."""

LEAST_POINTS = 4
"""Things with fewer points say too little of what they are."""


def vector_length(network: Pretraining, *, by_distance: bool) -> int:
    """D: words, times rings where they are counted apart."""
    return len(network.words) * (len(RINGS_M) if by_distance else 1)


def pooled(
    network: Pretraining, fine: Tensor, things: Things, clusters: Clusters, *, by_distance: bool
) -> Float32Array:
    """(D,) the square root of how many things are of each word; zeros for a scene without things.

    The Euclidean distance of two such vectors is that of Hellinger, but of counts: that a scene holds more of
    something counts, and a second car counts more than a tenth one.

    Args:
        network: Knows the words.
        fine: (V, C) features of the cells of 0.64 m.
        things: Which cells hold which things.
        clusters: The M things.
        by_distance: Count at each distance of `RINGS_M` apart.
    """
    if not len(clusters):
        return np.zeros(vector_length(network, by_distance=by_distance), np.float32)
    rows, members = (torch.from_numpy(part) for part in (things.rows, things.things))
    scores = network.word_scores(mean_by_thing(fine, rows, members, len(clusters)))
    shares = torch.softmax(scores / SHARPNESS, dim=1).double().numpy()  # (M, K)
    large = clusters.counts >= LEAST_POINTS
    distances = np.hypot(*clusters.centres_m[large].T)
    places = ring_shares(distances) if by_distance else np.ones((len(distances), 1))
    counted = places.T @ shares[large]  # (rings, K)
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
