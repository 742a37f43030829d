"""Ball query: for each centre the points within a radius, or between two radii, the first ones in row order.

The rule is that of PointNet++'s and mmcv's operator. A point belongs to ring (r0, r1) of a centre if r0 <= d < r1, and
to every ring if d = 0; squared distances are compared, computed in the type of the points in the order x, y, z. Of
each ring the first k points in the order of their rows are kept. A place that is left is filled with the first one,
and a ring without any point holds row 0 alone.

Points are looked up in a grid, all rings of a centre in one pass; a bit per point brings what is found in row order
without sorting. The result is ragged, without the fill: `pad` adds it. A network that works on the ragged rows does a
third of the work on LiDAR points and is the same in every number, where it weighs the first row of a centre by its
repetitions, which is what `repeats` is for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from scanpick.arrays import FloatArray, Int64Array
from scanpick.errors import ScanpickError
from scanpick.geometry.buckets import IndexArray, checked_cloud
from scanpick.geometry.threads import map_over_threads

WordArray = np.ndarray[Any, np.dtype[np.uint64]]

CENTRES_A_TASK = 512


@dataclass(frozen=True)
class Ring:
    """Points at a distance d from a centre, least <= d < greatest (metres), or d = 0; the first `count` of them."""

    least: float
    greatest: float
    count: int

    def __post_init__(self) -> None:
        if not (0 <= self.least < self.greatest < np.inf) or self.count < 1:
            raise ScanpickError(
                f"Ring: expected 0 <= least < greatest and a count of at least 1, "
                f"got {self.least}, {self.greatest} and {self.count}."
            )


@dataclass(frozen=True, eq=False)
class Neighbours:
    """What a ball query found for M centres.

    Attributes:
        rows: (R,) int32 rows of points, centre after centre, rising within a centre; at least one a centre.
        starts: (M + 1,) int64, where each centre's rows start.
        count: K, how many places a centre has.
    """

    rows: IndexArray
    starts: Int64Array
    count: int

    def repeats(self) -> Int64Array:
        """(R,) how often each row stands in `pad`: 1, and more for the first of a centre with less than K."""
        repeats = np.ones(len(self.rows), np.int64)
        repeats[self.starts[:-1]] += self.count - np.diff(self.starts)
        return repeats

    def pad(self) -> IndexArray:
        """(M, K) int32 rows, places that are left filled with the first row of their centre."""
        place = np.arange(self.count)
        found = place < np.diff(self.starts)[:, None]
        return self.rows[self.starts[:-1, None] + np.where(found, place, 0)]


def ball_query(points: FloatArray, centres: FloatArray, rings: Sequence[Ring]) -> list[Neighbours]:
    """The points of each ring around each centre, by the rule above.

    Args:
        points: (N, 3) finite, metres; float32 is compared in float32, everything else in float64.
        centres: (M, 3) finite, of the same type.
        rings: One or more; one result each.

    Raises:
        ScanpickError: Another shape, or NaN or infinity.

    Example:
        >>> points = np.array([[0.0, 0, 0], [0.3, 0, 0], [0.1, 0, 0], [2, 0, 0]])
        >>> ball_query(points, points[:1], [Ring(0, 0.5, 4)])[0].pad()
        array([[0, 1, 2, 0]], dtype=int32)
    """
    cloud = checked_cloud("points", points)
    queries = checked_cloud("centres", np.asarray(centres, dtype=cloud.dtype)) if len(centres) else cloud[:0]
    # Radii are squared in the type of the points, as the operator does.
    least = np.array([ring.least for ring in rings], cloud.dtype) ** 2
    greatest = np.array([ring.greatest for ring in rings], cloud.dtype) ** 2
    counts = np.array([ring.count for ring in rings], np.int64)
    reach = max(ring.greatest for ring in rings)
    corner, shape, cell = _plan_grid(cloud, reach)
    order, cell_starts = _sort_into_cells(cloud, corner, shape, cell)
    ordered = np.ascontiguousarray(cloud[order].T)

    def query(part: FloatArray) -> tuple[IndexArray, Int64Array]:
        return _query(ordered, order, cell_starts, corner, shape, cell, reach, part, least, greatest, counts)

    parts = [queries[start : start + CENTRES_A_TASK] for start in range(0, len(queries), CENTRES_A_TASK)]
    found = map_over_threads(query, parts)
    return [_join(found, ring, counts) for ring in range(len(rings))]


def _plan_grid(cloud: FloatArray, reach: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Corner, numbers of cells and cell lengths: as wide as the reach, wider where that were far too many cells."""
    columns = np.ascontiguousarray(cloud.T)  # numpy reduces rows of three ten times slower
    corner = columns.min(axis=1).astype(np.float64)
    extent = columns.max(axis=1) - corner
    cell = np.full(3, float(reach))
    while np.prod(np.floor(extent / cell) + 1) > 8 * len(cloud) + 4096:
        cell *= 1.5
    return corner, (np.floor(extent / cell) + 1).astype(np.int64), cell


def _join(found: list[tuple[IndexArray, Int64Array]], ring: int, counts: Int64Array) -> Neighbours:
    first, last = counts[:ring].sum(), counts[: ring + 1].sum()
    starts = np.cumsum(np.concatenate([np.zeros(1, np.int64), *(kept[:, ring] for _, kept in found)]))
    rows = np.empty(starts[-1], np.int32)
    begin = 0
    for padded, kept in found:
        begin = _compact(padded[:, first:last], kept[:, ring], rows, begin)
    return Neighbours(rows, starts, int(counts[ring]))


@njit(cache=True, nogil=True)
def _sort_into_cells(
    cloud: FloatArray, corner: np.ndarray, shape: np.ndarray, cell: np.ndarray
) -> tuple[IndexArray, IndexArray]:
    """(N,) rows cell by cell, rising within a cell, and where each cell starts; x runs fastest."""
    cell_of = np.empty(len(cloud), np.int32)
    starts = np.zeros(shape[0] * shape[1] * shape[2] + 1, np.int32)
    for i in range(len(cloud)):
        x = min(np.int64((cloud[i, 0] - corner[0]) / cell[0]), shape[0] - 1)
        y = min(np.int64((cloud[i, 1] - corner[1]) / cell[1]), shape[1] - 1)
        z = min(np.int64((cloud[i, 2] - corner[2]) / cell[2]), shape[2] - 1)
        cell_of[i] = (z * shape[1] + y) * shape[0] + x
        starts[cell_of[i] + 1] += 1
    for c in range(starts.size - 1):
        starts[c + 1] += starts[c]
    place = starts[:-1].copy()
    order = np.empty(len(cloud), np.int32)
    for i in range(len(cloud)):
        order[place[cell_of[i]]] = i
        place[cell_of[i]] += 1
    return order, starts


@njit(cache=True, nogil=True)
def _query(
    points: FloatArray,
    order: IndexArray,
    cell_starts: IndexArray,
    corner: np.ndarray,
    shape: np.ndarray,
    cell: np.ndarray,
    reach: float,
    centres: FloatArray,
    least: FloatArray,
    greatest: FloatArray,
    counts: Int64Array,
) -> tuple[IndexArray, Int64Array]:
    """(M, sum of counts) rows and (M, rings) how many of them were found, of the (3, N) points in cell order."""
    rings = len(counts)
    rows = np.empty((len(centres), counts.sum()), np.int32)
    kept = np.zeros((len(centres), rings), np.int64)
    words = np.zeros((rings, (points.shape[1] + 63) // 64), np.uint64)  # a bit a point
    summary = np.zeros((rings, (words.shape[1] + 63) // 64), np.uint64)  # a bit a word that is not zero
    low, high = np.empty(3, np.int64), np.empty(3, np.int64)
    distances = np.empty(points.shape[1], points.dtype)
    farthest = greatest.max()
    beyond = reach * 1.001  # more than any rounding of a distance
    for m in range(len(centres)):
        for axis in range(3):
            offset = np.float64(centres[m, axis]) - corner[axis]
            low[axis] = np.int64(min(max((offset - beyond) / cell[axis], 0), shape[axis]))
            high[axis] = np.int64(min(max((offset + beyond) / cell[axis], -1), shape[axis] - 1))
        for z in range(low[2], high[2] + 1):
            for y in range(low[1], high[1] + 1):
                line = (z * shape[1] + y) * shape[0]
                if low[0] <= high[0]:
                    run = slice(cell_starts[line + low[0]], cell_starts[line + high[0] + 1])
                    _measure(points[0, run], points[1, run], points[2, run], centres[m], distances)
                    _mark(order[run], distances, least, greatest, farthest, words, summary)
        begin = 0
        for ring in range(rings):
            kept[m, ring] = _collect(words[ring], summary[ring], rows[m, begin : begin + counts[ring]])
            begin += counts[ring]
    return rows, kept


@njit(cache=True, nogil=True)
def _measure(xs: FloatArray, ys: FloatArray, zs: FloatArray, centre: FloatArray, distances: FloatArray) -> None:
    """Squared distances of a run of points to a centre, in a loop of its own so that it vectorises."""
    x, y, z = centre[0], centre[1], centre[2]
    for i in range(xs.size):
        dx, dy, dz = x - xs[i], y - ys[i], z - zs[i]
        distances[i] = dx * dx + dy * dy + dz * dz


@njit(cache=True, nogil=True)
def _mark(
    order: IndexArray,
    distances: FloatArray,
    least: FloatArray,
    greatest: FloatArray,
    farthest: float,
    words: WordArray,
    summary: WordArray,
) -> None:
    """Set the bit of each point in the rings it belongs to."""
    for i in range(order.size):
        distance = distances[i]
        if distance < farthest:
            row = np.uint64(order[i])
            word = row >> np.uint64(6)
            bit, bit_of_word = np.uint64(1) << (row & np.uint64(63)), np.uint64(1) << (word & np.uint64(63))
            for ring in range(least.size):
                if (distance >= least[ring] and distance < greatest[ring]) or distance == 0:
                    words[ring, word] |= bit
                    summary[ring, word >> np.uint64(6)] |= bit_of_word


@njit(cache=True, nogil=True)
def _collect(words: WordArray, summary: WordArray, rows: IndexArray) -> int:
    """The first rows whose bit is set, as many as fit, and row 0 where none is; clears all bits."""
    found = 0
    for s in range(summary.size):
        while summary[s]:
            word = 64 * s + _lowest_bit(summary[s])
            summary[s] &= summary[s] - np.uint64(1)
            while words[word] and found < rows.size:
                rows[found] = 64 * word + _lowest_bit(words[word])
                words[word] &= words[word] - np.uint64(1)
                found += 1
            words[word] = 0
    if found == 0:
        rows[0] = 0
        found = 1
    return found


# The position of the only bit of a power of two, by a perfect hash (a de Bruijn sequence).
_DE_BRUIJN = np.uint64(0x03F79D71B4CB0A89)
_POSITIONS = np.zeros(64, np.int64)
for _bit in range(64):
    _POSITIONS[((int(_DE_BRUIJN) << _bit) & (2**64 - 1)) >> 58] = _bit


@njit(cache=True, nogil=True)
def _lowest_bit(word: np.uint64) -> int:
    return _POSITIONS[((word & (~word + np.uint64(1))) * _DE_BRUIJN) >> np.uint64(58)]


@njit(cache=True, nogil=True)
def _compact(padded: IndexArray, kept: Int64Array, rows: IndexArray, begin: int) -> int:
    """Append the kept rows of each centre to `rows`; where the next ones begin."""
    for m in range(len(padded)):
        for j in range(kept[m]):
            rows[begin] = padded[m, j]
            begin += 1
    return begin
