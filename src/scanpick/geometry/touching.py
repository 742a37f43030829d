"""Points that belong together seen from above: clusters of cells that touch, and pieces of what is too long."""

from __future__ import annotations

import numpy as np
from numba import njit

from scanpick.arrays import Float64Array, FloatArray, Int64Array
from scanpick.errors import ScanpickError
from scanpick.structures.checks import check_finite

_SIDE = 2**31
"""Cells along an axis at most, so that a pair of them fits into 64 bits."""

_NEIGHBOURS = np.array([[0, 1], [1, -1], [1, 0], [1, 1]])
"""Half of the eight neighbours of a cell, in x and y; the others have this one among theirs."""


def touching_clusters(xy: FloatArray, cell_m: float) -> Int64Array:
    """The cluster of each point: points are in one where their cells touch, at a side or a corner, or are the same.

    Clusters are numbered by their first cell, x before y; the order of the points does not matter.

    Args:
        xy: (P, 2) finite, metres.
        cell_m: Side of a cell; cells are counted from the origin.

    Returns:
        (P,) numbers from 0.

    Raises:
        ScanpickError: Another shape, NaN or infinity, or positions too far apart for cells of this size.

    Example:
        >>> touching_clusters(np.array([[0.1, 0.1], [5.0, 5.0], [0.9, -0.3]]), 0.5)
        array([0, 1, 0])
    """
    points = _checked(xy)
    if len(points) == 0:
        return np.zeros(0, np.int64)
    cells = np.floor(points / cell_m)
    cells -= cells.min(axis=0) - 1  # from 1 on, so that the cell below the first is not another column's last
    if cells.max() >= _SIDE - 1:
        raise ScanpickError(f"Clusters: positions are too far apart for cells of {cell_m:g} m.")
    keys = cells[:, 0].astype(np.int64) * _SIDE + cells[:, 1].astype(np.int64)
    unique, cell_of_point = np.unique(keys, return_inverse=True)
    return _clusters(unique)[cell_of_point]


def pieces_within(xy: FloatArray, radius_m: float) -> Int64Array:
    """Cut a cloud into pieces: points are in one where they are nearest to the same centre.

    Centres are farthest points, from the one nearest to the mean on, until every point is within `radius_m` of one.

    Args:
        xy: (P, 2) finite, metres, at least one.
        radius_m: How far a point may be from the centre of its piece.

    Returns:
        (P,) numbers from 0, in the order of the centres. Of equally near centres the earlier one counts, of equally
        far points the lowest row.

    Raises:
        ScanpickError: Another shape, NaN or infinity, or a radius that is not above 0.
    """
    points = _checked(xy)
    if not radius_m > 0:
        raise ScanpickError(f"Pieces: expected a radius above 0, got {radius_m:g}.")
    first = int(((points - points.mean(axis=0)) ** 2).sum(axis=1).argmin())
    return _pieces(points, first, radius_m * radius_m)


def _checked(xy: FloatArray) -> Float64Array:
    points: Float64Array = np.ascontiguousarray(xy, dtype=np.float64)
    if points.ndim != 2 or points.shape[1] != 2:
        raise ScanpickError(f"Positions: expected shape (any, 2), got {points.shape}.")
    check_finite("Positions", points)
    return points


@njit(cache=True, nogil=True)
def _clusters(keys: Int64Array) -> Int64Array:
    """The cluster of each cell, by union and find over the rising `keys`."""
    parent = np.arange(len(keys))
    for cell in range(len(keys)):
        for neighbour in range(4):
            key = keys[cell] + _NEIGHBOURS[neighbour, 0] * _SIDE + _NEIGHBOURS[neighbour, 1]
            place = np.searchsorted(keys, key)
            if place < len(keys) and keys[place] == key:
                a, b = _root(parent, cell), _root(parent, place)
                parent[max(a, b)] = min(a, b)
    numbers = np.empty(len(keys), np.int64)
    count = 0
    for cell in range(len(keys)):
        root = _root(parent, cell)
        if root == cell:  # the least cell of its cluster, so it comes first
            numbers[cell] = count
            count += 1
        else:
            numbers[cell] = numbers[root]
    return numbers


@njit(cache=True, nogil=True)
def _root(parent: Int64Array, cell: int) -> int:
    while parent[cell] != cell:
        parent[cell] = parent[parent[cell]]
        cell = parent[cell]
    return cell


@njit(cache=True, nogil=True)
def _pieces(points: Float64Array, first: int, allowed: float) -> Int64Array:
    piece = np.zeros(len(points), np.int64)
    nearest = np.full(len(points), np.inf)
    centre, number = first, 0
    while True:
        farthest = 0
        for p in range(len(points)):
            dx, dy = points[p, 0] - points[centre, 0], points[p, 1] - points[centre, 1]
            distance = dx * dx + dy * dy
            if distance < nearest[p]:
                nearest[p], piece[p] = distance, number
            if nearest[p] > nearest[farthest]:
                farthest = p
        if nearest[farthest] <= allowed:
            return piece
        centre, number = farthest, number + 1
