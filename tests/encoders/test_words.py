"""Words are k-means centres; the same for any number of threads."""

import numpy as np
import pytest
from scipy.cluster.vq import kmeans2
from scipy.spatial.distance import cdist
from threadpoolctl import threadpool_limits

from scanpick.encoders import words
from scanpick.encoders.words import count_words, fit_words, nearest_words


def _groups(count: int = 6, members: int = 50) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    centres = rng.normal(size=(count, 12)) * 5
    values = centres.repeat(members, axis=0) + rng.normal(size=(count * members, 12)) * 0.1
    return centres, values.astype(np.float32)


def test_well_parted_groups_are_found() -> None:
    centres, values = _groups()
    found = fit_words(values, 6, seed=3)
    distances = cdist(centres, found)
    assert sorted(distances.argmin(axis=1)) == list(range(6))
    assert distances.min(axis=1).max() < 0.1


def test_it_ends_where_scipys_lloyd_stays() -> None:
    """A fixed point of Lloyd's algorithm, by another implementation of a step."""
    values = np.random.default_rng(1).normal(size=(400, 5)).astype(np.float32)
    found = fit_words(values, 8, seed=0)
    again, label = kmeans2(values.astype(np.float64), found.astype(np.float64), iter=1, minit="matrix")
    np.testing.assert_allclose(again, found, atol=1e-5)
    np.testing.assert_array_equal(label, nearest_words(values, found))


def test_same_seed_same_words_on_one_thread_or_two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(words, "SAMPLE", 1000)
    values = np.random.default_rng(1).normal(size=(3000, 64)).astype(np.float32)
    with threadpool_limits(1):
        one = fit_words(values, 20, seed=5)
    with threadpool_limits(2):
        two = fit_words(values, 20, seed=5)
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, fit_words(values, 20, seed=6))


def test_fewer_vectors_than_words() -> None:
    values = np.array([[1, 0], [1, 0], [0, 2]], np.float32)
    found = fit_words(values, 10, seed=0)
    np.testing.assert_array_equal(np.unique(found, axis=0), [[0, 2], [1, 0]])


def test_counts_by_frame() -> None:
    nearest, frame_of = np.array([0, 2, 2, 1]), np.array([0, 0, 0, 3])
    np.testing.assert_array_equal(count_words(nearest, frame_of, 4, 3), [[1, 0, 2], [0, 0, 0], [0, 0, 0], [0, 1, 0]])
