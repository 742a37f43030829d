"""Statistics of a frame: how its points spread over range, height, density and the ground plan.

No learning and no orientation: four histograms that anyone can recompute.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
from numba import njit
from pydantic import Field

from scanpick.arrays import Embeddings, Float64Array, Points
from scanpick.encoders.frame_by_frame import FrameByFrame
from scanpick.errors import FrameError
from scanpick.structures import Frame

HEIGHT_LEVELS_M = tuple(np.arange(-3.0, 5.25, 0.5).tolist())
"""Edges of the height histogram, relative to the sensor: lower points count in the first bin, higher in the last."""

DENSITY_BINS = 10
"""Cells by points: 1, 2-3, 4-7, ..., 256-511, and 512 or more."""

EXTENT_LEVELS_M = (0.3, 2.0)
"""Cells by vertical extent of their points: flat like ground, low like vehicles and people, tall like buildings."""

RANGE_BINS = 16
OCCUPANCY_RINGS = 8


class Statistics(FrameByFrame):
    """Four histograms, each a quarter of the vector.

    Over the points nearer than `max_range_m` (horizontally), and over the occupied cells of a bird's-eye grid of
    `cell_m`:

    - **range**: share of points in each of 16 rings of equal width;
    - **height**: share of points in each half metre of z from -3 m to 5 m, 16 bins, outer points in the outer ones;
    - **density**: share of occupied cells by their number of points, in 10 steps of powers of two;
    - **occupancy**: share of occupied cells in each of 8 rings x 3 classes of vertical extent (below 0.3 m, below
      2 m, taller), by the ring of the cell's centre.

    Each histogram h sums to 1 and enters as sqrt(h / 4): every block has the same length 1/2, the whole vector
    length 1, and the squared Euclidean distance of two frames is the mean over the blocks of
    sum((sqrt(h) - sqrt(g))^2), twice the squared Hellinger distance. The root also keeps rare bins from drowning.

    Nothing depends on the direction of travel. The number of points itself does not count either: it follows the
    sensor more than the scene.

    Attributes:
        max_range_m: Points farther than this are left out.
        cell_m: Edge of a grid cell.

    Example:
        >>> Statistics().dimension
        66
    """

    name: ClassVar[str] = "statistics"

    max_range_m: float = Field(80.0, gt=0, le=1000)
    cell_m: float = Field(1.0, ge=0.1)

    @property
    def dimension(self) -> int:
        """D."""
        return RANGE_BINS + len(HEIGHT_LEVELS_M) - 1 + DENSITY_BINS + OCCUPANCY_RINGS * (len(EXTENT_LEVELS_M) + 1)

    def encode(self, frames: Sequence[Frame]) -> Embeddings:
        """(B, 66) float32. See `Encoder.encode`."""
        vectors = np.zeros((len(frames), self.dimension), dtype=np.float32)
        for vector, frame in zip(vectors, frames, strict=True):
            blocks = self.histograms(frame.points)
            if not blocks[0].sum():
                raise FrameError(
                    f"None of the {len(frame.points)} points lies within {self.max_range_m:g} m. "
                    f"Check the unit and the axes, or set max_range_m.",
                    kind="implausible",
                )
            vector[:] = np.sqrt(np.concatenate([block / block.sum() for block in blocks]) / len(blocks))
        return vectors

    def histograms(self, points: Points) -> tuple[Float64Array, Float64Array, Float64Array, Float64Array]:
        """Counts by range (16,), height (16,), density (10,) and occupancy (24,) of (P, C) points."""
        ranges, heights, counts, lowest, highest = _count(points, self.max_range_m, self.cell_m)
        return ranges, heights, *_count_cells(counts, highest - lowest, self.max_range_m, self.cell_m)


@njit(cache=True, nogil=True)
def _count(
    points: Points, max_range_m: float, cell_m: float
) -> tuple[Float64Array, Float64Array, Float64Array, Float64Array, Float64Array]:
    """Histograms over points, and for each grid cell the number and the lowest and highest z of its points."""
    side = 2 * int(np.ceil(max_range_m / cell_m))
    counts = np.zeros((side, side))
    lowest = np.full((side, side), np.inf)
    highest = np.full((side, side), -np.inf)
    ranges = np.zeros(RANGE_BINS)
    heights = np.zeros(len(HEIGHT_LEVELS_M) - 1)
    lowest_m, step = HEIGHT_LEVELS_M[0], HEIGHT_LEVELS_M[1] - HEIGHT_LEVELS_M[0]
    for row in range(points.shape[0]):
        x, y, z = np.float64(points[row, 0]), np.float64(points[row, 1]), np.float64(points[row, 2])
        range_m = np.sqrt(x * x + y * y)
        if range_m >= max_range_m:
            continue
        ranges[min(int(range_m / max_range_m * RANGE_BINS), RANGE_BINS - 1)] += 1
        # Clipped before it becomes an integer, which a huge z would overflow.
        heights[int(min(max((z - lowest_m) / step, 0.0), len(heights) - 1.0))] += 1
        column, line = int(np.floor(x / cell_m)) + side // 2, int(np.floor(y / cell_m)) + side // 2
        counts[column, line] += 1
        lowest[column, line] = min(lowest[column, line], z)
        highest[column, line] = max(highest[column, line], z)
    return ranges, heights, counts, lowest, highest


@njit(cache=True, nogil=True)
def _count_cells(
    counts: Float64Array, extents_m: Float64Array, max_range_m: float, cell_m: float
) -> tuple[Float64Array, Float64Array]:
    """Histograms over occupied cells."""
    densities = np.zeros(DENSITY_BINS)
    occupancy = np.zeros((OCCUPANCY_RINGS, len(EXTENT_LEVELS_M) + 1))
    half = counts.shape[0] // 2
    for column in range(counts.shape[0]):
        for line in range(counts.shape[1]):
            if counts[column, line] == 0:
                continue
            density = 0
            while density < DENSITY_BINS - 1 and counts[column, line] >= 2 ** (density + 1):
                density += 1
            densities[density] += 1
            x, y = (column - half + 0.5) * cell_m, (line - half + 0.5) * cell_m
            ring = min(int(np.sqrt(x * x + y * y) / max_range_m * OCCUPANCY_RINGS), OCCUPANCY_RINGS - 1)
            extent = 0
            while extent < len(EXTENT_LEVELS_M) and extents_m[column, line] >= EXTENT_LEVELS_M[extent]:
                extent += 1
            occupancy[ring, extent] += 1
    return densities, occupancy.ravel()
