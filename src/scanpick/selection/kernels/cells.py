"""Points in cells around anchors, so that those within a radius of others are found without comparing all pairs.

Each point belongs to the cell of an anchor b near it. If x is to be within r of a point y of the cell, then
``|x - b| - |y - b| < r``: of a cell only the members that are farther from their anchor than ``|x - b| - r`` matter,
and members are sorted by that distance.
"""

from __future__ import annotations

import functools

import numba
import numpy as np

from scanpick.arrays import Embeddings, Float32Array, Float64Array, Int32Array, Int64Array
from scanpick.selection.kernels.anchors import chain_of_nearest
from scanpick.selection.kernels.distances import CentredRows
from scanpick.selection.kernels.workers import Scratch, Workers

ROWS = 256
"""Points per block."""

ANCHORS_PER_ROOT = 3.0
"""Anchors per square root of the number of points: finding cells then costs about what comparing within them does."""

UNDERFLOW = 1e-33
"""More than the products of float32 lose where they are too small for it."""

SLACK = 1e-6
"""Share by which distances in float32 are widened, many times their rounding."""


class Cells:
    """N points sorted by cell, and within a cell by falling distance to its anchor.

    Anchors are rows at equal steps: frames come in sequences, so that these spread over time. Cells that are near one
    another follow one another.

    Attributes:
        source: The rows.
        members: (N,) indices of the points.
        starts: (A + 1,) where each cell starts in `members`.
        reaches: (N,) float32 distance of each member to its anchor, rounded up.
        anchors: (A, D) centred rows; `anchor_floors` (A,) their lowered squared norms.
    """

    def __init__(self, X: Embeddings, workers: Workers, per_root: float = ANCHORS_PER_ROOT) -> None:
        self.source = CentredRows(X)
        self._workers = workers
        count = len(X)
        anchors = min(count, max(1, round(per_root * count**0.5)))
        picked = np.unique(np.linspace(0, count - 1, anchors).astype(np.int64)) if count else np.zeros(0, np.int64)
        rows, floors = np.empty((len(picked), X.shape[1]), np.float32), np.empty(len(picked))
        self.source.gather(picked, rows, floors)
        chain = chain_of_nearest(rows)
        self.anchors, self.anchor_floors = rows[chain], floors[chain]
        cell, reach = np.empty(count, np.int32), np.empty(count, np.float32)
        parts = [np.arange(start, min(start + ROWS, count)) for start in range(0, count, ROWS)]
        workers.run([functools.partial(self._assign, part, cell, reach) for part in parts])
        self.members = np.lexsort((-reach, cell))
        self.reaches = reach[self.members]
        self.starts = np.searchsorted(cell[self.members], np.arange(len(picked) + 1))

    def blocks(self) -> list[slice]:
        """Runs of members that are compared with others together."""
        return [slice(start, min(start + ROWS, len(self.members))) for start in range(0, len(self.members), ROWS)]

    def rows(self, members: Int64Array, scratch: Scratch, name: str) -> tuple[Float32Array, Float64Array]:
        """Centred rows (n, D) and lowered squared norms (n,) of these members, in buffers of this name."""
        rows = scratch.float32(f"{name} rows", len(members), self.source.X.shape[1])
        floors = scratch.float64(f"{name} floors", len(members))
        self.source.gather(members, rows, floors)
        return rows, floors

    def near(self, rows: Float32Array, floors: Float64Array, radii: Float64Array, scratch: Scratch) -> Int64Array:
        """Positions in `members`, ascending: all points within these radii (n,) of these rows (n, D), and others."""
        products = np.matmul(rows, self.anchors.T, out=scratch.float32("anchors", len(rows), len(self.anchors)))
        return _positions(products, floors, self.anchor_floors, radii, self.starts, self.reaches)

    def _assign(self, part: Int64Array, cell: Int32Array, reach: Float32Array, scratch: Scratch) -> None:
        rows, floors = self.rows(part, scratch, "left")
        products = np.matmul(rows, self.anchors.T, out=scratch.float32("anchors", len(rows), len(self.anchors)))
        _nearest_anchor(products, floors, self.anchor_floors, 2.0 * self.source.share, part, cell, reach)


@numba.njit(cache=True, nogil=True)
def _nearest_anchor(
    products: Float32Array,
    floors: Float64Array,
    anchor_floors: Float64Array,
    widen: float,
    part: Int64Array,
    cell: Int32Array,
    reach: Float32Array,
) -> None:
    """Assign points to anchors; an anchor that is not quite the nearest is as right, as long as the reach is true."""
    for row in range(len(part)):
        nearest, least = 0, np.inf
        for anchor in range(len(anchor_floors)):
            bound = anchor_floors[anchor] - 2.0 * products[row, anchor]
            if bound < least:
                nearest, least = anchor, bound
        squared = floors[row] + least + widen * 1.01 * (floors[row] + anchor_floors[nearest]) + UNDERFLOW
        cell[part[row]] = nearest
        # Where rounding gave no bound, the member is in reach of everything.
        reach[part[row]] = np.float32(np.sqrt(max(squared, 0.0)) * (1.0 + SLACK)) if squared < np.inf else np.inf


@numba.njit(cache=True, nogil=True)
def _positions(
    products: Float32Array,
    floors: Float64Array,
    anchor_floors: Float64Array,
    radii: Float64Array,
    starts: Int64Array,
    reaches: Float32Array,
) -> Int64Array:
    """Of each cell the members that reach farther than some row's distance to the anchor less its radius."""
    cells = len(anchor_floors)
    least = np.full(cells, np.inf)
    for row in range(len(floors)):
        for anchor in range(cells):
            squared = floors[row] + anchor_floors[anchor] - 2.0 * products[row, anchor] - UNDERFLOW
            distance = np.sqrt(squared) if squared > 0.0 else 0.0
            gap = distance * (1.0 - SLACK) - radii[row]
            least[anchor] = gap if gap < least[anchor] else least[anchor]
    ends = np.empty(cells, dtype=np.int64)
    total = 0
    for anchor in range(cells):
        low, high = starts[anchor], starts[anchor + 1]
        while low < high:
            middle = (low + high) // 2
            if reaches[middle] >= least[anchor]:
                low = middle + 1
            else:
                high = middle
        ends[anchor] = low
        total += low - starts[anchor]
    positions = np.empty(total, dtype=np.int64)
    filled = 0
    for anchor in range(cells):
        for position in range(starts[anchor], ends[anchor]):
            positions[filled] = position
            filled += 1
    return positions
