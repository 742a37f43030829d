"""Farthest-first traversal where rows come in runs: frames of a drive, each near the one before.

Rows are cut into short runs of near neighbours. The largest distance in a run to the chosen points only shrinks, so a
value against the first of them is an upper bound: a run is brought up to date only when its bound is the largest of
all. The triangle inequality about the run's middle row rules out nearly all points chosen since (as buckets do for
points in space, QuickFPS, arXiv 2204.06830), and what remains is compared in float32 first, exactly where that does
not decide (`distances`).
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float32Array, Float64Array, Int32Array, Int64Array
from scanpick.selection.kernels.anchors import Stage, last_column
from scanpick.selection.kernels.distances import (
    LANES,
    SLACK,
    UNDERFLOW,
    CentredRows,
    centre,
    dot,
    rough_squared_distance,
    squared_distance,
)
from scanpick.selection.kernels.lowering import EVERYTHING, Steps, row_limit
from scanpick.selection.kernels.nearest import LEAST_STEP, STEPS
from scanpick.selection.kernels.workers import Workers

LONGEST = 32
"""Rows of a run, at the most."""

NEAR = 0.5
"""A row farther from the first of its run than this share of the typical distance of two rows starts another."""

CHUNK = 64 * LONGEST
"""Rows that are cut into runs at a time; a run never reaches beyond."""

GROUP = 64
"""Runs whose largest value is kept, so that the largest of all is found without looking at each."""

PART = 64
"""Runs that a thread takes at a time."""

NEW_COLUMNS = 256
"""When so many points were chosen, their distances to the middle rows of all runs are bounded by one matrix product."""


class Runs(NamedTuple):
    """N rows in R runs, and the chosen points, called columns and numbered in the order of choice.

    Attributes:
        X: (N, D) rows.
        origin: (D,) what is subtracted from rows in float32 products.
        share: Factor that lowers squared norms by the rounding share.
        factors: (N,) what squared distances are multiplied with where they are compared; empty for ones.
        allowed: (N,) which rows may be picked.
        squared: (N,) exact squared distance of a row to the nearest column that its run has seen.
        nearest: (N,) number of that column, the earliest of equals.
        to_middle: (N,) distance to the run's middle row, rounded up.
        starts: (R + 1,) first row of each run.
        seen: (R,) columns that the run was compared with: those before this one.
        changed: (R,) whether `most` may be too large for another reason.
        radius: (R,) largest distance of its rows to the middle one.
        middle_rows: (R, D) the middle row less the origin.
        middle_floors: (R,) their squared norms, lowered by the rounding share.
        most: (R,) largest value of an allowed row, -1 for none; an upper bound while not all columns are seen.
        top: (R,) the first such row.
        widest: (R,) largest squared distance of an allowed row.
        group_most: (G,) largest `most` of each `GROUP` runs.
        chosen: (N,) row of each column.
        column_rows: (N, D) less the origin.
        column_floors: (N,) their squared norms, lowered by the rounding share.
    """

    X: Embeddings
    origin: Float32Array
    share: float
    factors: Float64Array
    allowed: BoolArray
    squared: Float64Array
    nearest: Int32Array
    to_middle: Float32Array
    starts: Int64Array
    seen: Int32Array
    changed: BoolArray
    radius: Float64Array
    middle_rows: Float32Array
    middle_floors: Float64Array
    most: Float64Array
    top: Int64Array
    widest: Float64Array
    group_most: Float64Array
    chosen: Int64Array
    column_rows: Float32Array
    column_floors: Float32Array


class FarthestOfRuns:
    """The farthest allowed row from the chosen ones, for rows that come in runs.

    Args:
        source: The rows.
        allowed: (N,) bool, kept and changed.
        factors: (N,) float64 > 0 by which squared distances are multiplied, or None for ones.
        threads: How many threads set up, and bound distances to many new columns.
    """

    def __init__(self, source: CentredRows, allowed: BoolArray, factors: Float64Array | None, threads: int) -> None:
        count, dimensions = source.X.shape
        self.count = 0
        self._workers = Workers(threads)
        limit = NEAR * source.typical_distance()
        cuts = self._workers.in_blocks(
            np.arange(count), CHUNK, lambda rows, _: _starts(source.X, int(rows[0]), int(rows[-1]) + 1, limit)
        )
        starts = np.concatenate([*cuts, [count]])
        runs = len(starts) - 1
        middles = (starts[:-1] + starts[1:]) // 2
        middle_rows, middle_floors = source.gathered(middles)
        self._runs = Runs(
            X=source.X,
            origin=source.origin,
            share=1.0 - source.share,
            factors=np.empty(0) if factors is None else factors,
            allowed=allowed,
            squared=np.full(count, np.inf),
            nearest=np.full(count, -1, np.int32),
            to_middle=np.empty(count, np.float32),
            starts=starts,
            seen=np.zeros(runs, np.int32),
            changed=np.zeros(runs, np.bool_),
            radius=np.zeros(runs),
            middle_rows=middle_rows,
            middle_floors=middle_floors,
            # With nothing chosen no row is the farthest.
            most=np.full(runs, -1.0),
            top=np.full(runs, -1),
            widest=np.full(runs, -1.0),
            group_most=np.full(-(-runs // GROUP), -1.0),
            # Room for all points to be chosen: pages that are never written take no memory.
            chosen=np.empty(count, np.int64),
            column_rows=np.empty((count, dimensions), np.float32),
            column_floors=np.empty(count, np.float32),
        )
        step = max(source.typical_distance() / STEPS, LEAST_STEP)
        self._bounds = Stage(0, min(last_column(runs, source.X.nbytes), count), step, middle_rows, middle_floors)

    @property
    def state(self) -> Runs:
        """Distances and chosen points."""
        return self._runs

    def add(self, indices: Int64Array) -> None:
        """Choose these points, none of them chosen before."""
        if len(indices) == 0:
            return
        first = self.count == 0
        _add(self._runs, self.count, indices)
        self.count += len(indices)
        if first:
            self._workers.in_blocks(np.arange(len(self._runs.seen)), PART, lambda part, _: _look(self._runs, part))
            _group(self._runs)

    def forbid(self, indices: Int64Array) -> None:
        """These are no longer allowed."""
        self._runs.allowed[indices] = False
        self._runs.changed[np.searchsorted(self._runs.starts, indices, side="right") - 1] = True

    def farthest(self) -> tuple[int, float] | None:
        """The allowed row of the largest value (squared distance times factor), the first of equals."""
        self._extend()
        index, value = _farthest(self._runs, self.count, self._bounds.floors, self._bounds.known, self._bounds.step)
        return None if index < 0 else (index, value)

    def pick(self, count: int) -> tuple[Int64Array, Float64Array]:
        """Up to `count` times: choose the farthest row, and allow it no longer. Rows and their squared distances."""
        count = min(count, len(self._runs.X))
        indices, squared = np.empty(count, np.int64), np.empty(count)
        done = 0
        while done < count:
            self._extend()
            bounds = self._bounds
            until_next = bounds.known + NEW_COLUMNS - self.count
            most = min(count - done, until_next) if bounds.known < bounds.stop else count - done
            found = _pick(
                self._runs, self.count, bounds.floors, bounds.known, bounds.step, indices[done:], squared[done:], most
            )
            self.count, done = self.count + found, done + found
            if found < most:
                break
        return indices[:done], squared[:done]

    def update(self) -> None:
        """Bring all rows up to date."""
        self._extend()
        known = (self.count, self._bounds.floors, self._bounds.known, self._bounds.step)
        self._workers.in_blocks(
            np.arange(len(self._runs.seen)), PART, lambda part, _: _update(self._runs, part, *known)
        )

    def _extend(self) -> None:
        """Bound distances to new columns, where there are enough of them."""
        if self.count - self._bounds.known >= NEW_COLUMNS:
            self._bounds.extend(self._runs.column_rows, self._runs.column_floors, self.count, self._workers)


@numba.njit(cache=True, nogil=True)
def _starts(X: Embeddings, first: int, stop: int, limit: float) -> Int64Array:
    """First rows of the runs of some rows."""
    starts = np.empty(stop - first, np.int64)
    count = 0
    for row in range(first, stop):
        begin = starts[count - 1] if count > 0 else row - LONGEST
        # Any cut gives the same picks; a poor one is only slower. So a rough distance will do.
        if row - begin < LONGEST and rough_squared_distance(X[row], X[begin]) <= limit * limit:
            continue
        starts[count] = row
        count += 1
    return starts[:count]


@numba.njit(cache=True, nogil=True)
def _look(runs: Runs, some: Int64Array) -> None:
    """Compare the rows of some runs with their middle rows and with the first column."""
    sums = np.empty(LANES)
    for run in some:
        begin, end = runs.starts[run], runs.starts[run + 1]
        middle = (begin + end) // 2
        radius = np.float32(0.0)
        for row in range(begin, end):
            distance = np.float32(np.sqrt(squared_distance(runs.X[row], runs.X[middle], sums)))
            # To the middle row, not the first: the radius, and with it what is in reach, is about half as large.
            runs.to_middle[row] = np.nextafter(distance, np.float32(np.inf)) if row != middle else np.float32(0.0)
            radius = max(radius, runs.to_middle[row])
            runs.squared[row] = squared_distance(runs.X[row], runs.X[runs.chosen[0]], sums)
            runs.nearest[row] = 0
        runs.radius[run] = radius
        runs.seen[run] = 1
        _sum_up(runs, run)


@numba.njit(cache=True, nogil=True)
def _sum_up(runs: Runs, run: int) -> None:
    """Note the largest value of a run."""
    most, top, widest = -1.0, -1, -1.0
    for row in range(runs.starts[run], runs.starts[run + 1]):
        if runs.allowed[row]:
            squared = runs.squared[row]
            value = squared * runs.factors[row] if len(runs.factors) > 0 else squared
            if value > most:
                most, top = value, row
            widest = max(widest, squared)
    runs.most[run], runs.top[run], runs.widest[run] = most, top, widest
    runs.changed[run] = False


@numba.njit(cache=True, nogil=True)
def _group(runs: Runs) -> None:
    for group in range(len(runs.group_most)):
        runs.group_most[group] = runs.most[group * GROUP : (group + 1) * GROUP].max()


@numba.njit(cache=True, nogil=True)
def _add(runs: Runs, count: int, indices: Int64Array) -> None:
    """Choose rows as the columns from a number on."""
    sums = np.empty(LANES, np.float32)
    for column in range(count, count + len(indices)):
        index = indices[column - count]
        runs.chosen[column] = index
        floor = np.float32(centre(runs.X[index], runs.origin, runs.share, runs.column_rows[column], sums))
        runs.column_floors[column] = np.nextafter(floor, np.float32(-np.inf))


@numba.njit(cache=True, nogil=True)
def _pick(
    runs: Runs,
    count: int,
    floors: Steps,
    known: int,
    step: float,
    indices: Int64Array,
    squared: Float64Array,
    most: int,
) -> int:
    for done in range(most):
        index, _ = _farthest(runs, count + done, floors, known, step)
        if index < 0:
            return done
        indices[done], squared[done] = index, runs.squared[index]
        runs.allowed[index] = False
        _add(runs, count + done, indices[done : done + 1])
    return most


@numba.njit(cache=True, nogil=True)
def _farthest(runs: Runs, count: int, floors: Steps, known: int, step: float) -> tuple[int, float]:
    """The allowed row of the largest value, the first of equals, and the value; -1 for none."""
    row = np.empty(runs.X.shape[1], np.float32)
    columns, least, sums = np.empty(0, np.int64), np.empty(0, np.float32), np.empty(LANES)
    while True:
        # Bounds of whole groups first: up to 2,048 rows to each number that is looked at.
        largest = -1.0
        for group in range(len(runs.group_most)):
            largest = max(largest, runs.group_most[group])
        if largest < 0.0:
            return -1, -1.0
        # In rising order: what comes before the first run that keeps the largest value lies below it.
        for group in range(len(runs.group_most)):
            if runs.group_most[group] < largest:
                continue
            highest = -1.0
            for run in range(group * GROUP, min((group + 1) * GROUP, len(runs.most))):
                if runs.most[run] == largest:
                    # Only now is the run compared with what was chosen since: most bounds never are the largest.
                    if runs.seen[run] < count or runs.changed[run]:
                        if count - runs.seen[run] > len(columns):
                            columns = np.empty(2 * (count - runs.seen[run]), np.int64)
                            least = np.empty(len(columns), np.float32)
                        _see(runs, run, count, floors, known, step, columns, least, row, sums)
                    if runs.most[run] == largest:
                        return runs.top[run], largest
                highest = max(highest, runs.most[run])
            runs.group_most[group] = highest


@numba.njit(cache=True, nogil=True)
def _update(runs: Runs, some: Int64Array, count: int, floors: Steps, known: int, step: float) -> None:
    row, sums = np.empty(runs.X.shape[1], np.float32), np.empty(LANES)
    columns, least = np.empty(count, np.int64), np.empty(count, np.float32)
    for run in some:
        if runs.seen[run] < count or runs.changed[run]:
            _see(runs, run, count, floors, known, step, columns, least, row, sums)


@numba.njit(cache=True, nogil=True)
def _see(
    runs: Runs,
    run: int,
    count: int,
    floors: Steps,
    known: int,
    step: float,
    columns: Int64Array,
    least: Float32Array,
    row: Float32Array,
    sums: Float64Array,
) -> None:
    """Compare the allowed rows of a run with those of `count` columns that it has not seen.

    `floors` (R, known) are the least distances of middle rows to the first `known` columns, in whole steps. Scratch:
    `columns` and `least` with room for what is new, `row` (D,), `sums` (LANES,).
    """
    row_sums = np.empty(LANES, np.float32)
    needed = _columns_in_reach(runs, run, count, floors, known, step, columns, least)
    runs.seen[run] = count
    if needed > 0:
        for i in range(runs.starts[run], runs.starts[run + 1]):
            if not runs.allowed[i]:
                continue
            distance = np.float32(np.sqrt(runs.squared[i]) * (1.0 + SLACK))
            centred, floor, limit = False, 0.0, np.float32(0.0)
            for c in range(needed):
                # The triangle inequality once more, for this row instead of the whole run.
                if least[c] - runs.to_middle[i] >= distance:
                    continue
                if not centred:
                    centred, floor = True, centre(runs.X[i], runs.origin, runs.share, row, row_sums)
                    limit = row_limit(runs.squared[i], floor)
                column = columns[c]
                bound = runs.column_floors[column] - np.float32(2.0) * dot(row, runs.column_rows[column])
                if bound >= limit:
                    continue
                value = squared_distance(runs.X[i], runs.X[runs.chosen[column]], sums)
                if value < runs.squared[i] or (value == runs.squared[i] and column < runs.nearest[i]):
                    runs.squared[i], runs.nearest[i] = value, column
                    distance = np.float32(np.sqrt(value) * (1.0 + SLACK))
                    limit = row_limit(value, floor)
    _sum_up(runs, run)


@numba.njit(cache=True, nogil=True)
def _columns_in_reach(
    runs: Runs, run: int, count: int, floors: Steps, known: int, step: float, columns: Int64Array, least: Float32Array
) -> int:
    """Columns that may be nearer to a row of the run than its nearest one, the nearest to the middle first."""
    if runs.widest[run] <= 0.0:
        return 0
    reach = (runs.radius[run] + np.sqrt(runs.widest[run])) * (1.0 + SLACK)
    needed = 0
    steps = np.uint8(min(np.ceil(reach / step), float(EVERYTHING)))
    for column in range(runs.seen[run], known):
        if not (floors[run, column] >= steps):
            columns[needed] = column
            least[needed] = np.float32(floors[run, column]) * np.float32(step * (1.0 - SLACK))
            needed += 1
    for column in range(max(known, runs.seen[run]), count):
        product = np.float64(dot(runs.middle_rows[run], runs.column_rows[column]))
        squared = runs.middle_floors[run] + runs.column_floors[column] - 2.0 * product - UNDERFLOW
        # NaN, from an overflow, becomes 0: nothing is ruled out.
        distance = np.sqrt(squared if squared > 0.0 else 0.0) * (1.0 - SLACK)
        if not (distance >= reach):
            columns[needed] = column
            least[needed] = np.float32(distance * (1.0 - SLACK))
            needed += 1
    # The nearest to the middle first: it lowers the rows most, and so spares comparisons with the others.
    first = 0
    for c in range(1, needed):
        if least[c] < least[first]:
            first = c
    if needed > 0:
        columns[0], columns[first] = columns[first], columns[0]
        least[0], least[first] = least[first], least[0]
    return needed
