"""The height of the ground under a frame: a robust plane and a smooth residual on a grid of cells.

Objects stand on the ground, so the height above it says more about an object than the height above the sensor: slopes
and a pitching vehicle move the latter by decimetres at 40 m. The estimate needs no labels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from scipy.ndimage import gaussian_filter

from scanpick.arrays import Float32Array, Float64Array, FloatArray
from scanpick.errors import ScanpickError

_PLANE_TOLERANCES_M = (1.0, 0.5, 0.3, 0.2, 0.15)
"""How far a cell may be from the plane to count for the next fit: coarse to fine."""

_SLOPE = 0.02
"""How much farther it may be for each metre of range: slopes and small pitch grow with range."""


_SMOOTHING_CELLS = 1.5
"""Standard deviation of the smoothing of the residual, in cells."""

_RESIDUAL_M = 0.6
"""How far a cell's low point may lie off the plane to count as ground."""


@dataclass(frozen=True)
class GroundSettings:
    """How the ground is estimated.

    Attributes:
        x_range_m, y_range_m: The area that is covered, LiDAR frame.
        cell_m: Side of a cell.
        sensor_height_m: Where the first guess of the plane lies below the sensor.
    """

    x_range_m: tuple[float, float] = (0.0, 51.2)
    y_range_m: tuple[float, float] = (-28.16, 28.16)
    cell_m: float = 1.28
    sensor_height_m: float = 1.73


@dataclass(frozen=True, eq=False)
class Ground:
    """A height field.

    Attributes:
        plane: (3,) a, b, c of z = a x + b y + c.
        residual: (nx, ny) float64 metres above the plane at the cell centres.
        settings: How it was made.
    """

    plane: Float64Array
    residual: Float64Array
    settings: GroundSettings

    def height_at(self, xy: FloatArray) -> Float64Array:
        """(P,) z in metres of the ground under (P, 2) positions: the plane and the bilinear residual.

        Outside the covered area the nearest cell's residual holds.
        """
        positions: Float64Array = np.ascontiguousarray(xy, dtype=np.float64)
        s = self.settings
        return _heights(positions, self.plane, self.residual, s.x_range_m[0], s.y_range_m[0], s.cell_m)


def estimate_ground(points: Float32Array, settings: GroundSettings | None = None) -> Ground:
    """Estimate the ground under one frame.

    The low point of each cell is compared with a plane that is fitted to them, from a coarse tolerance to a fine one;
    what remains is smoothed over neighbouring cells, and cells that lie above the smooth surface (objects) lose
    their weight. Where no cell is seen the plane holds.

    Args:
        points: (P, C >= 3) float32, LiDAR frame. May be empty: then the ground is level, `sensor_height_m` below.
        settings: The area and the cell size.
    """
    s = settings or GroundSettings()
    shape = tuple(round((high - low) / s.cell_m) for low, high in (s.x_range_m, s.y_range_m))
    if min(shape) < 1:
        raise ScanpickError(f"GroundSettings: expected an area of at least one cell of {s.cell_m} m, got {shape}.")
    xyz = np.ascontiguousarray(points[:, :3], dtype=np.float64)
    low = _low_points(xyz, s.x_range_m[0], s.y_range_m[0], s.cell_m, *shape)  # (nx, ny), NaN where unseen
    x = s.x_range_m[0] + (np.arange(shape[0]) + 0.5) * s.cell_m
    y = s.y_range_m[0] + (np.arange(shape[1]) + 0.5) * s.cell_m
    grid_x, grid_y = np.meshgrid(x, y, indexing="ij")
    plane = _fit_plane(grid_x, grid_y, low, s.sensor_height_m)
    off_plane = low - (plane[0] * grid_x + plane[1] * grid_y + plane[2])
    allowed = _RESIDUAL_M + _SLOPE * np.hypot(grid_x, grid_y)
    return Ground(plane, _smooth(off_plane, np.abs(off_plane) < allowed), s)


def _fit_plane(x: Float64Array, y: Float64Array, z: Float64Array, sensor_height_m: float) -> Float64Array:
    plane = np.array([0.0, 0.0, -sensor_height_m])
    seen = np.isfinite(z)
    x, y, z = x[seen], y[seen], z[seen]
    reach = _SLOPE * np.hypot(x, y)
    for tolerance in _PLANE_TOLERANCES_M:
        off = z - (plane[0] * x + plane[1] * y + plane[2])
        near = np.abs(off) < tolerance + reach * (tolerance / _PLANE_TOLERANCES_M[0])
        if near.sum() < 12:  # too few for three unknowns with outliers among them
            break
        # A ridge on the slopes: a plane seen in one direction only does not tilt in the other.
        design = np.column_stack([x[near], y[near], np.ones(near.sum())])
        ridge = np.diag([1.0, 1.0, 1e-6])
        plane = np.linalg.solve(design.T @ design + ridge, design.T @ z[near])
    return plane


def _smooth(off_plane: Float64Array, ground: np.ndarray) -> Float64Array:
    weight = ground.astype(np.float64)
    value = np.where(ground, off_plane, 0.0)
    smooth = np.zeros_like(value)
    for spread in (2 * _SMOOTHING_CELLS, _SMOOTHING_CELLS, _SMOOTHING_CELLS):
        # A little weight at height 0 everywhere is the plane, which holds where nothing is seen.
        total = gaussian_filter(weight, spread, mode="nearest") + 0.02
        smooth = gaussian_filter(weight * value, spread, mode="nearest") / total
        above = value - smooth
        weight = ground * np.where(above > 0, np.exp(-((above / 0.1) ** 2)), np.exp(-((above / 0.3) ** 2)))
    return smooth


@njit(cache=True, nogil=True)
def _low_points(xyz: Float64Array, x0: float, y0: float, cell: float, nx: int, ny: int) -> Float64Array:
    """The second lowest z of each cell (the lowest may be a reflection below the road); NaN with fewer than 2."""
    first = np.full((nx, ny), np.inf)
    second = np.full((nx, ny), np.inf)
    for p in range(len(xyz)):
        i = int(np.floor((xyz[p, 0] - x0) / cell))
        j = int(np.floor((xyz[p, 1] - y0) / cell))
        if i < 0 or i >= nx or j < 0 or j >= ny:
            continue
        z = xyz[p, 2]
        if z < first[i, j]:
            second[i, j] = first[i, j]
            first[i, j] = z
        elif z < second[i, j]:
            second[i, j] = z
    for i in range(nx):
        for j in range(ny):
            if not np.isfinite(second[i, j]):
                second[i, j] = np.nan
    return second


@njit(cache=True, nogil=True)
def _heights(
    xy: Float64Array, plane: Float64Array, residual: Float64Array, x0: float, y0: float, cell: float
) -> Float64Array:
    nx, ny = residual.shape
    heights = np.empty(len(xy))
    for p in range(len(xy)):
        u = min(max((xy[p, 0] - x0) / cell - 0.5, 0.0), nx - 1.0)
        v = min(max((xy[p, 1] - y0) / cell - 0.5, 0.0), ny - 1.0)
        i, j = min(int(u), max(nx - 2, 0)), min(int(v), max(ny - 2, 0))
        i1, j1 = min(i + 1, nx - 1), min(j + 1, ny - 1)
        fu, fv = u - i, v - j
        low = residual[i, j] * (1 - fv) + residual[i, j1] * fv
        high = residual[i1, j] * (1 - fv) + residual[i1, j1] * fv
        heights[p] = plane[0] * xy[p, 0] + plane[1] * xy[p, 1] + plane[2] + low * (1 - fu) + high * fu
    return heights
