"""Non-maximum suppression of boxes seen from above.

Boxes are taken by falling score, equal scores in the order given; each suppresses the later ones whose overlap with
it is greater than the threshold.
"""

import numpy as np
from numba import njit

from scanpick.arrays import BoxArray, Float64Array, FloatArray, Int64Array
from scanpick.geometry.rotated_iou import iou_of_two
from scanpick.structures.checks import as_array, check_finite


def nms_rotated(boxes: BoxArray, scores: FloatArray, threshold: float) -> Int64Array:
    """Rows of the (B, 7) boxes that are kept, best first, by the IoU of their rotated footprints.

    Args:
        boxes: (B, 7) LiDAR boxes.
        scores: (B,) finite numbers.
        threshold: A box is suppressed where its BEV IoU with a better one is **greater** than this.

    Raises:
        ScanpickError: Shapes differ, or there is NaN or infinity.

    Example:
        >>> boxes = np.array([[0, 0, 0, 4, 2, 1, 0], [1, 0, 0, 4, 2, 1, 0], [9, 0, 0, 4, 2, 1, 0]])
        >>> nms_rotated(boxes, np.array([0.5, 0.9, 0.1]), 0.5)
        array([1, 2])
    """
    return _kept("boxes", boxes, 7, scores, threshold)


def nms_axis_aligned(rectangles: FloatArray, scores: FloatArray, threshold: float) -> Int64Array:
    """Rows of the (B, 4) rectangles (least x, least y, greatest x, greatest y) that are kept, best first, by IoU.

    With `bev_extents` of boxes this is the suppression that 3DSSD uses. See `nms_rotated` for the rest.
    """
    return _kept("rectangles", rectangles, 4, scores, threshold)


def bev_extents(boxes: BoxArray) -> Float64Array:
    """(B, 4) least x, least y, greatest x and greatest y of the rotated footprints of (B, 7) boxes."""
    array = as_array("boxes", boxes, np.float64, (None, 7))
    cos, sin = np.abs(np.cos(array[:, 6])), np.abs(np.sin(array[:, 6]))
    half_x = (cos * array[:, 3] + sin * array[:, 4]) / 2
    half_y = (sin * array[:, 3] + cos * array[:, 4]) / 2
    x, y = array[:, 0], array[:, 1]
    return np.column_stack([x - half_x, y - half_y, x + half_x, y + half_y])


def _kept(what: str, boxes: FloatArray, columns: int, scores: FloatArray, threshold: float) -> Int64Array:
    array = as_array(what, boxes, np.float64, (None, columns))
    numbers = as_array("scores", scores, np.float64, (len(array),))
    check_finite(what, array)
    check_finite("scores", numbers)
    return _suppress(array, np.argsort(-numbers, kind="stable"), threshold, columns == 7)


@njit(cache=True, nogil=True)
def _suppress(boxes: Float64Array, order: Int64Array, threshold: float, rotated: bool) -> Int64Array:
    kept = np.empty(len(order), dtype=np.int64)
    count = 0
    for row in order:
        free = True
        for better in kept[:count]:
            if rotated:
                overlap = iou_of_two(boxes[row], boxes[better], False)
            else:
                overlap = _rectangle_iou(boxes[row], boxes[better])
            if overlap > threshold:
                free = False
                break
        if free:
            kept[count] = row
            count += 1
    return kept[:count]


@njit(cache=True, nogil=True)
def _rectangle_iou(a: Float64Array, b: Float64Array) -> float:
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)
