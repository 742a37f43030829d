"""Which points lie in which boxes.

A box holds its faces: a point exactly on one is inside. Points are compared in float64, in the box's own frame.
"""

from typing import Any

import numpy as np
from numba import njit

from scanpick.arrays import BoxArray, FloatArray, Int64Array
from scanpick.errors import ScanpickError
from scanpick.structures.checks import as_array


def box_of_points(points: FloatArray, boxes: BoxArray) -> Int64Array:
    """(P,) row of the first of the (B, 7) LiDAR boxes that holds each of the (P, >= 3) points, -1 where none does.

    Raises:
        ScanpickError: An array has another shape.

    Example:
        >>> box_of_points(np.array([[0.0, 0, 0], [2.1, 0, 0]]), np.array([[0, 0, 0, 4, 2, 1, 0]]))
        array([ 0, -1])
    """
    return _first_and_counts(*_checked(points, boxes))[0]


def count_points_in_boxes(points: FloatArray, boxes: BoxArray) -> Int64Array:
    """(B,) number of points in each box."""
    return _first_and_counts(*_checked(points, boxes))[1]


def rows_in_boxes(points: FloatArray, boxes: BoxArray, most: int) -> Int64Array:
    """(B, most) rows of the points in each box, rising, thinned evenly where there are more, then -1."""
    return _rows(*_checked(points, boxes), most)


@njit(cache=True, nogil=True)
def _holds(box: BoxArray, cos: float, sin: float, x: float, y: float, z: float) -> bool:
    if abs(z - box[2]) > box[5] / 2:
        return False
    east, north = x - box[0], y - box[1]
    return abs(cos * east + sin * north) <= box[3] / 2 and abs(cos * north - sin * east) <= box[4] / 2


@njit(cache=True, nogil=True)
def _first_and_counts(points: FloatArray, boxes: BoxArray) -> tuple[Int64Array, Int64Array]:
    first, counts = np.full(len(points), -1, dtype=np.int64), np.zeros(len(boxes), dtype=np.int64)
    cos, sin = np.cos(boxes[:, 6]), np.sin(boxes[:, 6])
    for p in range(len(points)):
        x, y, z = np.float64(points[p, 0]), np.float64(points[p, 1]), np.float64(points[p, 2])
        for b in range(len(boxes)):
            if _holds(boxes[b], cos[b], sin[b], x, y, z):
                counts[b] += 1
                if first[p] < 0:
                    first[p] = b
    return first, counts


@njit(cache=True, nogil=True)
def _rows(points: FloatArray, boxes: BoxArray, most: int) -> Int64Array:
    rows = np.full((len(boxes), most), -1, dtype=np.int64)
    cos, sin = np.cos(boxes[:, 6]), np.sin(boxes[:, 6])
    found = np.empty(len(points), dtype=np.int64)
    for b in range(len(boxes)):
        reach = (boxes[b, 3] + boxes[b, 4]) / 2  # at least half the diagonal: most points are told by this alone
        count = 0
        for p in range(len(points)):
            x, y, z = np.float64(points[p, 0]), np.float64(points[p, 1]), np.float64(points[p, 2])
            near = abs(x - boxes[b, 0]) <= reach and abs(y - boxes[b, 1]) <= reach
            if near and _holds(boxes[b], cos[b], sin[b], x, y, z):
                found[count] = p
                count += 1
        taken = min(count, most)
        for n in range(taken):
            rows[b, n] = found[n * count // taken]
    return rows


def _checked(points: FloatArray, boxes: BoxArray) -> tuple[FloatArray, BoxArray]:
    dtype: type[np.floating[Any]] = np.float32 if np.asarray(points).dtype == np.float32 else np.float64
    array: FloatArray = np.ascontiguousarray(points, dtype=dtype)
    if array.ndim != 2 or array.shape[1] < 3:
        raise ScanpickError(f"points: expected shape (any, at least 3), got {array.shape}.")
    return array, as_array("boxes", boxes, np.float64, (None, 7))
