"""From points to cells: which cells of a grid seen from above hold points, and what is told of each.

Only cells that hold points exist. So a scene costs what it shows, cut to a camera or all around, and empty space
neither costs nor says anything by being there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from scanpick.arrays import Float32Array, Float64Array, Int32Array, Points
from scanpick.geometry.ground import GroundSettings, estimate_ground

CELL_M = 0.16
"""Side of a cell of the finest level; each further level's are twice as long."""

LEVELS = 5
"""Levels of 0.16, 0.32, 0.64, 1.28 and 2.56 m."""

FINE, COARSE = 2, 4
"""The levels that the network gives features out for: 0.64 m and 2.56 m."""

REACH_M = 64.0
"""The grid covers so much to each side of the sensor."""

SIDE = round(2 * REACH_M / CELL_M)
"""Cells along each side of the finest level."""

SLICES_M = (0.3, 0.7, 1.2, 1.7, 2.4)
"""Heights above the ground that part a cell's points into slices."""

CELL_FEATURES = 13
"""Logarithm of 1 + points in each of the 6 slices, highest, lowest and mean height, mean offset from the cell's
centre (2), mean intensity, and range; each of the order of 1."""

LOGARITHMS = 64

INTENSITY = 11
"""Which of the features is the intensity."""

LOWEST_M = -1.5
"""Points farther below the ground than this are reflections."""

GROUND = GroundSettings(x_range_m=(-REACH_M, REACH_M), y_range_m=(-REACH_M, REACH_M))


@dataclass(frozen=True, eq=False)
class Level:
    """The cells of one level that hold points.

    Attributes:
        cells: (V,) int32 places in the flattened grid, rising.
        neighbours: (V, 9) int32 rows of the 3 x 3 cells around each, V where there is none; the own row is fifth.
        children: (V, 4) int32 rows of the cells of the finer level that each is made of, or how many of them there
            are for those that hold nothing; (V, 0) at the finest level.
        parents: (U,) int32 row of each of the finer level's cells here; (0,) at the finest level.
    """

    cells: Int32Array
    neighbours: Int32Array
    children: Int32Array
    parents: Int32Array

    def __len__(self) -> int:
        return len(self.cells)


@dataclass(frozen=True, eq=False)
class Cells:
    """One scene.

    Attributes:
        features: (V, 13) float32 of the finest level, see `CELL_FEATURES`.
        levels: From the finest to the coarsest.
        cell_of_point: (P,) int32 row of each point's cell at the finest level, -1 outside.
    """

    features: Float32Array
    levels: tuple[Level, ...]
    cell_of_point: Int32Array

    def rows_at(self, level: int) -> Int32Array:
        """(P,) row of each point's cell at a level, -1 outside."""
        rows = self.cell_of_point
        for coarser in self.levels[1 : level + 1]:
            rows = np.append(coarser.parents, np.int32(-1))[rows]
        return rows


def heights_above_ground(points: Points) -> Float32Array:
    """(P,) metres above the ground estimate."""
    ground = estimate_ground(points, GROUND)
    return (points[:, 2] - ground.height_at(points[:, :2])).astype(np.float32)


def make_cells(points: Points, above: Float32Array) -> Cells:
    """Sort (P, C >= 4) points with their heights above the ground into cells. Points outside are left out."""
    xyzi = np.ascontiguousarray(points[:, :4])
    rows = _places(xyzi, above)
    cells, table = _occupied(rows, SIDE)
    _rows_of(rows, table)
    features = _features(xyzi, above, rows, cells)
    none = np.zeros(0, np.int32)
    levels = [Level(cells, _neighbours(cells, table, SIDE), np.zeros((len(cells), 0), np.int32), none)]
    for level in range(1, LEVELS):
        side = SIDE >> level
        cells, table, children, parents = _coarser(levels[-1].cells, side)
        levels.append(Level(cells, _neighbours(cells, table, side), children, parents))
    return Cells(features, tuple(levels), rows)


def places_of(cells: Int32Array, level: int) -> tuple[Int32Array, Int32Array]:
    """Places of a level's cells along x and along y."""
    side = SIDE >> level
    return cells // side, cells % side


def centres_m(cells: Int32Array, level: int) -> Float64Array:
    """(V, 2) x, y of the centres of a level's cells."""
    size = CELL_M * 2**level
    return np.column_stack(places_of(cells, level)) * size + (size / 2 - REACH_M)


@njit(cache=True, nogil=True)
def _places(xyzi: Float32Array, above: Float32Array) -> Int32Array:
    """Where each point lies in the flattened grid of the finest level, -1 outside."""
    place = np.full(len(xyzi), -1, np.int32)
    for p in range(len(xyzi)):
        i = int(np.floor((np.float64(xyzi[p, 0]) + REACH_M) / CELL_M))
        j = int(np.floor((np.float64(xyzi[p, 1]) + REACH_M) / CELL_M))
        if 0 <= i < SIDE and 0 <= j < SIDE and above[p] >= LOWEST_M:
            place[p] = i * SIDE + j
    return place


@njit(cache=True, nogil=True)
def _occupied(place: Int32Array, side: int) -> tuple[Int32Array, Int32Array]:
    """The places that occur, rising, and each place's row among them or -1."""
    table = np.full(side * side, -1, np.int32)
    for p in range(len(place)):
        if place[p] >= 0:
            table[place[p]] = 0
    # One walk over the grid, instead of sorting the places: it takes as long whatever the scene holds.
    cells = np.empty(min(len(place), side * side), np.int32)
    count = 0
    for at in range(side * side):
        if table[at] == 0:
            table[at] = count
            cells[count] = at
            count += 1
    return cells[:count].copy(), table


@njit(cache=True, nogil=True)
def _rows_of(place: Int32Array, table: Int32Array) -> None:
    """Put each point's row in the table in the place of its place."""
    for p in range(len(place)):
        if place[p] >= 0:
            place[p] = table[place[p]]


@njit(cache=True, nogil=True)
def _coarser(finer: Int32Array, side: int) -> tuple[Int32Array, Int32Array, Int32Array, Int32Array]:
    """Cells of the next level, each place's row among them, the rows of their children, and the finer cells' rows."""
    place = np.empty(len(finer), np.int32)
    for row in range(len(finer)):
        i, j = finer[row] // (2 * side), finer[row] % (2 * side)
        place[row] = (i // 2) * side + j // 2
    cells, table = _occupied(place, side)
    children = np.full((len(cells), 4), len(finer), np.int32)
    parents = np.empty(len(finer), np.int32)
    for row in range(len(finer)):
        i, j = finer[row] // (2 * side), finer[row] % (2 * side)
        parents[row] = table[place[row]]
        children[parents[row], 2 * (i % 2) + j % 2] = row
    return cells, table, children, parents


@njit(cache=True, nogil=True)
def _neighbours(cells: Int32Array, table: Int32Array, side: int) -> Int32Array:
    count = len(cells)
    neighbours = np.full((count, 9), count, np.int32)
    for row in range(count):
        i, j = cells[row] // side, cells[row] % side
        for k in range(9):
            a, b = i + k // 3 - 1, j + k % 3 - 1
            if 0 <= a < side and 0 <= b < side and table[a * side + b] >= 0:
                neighbours[row, k] = table[a * side + b]
    return neighbours


@njit(cache=True, nogil=True)
def _features(xyzi: Float32Array, above: Float32Array, rows: Int32Array, cells: Int32Array) -> Float32Array:
    count = len(cells)
    features = np.zeros((count, CELL_FEATURES), np.float32)
    # Points, height, x, y and intensity, in float64: the order of the points then makes no difference that is seen.
    sums = np.zeros((count, 5))
    for row in range(count):
        features[row, 6], features[row, 7] = -10.0, 100.0
    for p in range(len(xyzi)):
        row = rows[p]
        if row < 0:
            continue
        part = 0
        while part < len(SLICES_M) and above[p] >= SLICES_M[part]:
            part += 1
        features[row, part] += 1
        features[row, 6] = max(features[row, 6], above[p])
        features[row, 7] = min(features[row, 7], above[p])
        sums[row, 0] += 1
        sums[row, 1] += above[p]
        sums[row, 2] += xyzi[p, 0]
        sums[row, 3] += xyzi[p, 1]
        sums[row, 4] += xyzi[p, 3]
    logarithms = np.empty(LOGARITHMS)  # most cells hold a few points: a look-up instead of six logarithms a cell
    for number in range(LOGARITHMS):
        logarithms[number] = np.log(1.0 + number)
    for row in range(count):
        points = sums[row, 0]
        x = (cells[row] // SIDE + 0.5) * CELL_M - REACH_M
        y = (cells[row] % SIDE + 0.5) * CELL_M - REACH_M
        for part in range(6):
            number = int(features[row, part])
            features[row, part] = logarithms[number] if number < LOGARITHMS else np.log(1.0 + number)
        features[row, 6] = min(features[row, 6], 8.0) / 2
        features[row, 7] = min(features[row, 7], 8.0) / 2
        features[row, 8] = min(sums[row, 1] / points, 8.0) / 2
        features[row, 9] = (sums[row, 2] / points - x) / CELL_M
        features[row, 10] = (sums[row, 3] / points - y) / CELL_M
        features[row, INTENSITY] = sums[row, 4] / points
        features[row, 12] = np.sqrt(x * x + y * y) / 30.0
    return features
