"""Clusters and pieces equal scipy's labelling and the plain definition."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import ndimage

from scanpick.errors import ScanpickError
from scanpick.geometry.touching import pieces_within, touching_clusters

XY = NDArray[np.float64]


def labelled_image(xy: XY, cell_m: float) -> NDArray[np.int64]:
    """The same by labelling an image of cells with eight neighbours; numbered by first cell, x before y."""
    cells = np.floor(xy / cell_m).astype(int)
    cells -= cells.min(axis=0)
    image = np.zeros(cells.max(axis=0) + 1, dtype=bool)
    image[tuple(cells.T)] = True
    labels, _ = ndimage.label(image, structure=np.ones((3, 3)))
    return labels[tuple(cells.T)] - 1


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("cell_m", [0.25, 1.0, 7.0])
def test_clusters_equal_a_labelled_image(seed: int, cell_m: float) -> None:
    xy = np.random.default_rng(seed).normal(size=(600, 2), scale=(4 + seed * 5, 9))
    np.testing.assert_array_equal(touching_clusters(xy, cell_m), labelled_image(xy, cell_m))


def test_corners_touch_and_columns_do_not_wrap() -> None:
    """The last cell of a column and the first of the next are no neighbours, though their keys nearly are."""
    corner = np.array([[0.5, 0.5], [1.5, 1.5], [3.5, 1.5], [2.5, 0.5], [9.5, 0.5]])
    np.testing.assert_array_equal(touching_clusters(corner, 1.0), [0, 0, 0, 0, 1])
    ends = np.array([[0.5, 0.5], [0.5, 2.0**31 - 4], [1.5, 0.5]])
    np.testing.assert_array_equal(touching_clusters(ends, 1.0), [0, 1, 0])


def test_order_of_points_does_not_matter() -> None:
    rng = np.random.default_rng(0)
    xy = rng.uniform(-10, 10, (300, 2)).astype(np.float32)
    order = rng.permutation(len(xy))
    np.testing.assert_array_equal(touching_clusters(xy[order], 0.5), touching_clusters(xy, 0.5)[order])


def test_edges() -> None:
    assert len(touching_clusters(np.zeros((0, 2)), 1.0)) == 0
    np.testing.assert_array_equal(touching_clusters(np.zeros((3, 2)), 1.0), [0, 0, 0])
    with pytest.raises(ScanpickError, match="too far apart"):
        touching_clusters(np.array([[0.0, 0.0], [1e12, 0.0]]), 0.1)
    with pytest.raises(ScanpickError, match="finite"):
        touching_clusters(np.array([[0.0, np.nan]]), 0.1)
    with pytest.raises(ScanpickError, match=r"shape \(any, 2\)"):
        touching_clusters(np.zeros((4, 3)), 0.1)


def plain_pieces(xy: XY, radius_m: float) -> NDArray[np.int64]:
    centres = [int(((xy - xy.mean(axis=0)) ** 2).sum(axis=1).argmin())]
    while True:
        distances = ((xy[:, None] - xy[centres]) ** 2).sum(axis=2)  # (P, C)
        if distances.min(axis=1).max() <= radius_m**2:
            return distances.argmin(axis=1)
        centres.append(int(distances.min(axis=1).argmax()))


@pytest.mark.parametrize("seed", range(8))
def test_pieces_equal_the_plain_scan(seed: int) -> None:
    rng = np.random.default_rng(seed)
    xy = np.column_stack([rng.uniform(0, 30, 500), rng.normal(size=500)])
    pieces = pieces_within(xy, 2.5)
    np.testing.assert_array_equal(pieces, plain_pieces(xy, 2.5))
    assert pieces.max() >= 5


def test_small_things_are_one_piece() -> None:
    assert not pieces_within(np.array([[3.0, 4.0]]), 0.1).any()
    assert not pieces_within(np.random.default_rng(0).uniform(-1, 1, (50, 2)), 5.0).any()
    with pytest.raises(ScanpickError, match="radius above 0"):
        pieces_within(np.zeros((4, 2)), 0.0)
