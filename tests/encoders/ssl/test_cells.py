"""Cells against a plain count in numpy: which there are, what is told of them, who is beside and above whom."""

import numpy as np
import pytest

from scanpick.arrays import Points
from scanpick.encoders.ssl.cells import (
    CELL_M,
    LEVELS,
    LOWEST_M,
    REACH_M,
    SIDE,
    SLICES_M,
    Cells,
    centres_m,
    heights_above_ground,
    make_cells,
)
from tests.encoders.ssl.made_up import scene_points


@pytest.fixture(scope="module")
def points() -> Points:
    outside = np.array([[70, 0, 0, 1], [5, -64.5, 0, 1], [9, 1, -9, 1]], np.float32)  # far ahead, far right, below
    return np.concatenate([scene_points(1), outside])


@pytest.fixture(scope="module")
def cells(points: Points) -> Cells:
    return make_cells(points, heights_above_ground(points))


def plain_places(points: Points, above: np.ndarray, level: int) -> np.ndarray:
    """(P, 2) places of points, -1 outside."""
    places = np.floor((points[:, :2].astype(np.float64) + REACH_M) / CELL_M).astype(np.int64)
    inside = ((places >= 0) & (places < SIDE)).all(axis=1) & (above >= LOWEST_M)
    return np.where(inside[:, None], places // 2**level, -1)


@pytest.mark.parametrize("level", range(LEVELS))
def test_cells_of_each_level_are_those_that_hold_points(points: Points, cells: Cells, level: int) -> None:
    places = plain_places(points, heights_above_ground(points), level)
    side = SIDE >> level
    numbers = np.where(places[:, 0] >= 0, places[:, 0] * side + places[:, 1], -1)
    np.testing.assert_array_equal(cells.levels[level].cells, np.unique(numbers[numbers >= 0]))
    rows = cells.rows_at(level)
    np.testing.assert_array_equal(rows >= 0, numbers >= 0)
    np.testing.assert_array_equal(cells.levels[level].cells[rows[rows >= 0]], numbers[numbers >= 0])


@pytest.mark.parametrize("level", [0, 2, 4])
def test_neighbours_lie_side_by_side(cells: Cells, level: int) -> None:
    found = cells.levels[level]
    side, row_of = SIDE >> level, {int(cell): row for row, cell in enumerate(found.cells)}
    for row in range(0, len(found), 7):
        i, j = divmod(int(found.cells[row]), side)
        around = [(i + a, j + b) for a in (-1, 0, 1) for b in (-1, 0, 1)]
        expected = [
            row_of.get(a * side + b, len(found)) if 0 <= a < side and 0 <= b < side else len(found) for a, b in around
        ]
        np.testing.assert_array_equal(found.neighbours[row], expected)


def test_children_and_parents_agree(cells: Cells) -> None:
    for finer, coarser in zip(cells.levels[:-1], cells.levels[1:], strict=True):
        for row, parent in enumerate(coarser.parents):
            assert row in coarser.children[parent]
        assert (coarser.children < len(finer)).sum() == len(finer)


def test_features_by_hand(points: Points, cells: Cells) -> None:
    above = heights_above_ground(points)
    centres = centres_m(cells.levels[0].cells, 0)
    for row in range(0, len(cells.features), 97):
        mine = cells.cell_of_point == row
        heights, xy = above[mine].astype(np.float64), points[mine, :2].astype(np.float64)
        slices = np.bincount(np.searchsorted(SLICES_M, heights, side="right"), minlength=6)
        expected = [
            *np.log1p(slices),
            *(np.minimum(value, 8) / 2 for value in (heights.max(), heights.min(), heights.mean())),
            *((xy.mean(axis=0) - centres[row]) / CELL_M),
            points[mine, 3].astype(np.float64).mean(),
            np.hypot(*centres[row]) / 30,
        ]
        np.testing.assert_allclose(cells.features[row], expected, rtol=1e-4, atol=1e-4)


def test_a_scene_without_points_in_reach_has_no_cells() -> None:
    far = np.array([[1e6, 0, 0, 0], [-1e6, 1e6, 0, 0]], np.float32)
    assert all(len(level) == 0 for level in make_cells(far, heights_above_ground(far)).levels)
