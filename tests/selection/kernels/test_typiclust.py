"""Typicality within clusters stays what a full search gives while points leave."""

import numpy as np
import pytest

from scanpick.selection.kernels import typiclust as module
from scanpick.selection.kernels.typicality import typicality
from scanpick.selection.kernels.typiclust import TypicalityWithin
from tests.selection.kernels.clouds import clouds, squared_to

CLOUDS = clouds()


def searched_anew(X, points, neighbours):
    return typicality(np.ascontiguousarray(X[points]), max(min(neighbours, len(points) // 2), 1))


@pytest.mark.parametrize("leaving", ["the most typical", "neighbours of one point", "any"])
@pytest.mark.parametrize("name", ["walks", "duplicates", "integers", "constant", "huge", "zero vectors"])
def test_the_same_as_searching_anew_to_the_last_bit(name, leaving):
    X = CLOUDS[name][:160]
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 2, len(X))
    within = TypicalityWithin(X, labels, neighbours=5)
    left = {cluster: np.flatnonzero(labels == cluster) for cluster in (0, 1)}
    while any(len(points) > 1 for points in left.values()):
        for cluster, points in left.items():
            if len(points) < 2:
                continue
            found = within(points)
            np.testing.assert_array_equal(found, searched_anew(X, points, 5))
            np.testing.assert_array_equal(found, within(points))
            gone = {
                "the most typical": np.argmax(found),
                "neighbours of one point": np.argmin(squared_to(X[points], -1)[:-1]),
                "any": rng.integers(len(points)),
            }[leaving]
            left[cluster] = np.delete(points, gone)


def test_several_points_may_leave_at_once():
    X = CLOUDS["walks"][:300]
    within = TypicalityWithin(X, np.zeros(300, dtype=np.int64), neighbours=20, threads=2)
    for points in (np.arange(300), np.arange(0, 300, 2), np.arange(0, 300, 10), np.array([0, 290])):
        np.testing.assert_array_equal(within(points), searched_anew(X, points, 20))


def test_lists_are_searched_only_once(monkeypatch):
    calls = []
    search = module.nearest_others
    monkeypatch.setattr(module, "nearest_others", lambda *arguments: calls.append(1) or search(*arguments))
    within = TypicalityWithin(CLOUDS["walks"], np.zeros(1500, dtype=np.int64), neighbours=20)
    for first in range(20):
        within(np.arange(first, 1500))
    assert len(calls) == 1


def test_a_point_alone_is_worth_as_much_as_one_among_duplicates():
    X = np.ones((3, 2), dtype=np.float32)
    within = TypicalityWithin(X, np.array([0, 1, 1]), neighbours=20)
    assert within(np.array([0])).tolist() == [1e5]
    np.testing.assert_allclose(within(np.array([1, 2])), 1e5)
    assert within(np.array([], dtype=np.int64)).tolist() == []
