"""Greedy k-means++: first centres of k-means, drawn far from one another.

Arthur and Vassilvitskii, SODA 2007: each centre is a point drawn with a chance in proportion to its squared distance to
the nearest centre so far. Of a few such draws the one is kept that lowers the sum of these most, as their code does.
"""

from __future__ import annotations

import functools
import math

import numba
import numpy as np

from scanpick.arrays import Embeddings, Float32Array, Float64Array, Int64Array
from scanpick.selection.kernels.distances import LANES, CentredRows, squared_distance
from scanpick.selection.kernels.workers import Scratch, Workers

BLOCK = 4096
"""Points per task: sums are made per block and then added in order, whatever the number of threads."""


def seeds(X: Embeddings, count: int, rng: np.random.Generator, threads: int = 1) -> Int64Array:
    """Up to `count` indices of points that are all different, in the order drawn; fewer only if there are fewer.

    Args:
        X: (N, D) float32 in C order.
        count: Centres.
        rng: Makes the draws.
        threads: How many threads compare points; the result does not depend on it.
    """
    if len(X) == 0 or count == 0:
        return np.empty(0, dtype=np.int64)
    squares = _Squares(X, Workers(threads))
    draws = 2 + int(math.log(count))
    chosen = [int(rng.integers(len(X)))]
    squares.lower(np.array(chosen))
    while len(chosen) < count:
        candidates = _drawn(squares.nearest, rng.random(draws))
        if len(candidates) == 0:
            break
        chosen.append(squares.lower(candidates))
    return np.array(chosen)


class _Squares:
    """Squared distances of all points to the nearest centre so far; float32 is enough to draw by, but for zeros."""

    def __init__(self, X: Embeddings, workers: Workers) -> None:
        self.source = CentredRows(X)
        self.nearest = np.full(len(X), np.inf)
        self._workers = workers
        self._rows = np.empty(X.shape, dtype=np.float32)
        self._floors = np.empty(len(X))
        self._blocks = [slice(start, min(start + BLOCK, len(X))) for start in range(0, len(X), BLOCK)]
        for block in self._blocks:
            ids = np.arange(block.start, block.stop)
            self.source.gather(ids, self._rows[block], self._floors[block])

    def lower(self, candidates: Int64Array) -> int:
        """Make the best of the candidates a centre, and return it."""
        trials = np.empty((len(candidates), len(self.nearest)))
        tasks = [functools.partial(self._try, block, candidates, trials) for block in self._blocks]
        sums = np.sum(self._workers.run(tasks), axis=0)
        best = int(np.argmin(sums))
        self.nearest = trials[best]
        return int(candidates[best])

    def _try(self, block: slice, candidates: Int64Array, trials: Float64Array, scratch: Scratch) -> Float64Array:
        rows = self._rows[block]
        products = np.matmul(
            self._rows[candidates], rows.T, out=scratch.float32("products", len(candidates), len(rows))
        )
        return _lowered(
            self.source.X,
            block.start,
            self._floors,
            self.source.share,
            candidates,
            products,
            self.nearest,
            trials,
        )


def _drawn(squared: Float64Array, numbers: Float64Array) -> Int64Array:
    """Different points, drawn in proportion to `squared` by numbers from 0 to 1, ascending; none if all are 0."""
    sums = np.cumsum(squared)
    if not sums[-1] > 0:
        return np.empty(0, dtype=np.int64)
    # Rounding may lead past the last point that can be drawn; a point of weight 0 never comes up otherwise.
    last = int(np.flatnonzero(squared)[-1])
    return np.unique(np.minimum(np.searchsorted(sums, numbers * sums[-1], side="right"), last))


@numba.njit(cache=True, nogil=True)
def _lowered(
    X: Embeddings,
    start: int,
    floors: Float64Array,
    share: float,
    candidates: Int64Array,
    products: Float32Array,
    nearest: Float64Array,
    trials: Float64Array,
) -> Float64Array:
    """Write for each candidate what its choice would lower `nearest` to, and return the sums of that."""
    sums = np.empty(LANES)
    result = np.zeros(len(candidates))
    for c in range(len(candidates)):
        j = candidates[c]
        total = 0.0
        for position in range(products.shape[1]):
            i = start + position
            norms = floors[i] + floors[j]
            value = norms - 2.0 * products[c, position]
            # Near zero, and where products overflow, only the exact value tells whether points are equal.
            if not (value > 8.0 * share * norms):
                value = squared_distance(X[i], X[j], sums)
            value = min(value, nearest[i])
            trials[c, i] = value
            total += value
        result[c] = total
    return result
