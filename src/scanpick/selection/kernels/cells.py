"""Points in cells around anchors, so that those within a radius of others are found without comparing all pairs.

Each point belongs to the cell of an anchor b near it. If x is to be within r of a point y of the cell, then
``|x - b| - |y - b| < r``: of a cell only the members that are farther from their anchor than ``|x - b| - r`` matter,
and members are sorted by that distance.
"""

from __future__ import annotations

import math

import numba
import numpy as np

from scanpick.arrays import Embeddings, Float32Array, Float64Array, Int64Array
from scanpick.selection.kernels.anchors import chain_of_nearest
from scanpick.selection.kernels.distances import SLACK, UNDERFLOW, CentredRows
from scanpick.selection.kernels.workers import Scratch, Workers

ROWS = 256
"""Points per block."""

ROUNDS, FAR, FAR_SHARE = 4, 2.25, 0.01
"""Anchors are added, in rounds, among points 2.25 times as far from theirs as the median, where they are over 1%."""


class Cells:
    """N points sorted by cell, and within a cell by falling distance to its anchor.

    Anchors are rows at equal steps, as many as the square root of N: frames come in sequences, so that these spread
    over time. Where many points are far from all anchors, as when rows are shuffled, as many again are taken among
    those. Cells that are near one another follow one another.

    Attributes:
        source: The rows.
        members: (N,) indices of the points.
        starts: (A + 1,) where each cell starts in `members`.
        reaches: (N,) float32 distance of each member to its anchor, rounded up.
        anchors: (A, D) centred rows; `anchor_floors` (A,) their lowered squared norms.
    """

    def __init__(self, X: Embeddings, workers: Workers) -> None:
        self.source = CentredRows(X)
        self._workers = workers
        count = len(X)
        self.anchors, self.anchor_floors = np.empty((0, X.shape[1]), np.float32), np.empty(0)
        cell, reach = np.zeros(count, np.int64), np.full(count, np.inf, np.float32)
        far = np.arange(count)
        for _ in range(ROUNDS):
            self._add_anchors(far, cell, reach)
            far = np.flatnonzero(reach > FAR * np.median(reach)) if count else far
            if len(far) <= FAR_SHARE * count:
                break
        chain = chain_of_nearest(self.anchors)
        self.anchors, self.anchor_floors = self.anchors[chain], self.anchor_floors[chain]
        cell = np.argsort(chain)[cell] if count else cell
        self.members = np.lexsort((-reach, cell))
        self.reaches = reach[self.members]
        self.starts = np.searchsorted(cell[self.members], np.arange(len(chain) + 1))

    def blocks(self) -> list[slice]:
        """Runs of members that are compared with others together."""
        return [slice(start, min(start + ROWS, len(self.members))) for start in range(0, len(self.members), ROWS)]

    def near(self, rows: Float32Array, floors: Float64Array, radii: Float64Array, scratch: Scratch) -> Int64Array:
        """Positions in `members`, ascending: all points within these radii (n,) of these rows (n, D), and others."""
        products = np.matmul(rows, self.anchors.T, out=scratch.float32("anchors", len(rows), len(self.anchors)))
        return _positions(products, floors, self.anchor_floors, radii, self.starts, self.reaches)

    def _add_anchors(self, among: Int64Array, cell: Int64Array, reach: Float32Array) -> None:
        """Make anchors of some of these points, and move every point to one of them that is nearer than its own."""
        added = np.linspace(0, len(among) - 1, math.isqrt(len(cell))).astype(np.int64)
        rows, floors = self.source.gathered(among[np.unique(added)])
        first = len(self.anchors)
        self.anchors = np.concatenate([self.anchors, rows])
        self.anchor_floors = np.concatenate([self.anchor_floors, floors])
        widen = 2.0 * self.source.share

        def assign(part: Int64Array, scratch: Scratch) -> None:
            own, own_floors = self.source.gathered(part, scratch, "left")
            products = np.matmul(own, rows.T, out=scratch.float32("anchors", len(own), len(rows)))
            _nearest_anchor(products, own_floors, floors, widen, part, first, cell, reach)

        self._workers.in_blocks(np.arange(len(cell)), ROWS, assign)


@numba.njit(cache=True, nogil=True)
def _nearest_anchor(
    products: Float32Array,
    floors: Float64Array,
    anchor_floors: Float64Array,
    widen: float,
    part: Int64Array,
    first: int,
    cell: Int64Array,
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
        distance = np.float32(np.sqrt(max(squared, 0.0)) * (1.0 + SLACK))
        # Where rounding gives no distance, the member stays in reach of everything.
        if distance < reach[part[row]]:
            cell[part[row]] = first + nearest
            reach[part[row]] = distance


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
        # Members are sorted by falling reach: a bisection finds the first that is too near to its anchor.
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
