"""Points around a cell are those that a scan over all points finds."""

import numpy as np
import pytest

from scanpick.detectors.pillars.config import PILLAR_NANO, PillarConfig
from scanpick.detectors.pillars.pillars import AROUND_LOWEST_M, head_cell_centres, make_pillars, points_around
from tests.detectors.scenes import car_scene


def around_by_scan(points: np.ndarray, centre: np.ndarray, config: PillarConfig) -> np.ndarray:
    """The plain twin: rows of `points` in the disc, above the ground."""
    near = np.hypot(*(points[:, :2] - centre).T) < config.around_m
    return points[near & (points[:, 2] > AROUND_LOWEST_M)]


@pytest.mark.parametrize("most", [4, 5000])
def test_points_around_equal_a_scan_over_all_points(most: int) -> None:
    config = PillarConfig(around_points=most)
    pillars = make_pillars(car_scene(0, cars=6).points, config)
    centres = head_cell_centres(config).reshape(-1, 2)
    rows, columns = config.grid[0] // 2, config.grid[1] // 2
    rng = np.random.default_rng(0)
    # corners, where the disc leaves the grid, and cells anywhere
    cells = np.concatenate([[0, columns - 1, rows * columns - 1], rng.integers(0, rows * columns, 200)])
    found = points_around(pillars, cells, config)
    for cell, mine in zip(cells, found, strict=True):
        expected = around_by_scan(pillars.points, centres[cell], config)
        present = mine[mine[:, 4] == 1]
        assert len(present) == min(len(expected), most)
        assert not mine[mine[:, 4] == 0].any()
        if len(expected) == 0:
            continue
        # float32 positions relative to a centre: back to metres before they are looked for
        places = np.column_stack([2 * present[:, :2] + centres[cell], present[:, 2:4]])
        apart = np.abs(places[:, None] - expected[None]).max(axis=2)
        assert (apart.min(axis=1, initial=np.inf) < 1e-4).all()
        assert len(set(apart.argmin(axis=1).tolist())) == len(present), "a point is taken twice"


def test_no_cells_and_no_points_give_nothing() -> None:
    pillars = make_pillars(car_scene(0).points, PILLAR_NANO)
    assert points_around(pillars, np.zeros(0, dtype=np.int64), PILLAR_NANO).shape == (0, PILLAR_NANO.around_points, 5)
    empty = make_pillars(np.zeros((0, 4), dtype=np.float32), PILLAR_NANO)
    assert not points_around(empty, np.array([5]), PILLAR_NANO).any()
