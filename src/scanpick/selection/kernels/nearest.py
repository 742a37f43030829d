"""Distance of every point to the nearest chosen one, evaluated late, in blocks, and exactly.

A distance to a growing set only shrinks, so a value against the first chosen points is an upper bound: it need not be
touched until a caller must know it better. Points are then compared in blocks with all points chosen since, as matrix
products instead of one pass over memory per choice. The triangle inequality rules out most pairs, from distances of
chosen points to a few anchors (`anchors`), and the chosen point nearest to a point's anchor is tried first: mostly
there is no need for more.
"""

from __future__ import annotations

import functools

import numpy as np

from scanpick.arrays import Embeddings, Float64Array, Int64Array
from scanpick.selection.kernels.anchors import EDGE_FACTOR, FIRST_EDGE, RUN, Stage, last_column
from scanpick.selection.kernels.distances import CentredRows, squared_distances_of_pairs
from scanpick.selection.kernels.lowering import (
    Anchors,
    Rows,
    State,
    columns_in_reach,
    look_at_first,
    lower_by_anchors,
    lower_by_most_promising,
    lower_by_one,
    lower_by_products,
)
from scanpick.selection.kernels.workers import Scratch, Workers

BLOCK = 512
"""Points per matrix product."""

FIRST_BLOCK = 8192
"""Points whose distance to the first chosen one is evaluated at once."""

COLUMNS = 128
"""Chosen points per matrix product; points that have come near enough leave between two products."""

STEPS, LEAST_STEP = 100, 1e-30
"""Distances to anchors are kept in steps: this many to the typical distance of two rows."""

NEAR = 0.5
"""Share of the typical distance of two rows within which an anchor is of use."""

PAIRS_PER_PRODUCT = 6
"""A pair evaluated by itself costs as much as this many in a matrix product."""


class NearestChosen:
    """N points, the M chosen ones in the order of choice, and the distance of each point to its nearest chosen one.

    Args:
        X: (N, D) float32 in C order.
        threads: How many threads compare points.
        factors: (N,) float64 > 0 by which squared distances are multiplied where they are compared with `enough`.
        source: Of the rows, where it was made already.

    Attributes:
        count: M.
        source: The rows.
        state: ``state.squared`` holds the exact squared distances to the first ``state.seen`` chosen points, infinite
            for none; ``state.nearest`` the number of that chosen point, whose index is ``state.chosen[number]``.
    """

    def __init__(
        self, X: Embeddings, threads: int, factors: Float64Array | None = None, source: CentredRows | None = None
    ) -> None:
        count, dimensions = X.shape
        self.count = 0
        self.source = source or CentredRows(X)
        self.workers = Workers(threads)
        self.state = State(
            X=self.source.X,
            factors=np.empty(0) if factors is None else factors,
            squared=np.full(count, np.inf),
            nearest=np.full(count, -1, dtype=np.int32),
            seen=np.zeros(count, dtype=np.int32),
            anchor=np.full(count, -1, dtype=np.int32),
            anchor_distance=np.full(count, np.inf, dtype=np.float32),
            # Room for all points to be chosen: pages that are never written take no memory.
            chosen=np.empty(count, dtype=np.int64),
            column_rows=np.empty((count, dimensions), dtype=np.float32),
            column_floors=np.empty(count, dtype=np.float32),
        )
        self._run, self._stages = stages(self.source, self.state)
        self._near = NEAR * self.source.typical_distance()
        self._edges = set() if self._run else {stage.start for stage in self._stages[1:]}

    def values(self, ids: Int64Array) -> Float64Array:
        """(n,) squared distance times factor, upper bounds where points have not seen all chosen ones."""
        squared = self.state.squared[ids]
        return squared * self.state.factors[ids] if len(self.state.factors) else squared

    def gather(self, ids: Int64Array, scratch: Scratch) -> Rows:
        """Rows of some points, in buffers that the next call overwrites."""
        return Rows(ids.copy(), *self.source.gathered(ids, scratch))

    def add(self, indices: Int64Array) -> None:
        """Choose these points, none of them chosen before."""
        new = slice(self.count, self.count + len(indices))
        floors = np.empty(len(indices))
        self.source.gather(indices, self.state.column_rows[new], floors)
        self.state.chosen[new] = indices
        # Down: from float64 to float32 it may have been rounded up, and a floor must stay below.
        self.state.column_floors[new] = np.nextafter(floors.astype(np.float32), np.float32(-np.inf))
        self.count += len(indices)

    def first_look(self, ids: Int64Array) -> None:
        """Compare those of these points that have seen no chosen one with the first, so that they can be ranked."""
        fresh = ids[self.state.seen[ids] == 0]
        self.workers.in_blocks(fresh, FIRST_BLOCK, lambda block, _: look_at_first(self.state, block, self._run))

    def update(self, ids: Int64Array, enough: float = 0.0, stop: int | None = None) -> None:
        """Compare these points with the chosen ones that they have not seen, up to number `stop`.

        A point may be left behind, its distance an upper bound, when squared distance times factor is <= `enough`.
        """
        stop = self.count if stop is None else min(stop, self.count)
        if stop > 0:
            self.first_look(ids)
        behind = ids[self.values(ids) > enough]
        for stage in self._stages:
            if stage.start >= stop or len(behind) == 0:
                break
            # Those that have seen less have gone through the earlier stages, or are near enough.
            end = min(stage.stop, stop)
            now = behind[self.state.seen[behind] < end]
            stage.extend(self.state.column_rows, self.state.column_floors, self.count, self.workers)
            anchored = (self.state.anchor_distance[now] < self._near) & (stage.count > 0)
            for task, some, key in (
                (self._compare_anchored, now[anchored], self.state.anchor),
                (self._compare, now[~anchored], self.state.seen),
            ):
                # Points that need the same columns go into the same block.
                some = some[np.argsort(key[some], kind="stable")]
                self.workers.in_blocks(some, BLOCK, functools.partial(task, stage=stage, stop=end, enough=enough))
            self._set_anchors(now, end)
            behind = behind[self.values(behind) > enough]

    def follow(self, rows: Rows, start: int, enough: float) -> None:
        """Compare a few points whose rows are at hand with the chosen ones from `start` on, one by one.

        Points that have not seen all before `start`, or whose value falls below `enough`, are left behind.
        """
        for column in range(start, self.count):
            lower_by_one(self.state, rows, column, enough)
            self._set_anchors(rows.ids, column + 1)

    def _compare(self, ids: Int64Array, scratch: Scratch, *, stage: Stage, stop: int, enough: float) -> None:
        """Compare one block of points, all within one stage, with the columns before `stop`."""
        columns = np.arange(int(self.state.seen[ids].min()), stop)
        self._multiply(self.gather(ids, scratch), columns, stop, enough, scratch)

    def _compare_anchored(self, ids: Int64Array, scratch: Scratch, *, stage: Stage, stop: int, enough: float) -> None:
        """The same for points that are near their anchors."""
        anchors = Anchors(stage.floors, stage.step, stage.start, int(self.state.seen[ids].min()), stop)
        ids = ids[: columns_in_reach(self.state, ids, anchors)[0]]
        if len(ids) == 0:
            return
        rows = self.gather(ids, scratch)
        rows = first_of(rows, lower_by_most_promising(self.state, rows, anchors, enough))
        _, pairs, needed = columns_in_reach(self.state, rows.ids.copy(), anchors)
        columns = anchors.start + np.flatnonzero(needed)
        if pairs * PAIRS_PER_PRODUCT < len(rows.ids) * len(columns):
            lower_by_anchors(self.state, rows, anchors, enough)
        else:
            self._multiply(rows, columns, stop, enough, scratch)

    def _multiply(self, rows: Rows, columns: Int64Array, stop: int, enough: float, scratch: Scratch) -> None:
        """Lower points by columns as matrix products; those that are not left behind have seen all before `stop`."""
        for begin in range(0, len(columns), COLUMNS):
            part = columns[begin : begin + COLUMNS]
            # Neighbouring columns are a view; a choice of them must be copied first.
            whole = len(part) == part[-1] + 1 - part[0]
            right = self.state.column_rows[part[0] : part[-1] + 1] if whole else self.state.column_rows[part]
            products = np.matmul(rows.centred, right.T, out=scratch.float32("products", len(rows.ids), len(part)))
            now = stop if begin + COLUMNS >= len(columns) else int(columns[begin + COLUMNS])
            # Points that have come near enough leave between two products, and spare them the rest of the columns.
            kept = lower_by_products(self.state, rows, products, part, now, enough)
            if kept == 0:
                return
            rows = first_of(rows, kept)

    def _set_anchors(self, ids: Int64Array, seen: int) -> None:
        """Where a stage ends, the nearest chosen point becomes the anchor of the points that have come this far."""
        if seen in self._edges:
            there = ids[self.state.seen[ids] == seen]
            self.state.anchor[there] = self.state.nearest[there]
            distance = np.sqrt(self.state.squared[there]).astype(np.float32)
            self.state.anchor_distance[there] = np.nextafter(distance, np.float32(np.inf))


def first_of(rows: Rows, count: int) -> Rows:
    """The first of some points."""
    return Rows(rows.ids[:count], rows.centred[:count], rows.floors[:count])


def stages(source: CentredRows, state: State) -> tuple[int, list[Stage]]:
    """The length of runs with an anchor each, or 0, and the stages that cover all columns.

    Without runs there are several, since the radius shrinks with every choice: anchors must stay near to be of use.
    """
    count = len(source.X)
    step = max(source.typical_distance() / STEPS, LEAST_STEP)
    plain = functools.partial(Stage, step=step, rows=state.column_rows[:0], row_floors=np.empty(0))
    if comes_in_runs(source):
        middles = middles_of_runs(count)
        rows, floors = source.gathered(middles)
        last = min(last_column(len(middles), source.X.nbytes), count)
        return RUN, [Stage(0, last, step, rows, floors), plain(last, count)]
    result = [plain(0, min(FIRST_EDGE, count))]
    while (start := result[-1].stop) < count:
        room = last_column(start, source.X.nbytes)
        if room < start or result[-1].stop != FIRST_EDGE * EDGE_FACTOR ** (len(result) - 1):
            result.append(plain(start, count))
        else:
            stop = min(start * EDGE_FACTOR, start + room, count)
            result.append(Stage(start, stop, step, state.column_rows[:start], state.column_floors[:start]))
    return 0, result


def middles_of_runs(count: int) -> Int64Array:
    """Indices of the middle rows of all runs of `count` rows."""
    return np.minimum(np.arange(0, count, RUN) + RUN // 2, count - 1)


def comes_in_runs(source: CentredRows) -> bool:
    """Whether most rows are near the middle one of their run, judged by a sample."""
    sample = source.sample()
    middles = middles_of_runs(len(source.X))[sample // RUN]
    squared = squared_distances_of_pairs(source.X, sample, middles)
    return bool(len(sample) > 0 and np.median(squared) < np.square(NEAR * source.typical_distance() / 2))
