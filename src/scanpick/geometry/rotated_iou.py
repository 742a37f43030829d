"""Overlap of rotated boxes: seen from above (BEV) and in 3D, exact to rounding.

The smaller box becomes the frame of reference: translated to the origin and turned so that its sides are parallel to
the axes. By Green's theorem the shared area is then a sum over the four edges of the other box, each the integral of
``clamp(y(x), -width / 2, width / 2)`` along its course, cut to the reference's length. That needs no list of polygon
vertices and no case for parallel, touching or contained edges: a crossing that is badly conditioned, as between nearly
parallel edges, is one whose place does not change the integral.

Which box is the reference depends on the boxes alone, so every overlap is symmetric to the last bit.
"""

import numpy as np
from numba import njit

from scanpick.arrays import BoxArray, Float64Array
from scanpick.errors import ScanpickError
from scanpick.structures.checks import as_array, check_finite


def bev_iou(boxes_a: BoxArray, boxes_b: BoxArray) -> Float64Array:
    """(A, B) intersection over union of the footprints of (A, 7) and (B, 7) boxes; 0 where both have no area.

    Raises:
        ScanpickError: An array has another shape, or holds NaN or infinity.

    Example:
        >>> bev_iou(np.array([[0, 0, 0, 4, 2, 1, 0]]), np.array([[1, 0, 9, 4, 2, 1, 0]]))
        array([[0.6]])
    """
    return _iou_matrix(_checked(boxes_a, "boxes_a"), _checked(boxes_b, "boxes_b"))


def bev_iou_of_pairs(boxes_a: BoxArray, boxes_b: BoxArray) -> Float64Array:
    """(N,) BEV IoU of each row of (N, 7) boxes with the same row of the others."""
    return _iou_rows(*_checked_pairs(boxes_a, boxes_b), False)


def iou_3d_of_pairs(boxes_a: BoxArray, boxes_b: BoxArray) -> Float64Array:
    """(N,) 3D IoU of each row of (N, 7) boxes with the same row of the others."""
    return _iou_rows(*_checked_pairs(boxes_a, boxes_b), True)


@njit(cache=True, nogil=True)
def shared_area(
    ax: float, ay: float, al: float, aw: float, a_yaw: float, bx: float, by: float, bl: float, bw: float, b_yaw: float
) -> float:
    """Area shared by two rectangles given by centre, length, width and yaw (counter-clockwise)."""
    if _other_is_reference(ax, ay, al, aw, a_yaw, bx, by, bl, bw, b_yaw):
        ax, ay, al, aw, a_yaw, bx, by, bl, bw, b_yaw = bx, by, bl, bw, b_yaw, ax, ay, al, aw, a_yaw
    half_length, half_width = al / 2, aw / 2
    east, north = bx - ax, by - ay
    reach = np.hypot(half_length, half_width) + np.hypot(bl / 2, bw / 2)
    if east * east + north * north >= reach * reach:
        return 0.0

    # The other box's centre and half axes in the reference's frame.
    cos, sin = np.cos(a_yaw), np.sin(a_yaw)
    x, y = cos * east + sin * north, cos * north - sin * east
    cos, sin = np.cos(b_yaw - a_yaw), np.sin(b_yaw - a_yaw)
    along_x, along_y = cos * bl / 2, sin * bl / 2
    across_x, across_y = -sin * bw / 2, cos * bw / 2
    if abs(x) >= half_length + abs(along_x) + abs(across_x) or abs(y) >= half_width + abs(along_y) + abs(across_y):
        return 0.0

    # Corners, counter-clockwise from front left.
    x0, y0 = x + along_x + across_x, y + along_y + across_y
    x1, y1 = x - along_x + across_x, y - along_y + across_y
    x2, y2 = x - along_x - across_x, y - along_y - across_y
    x3, y3 = x + along_x - across_x, y + along_y - across_y
    area = (
        _area_below(x1, y1, x0, y0, half_length, half_width)
        + _area_below(x2, y2, x1, y1, half_length, half_width)
        + _area_below(x3, y3, x2, y2, half_length, half_width)
        + _area_below(x0, y0, x3, y3, half_length, half_width)
    )
    return max(0.0, min(area, al * aw, bl * bw))


@njit(cache=True, nogil=True)
def _area_below(x0: float, y0: float, x1: float, y1: float, half_length: float, half_width: float) -> float:
    """Integral of clamp(y, -half_width, half_width) along an edge, within half_length of 0; negative to the left."""
    sign = 1.0
    if x0 > x1:
        x0, y0, x1, y1, sign = x1, y1, x0, y0, -1.0
    left, right = max(x0, -half_length), min(x1, half_length)
    if left >= right:
        return 0.0
    y_left = y0 if left == x0 else y0 + (y1 - y0) * ((left - x0) / (x1 - x0))
    y_right = y1 if right == x1 else y1 + (y0 - y1) * ((x1 - right) / (x1 - x0))
    low, high = min(y_left, y_right), max(y_left, y_right)
    clamped_low = min(max(low, -half_width), half_width)
    clamped_high = min(max(high, -half_width), half_width)
    mean = (clamped_low + clamped_high) / 2
    if high > low and (low < -half_width or high > half_width):
        below = max(0.0, min(high, -half_width) - low)
        above = max(0.0, high - max(low, half_width))
        mean = (mean * (clamped_high - clamped_low) + half_width * (above - below)) / (high - low)
    return sign * (right - left) * mean


@njit(cache=True, nogil=True)
def _other_is_reference(
    ax: float, ay: float, al: float, aw: float, a_yaw: float, bx: float, by: float, bl: float, bw: float, b_yaw: float
) -> bool:
    """Whether b comes first: by area, then by any fixed order, so that swapped arguments give the same answer."""
    if al * aw != bl * bw:
        return bl * bw < al * aw
    if al != bl:
        return bl < al
    if a_yaw != b_yaw:
        return b_yaw < a_yaw
    if ax != bx:
        return bx < ax
    return by < ay


@njit(cache=True, nogil=True)
def iou_of_two(a: BoxArray, b: BoxArray, in_3d: bool) -> float:
    """IoU of one box with another."""
    shared = shared_area(a[0], a[1], a[3], a[4], a[6], b[0], b[1], b[3], b[4], b[6])
    of_a, of_b = a[3] * a[4], b[3] * b[4]
    if in_3d:
        top = min(a[2] + a[5] / 2, b[2] + b[5] / 2)
        bottom = max(a[2] - a[5] / 2, b[2] - b[5] / 2)
        shared *= max(0.0, min(top - bottom, a[5], b[5]))
        of_a *= a[5]
        of_b *= b[5]
    union = of_a + of_b - shared
    return shared / union if union > 0 else 0.0


@njit(cache=True, nogil=True)
def _iou_matrix(boxes_a: BoxArray, boxes_b: BoxArray) -> Float64Array:
    overlaps = np.empty((len(boxes_a), len(boxes_b)))
    for i in range(len(boxes_a)):
        for j in range(len(boxes_b)):
            overlaps[i, j] = iou_of_two(boxes_a[i], boxes_b[j], False)
    return overlaps


@njit(cache=True, nogil=True)
def _iou_rows(boxes_a: BoxArray, boxes_b: BoxArray, in_3d: bool) -> Float64Array:
    overlaps = np.empty(len(boxes_a))
    for i in range(len(boxes_a)):
        overlaps[i] = iou_of_two(boxes_a[i], boxes_b[i], in_3d)
    return overlaps


def _checked(boxes: BoxArray, what: str) -> BoxArray:
    array = as_array(what, boxes, np.float64, (None, 7))
    check_finite(what, array)
    return array


def _checked_pairs(boxes_a: BoxArray, boxes_b: BoxArray) -> tuple[BoxArray, BoxArray]:
    a, b = _checked(boxes_a, "boxes_a"), _checked(boxes_b, "boxes_b")
    if len(a) != len(b):
        raise ScanpickError(f"boxes_b: expected as many rows as boxes_a, {len(a)}, got {len(b)}.")
    return a, b
