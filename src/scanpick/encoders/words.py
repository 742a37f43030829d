"""A bag of words: k-means centres of many vectors, and how many of a frame's vectors are nearest to each."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from scanpick.arrays import Embeddings, Float64Array, Int64Array

SAMPLE = 10_000
"""Vectors that centres are fitted to at most."""

ROUNDS = 50
"""Of Lloyd's algorithm at most; it stops when no vector changes its centre."""


def fit_words(values: Embeddings, count: int, seed: int) -> Embeddings:
    """K-means centres of (M, D) vectors, or of a random sample of them.

    Starts at k-means++ centres (Arthur and Vassilvitskii, SODA 2007). Computed in float64 on one thread, so that the
    number of threads makes no difference.

    Args:
        values: The vectors.
        count: K.
        seed: Of the sample and of the first centres.

    Returns:
        (K, D) float32, in the order in which they were found; fewer where fewer vectors differ.
    """
    rng = np.random.default_rng(seed)
    rows = np.arange(len(values)) if len(values) <= SAMPLE else np.sort(rng.choice(len(values), SAMPLE, replace=False))
    X = values[rows].astype(np.float64)
    with threadpool_limits(1, user_api="blas"):
        centres = _first_centres(X, count, rng)
        nearest = np.full(len(X), -1)
        for _ in range(ROUNDS):
            before, nearest = nearest, nearest_words(X, centres)
            if np.array_equal(before, nearest):
                break
            sums = np.zeros_like(centres)
            np.add.at(sums, nearest, X)
            members = np.bincount(nearest, minlength=len(centres))
            centres = np.where(members[:, None] > 0, sums / np.maximum(members, 1)[:, None], centres)
    return centres.astype(np.float32)


def nearest_words(values: Embeddings | Float64Array, words: Embeddings | Float64Array) -> Int64Array:
    """(M,) the row of the word that each of (M, D) vectors is nearest to; of equally near ones the first."""
    centres = words.astype(np.float64)
    X = values.astype(np.float64)
    # |x - c|^2 less |x|^2, which is the same for all words. In float64 on one thread: near-ties are always the same.
    with threadpool_limits(1, user_api="blas"):
        return ((centres**2).sum(axis=1) - 2 * (X @ centres.T)).argmin(axis=1)


def count_words(nearest: Int64Array, frame_of: Int64Array, frames: int, words: int) -> Float64Array:
    """(frames, words) how many of each frame's vectors are nearest to each word.

    Args:
        nearest: (M,) the word of each vector.
        frame_of: (M,) its frame.
        frames: How many.
        words: How many.
    """
    counts = np.bincount(frame_of * words + nearest, minlength=frames * words)
    return counts.reshape(frames, words).astype(np.float64)


def _first_centres(X: Float64Array, count: int, rng: np.random.Generator) -> Float64Array:
    """Each with a probability in proportion to its squared distance to the nearest one before."""
    chosen = [int(rng.integers(len(X)))]
    squared = ((X - X[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < count and squared.max() > 0:
        sums = np.cumsum(squared)
        chosen.append(int(np.searchsorted(sums, rng.random() * sums[-1], side="right").clip(max=len(X) - 1)))
        squared = np.minimum(squared, ((X - X[chosen[-1]]) ** 2).sum(axis=1))
    return X[chosen]
