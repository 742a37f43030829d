"""Inner loops of `NearestChosen`: lower each point's distance by the chosen points that could be nearer.

A chosen point is called a column here, numbered in the order of choice. ``limit`` is the float32 value at or above
which the bound ``column_floor - 2 x.c`` rules a column out; comparisons are written as ``not (bound >= limit)``, so
that NaN, from products that overflow, rules nothing out.
"""

from __future__ import annotations

from typing import NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from scanpick.arrays import BoolArray, Embeddings, Float32Array, Float64Array, Int32Array, Int64Array
from scanpick.selection.kernels.distances import LANES, SLACK, UNDERFLOW, dot, squared_distance

CHUNK = 64
"""Columns whose bounds are first counted together, in vector registers, and looked at one by one only on a hit."""

EVERYTHING = 255
"""Steps of a reach that rules nothing out."""

Steps = NDArray[np.uint8]


class State(NamedTuple):
    """N points and the M columns that they are compared with.

    Attributes:
        X: (N, D) rows.
        factors: (N,) what squared distances are multiplied with where they are compared across points; empty for ones.
        squared: (N,) exact squared distance to the nearest column seen.
        nearest: (N,) number of that column, the earliest of equals.
        seen: (N,) columns that a point was compared with: those before this one.
        anchor: (N,) number of the point's anchor, a row near it.
        anchor_distance: (N,) distance to it, rounded up.
        chosen: (N,) first M: index of each column's row.
        column_rows: (N, D) first M: rows less the origin.
        column_floors: (N,) first M: their squared norms, lowered by the rounding share.
    """

    X: Embeddings
    factors: Float64Array
    squared: Float64Array
    nearest: Int32Array
    seen: Int32Array
    anchor: Int32Array
    anchor_distance: Float32Array
    chosen: Int64Array
    column_rows: Float32Array
    column_floors: Float32Array


class Rows(NamedTuple):
    """Some points with their rows at hand.

    Attributes:
        ids: (n,) indices.
        centred: (n, D) rows less the origin.
        floors: (n,) their squared norms, lowered by the rounding share.
    """

    ids: Int64Array
    centred: Float32Array
    floors: Float64Array


class Anchors(NamedTuple):
    """How far columns are from the anchors of points.

    Attributes:
        floors: (A, C) least distance of each anchor to each column from `first` on, in whole steps.
        step: Length of a step.
        first: The first of these columns.
        start: The first one to compare.
        stop: The one after the last to compare.
    """

    floors: Steps
    step: float
    first: int
    start: int
    stop: int


@numba.njit(cache=True, nogil=True, forceinline=True)
def value_of(state: State, i: int) -> float:
    """What is compared across points: the squared distance times the point's factor."""
    return state.squared[i] * state.factors[i] if len(state.factors) > 0 else state.squared[i]


@numba.njit(cache=True, nogil=True)
def lower_by_products(
    state: State, rows: Rows, products: Float32Array, columns: Int64Array, stop: int, enough: float
) -> int:
    """Lower points by some columns, and move those that are still of interest to the front of `rows`.

    Args:
        state: Lowered in place.
        rows: n points.
        products: (n, m) dot products with the columns.
        columns: (m,) their numbers, ascending.
        stop: With these, all columns before this one are seen.
        enough: Points whose value is at most this are of no more interest.

    Returns:
        How many points at the front to go on with: those still of interest, and a few others.
    """
    sums = np.empty(LANES)
    floors = state.column_floors[columns]
    bounds = np.empty(len(columns) + 1, dtype=np.float32)
    leaving = 0
    for position in range(len(rows.ids)):
        i = rows.ids[position]
        _lower_row(state, i, rows.floors[position], products[position], columns, floors, bounds, sums)
        state.seen[i] = stop
        leaving += value_of(state, i) <= enough
    # Rows are moved only when the next product gets much smaller by it.
    return _keep(state, rows, enough) if 4 * leaving > len(rows.ids) else len(rows.ids)


@numba.njit(cache=True, nogil=True)
def look_at_first(state: State, ids: Int64Array, run: int) -> None:
    """Compare points with the first column, and with their anchors where those are the middle rows of runs."""
    sums = np.empty(LANES)
    for i in ids:
        state.squared[i] = squared_distance(state.X[i], state.X[state.chosen[0]], sums)
        state.nearest[i] = 0
        state.seen[i] = 1
        if run > 0:
            state.anchor[i] = i // run
            middle = min(i // run * run + run // 2, len(state.X) - 1)
            distance = np.float32(np.sqrt(squared_distance(state.X[i], state.X[middle], sums)))
            state.anchor_distance[i] = np.nextafter(distance, np.float32(np.inf))


@numba.njit(cache=True, nogil=True)
def columns_in_reach(state: State, ids: Int64Array, anchors: Anchors) -> tuple[int, int, BoolArray]:
    """Move points that need a column which they have not seen to the front of `ids`; the others have seen all now.

    Returns:
        How many points are left, how many pairs of them and columns, and which columns from start to stop they need.
    """
    needed = np.zeros(anchors.stop - anchors.start, dtype=np.bool_)
    kept = pairs = 0
    for position in range(len(ids)):
        i = ids[position]
        reach = _reach(state, i, anchors.step)
        seen = max(state.seen[i], anchors.start)
        floor = anchors.floors[state.anchor[i], seen - anchors.first : anchors.stop - anchors.first]
        # Counted without a branch, in vector registers: where no column is in reach, there is nothing to mark.
        count = np.int32(0)
        for c in range(len(floor)):
            count += not (floor[c] >= reach)
        if count == 0:
            state.seen[i] = anchors.stop
            continue
        here = needed[seen - anchors.start :]
        for c in range(len(floor)):
            here[c] |= not (floor[c] >= reach)
        ids[kept] = i
        kept += 1
        pairs += int(count)
    return kept, pairs, needed


@numba.njit(cache=True, nogil=True)
def lower_by_most_promising(state: State, rows: Rows, anchors: Anchors, enough: float) -> int:
    """Lower each point by the column nearest to its anchor, and move those still of interest to the front.

    Where frames follow one another, that one column is mostly what all others would come to.

    Returns:
        How many points are still of interest.
    """
    sums = np.empty(LANES)
    last, column = -1, 0
    for position in range(len(rows.ids)):
        i = rows.ids[position]
        if state.anchor[i] != last:
            last = state.anchor[i]
            # Points of one anchor follow one another, so that it is found once for all of them.
            column = anchors.start + _first_of_least(
                anchors.floors[last, anchors.start - anchors.first : anchors.stop - anchors.first]
            )
        if column >= state.seen[i]:
            _lower_pair(state, rows, position, column, sums)
    return _keep(state, rows, enough)


@numba.njit(cache=True, nogil=True, forceinline=True)
def _first_of_least(steps: Steps) -> int:
    # In two passes, both in vector registers or cut short: `np.argmin` is not.
    least = np.uint8(EVERYTHING)
    for step in steps:
        least = min(least, step)
    first = 0
    while steps[first] != least:
        first += 1
    return first


@numba.njit(cache=True, nogil=True)
def lower_by_anchors(state: State, rows: Rows, anchors: Anchors, enough: float) -> None:
    """Lower each point by the columns before the last that its own anchor does not rule out, pair by pair.

    For points of which each needs few columns: a matrix product would compute many that none needs.
    """
    sums = np.empty(LANES)
    columns = np.empty(2 * CHUNK, dtype=np.int64)
    floors = np.empty(2 * CHUNK, dtype=np.float32)
    products = np.empty(2 * CHUNK, dtype=np.float32)
    bounds = np.empty(2 * CHUNK + 1, dtype=np.float32)
    for position in range(len(rows.ids)):
        i = rows.ids[position]
        floor = anchors.floors[state.anchor[i]]
        reach = _reach(state, i, anchors.step)
        seen = state.seen[i]
        while seen < anchors.stop and value_of(state, i) > enough:
            count = 0
            while seen < anchors.stop and count < CHUNK:
                end = min(seen + CHUNK, anchors.stop)
                if _any_inside(floor, seen - anchors.first, end - anchors.first, reach):
                    for c in range(seen, end):
                        if not (floor[c - anchors.first] >= reach):
                            columns[count] = c
                            count += 1
                seen = end
            for c in range(count):
                floors[c] = state.column_floors[columns[c]]
                products[c] = dot(rows.centred[position], state.column_rows[columns[c]])
            if count > 0:
                floor_i = rows.floors[position]
                _lower_row(state, i, floor_i, products[:count], columns[:count], floors[:count], bounds, sums)
                reach = _reach(state, i, anchors.step)
        state.seen[i] = seen


@numba.njit(cache=True, nogil=True)
def lower_by_one(state: State, rows: Rows, column: int, enough: float) -> None:
    """Lower by one column those points that have seen all before it, unless their value is below `enough`."""
    sums = np.empty(LANES)
    for position in range(len(rows.ids)):
        i = rows.ids[position]
        if state.seen[i] == column and value_of(state, i) >= enough:
            _lower_pair(state, rows, position, column, sums)
            state.seen[i] = column + 1


@numba.njit(cache=True, nogil=True)
def _keep(state: State, rows: Rows, enough: float) -> int:
    """Move the points that are still of interest to the front; how many they are."""
    kept = 0
    for position in range(len(rows.ids)):
        if value_of(state, rows.ids[position]) > enough:
            if kept < position:
                rows.ids[kept] = rows.ids[position]
                rows.floors[kept] = rows.floors[position]
                rows.centred[kept] = rows.centred[position]
            kept += 1
    return kept


@numba.njit(cache=True, nogil=True, forceinline=True)
def _lower_pair(state: State, rows: Rows, position: int, column: int, sums: Float64Array) -> None:
    i = rows.ids[position]
    bound = state.column_floors[column] - np.float32(2.0) * dot(rows.centred[position], state.column_rows[column])
    if not (bound >= row_limit(state.squared[i], rows.floors[position])):
        _compare(state, i, column, sums)


@numba.njit(cache=True, nogil=True, forceinline=True)
def _compare(state: State, i: int, column: int, sums: Float64Array) -> None:
    """Lower one point by one column, exactly; the earlier column of equals stays its nearest."""
    value = squared_distance(state.X[i], state.X[state.chosen[column]], sums)
    if value < state.squared[i] or (value == state.squared[i] and column < state.nearest[i]):
        state.squared[i] = value
        state.nearest[i] = column


@numba.njit(cache=True, nogil=True, forceinline=True)
def _lower_row(
    state: State,
    i: int,
    floor: float,
    products: Float32Array,
    columns: Int64Array,
    column_floors: Float32Array,
    bounds: Float32Array,
    sums: Float64Array,
) -> None:
    """Evaluate the columns of one point that its bounds do not rule out, the most promising one first."""
    # Where nothing is nearer, one comparison with the lowest of the bounds ends it.
    limit = row_limit(state.squared[i], floor)
    low = _fill_bounds(column_floors, products, bounds)
    if low >= limit:
        return
    first = 0
    while bounds[first] > low:
        first += 1
    # The most promising first: its exact value mostly lowers the limit below all other bounds.
    _compare(state, i, columns[first], sums)
    bounds[first] = np.inf
    limit = row_limit(state.squared[i], floor)
    below = np.int32(0)
    for c in range(len(products)):
        below += not (bounds[c] >= limit)
    if below > 0:
        for c in range(len(products)):
            if not (bounds[c] >= limit):
                _compare(state, i, columns[c], sums)
                limit = row_limit(state.squared[i], floor)


@numba.njit(cache=True, nogil=True, forceinline=True)
def _fill_bounds(column_floors: Float32Array, products: Float32Array, bounds: Float32Array) -> np.float32:
    """Write the bound of each column, minus infinity where rounding gave none, and return the lowest."""
    count = len(products)
    for c in range(count):
        bound = column_floors[c] - np.float32(2.0) * products[c]
        bounds[c] = bound if bound == bound else -np.float32(np.inf)
    # As integers, since a minimum of floats is not computed in vector registers. Negative floats order backwards.
    bits = bounds.view(np.int32)
    lowest = np.int32(0x7FFFFFFF)
    for c in range(count):
        lowest = min(lowest, np.int32(bits[c] ^ ((bits[c] >> 31) & 0x7FFFFFFF)))
    bits[count] = np.int32(lowest ^ ((lowest >> 31) & 0x7FFFFFFF))
    return bounds[count]


@numba.njit(cache=True, nogil=True, forceinline=True)
def row_limit(squared: float, floor: float) -> np.float32:
    """The smallest bound in float32 that rules a column out for a point, rounded up."""
    # Up by more than two roundings of float32 (6e-8 each), so that no column is ruled out by rounding.
    limit = np.float32(squared - floor)
    return limit + np.abs(limit) * np.float32(2e-7) + np.float32(UNDERFLOW)


@numba.njit(cache=True, nogil=True, forceinline=True)
def _reach(state: State, i: int, step: float) -> np.uint8:
    """Columns this many steps from a point's anchor or farther cannot be nearer than its nearest one."""
    # |x - c| >= |a - c| - |a - x|: beyond |a - x| + |x - nearest| from the anchor, c cannot win. Rounded up on this
    # side, and down on that of `least_steps`.
    steps = np.ceil((state.anchor_distance[i] + np.sqrt(state.squared[i])) * (1.0 + SLACK) / step)
    return np.uint8(steps) if steps < EVERYTHING else np.uint8(EVERYTHING)


@numba.njit(cache=True, nogil=True, forceinline=True)
def _any_inside(floor: Steps, start: int, stop: int, reach: np.uint8) -> bool:
    count = np.int32(0)
    for c in range(start, stop):
        count += not (floor[c] >= reach)
    return bool(count > 0)
