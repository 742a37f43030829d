"""Which points lie in which boxes.

A box holds its faces: a point exactly on one is inside. Points are compared in float64, in the box's own frame.
"""

from typing import Any

import numpy as np
from numba import njit

from scanpick.arrays import BoolArray, BoxArray, FloatArray, Int64Array
from scanpick.errors import ScanpickError
from scanpick.structures.checks import as_array


def points_in_boxes(points: FloatArray, boxes: BoxArray) -> BoolArray:
    """(P, B) mask of the (P, >= 3) points in each of the (B, 7) LiDAR boxes; a point may lie in several.

    Raises:
        ScanpickError: An array has another shape.

    Example:
        >>> points_in_boxes(np.array([[0.0, 0, 0], [2.1, 0, 0]]), np.array([[0, 0, 0, 4, 2, 1, 0]]))
        array([[ True],
               [False]])
    """
    return _mask(*_checked(points, boxes))


def box_of_points(points: FloatArray, boxes: BoxArray) -> Int64Array:
    """(P,) row of the first box that holds each point, -1 where none does."""
    return _first_box(*_checked(points, boxes))


def count_points_in_boxes(points: FloatArray, boxes: BoxArray) -> Int64Array:
    """(B,) number of points in each box."""
    return _counts(*_checked(points, boxes))


def rows_in_boxes(points: FloatArray, boxes: BoxArray, most: int) -> Int64Array:
    """(B, most) rows of the points in each box, rising, thinned evenly where there are more; -1 where there are fewer.

    Args:
        points: (P, >= 3).
        boxes: (B, 7) LiDAR boxes.
        most: Rows of a box, at the most.
    """
    return _rows(*_checked(points, boxes), most)


@njit(cache=True, nogil=True)
def _holds(box: BoxArray, cos: float, sin: float, x: float, y: float, z: float) -> bool:
    if abs(z - box[2]) > box[5] / 2:
        return False
    east, north = x - box[0], y - box[1]
    return abs(cos * east + sin * north) <= box[3] / 2 and abs(cos * north - sin * east) <= box[4] / 2


@njit(cache=True, nogil=True)
def _mask(points: FloatArray, boxes: BoxArray) -> BoolArray:
    mask = np.empty((len(points), len(boxes)), dtype=np.bool_)
    cos, sin = np.cos(boxes[:, 6]), np.sin(boxes[:, 6])
    for p in range(len(points)):
        x, y, z = np.float64(points[p, 0]), np.float64(points[p, 1]), np.float64(points[p, 2])
        for b in range(len(boxes)):
            mask[p, b] = _holds(boxes[b], cos[b], sin[b], x, y, z)
    return mask


@njit(cache=True, nogil=True)
def _first_box(points: FloatArray, boxes: BoxArray) -> Int64Array:
    first = np.full(len(points), -1, dtype=np.int64)
    cos, sin = np.cos(boxes[:, 6]), np.sin(boxes[:, 6])
    for p in range(len(points)):
        x, y, z = np.float64(points[p, 0]), np.float64(points[p, 1]), np.float64(points[p, 2])
        for b in range(len(boxes)):
            if _holds(boxes[b], cos[b], sin[b], x, y, z):
                first[p] = b
                break
    return first


@njit(cache=True, nogil=True)
def _counts(points: FloatArray, boxes: BoxArray) -> Int64Array:
    counts = np.zeros(len(boxes), dtype=np.int64)
    cos, sin = np.cos(boxes[:, 6]), np.sin(boxes[:, 6])
    for p in range(len(points)):
        x, y, z = np.float64(points[p, 0]), np.float64(points[p, 1]), np.float64(points[p, 2])
        for b in range(len(boxes)):
            if _holds(boxes[b], cos[b], sin[b], x, y, z):
                counts[b] += 1
    return counts


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
