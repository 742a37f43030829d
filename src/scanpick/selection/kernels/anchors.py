"""Least distances from early chosen points to later ones, for the triangle inequality."""

from __future__ import annotations

import numba
import numpy as np

from scanpick.arrays import Float32Array, Int64Array
from scanpick.selection.kernels.lowering import SLACK
from scanpick.selection.kernels.workers import one_blas_thread

FIRST_EDGE, EDGE_FACTOR = 64, 2
"""When this many points are chosen, and each time they have doubled, points take their nearest one as their anchor."""

LEAST_BYTES = 32 << 20
"""What the distances of a stage may take, if an eighth of the data is less."""


class Stage:
    """The columns from `start` to `stop`, for which the anchors are among the columns before `start`.

    Attributes:
        start: First column.
        stop: Column after the last.
        floors: (start, stop - start) least distance of each anchor to each column, filled up to `known`; None where
            no anchors are used.
    """

    def __init__(self, start: int, stop: int, *, anchored: bool) -> None:
        self.start, self.stop = start, stop
        # Pages that are never written take no memory.
        self.floors: Float32Array | None = np.empty((start, stop - start), dtype=np.float32) if anchored else None
        self._known = start

    def extend(self, column_rows: Float32Array, column_floors: Float32Array, count: int) -> None:
        """Fill in the columns up to `count`."""
        stop = min(count, self.stop)
        if self.floors is None or self._known >= stop:
            return
        with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"):
            products = column_rows[: self.start] @ column_rows[self._known : stop].T
        _fill(products, column_floors, self.start, self._known, self.floors)
        self._known = stop


def stages(count: int, data_bytes: int) -> list[Stage]:
    """Stages that cover `count` columns. Where memory ends, columns are compared without anchors.

    Several, since the radius shrinks with every choice: anchors must stay near for the inequality to bite.
    """
    room = max(data_bytes // 8, LEAST_BYTES) // 4
    result = [Stage(0, min(FIRST_EDGE, count), anchored=False)]
    while (start := result[-1].stop) < count:
        next_edge = start * EDGE_FACTOR
        if start * (next_edge - start) <= room and start == FIRST_EDGE * EDGE_FACTOR ** (len(result) - 1):
            last = next_edge * (next_edge * EDGE_FACTOR - next_edge) > room
            stop = start + room // start if last else next_edge
            result.append(Stage(start, min(stop, count), anchored=True))
        else:
            result.append(Stage(start, count, anchored=False))
    return result


def chain_of_nearest(rows: Float32Array) -> Int64Array:
    """An order of rows (n, D) in which each is followed by the nearest one that is left."""
    if len(rows) == 0:
        return np.zeros(0, np.int64)
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


@numba.njit(cache=True, nogil=True)
def _fill(products: Float32Array, column_floors: Float32Array, start: int, known: int, floors: Float32Array) -> None:
    for anchor in range(products.shape[0]):
        for c in range(products.shape[1]):
            least = np.float64(column_floors[anchor]) + column_floors[known + c] - 2.0 * products[anchor, c]
            # NaN, from an overflow, becomes 0: nothing is ruled out.
            least = least if least > 0.0 else 0.0
            floors[anchor, known - start + c] = np.float32(np.sqrt(least) * (1.0 - SLACK))
