"""Anchors: rows near points, whose distances to chosen points rule pairs out by the triangle inequality.

With the anchor a of a point x, ``|x - c| >= |a - c| - |a - x|``. Frames come one after the other, so the middle one of
a run is near all of the run: those are the anchors. Where rows come in no order, early chosen points are.
"""

from __future__ import annotations

import functools

import numba
import numpy as np

from scanpick.arrays import Float32Array, FloatArray, Int64Array
from scanpick.selection.kernels.distances import SLACK, UNDERFLOW
from scanpick.selection.kernels.lowering import EVERYTHING, Steps
from scanpick.selection.kernels.workers import Scratch, Workers, one_blas_thread

RUN = 32
"""Rows in sequence that share an anchor."""

FIRST_EDGE, EDGE_FACTOR = 64, 2
"""When this many points are chosen, and each time they have doubled, points take their nearest one as their anchor."""

LEAST_BYTES, SHARE = 32 << 20, 4
"""What the distances of a stage may take: this, or a quarter of the data where that is more."""

ROWS, COLUMNS = 512, 256
"""Anchors and columns per matrix product."""


class Stage:
    """The columns from `start` to `stop`, and the anchors that points have for these.

    Attributes:
        start: First column.
        stop: Column after the last.
        count: Anchors; 0 where none are used.
        known: Columns before this one are in `floors`.
        step: Length of a step.
        floors: (count, C) least distance of each anchor to each column from `start` to `known`, in whole steps, see
            `columns_in_reach`; what follows is not written yet.
    """

    def __init__(self, start: int, stop: int, step: float, rows: Float32Array, row_floors: FloatArray) -> None:
        self.start, self.stop, self.count = start, stop, len(rows)
        self.floors: Steps = np.empty((len(rows), 0), dtype=np.uint8)
        self.step, self._rows, self._row_floors = step, rows, row_floors
        self.known = start

    def extend(self, column_rows: Float32Array, column_floors: Float32Array, count: int, workers: Workers) -> None:
        """Fill in the columns up to `count`."""
        stop = min(count, self.stop)
        if self.count == 0 or self.known >= stop:
            return
        if self.floors.shape[1] == 0:
            # Room for all columns at once: growing would copy what is there, and take room for both.
            self.floors = np.empty((self.count, self.stop - self.start), dtype=np.uint8)
        for first in range(self.known, stop, COLUMNS):
            new = slice(first, min(first + COLUMNS, stop))
            parts = [slice(row, row + ROWS) for row in range(0, self.count, ROWS)]
            workers.run([functools.partial(self._fill, part, new, column_rows, column_floors) for part in parts])
        self.known = stop

    def _fill(
        self, part: slice, new: slice, column_rows: Float32Array, column_floors: Float32Array, scratch: Scratch
    ) -> None:
        rows, columns = self._rows[part], column_rows[new]
        products = np.matmul(rows, columns.T, out=scratch.float32("anchors", len(rows), len(columns)))
        floors = self.floors[part, new.start - self.start : new.stop - self.start]
        least_steps(products, self._row_floors[part], column_floors[new], self.step, floors)


def last_column(anchors: int, data_bytes: int) -> int:
    """Where memory for distances to this many anchors ends, and columns are compared without."""
    return max(data_bytes // SHARE, LEAST_BYTES) // max(anchors, 1)


@numba.njit(cache=True, nogil=True)
def least_steps(
    products: Float32Array, floors: FloatArray, column_floors: Float32Array, step: float, steps: Steps
) -> None:
    """Lower bounds of the distances of anchors and columns, in whole steps.

    Args:
        products: (a, m) dot products of centred rows.
        floors: (a,) squared norms of the anchors, lowered by the rounding share.
        column_floors: (m,) the same of the columns.
        step: Length of a step.
        steps: (a, m) written.
    """
    for anchor in range(products.shape[0]):
        for c in range(products.shape[1]):
            least = floors[anchor] + column_floors[c] - 2.0 * products[anchor, c] - UNDERFLOW
            # NaN, from an overflow, becomes 0: nothing is ruled out.
            least = least if least > 0.0 else 0.0
            # Down to whole steps, since it is a lower bound. A byte each, as there are as many as runs times picks.
            steps[anchor, c] = np.uint8(min(np.sqrt(least) * (1.0 - SLACK) / step, EVERYTHING - 1.0))


def chain_of_nearest(rows: Float32Array) -> Int64Array:
    """An order of rows (n, D) in which each is followed by the nearest one that is left."""
    if len(rows) == 0:
        return np.zeros(0, np.int64)
    # Nothing exact depends on this order: it only decides which anchors lie together in memory.
    with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
        squares = np.square(rows).sum(axis=1)
        return _chain(squares[:, None] + squares - 2.0 * (rows @ rows.T))


@numba.njit(cache=True, nogil=True)
def _chain(squared: Float32Array) -> Int64Array:
    count = len(squared)
    chain = np.zeros(count, dtype=np.int64)
    used = np.zeros(count, dtype=np.bool_)
    used[0] = True
    for step in range(1, count):
        nearest, least = -1, np.float32(np.inf)
        for row in range(count):
            if not used[row] and (nearest < 0 or squared[chain[step - 1], row] < least):
                nearest, least = row, squared[chain[step - 1], row]
        chain[step] = nearest
        used[nearest] = True
    return chain
