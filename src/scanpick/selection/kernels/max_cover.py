"""Greedy maximum cover: choose points so that every point has a chosen one that is similar to it.

The value of a set S is ``sum over x of u_x * max over s in S of v(x, s)``, with a similarity v that falls with the
distance: facility location and herding differ in v alone. Greedy reaches 1 - 1/e of the best value (Nemhauser, Wolsey
and Fisher, 1978). Adding points can only raise a point's best similarity, so a gain known from before is an upper
bound, and is brought up to date only when it could win (Minoux, 1978).

Exact: similarities come from float32 matrix products, but only as bounds (`rounding_share`). What they leave open is
decided by gains in float64, summed over the points in their order, as a plain greedy loop sums them. Rounded sums of
rounded terms are monotonic, so late evaluation gives exactly what eager evaluation gives.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float32Array, Float64Array, Int64Array
from scanpick.errors import ScanpickError
from scanpick.selection.kernels.distances import (
    LANES,
    CentredRows,
    column_means,
    read_only,
    squared_distance,
    squared_distances_to,
)
from scanpick.selection.kernels.picker import Picker
from scanpick.selection.kernels.workers import Scratch, Workers

BLOCK = 512
"""Rows of a matrix product."""

STORED_BYTES = 2 * 2**30
"""Similarities are kept where they take at most this; otherwise they are computed again when needed."""

AT_ONCE = 16
"""Candidates that are brought up to date together where similarities are not kept."""

SUMS = 1e-12
"""Share by which sums of bounds are widened: many times their rounding."""

ROUNDING = 1e-6
"""Many times the rounding of a product and of numpy's float32 exp (a few units in the last place of 6e-8)."""

LINEAR, GAUSSIAN = 0, 1


@dataclass(frozen=True)
class Similarity:
    """A similarity that falls with the squared distance d, or stays.

    Attributes:
        kind: `LINEAR`: ``-d``; `GAUSSIAN`: ``exp(-d * factor)``.
        factor: See `kind`.
        least: What a point has with nothing chosen: no similarity is less.
        scale: A gain is its sum divided by this.
    """

    kind: int
    factor: float
    least: float
    scale: float

    def bounds(self, floors: Float32Array) -> None:
        """Turn lower bounds of squared distances, at least 0, into upper bounds of similarities, in place."""
        if self.kind == LINEAR:
            np.negative(floors, out=floors)
            return
        np.multiply(floors, np.float32(-self.factor * (1 - ROUNDING)), out=floors)
        np.exp(floors, out=floors)
        np.multiply(floors, np.float32(1 + ROUNDING), out=floors)

    def slack(self, width: float) -> tuple[float, float]:
        """(ratio, offset): an upper bound U means at least ``U * ratio - offset``, where distances are within width."""
        if self.kind == LINEAR:
            return 1.0, width
        # At most 90 in the exponent: below e^-90 a float32 is 0, and the bound must not be.
        return float(np.exp(-self.factor * width) * (1 - 4 * ROUNDING) * (1 - 90 * 2 * ROUNDING)), 1e-30


def negative_square(X: Embeddings) -> Similarity:
    """Facility location: minus the squared distance, and with nothing chosen -4 * the largest one to the mean.

    No squared distance is larger, so that no gain is negative. The constant shifts the first gain alone: later ones
    are what the sum of squared distances to the nearest chosen point falls by.
    """
    points = read_only(X)
    radius = squared_distances_to(points, np.arange(len(points)), column_means(points))
    return Similarity(LINEAR, 0.0, -4.0 * float(radius.max(initial=0.0)), 1.0)


def gaussian(X: Embeddings, bandwidth: float, point_weights: Float64Array | None = None) -> Similarity:
    """MaxHerding: ``exp(-d / (2 bandwidth^2))``, so that the value of a set is a (weighted) mean from 0 to 1.

    Bae et al., 2024, arXiv 2407.12212; with uncertainties as `point_weights` Uncertainty Herding, arXiv 2412.20644.

    Raises:
        ScanpickError: The bandwidth is not above 0.
    """
    if not (bandwidth > 0 and np.isfinite(bandwidth)):
        raise ScanpickError(f"bandwidth of the Gaussian kernel: expected a number > 0, got {bandwidth}.")
    total = float(len(X) if point_weights is None else np.sum(point_weights))
    return Similarity(GAUSSIAN, 1.0 / (2.0 * bandwidth * bandwidth), 0.0, total if total > 0 else 1.0)


class MaxCoverPicker(Picker):
    """Greedy maximum cover. The gain is what the value of the chosen set rises by, over `scale`.

    Args:
        X: As for every `Picker`, and so are candidates, weights and threads.
        similarity: v.
        point_weights: (N,) float64 >= 0, u, or None for ones.
        stored_bytes: Similarities are kept where they take at most this.
    """

    def __init__(
        self,
        X: Embeddings,
        similarity: Similarity,
        candidates: BoolArray | None = None,
        weights: Float64Array | None = None,
        point_weights: Float64Array | None = None,
        threads: int = 1,
        stored_bytes: int = STORED_BYTES,
    ) -> None:
        count = len(X)
        self._similarity = similarity
        self._weights = np.ones(count) if weights is None else weights
        self._point_weights = np.ones(count) if point_weights is None else np.asarray(point_weights, dtype=np.float64)
        self._allowed = np.ones(count, dtype=np.bool_) if candidates is None else candidates.copy()
        self._rows = _Bounds(X, similarity, threads, stored_bytes)
        self._current = np.full(count, similarity.least)
        # Bounds of each candidate's gain * weight. Upper bounds stay true when points are chosen; a lower bound is
        # minus infinity until the candidate is brought up to date. Both are minus infinity where none is allowed.
        self._upper = np.where(self._allowed, np.inf, -np.inf)
        self._lower = np.full(count, -np.inf)
        self._answer: tuple[int, float] | None = None

    def best(self) -> tuple[int, float] | None:
        """The allowed candidate that raises the value most, times its weight; ties to the lowest index."""
        if self._answer is None and self._allowed.any():
            self._answer = self._find()
        return self._answer

    def take(self, index: int) -> None:
        """Choose a point: every point's best similarity is brought up to date, exactly."""
        self.take_all(np.array([index]))

    def take_all(self, indices: Int64Array) -> None:
        """Choose points in this order."""
        for start in range(0, len(indices), AT_ONCE):
            part = indices[start : start + AT_ONCE]
            for index, bounds in zip(part, self._rows.of(part), strict=True):
                _raise(self._current, bounds, self._rows.X, index, self._similarity.kind, self._similarity.factor)
        self.forbid(indices)

    def forbid(self, indices: Int64Array) -> None:
        """Never return these again."""
        self._allowed[indices] = False
        self._upper[indices] = -np.inf
        self._lower[indices] = -np.inf
        self._answer = None

    def gains(self) -> Float64Array:
        """(N,) exact gain times weight of every allowed candidate; 0 where a point is not allowed."""
        result = np.zeros(len(self._allowed))
        allowed = np.flatnonzero(self._allowed)
        result[allowed] = self._exact(allowed)
        return result

    def _find(self) -> tuple[int, float]:
        """Bring candidates up to date until none that is left can win; then compare the contenders exactly."""
        # Choosing a point may lower any gain, so that upper bounds stay (Minoux), and lower ones are worth nothing now.
        self._lower[:] = -np.inf
        self._refresh(np.flatnonzero(np.isposinf(self._upper)))
        if self._rows.stored is not None:
            ratio, offset = self._similarity.slack(self._rows.width)
            scale = self._weights / self._similarity.scale
            _refine(
                self._rows.stored, self._current, self._point_weights, ratio, offset, scale, self._upper, self._lower
            )
        else:
            self._refine_in_blocks()
        # Whose upper bound reaches the best lower bound may win: these few are summed in float64, in order of points.
        contenders = np.flatnonzero(self._upper >= self._lower.max())
        gains = self._exact(contenders)
        winner = int(np.argmax(gains))  # the first of equals has the lowest index
        return int(contenders[winner]), float(gains[winner])

    def _refine_in_blocks(self) -> None:
        """What `_refine` does, several candidates at once: they share a matrix product."""
        while True:
            stale = np.flatnonzero(np.isneginf(self._lower) & (self._upper >= self._lower.max()) & self._allowed)
            if len(stale) == 0:
                return
            # The most promising together: one alone would be a product of a row, all of them mostly wasted.
            if len(stale) > AT_ONCE:
                stale = np.sort(stale[np.argpartition(-self._upper[stale], AT_ONCE - 1)[:AT_ONCE]])
            self._refresh(stale)

    def _refresh(self, indices: Int64Array) -> None:
        """Bring the bounds of these candidates up to date."""
        if len(indices) == 0:
            return

        def work(part: Int64Array, scratch: Scratch) -> tuple[Float64Array, Float64Array]:
            bounds = self._rows.of(part, scratch)
            return _gain_bounds(bounds, self._current, self._point_weights, ratio, offset)

        ratio, offset = self._similarity.slack(self._rows.width)
        found = self._rows.workers.in_blocks(indices, BLOCK // 4, work)
        scale = self._weights[indices] / self._similarity.scale
        upper = np.concatenate([upper for upper, _ in found]) * scale * (1 + SUMS)
        self._upper[indices] = np.minimum(self._upper[indices], upper)
        self._lower[indices] = np.concatenate([lower for _, lower in found]) * scale * (1 - SUMS)

    def _exact(self, indices: Int64Array) -> Float64Array:
        similarity = self._similarity

        def work(part: Int64Array, scratch: Scratch) -> Float64Array:
            bounds = self._rows.of(part, scratch)
            return _exact_gains(
                bounds, self._current, self._point_weights, self._rows.X, part, similarity.kind, similarity.factor
            )

        sums = self._rows.workers.in_blocks(indices, AT_ONCE, work)
        return np.concatenate([np.zeros(0), *sums]) / similarity.scale * self._weights[indices]


class _Bounds:
    """Upper bounds of the similarity of any two points, kept or computed again.

    Attributes:
        X: (N, D) the points.
        stored: (N, N) float32, or None where it would take too much.
        width: How far apart the bounds of a squared distance are at most.
        workers: Threads.
    """

    def __init__(self, X: Embeddings, similarity: Similarity, threads: int, stored_bytes: int) -> None:
        self._source = CentredRows(X)
        self._similarity = similarity
        self.X = self._source.X
        self.workers = Workers(threads)
        self.stored: Float32Array | None = None
        count = len(X)
        self._rows, floors = self._source.gathered(np.arange(count))
        self._floors = floors.astype(np.float32)
        # floors are lowered by the share already; between them and the true norms lie two shares and some rounding.
        self.width = 4.1 * self._source.share * float(floors.max(initial=0.0)) + 1e-30
        if 4 * count * count <= stored_bytes:
            self.stored = np.empty((count, count), dtype=np.float32)
            self.workers.in_blocks(np.arange(count), BLOCK, self._store)

    def of(self, indices: Int64Array, scratch: Scratch | None = None) -> Float32Array:
        """(n, N) upper bounds of the similarities of some points to all."""
        if self.stored is not None:
            return self.stored[indices]
        scratch = scratch or Scratch()
        bounds = scratch.float32("bounds", len(indices), len(self.X))
        np.matmul(self._rows[indices], self._rows.T, out=bounds)
        self._finish(bounds, self._floors[indices], self._floors)
        return bounds

    def _store(self, rows: Int64Array, scratch: Scratch) -> None:
        """A block of rows from the diagonal on, and its mirror image: a product is symmetric."""
        assert self.stored is not None
        start, stop = int(rows[0]), int(rows[-1]) + 1
        for first in range(start, len(self.X), 4 * BLOCK):
            last = min(first + 4 * BLOCK, len(self.X))
            bounds = scratch.float32("bounds", stop - start, last - first)
            np.matmul(self._rows[start:stop], self._rows[first:last].T, out=bounds)
            self._finish(bounds, self._floors[start:stop], self._floors[first:last])
            self.stored[start:stop, first:last] = bounds
            self.stored[max(first, stop) : last, start:stop] = bounds[:, max(first, stop) - first :].T

    def _finish(self, products: Float32Array, floors: Float32Array, others: Float32Array) -> None:
        _floors_of(products, floors, others)
        self._similarity.bounds(products)


@numba.njit(cache=True, nogil=True, inline="always")
def _exact_value(squared: float, kind: int, factor: float) -> float:
    """See `Similarity`."""
    if kind == LINEAR:
        return -squared
    return np.exp(-squared * factor)


@numba.njit(cache=True, nogil=True)
def _floors_of(products: Float32Array, floors: Float32Array, others: Float32Array) -> None:
    """Lower bounds of squared distances, at least 0, from dot products; NaN from overflow becomes 0."""
    for row in range(products.shape[0]):
        for column in range(products.shape[1]):
            floor = floors[row] + others[column] - np.float32(2.0) * products[row, column]
            products[row, column] = floor if floor > 0 else np.float32(0.0)


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _gain_bounds(
    bounds: Float32Array, current: Float64Array, point_weights: Float64Array, ratio: float, offset: float
) -> tuple[Float64Array, Float64Array]:
    """(n,) upper and lower bounds of the sum of what each candidate adds."""
    upper, lower = np.empty(len(bounds)), np.empty(len(bounds))
    for row in range(len(bounds)):
        most, least = 0.0, 0.0
        for x in range(len(current)):
            bound = np.float64(bounds[row, x])
            most += max(bound - current[x], 0.0) * point_weights[x]
            least += max(bound * ratio - offset - current[x], 0.0) * point_weights[x]
        upper[row], lower[row] = most, least
    return upper, lower


@numba.njit(cache=True, nogil=True, fastmath={"reassoc", "contract", "nsz"})
def _refine(
    stored: Float32Array,
    current: Float64Array,
    point_weights: Float64Array,
    ratio: float,
    offset: float,
    scale: Float64Array,
    upper: Float64Array,
    lower: Float64Array,
) -> None:
    """Bring candidates up to date, largest upper bound first, until no other's reaches the best lower bound."""
    best = -np.inf
    for i in range(len(upper)):
        best = max(best, lower[i])
    while True:
        chosen, largest = -1, best
        for i in range(len(upper)):
            if upper[i] >= largest and lower[i] == -np.inf and (chosen < 0 or upper[i] > largest):
                chosen, largest = i, upper[i]
        if chosen < 0 or largest == -np.inf:
            return
        row = stored[chosen]
        most, least = 0.0, 0.0
        for x in range(len(current)):
            bound = np.float64(row[x])
            most += max(bound - current[x], 0.0) * point_weights[x]
            least += max(bound * ratio - offset - current[x], 0.0) * point_weights[x]
        upper[chosen] = min(upper[chosen], most * scale[chosen] * (1 + SUMS))
        lower[chosen] = least * scale[chosen] * (1 - SUMS)
        best = max(best, lower[chosen])


@numba.njit(cache=True, nogil=True)
def _exact_gains(
    bounds: Float32Array,
    current: Float64Array,
    point_weights: Float64Array,
    X: Embeddings,
    indices: Int64Array,
    kind: int,
    factor: float,
) -> Float64Array:
    """(n,) sums over the points in order; points that a bound rules out would add 0."""
    sums = np.empty(LANES)
    gains = np.zeros(len(indices))
    for row in range(len(indices)):
        total = 0.0
        for x in range(len(current)):
            if bounds[row, x] > current[x]:
                value = _exact_value(squared_distance(X[x], X[indices[row]], sums), kind, factor)
                if value > current[x]:
                    total += (value - current[x]) * point_weights[x]
        gains[row] = total
    return gains


@numba.njit(cache=True, nogil=True)
def _raise(current: Float64Array, bounds: Float32Array, X: Embeddings, index: int, kind: int, factor: float) -> None:
    """Raise every point's best similarity to that with a newly chosen one."""
    sums = np.empty(LANES)
    for x in range(len(current)):
        if bounds[x] > current[x]:
            value = _exact_value(squared_distance(X[x], X[index], sums), kind, factor)
            current[x] = max(current[x], value)
