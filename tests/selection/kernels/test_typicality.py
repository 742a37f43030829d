"""Nearest others and typicality are exact, in groups or not, on any number of threads."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.selection.kernels import typicality as module
from scanpick.selection.kernels.typicality import nearest_others, typicality
from tests.selection.kernels.clouds import clouds, squared_to, walks

CLOUDS = clouds()


def plain(X, count):
    """(N, count) squared distances to the nearest others, by sorting all of them."""
    rows = [np.sort(np.delete(squared_to(X, index), index))[:count] for index in range(len(X))]
    return np.array(rows).reshape(len(X), count)


@pytest.fixture(params=["in groups", "at once"])
def grouping(request, monkeypatch):
    monkeypatch.setattr(module, "UNGROUPED", 100 if request.param == "in groups" else 2048)
    monkeypatch.setattr(module, "BLOCK", 128)
    monkeypatch.setattr(module, "COLUMNS", 200)


@pytest.mark.parametrize("name", CLOUDS)
def test_distances_are_those_of_brute_force(name, grouping):
    X = CLOUDS[name]
    squared, others = nearest_others(X, 7)
    np.testing.assert_allclose(squared, plain(X, 7), rtol=1e-12)
    for index in (0, 5, len(X) - 1):
        assert index not in others[index]
        assert len(set(others[index])) == 7
        np.testing.assert_allclose(squared_to(X, index)[others[index]], squared[index], rtol=1e-12)


@pytest.mark.parametrize("neighbours", [1, 20, 200])
def test_any_number_of_neighbours_in_a_pool_of_many_groups(neighbours):
    X = walks(2500, 20)
    np.testing.assert_allclose(nearest_others(X, neighbours, threads=2)[0], plain(X, neighbours), rtol=1e-12)


@pytest.mark.parametrize("name", ["walks", "duplicates", "integers", "constant", "huge"])
def test_two_threads_and_groups_give_the_same_to_the_last_bit(name, monkeypatch):
    X = CLOUDS[name]
    alone = typicality(X, 20)
    np.testing.assert_array_equal(alone, typicality(X, 20, threads=2))
    monkeypatch.setattr(module, "UNGROUPED", 100)
    monkeypatch.setattr(module, "BLOCK", 100)
    np.testing.assert_array_equal(alone, typicality(X, 20, threads=2))


def test_typicality_is_one_over_the_mean_squared_distance():
    X = np.array([[0.0], [1.0], [3.0], [3.0]], dtype=np.float32)
    expected = 1 / (np.array([(1 + 9) / 2, (1 + 4) / 2, (0 + 4) / 2, (0 + 4) / 2]) + 1e-5)
    np.testing.assert_allclose(typicality(X, 2), expected)


def test_duplicates_are_others_at_no_distance():
    X = np.repeat(walks(40, 8), 4, axis=0)
    np.testing.assert_allclose(typicality(X, 3), 1e5)
    assert (typicality(X, 4) < 1e5).all()


@pytest.mark.parametrize("count", [1, 5])
def test_all_others_may_be_asked_for(count):
    X = walks(count + 1, 4)
    np.testing.assert_allclose(nearest_others(X, count)[0], plain(X, count))


def test_memory_maps_give_the_same(tmp_path):
    X = walks(600, 12)
    np.save(tmp_path / "x.npy", X)
    np.testing.assert_array_equal(typicality(np.load(tmp_path / "x.npy", mmap_mode="r"), 5), typicality(X, 5))


def test_no_points_have_no_typicality():
    assert typicality(np.empty((0, 3), dtype=np.float32), 20).shape == (0,)


@pytest.mark.parametrize(("points", "count"), [(1, 1), (5, 5), (5, 0)])
def test_more_others_than_there_are_fail(points, count):
    with pytest.raises(ScanpickError, match=f"expected from 1 to {points - 1}, got {count}"):
        nearest_others(walks(points, 3), count)
