"""k-means: Lloyd's iterations from greedy k-means++, with assignments that are exact.

Each point goes to the centre that is nearest in float64, the first of equals. Most points are not looked at in most
iterations: for each point there is an upper bound of the distance to its own centre and a lower bound of that to all
others, and both move by what the centres move (Hamerly, Making k-means even faster, SDM 2010). Where there are many
more points than centres, a sample of them is clustered first, so that few iterations see all points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from scanpick.arrays import Embeddings, Float32Array, Float64Array, Int64Array
from scanpick.errors import ScanpickError
from scanpick.selection.kernels.distances import LANES, UNDERFLOW, CentredRows, gather_centred, squared_distance
from scanpick.selection.kernels.kmeans_seeding import seeds
from scanpick.selection.kernels.workers import Scratch, Workers

BLOCK = 1024
"""Points per matrix product."""

SAMPLE = 24
"""Points per centre in the sample."""

LEAST_SAMPLE = 8192
"""Points in the sample at least."""

MOST_ITERATIONS = 300
"""Iterations end here at the latest, as in scikit-learn."""

TOLERANCE = 1e-4
"""They end once all squared moves of centres together are less than this share of the mean variance of a column."""

PRODUCTS = 1 << 22
"""Numbers in a matrix product at most, where there are many centres."""

SLACK = 1e-9
"""Share by which distances in float64 are widened, many times their rounding."""


@dataclass(frozen=True, eq=False)
class Clusters:
    """What k-means made.

    Attributes:
        labels: (N,) int64 the cluster of each point, that of the nearest centre, the first of equals.
        centres: (K, D) float32; no cluster is without points, so K is the number asked for or that of distinct points.
        squared: (N,) float64 squared distance of each point to its centre.
        iterations: How often the centres of all points were made anew.
    """

    labels: Int64Array
    centres: Float32Array
    squared: Float64Array
    iterations: int

    @property
    def inertia(self) -> float:
        """The sum of the squared distances, which k-means makes small."""
        return float(self.squared.sum())


def kmeans(X: Embeddings, count: int, seed: int = 0, threads: int = 1) -> Clusters:
    """At most `count` clusters, fewer only where there are fewer distinct points.

    Args:
        X: (N, D) float32 in C order.
        count: K, at least 1, or else a `ScanpickError`.
        seed: Of the first centres.
        threads: How many threads compare points; the result does not depend on it.

    Example:
        >>> kmeans(np.array([[0.0], [1.0], [9.0]], dtype=np.float32), 2).inertia
        0.5
    """
    if count < 1:
        raise ScanpickError(f"k-means: expected at least 1 cluster, got {count}.")
    if len(X) == 0:
        return Clusters(np.empty(0, np.int64), np.empty((0, X.shape[1]), np.float32), np.empty(0), 0)
    rng = np.random.default_rng(seed)
    return _iterated(X, _first_centres(X, count, rng, threads), threads)


def _first_centres(X: Embeddings, count: int, rng: np.random.Generator, threads: int) -> Float32Array:
    size = max(SAMPLE * count, LEAST_SAMPLE)
    if 2 * size < len(X):
        sample = np.ascontiguousarray(X[np.sort(rng.choice(len(X), size, replace=False))])
        chosen = seeds(sample, count, rng, threads)
        if len(chosen) == count:
            return _iterated(sample, sample[chosen], threads).centres
    return np.ascontiguousarray(X[seeds(X, count, rng, threads)])


def _iterated(X: Embeddings, centres: Float32Array, threads: int) -> Clusters:
    """Lloyd's iterations until nothing changes much."""
    lloyd = _Lloyd(X, centres, threads)
    enough = TOLERANCE * lloyd.mean_variance()
    lloyd.assign()
    iterations, settled = 0, False
    while not settled and iterations < MOST_ITERATIONS:
        moves = lloyd.move_centres()
        changed = lloyd.assign()
        settled = changed == 0 or float(np.square(moves).sum()) <= enough
        settled = settled and not lloyd.any_empty()
        iterations += 1
    return lloyd.clusters(iterations)


class _Lloyd:
    """Points, centres, and bounds of the distances between them.

    Attributes:
        labels: (N,) the centre of each point.
        centres: (K, D) float32.
    """

    def __init__(self, X: Embeddings, centres: Float32Array, threads: int) -> None:
        count = len(X)
        self.source = CentredRows(X)
        self.centres = centres
        self.labels = np.full(count, -1, dtype=np.int64)
        self._labels_before = self.labels.copy()
        self._upper = np.full(count, np.inf)  # of the distance to the point's own centre
        self._lower = np.zeros(count)  # of the distance to any other
        self._workers = Workers(threads)

    def mean_variance(self) -> float:
        """The variance of a column, averaged over columns."""
        total = 0.0
        for start in range(0, len(self.labels), BLOCK):
            total += float(np.square(self.source.X[start : start + BLOCK] - self.source.mean).sum())
        return total / max(self.source.X.size, 1)

    def assign(self) -> int:
        """Give every point its nearest centre, and return how many points got another one."""
        rows, floors = np.empty_like(self.centres), np.empty(len(self.centres))
        gather_centred(
            self.centres, np.arange(len(self.centres)), self.source.origin, 1.0 - self.source.share, rows, floors
        )
        X, bounds, run = self.source.X, (self._upper, self._lower), self._workers.in_blocks
        # At least half the distance from each centre to the nearest other one, rounding aside.
        half_gaps = 0.5 * np.concatenate(run(np.arange(len(rows)), 256, lambda ids, _: _gaps(ids, rows, floors)))

        def unsure(ids: Int64Array, _: Scratch) -> Int64Array:
            return _unsure(X, self.centres, ids, self.labels, *bounds, half_gaps)

        def assigned(ids: Int64Array, scratch: Scratch) -> int:
            own, own_floors = self.source.gathered(ids, scratch)
            products = np.matmul(own, rows.T, out=scratch.float32("products", len(ids), len(rows)))
            return _assign(X, self.centres, ids, self.labels, *bounds, own_floors, floors, products)

        left = np.concatenate(run(np.arange(len(X)), BLOCK, unsure))
        return sum(run(left, int(np.clip(PRODUCTS // len(rows), 64, BLOCK)), assigned))

    def move_centres(self) -> Float64Array:
        """Put every centre into the mean of its points, an empty one onto a far point; (K,) how far each moved."""
        self._fill_empty()
        # Other clusters keep their mean. Means are summed anew in the order of rows: differences that are added to old
        # sums would let rounding grow with the iterations.
        changed = self.labels != self._labels_before
        touched = np.zeros(len(self.centres), dtype=np.bool_)
        touched[self.labels[changed]] = True
        before = self._labels_before[changed]
        touched[before[before >= 0]] = True
        self._labels_before = self.labels.copy()
        order = np.argsort(self.labels, kind="stable")
        edges = np.searchsorted(self.labels[order], np.arange(len(self.centres) + 1))
        moved = self.centres.copy()
        X = self.source.X
        self._workers.in_blocks(
            np.flatnonzero(touched), 16, lambda clusters, _: _mean_rows(X, order, edges, clusters, moved)
        )
        moves = np.sqrt(_squared_to_own(moved, np.arange(len(moved)), self.centres))
        self.centres = moved
        self._widen(moves * (1 + SLACK))
        return moves

    def any_empty(self) -> bool:
        """Whether some centre is no point's nearest."""
        return bool((np.bincount(self.labels, minlength=len(self.centres)) == 0).any())

    def clusters(self, iterations: int) -> Clusters:
        """The result; centres that no point could be found for are left out."""
        used, labels = np.unique(self.labels, return_inverse=True)
        centres = self.centres[used]
        return Clusters(labels.astype(np.int64), centres, _squared_to_own(self.source.X, labels, centres), iterations)

    def _widen(self, moves: Float64Array) -> None:
        """Move the bounds by what centres moved at most."""
        self._upper += moves[self.labels]
        # The other centres of a point came nearer by at most the largest move, or by the second largest where its own
        # moved most.
        if len(moves) == 1:  # there are no others
            return
        most = int(np.argmax(moves))
        of_others = np.full(len(moves), moves[most])
        of_others[most] = np.delete(moves, most).max(initial=0.0)
        self._lower -= of_others[self.labels] + 1e-15 * np.abs(self._lower)

    def _fill_empty(self) -> None:
        sizes = np.bincount(self.labels, minlength=len(self.centres))
        empty = np.flatnonzero(sizes == 0)
        if len(empty) == 0:
            return
        squared = _squared_to_own(self.source.X, self.labels, self.centres)
        # An empty centre takes the point that is served worst, as scikit-learn does, of a cluster that keeps others.
        farthest = iter(np.argsort(-squared, kind="stable"))
        for centre in empty:
            point = next((i for i in farthest if squared[i] > 0 and sizes[self.labels[i]] > 1), None)
            if point is None:
                return
            sizes[self.labels[point]] -= 1
            self.labels[point] = centre
            self._upper[point], self._lower[point] = np.inf, 0.0


def _gaps(ids: Int64Array, rows: Float32Array, floors: Float64Array) -> Float64Array:
    squared = floors[ids, None] + floors - 2.0 * (rows[ids] @ rows.T) - UNDERFLOW
    squared[np.arange(len(ids)), ids] = np.inf
    # Where products overflow nothing is known.
    return np.sqrt(np.maximum(np.nan_to_num(squared, nan=0.0, posinf=np.inf), 0.0).min(axis=1)) * (1 - 1e-6)


@numba.njit(cache=True, nogil=True)
def _squared_to_own(X: Embeddings, labels: Int64Array, centres: Float32Array) -> Float64Array:
    """(N,) exact squared distance of each row to the centre of its label."""
    sums = np.empty(LANES)
    result = np.empty(len(labels))
    for i in range(len(labels)):
        result[i] = squared_distance(X[i], centres[labels[i]], sums)
    return result


@numba.njit(cache=True, nogil=True)
def _mean_rows(X: Embeddings, order: Int64Array, edges: Int64Array, clusters: Int64Array, means: Float32Array) -> None:
    """Write the means of clusters, summed in float64 in the order of rows; an empty one keeps its place."""
    total = np.empty(X.shape[1])
    for cluster in clusters:
        size = edges[cluster + 1] - edges[cluster]
        if size == 0:
            continue
        total[:] = 0.0
        for position in range(edges[cluster], edges[cluster + 1]):
            row = X[order[position]]
            for column in range(len(total)):
                total[column] += row[column]
        for column in range(len(total)):
            means[cluster, column] = total[column] / size


@numba.njit(cache=True, nogil=True)
def _unsure(
    X: Embeddings,
    centres: Float32Array,
    ids: Int64Array,
    labels: Int64Array,
    upper: Float64Array,
    lower: Float64Array,
    half_gaps: Float64Array,
) -> Int64Array:
    """The points for which another centre might be as near as their own."""
    sums = np.empty(LANES)
    unsure = np.empty_like(ids)
    count = 0
    for i in ids:
        label = labels[i]
        if label >= 0:
            # Nearer to its own centre than any other can be, or than half the way from there to the next centre.
            least = max(lower[i], half_gaps[label])
            if upper[i] < least:
                continue
            # The bound has grown with every move: exact again, it mostly decides, without a product.
            upper[i] = np.sqrt(squared_distance(X[i], centres[label], sums)) * (1 + SLACK)
            if upper[i] < least:
                continue
        unsure[count] = i
        count += 1
    return unsure[:count]


@numba.njit(cache=True, nogil=True)
def _assign(
    X: Embeddings,
    centres: Float32Array,
    ids: Int64Array,
    labels: Int64Array,
    upper: Float64Array,
    lower: Float64Array,
    floors: Float64Array,
    centre_floors: Float64Array,
    products: Float32Array,
) -> int:
    """Give points their nearest centres by what products say, or exactly where two are near the same."""
    sums = np.empty(LANES)
    count = products.shape[1]
    bounds = np.empty(count)
    changed = 0
    for position in range(len(ids)):
        i = ids[position]
        first, second = np.inf, np.inf
        nearest = 0
        for c in range(count):
            bound = centre_floors[c] - 2.0 * products[position, c]
            bound = bound if bound == bound else -np.inf
            bounds[c] = bound
            if bound < second:
                if bound < first:
                    first, second = bound, first
                    nearest = c
                else:
                    second = bound
        floor = floors[position] if floors[position] == floors[position] else -np.inf
        # Bounds lie below: the exact distance of the most promising one rules out all whose bound is above it.
        exact = squared_distance(X[i], centres[nearest], sums)
        second += floor
        if second <= exact + UNDERFLOW:
            nearest, exact, second = _nearest_exactly(X[i], centres, bounds, floor, exact, nearest, sums)
        changed += labels[i] != nearest
        labels[i] = nearest
        upper[i] = np.sqrt(exact) * (1 + SLACK)
        second -= UNDERFLOW
        lower[i] = np.sqrt(second) * (1 - SLACK) if second > 0.0 else 0.0
    return changed


@numba.njit(cache=True, nogil=True)
def _nearest_exactly(
    row: Float32Array,
    centres: Float32Array,
    bounds: Float64Array,
    floor: float,
    exact: float,
    nearest: int,
    sums: Float64Array,
) -> tuple[int, float, float]:
    """The first of the nearest centres, its squared distance, and the least that another can have."""
    promising = nearest
    second = np.inf
    for c in range(len(bounds)):
        if c == promising:
            continue
        value = bounds[c] + floor
        if value <= exact + UNDERFLOW:
            value = squared_distance(row, centres[c], sums)
            if value < exact or (value == exact and c < nearest):
                exact, value = value, exact
                nearest = c
        second = min(second, value)
    return nearest, exact, second
