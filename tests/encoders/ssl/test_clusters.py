"""Things: connected as scipy finds them, measured as numpy does."""

import numpy as np
from scipy.ndimage import label

from scanpick.encoders.ssl.cells import SIDE, heights_above_ground, make_cells
from scanpick.encoders.ssl.clusters import HIGHEST_M, LOWEST_M, POINTS_FROM_M, find_clusters
from tests.encoders.ssl.made_up import scene_points


def test_things_are_connected_cells() -> None:
    points = scene_points(3, boxes=12)
    above = heights_above_ground(points)
    cells = make_cells(points, above)
    clusters = find_clusters(points, above, cells)
    rows, level, side = cells.rows_at(1), cells.levels[1], SIDE >> 1
    solid = np.zeros(side * side, bool)
    standing = (rows >= 0) & (above >= LOWEST_M) & (above < HIGHEST_M)
    solid[level.cells[rows[standing]]] = True
    labelled, count = label(solid.reshape(side, side), np.ones((3, 3)))
    assert len(clusters) == count
    expected = np.where((rows >= 0) & (above >= POINTS_FROM_M), labelled.ravel()[level.cells[rows]] - 1, -1)
    pairs = np.unique(np.column_stack([expected, clusters.of_point]), axis=0)
    assert len(pairs) == len(np.unique(expected)), "one number of ours for each of scipy's, and the other way round"


def test_measures_by_hand() -> None:
    points = scene_points(4)
    above = heights_above_ground(points)
    clusters = find_clusters(points, above, make_cells(points, above))
    assert len(clusters) >= 4
    for thing in range(len(clusters)):
        mine = clusters.of_point == thing
        xy = points[mine, :2].astype(np.float64)
        assert clusters.counts[thing] == mine.sum()
        np.testing.assert_allclose(clusters.centres_m[thing], xy.mean(axis=0), rtol=1e-5)
        spread = np.sqrt(np.maximum(12 * np.linalg.eigvalsh(np.cov(xy.T, bias=True)), 0))[::-1]
        np.testing.assert_allclose(clusters.sizes_m[thing, :2], spread, rtol=1e-3, atol=1e-3)
        np.testing.assert_allclose(clusters.sizes_m[thing, 2:], [above[mine].max(), above[mine].min()])


def test_level_ground_holds_nothing() -> None:
    points = scene_points(5, boxes=0)
    above = heights_above_ground(points)
    assert len(find_clusters(points, above, make_cells(points, above))) == 0
