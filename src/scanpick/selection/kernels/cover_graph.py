"""Which points lie within delta of which: a sparse symmetric graph, exact."""

from __future__ import annotations

import functools
import threading
from dataclasses import dataclass

import numba
import numpy as np

from scanpick.arrays import Embeddings, Float32Array, Float64Array, Int32Array, Int64Array
from scanpick.errors import ScanpickError
from scanpick.selection.kernels.cells import Cells
from scanpick.selection.kernels.distances import LANES, UNDERFLOW, squared_distance
from scanpick.selection.kernels.workers import Scratch, Workers

COLUMNS = 1024
"""Points that a block is compared with in one matrix product."""

MAX_EDGES = 400_000_000
"""Edges allowed unless told otherwise: about 5 GB while the graph is built, 1.6 GB after."""

BYTES_PER_EDGE = 12
"""Memory per directed edge while the graph is built."""


@dataclass(frozen=True, eq=False)
class CoverGraph:
    """Neighbours of N points at a distance below delta, itself left out.

    Attributes:
        starts: (N + 1,) int64 where the neighbours of each point start.
        neighbours: (E,) int32.
    """

    starts: Int64Array
    neighbours: Int32Array


def cover_graph(X: Embeddings, delta: float, threads: int = 1, max_edges: int = MAX_EDGES) -> CoverGraph:
    """All pairs at a Euclidean distance strictly below delta, decided in float64.

    Args:
        X: (N, D) float32 in C order.
        delta: Radius, > 0.
        threads: How many threads compare points.
        max_edges: Directed edges, self-edges left out, above which to stop.

    Raises:
        ScanpickError: There are more edges than `max_edges`; raised before they are stored.
    """
    if not delta > 0:
        raise ScanpickError(f"delta: expected a radius > 0, got {delta}.")
    workers = Workers(threads)
    cells = Cells(X, workers)
    budget = _EdgeBudget(max_edges, delta, len(X))
    tasks = [functools.partial(_pairs, cells, block, delta, budget) for block in cells.blocks()]
    pairs = workers.run(tasks)
    degrees = np.zeros(len(X), dtype=np.int64)
    for part in pairs:
        _count(part, degrees)
    starts = np.concatenate([np.zeros(1, np.int64), np.cumsum(degrees)])
    neighbours = np.empty(int(starts[-1]), dtype=np.int32)
    free = starts[:-1].copy()
    # Given up one by one as they are filled in: the pairs take as much memory as the graph.
    while pairs:
        _fill(pairs.pop(), free, neighbours)
    return CoverGraph(starts, neighbours)


@numba.njit(cache=True, nogil=True)
def narrowed(X: Embeddings, starts: Int64Array, neighbours: Int32Array, delta: float) -> tuple[Int64Array, Int32Array]:
    """The edges of a graph that are also below a smaller delta: new starts and neighbours."""
    sums = np.empty(LANES)
    count = len(starts) - 1
    new_starts = np.zeros(count + 1, dtype=np.int64)
    kept = np.empty(len(neighbours), dtype=np.int32)
    total = 0
    for i in range(count):
        for edge in range(starts[i], starts[i + 1]):
            if np.sqrt(squared_distance(X[i], X[neighbours[edge]], sums)) < delta:
                kept[total] = neighbours[edge]
                total += 1
        new_starts[i + 1] = total
    return new_starts, kept[:total].copy()


class _EdgeBudget:
    """Counts edges over all threads, and stops before they fill the memory."""

    def __init__(self, max_edges: int, delta: float, count: int) -> None:
        self._max_edges, self._delta, self._count = max_edges, delta, count
        self._edges = self._rows = 0
        self._lock = threading.Lock()

    def spend(self, edges: int, rows: int) -> None:
        with self._lock:
            self._edges += edges
            self._rows += rows
            if self._edges > self._max_edges:
                share = self._rows / self._count
                raise ScanpickError(
                    f"delta = {self._delta:g} gives more than {self._max_edges:,} pairs of frames that cover one "
                    f"another: {self._edges:,} within the first {share:.0%} of the frames. Choose a smaller delta, "
                    f"or raise max_edges if there is memory for {BYTES_PER_EDGE} bytes an edge."
                )


def _pairs(cells: Cells, block: slice, delta: float, budget: _EdgeBudget, scratch: Scratch) -> Int32Array:
    """(P, 2) pairs of points below delta, the first in this block, the second after it in the order of cells."""
    X, share = cells.source.X, cells.source.share
    left = cells.members[block]
    rows, floors = cells.source.gathered(left, scratch, "left")
    positions = cells.near(rows, floors, np.full(len(left), delta), scratch)
    positions = positions[np.searchsorted(positions, block.start) :]
    found: list[Int32Array] = []
    for start in range(0, len(positions), COLUMNS):
        part = positions[start : start + COLUMNS]
        right = cells.members[part]
        columns, column_floors = cells.source.gathered(right, scratch, "right")
        products = np.matmul(rows, columns.T, out=scratch.float32("products", len(left), len(right)))
        buffer = scratch.int32("pairs", len(left) * len(right), 2)
        total = _below(X, left, right, block.start, part, products, floors, column_floors, share, delta, buffer)
        budget.spend(2 * total, len(left) if start + COLUMNS >= len(positions) else 0)
        found.append(buffer[:total].copy())
    return np.concatenate(found) if found else np.empty((0, 2), np.int32)


@numba.njit(cache=True, nogil=True)
def _below(
    X: Embeddings,
    left: Int64Array,
    right: Int64Array,
    first: int,
    positions: Int64Array,
    products: Float32Array,
    floors: Float64Array,
    column_floors: Float64Array,
    share: float,
    delta: float,
    pairs: Int32Array,
) -> int:
    """Write the pairs below delta; bounds decide most, float64 the others. Returns how many."""
    sums = np.empty(LANES)
    limit = delta * delta
    column_bounds = column_floors.astype(np.float32)
    total = 0
    for row in range(len(left)):
        possible = np.int32(0)
        # In float32, rounded towards "possible": the floors are lowered by far more than this rounding.
        edge = np.float32(limit - floors[row])
        edge = edge + np.abs(edge) * np.float32(3e-7) + np.float32(UNDERFLOW)
        for column in range(len(right)):
            possible += not (column_bounds[column] - np.float32(2.0) * products[row, column] >= edge)
        if possible == 0:
            continue
        for column in range(len(right)):
            bound = column_bounds[column] - np.float32(2.0) * products[row, column]
            # Each pair once, from the point that comes first in the order of cells: half the work, and no edge twice.
            if bound >= edge or positions[column] <= first + row:
                continue
            norms = floors[row] + column_floors[column]
            # An upper bound below the limit decides, too: only pairs within rounding of delta are evaluated in float64.
            most = norms - 2.0 * np.float64(products[row, column]) + 2.02 * share * norms + UNDERFLOW
            if most < limit or np.sqrt(squared_distance(X[left[row]], X[right[column]], sums)) < delta:
                pairs[total, 0] = left[row]
                pairs[total, 1] = right[column]
                total += 1
    return total


@numba.njit(cache=True, nogil=True)
def _count(pairs: Int32Array, degrees: Int64Array) -> None:
    for pair in range(len(pairs)):
        degrees[pairs[pair, 0]] += 1
        degrees[pairs[pair, 1]] += 1


@numba.njit(cache=True, nogil=True)
def _fill(pairs: Int32Array, free: Int64Array, neighbours: Int32Array) -> None:
    for pair in range(len(pairs)):
        i, j = pairs[pair, 0], pairs[pair, 1]
        neighbours[free[i]] = j
        neighbours[free[j]] = i
        free[i] += 1
        free[j] += 1
