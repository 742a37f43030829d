"""Points in k-d buckets: equal shares of a cloud with tight boxes, the ground that exact searches prune on.

A cloud is halved at the median of its widest axis until a share fits a bucket. Medians are found on coordinates
rounded to 24 bits by counting, which is several times faster than comparing; the rounding moves a point across a
border at most, and the boxes are taken from the points themselves, so that what is found through them stays exact.
"""

from typing import Any, NamedTuple

import numpy as np
from numba import njit

from scanpick.arrays import FloatArray, Int64Array
from scanpick.errors import ScanpickError
from scanpick.structures.checks import check_finite

IndexArray = np.ndarray[Any, np.dtype[np.int32]]

_LEVELS = 2**24 - 1


def checked_cloud(what: str, points: FloatArray, columns: int | None = 3) -> FloatArray:
    """`points` as a finite (N, columns) array of its own floating type, C order, N > 0.

    Raises:
        ScanpickError: Another shape, no points, or NaN or infinity.
    """
    given = np.asarray(points)
    dtype: type[np.floating[Any]] = np.float32 if given.dtype == np.float32 else np.float64
    array: FloatArray = np.ascontiguousarray(given, dtype=dtype)
    if array.ndim != 2 or len(array) == 0 or (columns is not None and array.shape[1] != columns):
        wanted = "at least 1" if columns is None else str(columns)
        raise ScanpickError(f"{what}: expected shape (at least 1, {wanted}), got {array.shape}.")
    check_finite(what, array)
    return array


class Buckets(NamedTuple):
    """Points in M buckets.

    Attributes:
        x, y, z: (M, S) coordinates; S is a multiple of 16, so that loops over a bucket need no remainder: a bucket is
            filled up with its last point.
        boxes: (6, M) least and greatest x, y, z of each bucket.
        order: (N,) rows of the points, bucket by bucket, rising within a bucket.
        starts: (M + 1,) where each bucket starts in `order`.
    """

    x: FloatArray
    y: FloatArray
    z: FloatArray
    boxes: FloatArray
    order: IndexArray
    starts: Int64Array


@njit(cache=True, nogil=True)
def in_buckets(points: FloatArray, size: int) -> Buckets:
    """(N, 3) points in buckets of at most `size`."""
    order, starts = bucket_order(points, size)
    x, y, z, boxes = _gather(points, order, starts)
    return Buckets(x, y, z, boxes, order, starts)


@njit(cache=True, nogil=True)
def bucket_order(points: FloatArray, size: int) -> tuple[IndexArray, Int64Array]:
    """The (N,) rows of (N, 3) `points` bucket by bucket, and the (M + 1,) starts of the buckets.

    M is the least power of two with at most `size` points a bucket. Buckets differ by one point at most, and rows
    rise within a bucket.
    """
    count = len(points)
    buckets = 1
    while buckets * size < count:
        buckets *= 2
    here, there = _rounded(points), np.empty((4, count), np.int32)
    starts, finer = np.zeros(buckets + 1, np.int64), np.zeros(buckets + 1, np.int64)
    starts[1] = count
    tally = np.zeros(256, np.int64)
    nodes = 1
    while nodes < buckets:
        for node in range(nodes):
            finer[2 * node] = starts[node]
            finer[2 * node + 1] = _halve(here, there, starts[node], starts[node + 1], tally)
        nodes *= 2
        finer[nodes] = count
        starts, finer = finer, starts
        here, there = there, here
    return here[3], starts


@njit(cache=True, nogil=True)
def _gather(
    points: FloatArray, order: IndexArray, starts: Int64Array
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The coordinates and boxes of `Buckets`."""
    buckets = len(starts) - 1
    longest = 0
    for b in range(buckets):
        longest = max(longest, starts[b + 1] - starts[b])
    padded = (longest + 15) // 16 * 16
    columns = np.empty((3, buckets, padded), points.dtype)
    boxes = np.empty((6, buckets), points.dtype)
    for b in range(buckets):
        for axis in range(3):
            low = high = points[order[starts[b]], axis]
            for j in range(padded):
                value = points[order[min(starts[b] + j, starts[b + 1] - 1)], axis]
                columns[axis, b, j] = value
                low, high = min(low, value), max(high, value)
            boxes[2 * axis, b], boxes[2 * axis + 1, b] = low, high
    return columns[0], columns[1], columns[2], boxes


@njit(cache=True, nogil=True)
def _rounded(points: FloatArray) -> IndexArray:
    """(4, N): x, y and z in steps of one length, counted from the corner of the cloud, and the row."""
    count = len(points)
    corner = np.empty(3)
    widest = 0.0
    for axis in range(3):
        low = high = points[0, axis]
        for i in range(count):
            low, high = min(low, points[i, axis]), max(high, points[i, axis])
        corner[axis] = low
        widest = max(widest, np.float64(high) - np.float64(low))
    scale = _LEVELS / widest if widest > 0 else 0.0
    rounded = np.empty((4, count), np.int32)
    for axis in range(3):
        for i in range(count):
            rounded[axis, i] = np.int32((points[i, axis] - corner[axis]) * scale)
    for i in range(count):
        rounded[3, i] = i
    return rounded


@njit(cache=True, nogil=True)
def _halve(here: IndexArray, there: IndexArray, start: int, stop: int, tally: Int64Array) -> int:
    """Copy a run of `here` to `there`, its lower half along its widest axis first; the order within stays."""
    middle = (start + stop) // 2
    axis, low, high = 0, np.int32(0), np.int32(-1)
    for candidate in range(3):
        least, greatest = _extent(here[candidate, start:stop])
        if greatest - least > high - low:
            axis, low, high = candidate, least, greatest
    split, below = _value_of_rank(here[axis, start:stop], low, high, middle - start, tally)
    ties = middle - start - below
    left, right = start, middle
    for i in range(start, stop):
        value = here[axis, i]
        equal = value == split
        goes_left = (value < split) | (equal & (ties > 0))
        ties -= equal
        to = left if goes_left else right
        for row in range(4):
            there[row, to] = here[row, i]
        left += goes_left
        right += 1 - goes_left
    return middle


@njit(cache=True, nogil=True)
def _extent(values: IndexArray) -> tuple[np.int32, np.int32]:
    least = greatest = values[0]
    for i in range(values.size):
        least = min(least, values[i])
        greatest = max(greatest, values[i])
    return least, greatest


@njit(cache=True, nogil=True)
def _value_of_rank(
    values: IndexArray, low: np.int32, high: np.int32, rank: int, tally: Int64Array
) -> tuple[np.int32, int]:
    """The value that has this rank among `values` when sorted, and how many are less: 8 bits a round."""
    bits = 0
    while (high - low) >> bits:
        bits += 1
    below, base = 0, low
    while bits > 0:
        shift = max(bits - 8, 0)
        tally[:] = 0
        for i in range(values.size):
            place = (values[i] - base) >> shift
            if 0 <= place < 256:
                tally[place] += 1
        place = 0
        while below + tally[place] <= rank:
            below += tally[place]
            place += 1
        base += np.int32(place << shift)
        bits = shift
    return base, below
