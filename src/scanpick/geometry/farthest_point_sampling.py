"""Farthest-point sampling: each pick is the point farthest from all earlier ones; the first is row 0.

Exact: the picks are those of the plain scan over all points, computed in the type of the points, distances summed in
the order x, y, z, and of equally far points the lowest row. Two facts keep that cheap. A bucket whose box is farther
from a pick than its own farthest point cannot change; and a minimum, a maximum and a sum of rounded numbers are
monotonic, so a bound computed with the same operations as the distances is a bound on what they were rounded to.
"""

from typing import Any

import numpy as np
from numba import njit

from scanpick.arrays import BoolArray, FloatArray, Int64Array
from scanpick.errors import ScanpickError
from scanpick.geometry.buckets import checked_cloud, in_buckets
from scanpick.geometry.threads import map_over_threads

IntArray = np.ndarray[Any, np.dtype[np.signedinteger[Any]]]

BUCKET_SIZE = 256
LARGE_BUCKET_SIZE = 512  # above 65536 points, where testing the boxes of all buckets would take over


def farthest_point_sampling(points: FloatArray, count: int) -> Int64Array:
    """Rows of `count` of the (N, 3) points, each the farthest from those before it, starting at row 0.

    Args:
        points: (N, 3) finite, metres; float32 is computed in float32, everything else in float64.
        count: How many, 1 to N. Where fewer places differ, row 0 is repeated, as a plain scan does.

    Raises:
        ScanpickError: Another shape, NaN or infinity, or `count` out of range.

    Example:
        >>> farthest_point_sampling(np.array([[0.0, 0, 0], [1, 0, 0], [5, 0, 0], [2.6, 0, 0]]), 3)
        array([0, 2, 3])
    """
    cloud = checked_cloud("points", points)
    _check_count(count, len(cloud))
    return _sample(cloud, _bits_of(cloud), count, _bucket_size(len(cloud)))


def farthest_point_sampling_batch(points: FloatArray, count: int) -> Int64Array:
    """(B, count) rows of (B, N, 3) points, each cloud as in `farthest_point_sampling`, over threads."""
    batch = _checked_batch("points", points, 3)
    _check_count(count, batch.shape[1])
    bits, size = _bits_of(batch), _bucket_size(batch.shape[1])
    return np.stack(map_over_threads(lambda cloud: _sample(cloud, bits, count, size), list(batch)))


def farthest_feature_sampling_batch(features: FloatArray, count: int) -> Int64Array:
    """(B, count) rows of (B, N, C) features, each the farthest from those before it, starting at row 0, over threads.

    The distance is the squared L2 distance, summed in the order of the columns. This is F-FPS of 3DSSD where the
    columns are x, y, z and the features of a point. A plain scan: boxes prune nothing in so many dimensions.

    Raises:
        ScanpickError: Another shape, NaN or infinity, or `count` out of range.
    """
    batch = _checked_batch("features", features, None)
    _check_count(count, batch.shape[1])
    bits = _bits_of(batch)
    return np.stack(map_over_threads(lambda cloud: _scan(cloud, bits, count), list(batch)))


def _bucket_size(count: int) -> int:
    return BUCKET_SIZE if count <= 65536 else LARGE_BUCKET_SIZE


def _check_count(count: int, most: int) -> None:
    if not 1 <= count <= most:
        raise ScanpickError(f"Farthest-point sampling: expected a count from 1 to the {most} points, got {count}.")


def _checked_batch(what: str, array: FloatArray, columns: int | None) -> FloatArray:
    given = np.asarray(array)
    if given.ndim != 3:
        raise ScanpickError(f"{what}: expected shape (any, any, {columns or 'any'}), got {given.shape}.")
    return checked_cloud(what, given.reshape(-1, given.shape[2]), columns).reshape(given.shape)


def _bits_of(array: FloatArray) -> IntArray:
    """An empty integer array as wide as the floats: not-negative floats order like their bits, and those vectorise."""
    return np.zeros(0, dtype=np.int32 if array.dtype == np.float32 else np.int64)


@njit(cache=True, nogil=True)
def _sample(points: FloatArray, bits: IntArray, count: int, size: int) -> Int64Array:
    xs, ys, zs, boxes, order, starts = in_buckets(points, size)
    buckets = len(starts) - 1
    nearest = np.full(xs.shape, np.inf, points.dtype)  # squared distance to the nearest pick
    farthest = np.full(buckets, np.inf, points.dtype)  # its maximum in each bucket
    nearest_bits, farthest_bits = nearest.view(bits.dtype), farthest.view(bits.dtype)
    touched = np.zeros((buckets + 7) // 8 * 8, np.bool_)
    touched_by_8 = touched.view(np.uint64)
    picks = np.zeros(count, np.int64)
    x, y, z = points[0, 0], points[0, 1], points[0, 2]
    for k in range(1, count):
        _find_touched(boxes, farthest, x, y, z, touched[:buckets])
        for eight in range(touched_by_8.size):
            if touched_by_8[eight]:
                for b in range(8 * eight, 8 * eight + 8):
                    if touched[b]:
                        farthest_bits[b] = _draw_near(xs[b], ys[b], zs[b], nearest[b], nearest_bits[b], x, y, z)
        bucket, place, picks[k] = _farthest(nearest_bits, farthest_bits, order, starts)
        x, y, z = xs[bucket, place], ys[bucket, place], zs[bucket, place]
    return picks


@njit(cache=True, nogil=True)
def _find_touched(boxes: FloatArray, farthest: FloatArray, x: float, y: float, z: float, touched: BoolArray) -> None:
    """Mark the buckets whose box is nearer to the pick than their farthest point is to its nearest pick."""
    zero = x - x
    x0, x1, y0, y1, z0, z1 = boxes[0], boxes[1], boxes[2], boxes[3], boxes[4], boxes[5]
    for b in range(touched.size):
        dx = x0[b] - x if x0[b] - x > x - x1[b] else x - x1[b]
        dy = y0[b] - y if y0[b] - y > y - y1[b] else y - y1[b]
        dz = z0[b] - z if z0[b] - z > z - z1[b] else z - z1[b]
        dx = dx if dx > zero else zero
        dy = dy if dy > zero else zero
        dz = dz if dz > zero else zero
        touched[b] = dx * dx + dy * dy + dz * dz < farthest[b]


@njit(cache=True, nogil=True)
def _draw_near(
    xs: FloatArray,
    ys: FloatArray,
    zs: FloatArray,
    nearest: FloatArray,
    nearest_bits: IntArray,
    x: float,
    y: float,
    z: float,
) -> int:
    """Lower the distances of one bucket to those from a new pick; the bits of the greatest that is left."""
    for i in range(xs.size):
        dx, dy, dz = xs[i] - x, ys[i] - y, zs[i] - z
        distance = dx * dx + dy * dy + dz * dz
        earlier = nearest[i]
        nearest[i] = distance if distance < earlier else earlier
    greatest = nearest_bits[0]
    for i in range(nearest_bits.size):
        greatest = max(greatest, nearest_bits[i])
    return greatest


@njit(cache=True, nogil=True)
def _farthest(
    nearest_bits: IntArray, farthest_bits: IntArray, order: IntArray, starts: Int64Array
) -> tuple[int, int, int]:
    """Bucket, place in it and row of the farthest point: of equals the lowest row, as an argmax gives it."""
    greatest = farthest_bits[0]
    for b in range(farthest_bits.size):
        greatest = max(greatest, farthest_bits[b])
    bucket, place, row = 0, 0, np.int64(len(order))
    for b in range(farthest_bits.size):
        if farthest_bits[b] == greatest:
            j = 0
            while nearest_bits[b, j] != greatest:
                j += 1
            if order[starts[b] + j] < row:
                bucket, place, row = b, j, np.int64(order[starts[b] + j])
    return bucket, place, int(row)


@njit(cache=True, nogil=True)
def _scan(features: FloatArray, bits: IntArray, count: int) -> Int64Array:
    tiles = _in_tiles(features)  # (T, C padded to fours, points of a tile)
    size = tiles.shape[2]
    nearest = np.full((len(tiles), size), np.inf, features.dtype)
    nearest_bits = nearest.view(bits.dtype)
    sums = np.empty(size, features.dtype)
    pick = np.zeros(tiles.shape[1], features.dtype)
    picks = np.zeros(count, np.int64)
    for k in range(1, count):
        pick[: features.shape[1]] = features[picks[k - 1]]
        farthest, tile = np.int64(-1), 0
        for t in range(len(tiles)):
            rows = tiles[t]
            sums[:] = 0
            for c in range(0, len(pick), 4):
                _add_squares(rows[c], rows[c + 1], rows[c + 2], rows[c + 3], pick[c : c + 4], sums)
            greatest = np.int64(_lower(nearest[t], nearest_bits[t], sums))
            if greatest > farthest:
                farthest, tile = greatest, t
        place = 0
        while nearest_bits[tile, place] != farthest:
            place += 1
        picks[k] = tile * size + place
    return picks


@njit(cache=True, nogil=True)
def _in_tiles(features: FloatArray) -> FloatArray:
    """Features as runs of one column, filled up with zero columns and the last row: neither changes a pick."""
    rows, columns = features.shape
    size = min(512, (rows + 15) // 16 * 16)
    tiles = np.zeros(((rows + size - 1) // size, (columns + 3) // 4 * 4, size), features.dtype)
    for i in range(len(tiles) * size):
        for c in range(columns):
            tiles[i // size, c, i % size] = features[min(i, rows - 1), c]
    return tiles


@njit(cache=True, nogil=True)
def _add_squares(
    a: FloatArray, b: FloatArray, c: FloatArray, d: FloatArray, pick: FloatArray, sums: FloatArray
) -> None:
    """Four columns at once, added one after the other, so that a sum is read and written a quarter as often."""
    at_a, at_b, at_c, at_d = pick[0], pick[1], pick[2], pick[3]
    for j in range(sums.size):
        da, db, dc, dd = a[j] - at_a, b[j] - at_b, c[j] - at_c, d[j] - at_d
        sums[j] = (((sums[j] + da * da) + db * db) + dc * dc) + dd * dd


@njit(cache=True, nogil=True)
def _lower(nearest: FloatArray, nearest_bits: IntArray, distances: FloatArray) -> int:
    """Lower the distances to the nearest pick; the bits of the greatest that is left."""
    for j in range(nearest.size):
        nearest[j] = distances[j] if distances[j] < nearest[j] else nearest[j]
    greatest = nearest_bits[0]
    for j in range(nearest_bits.size):
        greatest = max(greatest, nearest_bits[j])
    return greatest
