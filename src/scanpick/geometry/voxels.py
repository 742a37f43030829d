"""Points to pillars: which cell of a grid seen from above each point falls into, for the cells that hold any.

Dynamic: no limit on points a pillar or on pillars, and nothing is padded (Zhou et al., CoRL 2019).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numba import njit

from scanpick.arrays import FloatArray, Int64Array
from scanpick.errors import ScanpickError

DENSE_CELLS = 2**24  # a table of so many cells is cheaper than sorting the points


@dataclass(frozen=True)
class PillarGrid:
    """A grid seen from above.

    Attributes:
        least: x, y, z in metres, included.
        greatest: x, y, z in metres, excluded.
        size: Length of a pillar along x and along y in metres; x and y must be filled by whole pillars.
    """

    least: tuple[float, float, float]
    greatest: tuple[float, float, float]
    size: tuple[float, float]

    def __post_init__(self) -> None:
        for axis in range(2):
            extent = self.greatest[axis] - self.least[axis]
            whole = round(extent / self.size[axis]) if self.size[axis] > 0 else 0
            if whole < 1 or abs(whole * self.size[axis] - extent) > 1e-6 * extent:
                raise ScanpickError(
                    f"PillarGrid: expected {'xy'[axis]} to be filled by whole pillars, "
                    f"got {extent:g} m and pillars of {self.size[axis]:g} m."
                )
        if self.greatest[2] <= self.least[2]:
            raise ScanpickError(f"PillarGrid: expected z to rise, got {self.least[2]:g} to {self.greatest[2]:g} m.")

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of pillars along x and along y."""
        x, y = (round((self.greatest[axis] - self.least[axis]) / self.size[axis]) for axis in range(2))
        return x, y


@dataclass(frozen=True, eq=False)
class Pillars:
    """The V pillars of a frame that hold points.

    Attributes:
        cells: (V,) rising; the cell at (ix, iy) is ``ix * shape[1] + iy``.
        pillar_of_point: (P,) row of each point's pillar in `cells`, -1 outside the grid.
        counts: (V,) number of points.
    """

    cells: Int64Array
    pillar_of_point: Int64Array
    counts: Int64Array


def pillars_of_points(points: FloatArray, grid: PillarGrid) -> Pillars:
    """Sort points into pillars.

    A point is inside where least <= coordinate < greatest. The cell is found in float64 from the coordinates as they
    are given; a point that is not finite is outside.

    Args:
        points: (P, >= 3) metres.
        grid: The grid.

    Raises:
        ScanpickError: Another shape.

    Example:
        >>> grid = PillarGrid((0, 0, -1), (4, 2, 1), (1, 1))
        >>> pillars = pillars_of_points(np.array([[3.5, 0.5, 0], [0.5, 1.5, 0], [3.1, 0.9, 0], [9, 0, 0]]), grid)
        >>> pillars.cells, pillars.pillar_of_point
        (array([1, 6]), array([ 1,  0,  1, -1]))
    """
    given = np.asarray(points)
    dtype: type[np.floating[Any]] = np.float32 if given.dtype == np.float32 else np.float64
    if given.ndim != 2 or given.shape[1] < 3:
        raise ScanpickError(f"points: expected shape (any, at least 3), got {given.shape}.")
    cloud: FloatArray = np.ascontiguousarray(given[:, :3], dtype=dtype)
    cells = _cells(cloud, np.array(grid.least), np.array(grid.greatest), np.array(grid.size), np.array(grid.shape))
    if grid.shape[0] * grid.shape[1] <= DENSE_CELLS:
        return Pillars(*_number_cells(cells, grid.shape[0] * grid.shape[1]))
    inside = cells >= 0
    unique, inverse, counts = np.unique(cells[inside], return_inverse=True, return_counts=True)
    pillar_of_point = np.full(len(cells), -1, np.int64)
    pillar_of_point[inside] = inverse
    return Pillars(unique, pillar_of_point, counts)


@njit(cache=True, nogil=True)
def _cells(
    points: FloatArray, least: FloatArray, greatest: FloatArray, size: FloatArray, shape: Int64Array
) -> Int64Array:
    cells = np.full(len(points), -1, np.int64)
    for i in range(len(points)):
        x, y, z = np.float64(points[i, 0]), np.float64(points[i, 1]), np.float64(points[i, 2])
        if least[0] <= x < greatest[0] and least[1] <= y < greatest[1] and least[2] <= z < greatest[2]:
            ix = min(np.int64((x - least[0]) / size[0]), shape[0] - 1)
            iy = min(np.int64((y - least[1]) / size[1]), shape[1] - 1)
            cells[i] = ix * shape[1] + iy
    return cells


@njit(cache=True, nogil=True)
def _number_cells(cells: Int64Array, total: int) -> tuple[Int64Array, Int64Array, Int64Array]:
    """The cells that occur, each point's place among them, and how often each occurs."""
    tally = np.zeros(total, np.int64)
    for i in range(cells.size):
        if cells[i] >= 0:
            tally[cells[i]] += 1
    unique = np.flatnonzero(tally)
    counts = tally[unique]
    for pillar in range(unique.size):
        tally[unique[pillar]] = pillar
    pillar_of_point = np.empty(cells.size, np.int64)
    for i in range(cells.size):
        pillar_of_point[i] = tally[cells[i]] if cells[i] >= 0 else -1
    return unique, pillar_of_point, counts
