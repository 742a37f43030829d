"""Tables of vectors, a row each: rows of length 1, and the directions in which the rows differ most."""

from __future__ import annotations

import numpy as np
from threadpoolctl import threadpool_limits

from scanpick.arrays import Embeddings, Float32Array, Float64Array

BLOCK_ROWS = 4096
"""Rows that are turned into float64 at a time."""


def unit_rows(values: Float64Array) -> Float64Array:
    """(N, D) rows scaled to length 1; a row of zeros stays.

    Example:
        >>> unit_rows(np.array([[3.0, 4.0], [0.0, 0.0]]))
        array([[0.6, 0.8],
               [0. , 0. ]])
    """
    lengths = np.sqrt((values**2).sum(axis=1, keepdims=True))
    return np.asarray(values / np.where(lengths > 0, lengths, 1.0))


def principal_directions(values: Embeddings, mean: Float32Array | Float64Array) -> tuple[Float64Array, Float64Array]:
    """Principal component analysis, in float64 and on one thread: the same bits for any number of threads.

    The sign of a direction is that which makes its largest number positive.

    Args:
        values: (N, D).
        mean: (D,) what is subtracted from each row.

    Returns:
        (D, R) unit directions by falling spread, R the smaller of N and D, and (R,) the standard deviations along them.
    """
    rows, columns = values.shape
    with threadpool_limits(1, user_api="blas"):
        if rows <= columns:  # the covariance would be larger than the table
            _, lengths, found = np.linalg.svd(values.astype(np.float64) - mean, full_matrices=False)
            directions, spread = found.T, lengths / np.sqrt(rows)
        else:
            covariance = np.zeros((columns, columns))
            for start in range(0, rows, BLOCK_ROWS):
                moved = values[start : start + BLOCK_ROWS].astype(np.float64) - mean
                covariance += moved.T @ moved
            variances, found = np.linalg.eigh(covariance / rows)
            directions, spread = found[:, ::-1], np.sqrt(np.maximum(variances[::-1], 0))
    signs = np.sign(directions[np.abs(directions).argmax(axis=0), np.arange(len(spread))])
    return directions * signs, spread
