"""Distance of every point to the nearest chosen one, evaluated late, in blocks, and exactly.

A distance to a growing set only shrinks, so a value against the first chosen points is an upper bound: it need not be
touched until a caller must know it better. Points are then compared in blocks with all points chosen since, as matrix
products instead of one pass over memory per choice. Once some are chosen, the triangle inequality rules out most
pairs: with the anchor a of a point x, an early chosen point near it, ``|x - c| >= |a - c| - |a - x|``.
"""

from __future__ import annotations

import functools

import numpy as np

from scanpick.arrays import Embeddings, Float64Array, Int64Array
from scanpick.selection.kernels.anchors import Stage, stages
from scanpick.selection.kernels.distances import CentredRows, squared_distances_to
from scanpick.selection.kernels.lowering import (
    Rows,
    State,
    columns_in_reach,
    lower_by_anchors,
    lower_by_one,
    lower_by_products,
)
from scanpick.selection.kernels.workers import Scratch, Workers

BLOCK = 512
"""Points per matrix product."""

FIRST_BLOCK = 8192
"""Points whose distance to the first chosen one is evaluated at once."""

COLUMNS = 256
"""Chosen points per matrix product; points that have come near enough leave between two products."""

PAIRS_PER_PRODUCT = 6
"""A pair evaluated by itself costs as much as this many in a matrix product."""


class NearestChosen:
    """N points, the M chosen ones in the order of choice, and the distance of each point to its nearest chosen one.

    Args:
        X: (N, D) float32 in C order.
        threads: How many threads compare points.
        factors: (N,) float64 > 0 by which squared distances are multiplied where they are compared with `enough`.

    Attributes:
        count: M.
        source: The rows.
        state: ``state.squared`` holds the exact squared distances to the first ``state.seen`` chosen points, infinite
            for none; ``state.nearest`` the number of that chosen point, whose index is ``state.chosen[number]``.
    """

    def __init__(self, X: Embeddings, threads: int, factors: Float64Array | None = None) -> None:
        count, dimensions = X.shape
        self.count = 0
        self.source = CentredRows(X)
        self.workers = Workers(threads)
        self.state = State(
            X=self.source.X,
            factors=np.empty(0) if factors is None else factors,
            squared=np.full(count, np.inf),
            nearest=np.full(count, -1, dtype=np.int32),
            seen=np.zeros(count, dtype=np.int32),
            anchor=np.full(count, -1, dtype=np.int32),
            anchor_distance=np.zeros(count, dtype=np.float32),
            # Room for all points to be chosen: pages that are never written take no memory.
            chosen=np.empty(count, dtype=np.int64),
            column_rows=np.empty((count, dimensions), dtype=np.float32),
            column_floors=np.empty(count, dtype=np.float32),
        )
        self._stages = stages(count, X.nbytes)
        self._edges = {stage.start for stage in self._stages[1:]}

    def values(self, ids: Int64Array) -> Float64Array:
        """(n,) squared distance times factor, upper bounds where points have not seen all chosen ones."""
        squared = self.state.squared[ids]
        return squared * self.state.factors[ids] if len(self.state.factors) else squared

    def gather(self, ids: Int64Array, scratch: Scratch) -> Rows:
        """Rows of some points, in buffers that the next call overwrites."""
        rows = Rows(
            ids.copy(), scratch.float32("rows", len(ids), self.state.X.shape[1]), scratch.float64("floors", len(ids))
        )
        self.source.gather(rows.ids, rows.centred, rows.floors)
        return rows

    def add(self, indices: Int64Array) -> None:
        """Choose these points, none of them chosen before."""
        new = slice(self.count, self.count + len(indices))
        floors = np.empty(len(indices))
        self.source.gather(indices, self.state.column_rows[new], floors)
        self.state.chosen[new] = indices
        self.state.column_floors[new] = np.nextafter(floors.astype(np.float32), np.float32(-np.inf))
        self.count += len(indices)

    def first_look(self, ids: Int64Array) -> None:
        """Compare those of these points that have seen no chosen one with the first, so that they can be ranked."""
        fresh = ids[self.state.seen[ids] == 0]
        if len(fresh):
            blocks = np.array_split(fresh, -(-len(fresh) // FIRST_BLOCK))
            self.workers.run([functools.partial(self._look, block) for block in blocks])

    def update(self, ids: Int64Array, enough: float = 0.0, stop: int | None = None) -> None:
        """Compare these points with the chosen ones that they have not seen, up to number `stop`.

        A point may be left behind, its distance an upper bound, when squared distance times factor is <= `enough`.
        """
        stop = self.count if stop is None else min(stop, self.count)
        behind = ids[self.values(ids) > enough]
        for stage in self._stages:
            if stage.start >= stop or len(behind) == 0:
                break
            # Those that have seen less have gone through the earlier stages, or are near enough.
            end = min(stage.stop, stop)
            now = behind[self.state.seen[behind] < end]
            if len(now):
                stage.extend(self.state.column_rows, self.state.column_floors, self.count)
                # Points that need the same columns go into the same block.
                order = np.argsort((self.state.seen if stage.floors is None else self.state.anchor)[now], kind="stable")
                blocks = np.array_split(now[order], -(-len(now) // BLOCK))
                self.workers.run([functools.partial(self._compare, block, stage, end, enough) for block in blocks])
                self._set_anchors(now, end)
                behind = behind[self.values(behind) > enough]

    def follow(self, rows: Rows, start: int, enough: float) -> None:
        """Compare a few points whose rows are at hand with the chosen ones from `start` on, one by one.

        Points that have not seen all before `start`, or whose value falls below `enough`, are left behind.
        """
        for column in range(start, self.count):
            lower_by_one(self.state, rows, column, enough)
            if column + 1 in self._edges:
                self._set_anchors(rows.ids, column + 1)

    def _look(self, ids: Int64Array, _: Scratch) -> None:
        first = self.state.X[self.state.chosen[0]]
        self.state.squared[ids] = squared_distances_to(self.state.X, ids, first)
        self.state.nearest[ids] = 0
        self.state.seen[ids] = 1

    def _compare(self, ids: Int64Array, stage: Stage, stop: int, enough: float, scratch: Scratch) -> None:
        """Compare one block of points, all within one stage, with the columns before `stop`."""
        start = int(self.state.seen[ids].min())
        columns = np.arange(start, stop)
        pairs = len(ids) * len(columns)
        if stage.floors is not None:
            pairs, needed = columns_in_reach(self.state, ids, stage.floors, stage.start, start, stop)
            columns = columns[needed]
        if len(columns) == 0:
            self.state.seen[ids] = stop
            return
        rows = self.gather(ids, scratch)
        if stage.floors is not None and pairs * PAIRS_PER_PRODUCT < len(ids) * len(columns):
            lower_by_anchors(self.state, rows, stage.floors, stage.start, stop, enough)
            return
        whole = len(columns) == stop - start
        for begin in range(0, len(columns), COLUMNS):
            part = columns[begin : begin + COLUMNS]
            right = self.state.column_rows[part[0] : part[-1] + 1] if whole else self.state.column_rows[part]
            products = np.matmul(rows.centred, right.T, out=scratch.float32("products", len(rows.ids), len(part)))
            now = stop if begin + COLUMNS >= len(columns) else int(columns[begin + COLUMNS])
            kept = lower_by_products(self.state, rows, products, part, now, enough)
            if kept == 0:
                return
            rows = Rows(rows.ids[:kept], rows.centred[:kept], rows.floors[:kept])

    def _set_anchors(self, ids: Int64Array, seen: int) -> None:
        """Where a stage ends, the nearest chosen point becomes the anchor of the points that have come this far."""
        if seen in self._edges:
            there = ids[self.state.seen[ids] == seen]
            self.state.anchor[there] = self.state.nearest[there]
            distance = np.sqrt(self.state.squared[there]).astype(np.float32)
            self.state.anchor_distance[there] = np.nextafter(distance, np.float32(np.inf))
