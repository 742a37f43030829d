"""Points to pillars, against numpy's unique."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.geometry import voxels
from scanpick.geometry.voxels import PillarGrid, pillars_of_points

GRID = PillarGrid((0, -4, -2), (8, 4, 1), (0.5, 0.25))


def plain_pillars(points, grid):
    least, greatest = np.array(grid.least), np.array(grid.greatest)
    points = points[:, :3].astype(np.float64)
    inside = ((points >= least) & (points < greatest)).all(axis=1)
    ix, iy = ((points[inside, :2] - least[:2]) / grid.size).astype(np.int64).T
    unique, inverse, counts = np.unique(ix * grid.shape[1] + iy, return_inverse=True, return_counts=True)
    pillar_of_point = np.full(len(points), -1)
    pillar_of_point[inside] = inverse
    return unique, pillar_of_point, counts


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("dense_cells", [voxels.DENSE_CELLS, 1])
def test_pillars_equal_those_of_unique(dense_cells, dtype, monkeypatch):
    """Through the table of cells and through sorting."""
    monkeypatch.setattr(voxels, "DENSE_CELLS", dense_cells)
    points = (np.random.default_rng(0).uniform(-1, 1, (4000, 4)) * [10, 5, 3, 1]).astype(dtype)
    pillars = pillars_of_points(points, GRID)
    cells, pillar_of_point, counts = plain_pillars(points, GRID)
    np.testing.assert_array_equal(pillars.cells, cells)
    np.testing.assert_array_equal(pillars.pillar_of_point, pillar_of_point)
    np.testing.assert_array_equal(pillars.counts, counts)


def test_borders():
    """The least coordinate is inside, the greatest outside, and a hair below the greatest is in the last pillar."""
    just_below = np.nextafter(8.0, 0)
    points = np.array([[0, -4, -2], [8, 0, 0], [just_below, np.nextafter(4.0, 0), 0], [np.nan, 0, 0], [1, 0, np.inf]])
    pillars = pillars_of_points(points, GRID)
    assert pillars.cells.tolist() == [0, GRID.shape[0] * GRID.shape[1] - 1]
    assert pillars.pillar_of_point.tolist() == [0, -1, 1, -1, -1]


def test_no_points_inside():
    for points in (np.zeros((0, 3)), np.full((3, 3), 100.0)):
        pillars = pillars_of_points(points, GRID)
        assert len(pillars.cells) == len(pillars.counts) == 0
        assert (pillars.pillar_of_point == -1).all()
        assert len(pillars.pillar_of_point) == len(points)


def test_a_grid_that_pillars_do_not_fill_is_named():
    with pytest.raises(ScanpickError, match=r"expected x to be filled by whole pillars, got 8 m and pillars of 0\.3 m"):
        PillarGrid((0, 0, 0), (8, 8, 1), (0.3, 0.5))
    with pytest.raises(ScanpickError, match="expected z to rise"):
        PillarGrid((0, 0, 1), (8, 8, 1), (0.5, 0.5))
