"""Greedy k-means++: first centres of k-means, drawn far from one another.

Arthur and Vassilvitskii, SODA 2007: each centre is a point drawn with a chance in proportion to its squared distance to
the nearest centre so far. Of a few such draws the one is kept that lowers the sum of these most, as in their code, but
of more draws: most of what they cost is saved by the triangle inequality, and better first centres save iterations.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from scanpick.arrays import Embeddings, Float32Array, Float64Array, Int32Array, Int64Array
from scanpick.selection.kernels.distances import LANES, CentredRows, squared_distance
from scanpick.selection.kernels.workers import Scratch, Workers

DRAWS = 3.0
"""Draws per unit of the logarithm of the number of centres, and two more; the authors' code has 1."""

BLOCK = 4096
"""Points per task: sums are made per block and then added in order, whatever the number of threads."""


def seeds(X: Embeddings, count: int, rng: np.random.Generator, threads: int = 1) -> Int64Array:
    """Up to `count` indices of points that are all different, in the order drawn; fewer only if there are fewer.

    The result does not depend on the number of threads.
    """
    if len(X) == 0 or count == 0:
        return np.empty(0, dtype=np.int64)
    squares = _Squares(X, Workers(threads))
    draws = 2 + int(DRAWS * math.log(count))
    squares.choose(int(rng.integers(len(X))))
    while len(squares.chosen) < count:
        candidates = drawn(squares.nearest, rng.random(draws))
        if len(candidates) == 0:
            break
        squares.choose(int(candidates[np.argmax(squares.gains(candidates))]))
    return np.array(squares.chosen)


class _Squares:
    """Squared distances of all points to the nearest centre so far; float32 is enough to draw by, but for zeros.

    A candidate c is compared only with points x whose nearest centre s is near: if ``|c - s| >= 2 |x - s|``, then c
    is no nearer.

    Attributes:
        nearest: (N,) squared distances.
        chosen: The centres.
    """

    def __init__(self, X: Embeddings, workers: Workers) -> None:
        self.nearest = np.full(len(X), np.inf)
        self.chosen: list[int] = []
        self._source = CentredRows(X)
        self._workers = workers
        self._labels = np.zeros(len(X), dtype=np.int32)
        self._rows, self._floors = self._source.gathered(np.arange(len(X)))

    def gains(self, candidates: Int64Array) -> Float64Array:
        """(C,) by how much each would lower the sum of the squared distances."""
        return self._compare(candidates, choose=False)

    def choose(self, index: int) -> None:
        """Make a point a centre."""
        self._compare(np.array([index]), choose=True)
        self.chosen.append(index)

    def _compare(self, candidates: Int64Array, *, choose: bool) -> Float64Array:
        centres = np.array(self.chosen, dtype=np.int64)
        # Before the first centre, every point has 0 as its label and is infinitely far from it.
        gaps = _least_squared(self._source.X, candidates, centres) if len(centres) else np.zeros(1)
        rows = (self._source.X, self._rows, self._floors, 8.0 * self._source.share)
        label = len(self.chosen) if choose else -1

        def gains(ids: Int64Array, _: Scratch) -> Float64Array:
            return _gains(*rows, ids, candidates, gaps, self.nearest, self._labels, label)

        return np.asarray(np.sum(self._workers.in_blocks(np.arange(len(self.nearest)), BLOCK, gains), axis=0))


def drawn(squared: Float64Array, numbers: Float64Array) -> Int64Array:
    """Different points, drawn in proportion to `squared` by numbers from 0 to 1, ascending; none if all are 0."""
    sums = np.cumsum(squared)
    if not sums[-1] > 0:
        return np.empty(0, dtype=np.int64)
    # Rounding may lead past the last point that can be drawn; a point of weight 0 never comes up otherwise.
    last = int(np.flatnonzero(squared)[-1])
    return np.unique(np.minimum(np.searchsorted(sums, numbers * sums[-1], side="right"), last))


@numba.njit(cache=True, nogil=True)
def _least_squared(X: Embeddings, candidates: Int64Array, centres: Int64Array) -> Float64Array:
    """(K,) squared distance of each centre to the nearest candidate."""
    sums = np.empty(LANES)
    result = np.full(len(centres), np.inf)
    for k in range(len(centres)):
        for c in candidates:
            result[k] = min(result[k], squared_distance(X[c], X[centres[k]], sums))
    return result


@numba.njit(cache=True, nogil=True)
def _gains(
    X: Embeddings,
    rows: Float32Array,
    floors: Float64Array,
    noise: float,
    ids: Int64Array,
    candidates: Int64Array,
    least_gaps: Float64Array,
    nearest: Float64Array,
    labels: Int32Array,
    label: int,
) -> Float64Array:
    """By how much each candidate would lower `nearest` over these points; a first one lowers it from infinity.

    With a `label` of 0 or more the one candidate becomes the centre of that number.
    """
    sums = np.empty(LANES)
    gains = np.zeros(len(candidates))
    products = np.empty(len(candidates) + 3, dtype=np.float32)
    for i in ids:
        # Twice the distance is four times its square; see `_Squares`.
        if not (least_gaps[labels[i]] < 4.0 * nearest[i]):
            continue
        _products(rows, i, candidates, products)
        for c in range(len(candidates)):
            j = candidates[c]
            norms = floors[i] + floors[j]
            value = norms - 2.0 * products[c]
            # Near zero, and where products overflow, only the exact value tells whether points are equal.
            if not (value > noise * norms):
                value = squared_distance(X[i], X[j], sums)
            if value < nearest[i]:
                gains[c] += nearest[i] - value
                if label >= 0:
                    nearest[i] = value
                    labels[i] = label
    return gains


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _products(rows: Float32Array, i: int, candidates: Int64Array, products: Float32Array) -> None:
    """Dot products of a row with others, four at a time: faster than a matrix product with so few columns."""
    last = len(candidates) - 1
    for first in range(0, len(candidates), 4):
        a = candidates[first]
        b = candidates[min(first + 1, last)]
        c = candidates[min(first + 2, last)]
        d = candidates[min(first + 3, last)]
        with_a, with_b, with_c, with_d = np.float32(0.0), np.float32(0.0), np.float32(0.0), np.float32(0.0)
        for column in range(rows.shape[1]):
            value = rows[i, column]
            with_a += value * rows[a, column]
            with_b += value * rows[b, column]
            with_c += value * rows[c, column]
            with_d += value * rows[d, column]
        products[first] = with_a
        products[first + 1] = with_b
        products[first + 2] = with_c
        products[first + 3] = with_d
