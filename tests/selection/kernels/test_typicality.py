import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.selection.kernels.typicality import nearest_squared, typicality
from tests.selection.kernels.clouds import clouds, squared_to, walks

CLOUDS = clouds()


def plain_nearest(X, neighbours):
    squared = np.stack([squared_to(X, index) for index in range(len(X))])
    np.fill_diagonal(squared, np.inf)
    return np.sort(squared, axis=1)[:, :neighbours]


@pytest.mark.parametrize("name", CLOUDS)
def test_nearest_are_those_of_a_full_search(name):
    X = CLOUDS[name]
    np.testing.assert_allclose(nearest_squared(X, 7), plain_nearest(X, 7), rtol=1e-13)


@pytest.mark.parametrize("neighbours", [1, 20, 900])
def test_cells_leave_nobody_out(neighbours):
    X = walks(2500, 20)
    expected = plain_nearest(X, neighbours)
    for threads in (1, 2):
        found = nearest_squared(X, neighbours, threads)
        np.testing.assert_allclose(found, expected, rtol=1e-13)
        assert (found == nearest_squared(X, neighbours)).all()


def test_definition_by_hand():
    X = np.array([[0.0], [1.0], [3.0]], dtype=np.float32)
    np.testing.assert_allclose(typicality(X, 2), 1 / (np.array([5.0, 2.5, 6.5]) + 1e-5))
    np.testing.assert_allclose(typicality(np.ones((3, 2), np.float32), 2), 1e5)
    assert typicality(np.empty((0, 2), np.float32), 2).tolist() == []


def test_more_neighbours_than_there_are_is_an_error():
    with pytest.raises(ScanpickError, match="expected 1 to 2 for 3 points, got 3"):
        typicality(np.ones((3, 2), np.float32), 3)
