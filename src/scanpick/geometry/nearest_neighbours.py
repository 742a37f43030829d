"""The k nearest points of each query, exactly, through k-d buckets."""

import numpy as np
from numba import njit

from scanpick.arrays import FloatArray, Int64Array
from scanpick.errors import ScanpickError
from scanpick.geometry.buckets import Buckets, IndexArray, checked_cloud, in_buckets
from scanpick.geometry.threads import map_over_threads

BUCKET_SIZE = 64
QUERIES_A_TASK = 512


def nearest_neighbours(points: FloatArray, queries: FloatArray, count: int) -> tuple[Int64Array, FloatArray]:
    """The `count` nearest of the (N, 3) points to each of the (M, 3) queries.

    Squared distances are computed in the type of the points, summed in the order x, y, z.

    Args:
        points: (N, 3) finite, metres.
        queries: (M, 3) finite, of the same type.
        count: K, 1 to N.

    Returns:
        (M, K) rows of points, nearest first and of equally near ones the lowest row first, and their (M, K) squared
        distances in square metres.

    Raises:
        ScanpickError: Another shape, NaN or infinity, or `count` out of range.

    Example:
        >>> nearest_neighbours(np.array([[0.0, 0, 0], [1, 0, 0], [5, 0, 0]]), np.array([[4.0, 0, 0]]), 2)[0]
        array([[2, 1]])
    """
    cloud = checked_cloud("points", points)
    asked = checked_cloud("queries", np.asarray(queries, dtype=cloud.dtype)) if len(queries) else cloud[:0]
    if not 1 <= count <= len(cloud):
        raise ScanpickError(f"Nearest neighbours: expected a count from 1 to the {len(cloud)} points, got {count}.")
    buckets = in_buckets(cloud, BUCKET_SIZE)

    def search(part: FloatArray) -> tuple[Int64Array, FloatArray]:
        return _search(buckets, part, count)

    parts = [asked[start : start + QUERIES_A_TASK] for start in range(0, len(asked), QUERIES_A_TASK)]
    found = map_over_threads(search, parts) or [search(asked)]
    return np.concatenate([rows for rows, _ in found]), np.concatenate([distances for _, distances in found])


@njit(cache=True, nogil=True)
def _search(buckets: Buckets, queries: FloatArray, count: int) -> tuple[Int64Array, FloatArray]:
    xs, ys, zs, boxes, order, starts = buckets
    rows = np.empty((len(queries), count), np.int64)
    distances = np.empty((len(queries), count), queries.dtype)
    bounds = np.empty(boxes.shape[1], queries.dtype)
    measured = np.empty(xs.shape[1], queries.dtype)
    for q in range(len(queries)):
        x, y, z = queries[q, 0], queries[q, 1], queries[q, 2]
        _bound(boxes, x, y, z, bounds)
        found = 0
        while True:
            nearest = bounds.argmin()
            # A point as far as the last one that is kept may still have a lower row: only farther buckets are done.
            if bounds[nearest] == np.inf or (found == count and bounds[nearest] > distances[q, count - 1]):
                break
            bounds[nearest] = np.inf
            _measure(xs[nearest], ys[nearest], zs[nearest], x, y, z, measured)
            run = order[starts[nearest] : starts[nearest + 1]]
            found = _merge(run, measured, rows[q], distances[q], found)
    return rows, distances


@njit(cache=True, nogil=True)
def _bound(boxes: FloatArray, x: float, y: float, z: float, bounds: FloatArray) -> None:
    """Squared distance to each bucket's box, rounded as distances to points are, so that it is never greater."""
    zero = x - x
    x0, x1, y0, y1, z0, z1 = boxes[0], boxes[1], boxes[2], boxes[3], boxes[4], boxes[5]
    for b in range(bounds.size):
        dx = max(max(x0[b] - x, x - x1[b]), zero)
        dy = max(max(y0[b] - y, y - y1[b]), zero)
        dz = max(max(z0[b] - z, z - z1[b]), zero)
        bounds[b] = dx * dx + dy * dy + dz * dz


@njit(cache=True, nogil=True)
def _measure(
    xs: FloatArray, ys: FloatArray, zs: FloatArray, x: float, y: float, z: float, measured: FloatArray
) -> None:
    for i in range(xs.size):
        dx, dy, dz = xs[i] - x, ys[i] - y, zs[i] - z
        measured[i] = dx * dx + dy * dy + dz * dz


@njit(cache=True, nogil=True)
def _merge(run: IndexArray, measured: FloatArray, rows: Int64Array, distances: FloatArray, found: int) -> int:
    """Insert the points of a bucket into the sorted list of the nearest so far; how many it holds."""
    for i in range(run.size):
        distance, row = measured[i], np.int64(run[i])
        if found == rows.size:
            last = found - 1
            if distance > distances[last] or (distance == distances[last] and row > rows[last]):
                continue
        else:
            last = found
            found += 1
        while last > 0 and (
            distances[last - 1] > distance or (distances[last - 1] == distance and rows[last - 1] > row)
        ):
            distances[last], rows[last] = distances[last - 1], rows[last - 1]
            last -= 1
        distances[last], rows[last] = distance, row
    return found
