"""k-means assigns exactly, is as good as scikit-learn's, and does not depend on threads."""

import numpy as np
import pytest
from sklearn.cluster import KMeans

from scanpick.errors import ScanpickError
from scanpick.selection.kernels import kmeans as module
from scanpick.selection.kernels.kmeans import kmeans
from scanpick.selection.kernels.kmeans_seeding import seeds
from tests.selection.kernels.clouds import clouds, walks

CLOUDS = clouds()


def squared_to_centres(X, centres):
    return np.square(X[:, None].astype(np.float64) - centres[None].astype(np.float64)).sum(axis=2)


@pytest.mark.parametrize("count", [1, 2, 40])
@pytest.mark.parametrize("name", CLOUDS)
def test_every_point_is_with_its_nearest_centre(name, count):
    X = CLOUDS[name]
    found = kmeans(X, count, seed=1)
    squared = squared_to_centres(X, found.centres)
    np.testing.assert_array_equal(found.labels, squared.argmin(axis=1))
    np.testing.assert_allclose(found.squared, squared.min(axis=1), rtol=1e-12)
    assert (np.bincount(found.labels, minlength=len(found.centres)) > 0).all()
    distinct = len(np.unique(X, axis=0))
    assert len(found.centres) <= min(count, distinct)
    if name not in ("duplicates", "integers", "constant"):
        assert len(found.centres) == count


@pytest.mark.parametrize("name", ["walks", "gaussian", "far from the origin"])
def test_centres_are_means_when_nothing_changes_any_more(name, monkeypatch):
    monkeypatch.setattr(module, "TOLERANCE", 0.0)
    X = CLOUDS[name]
    found = kmeans(X, 12)
    for cluster, centre in enumerate(found.centres):
        np.testing.assert_allclose(centre, X[found.labels == cluster].mean(axis=0, dtype=np.float64), rtol=1e-6)


@pytest.mark.parametrize("name", ["walks", "gaussian", "duplicates"])
def test_bounds_change_nothing(name, monkeypatch):
    """The same as Lloyd's plain iterations from the same centres."""
    monkeypatch.setattr(module, "TOLERANCE", 0.0)
    X = CLOUDS[name]
    centres = X[seeds(X, 15, np.random.default_rng(0))]
    found = module._iterated(X, centres, threads=1)
    for _ in range(found.iterations):
        labels = squared_to_centres(X, centres).argmin(axis=1)
        centres = np.array([X[labels == c].mean(axis=0, dtype=np.float64) for c in range(15)]).astype(np.float32)
    np.testing.assert_array_equal(found.labels, squared_to_centres(X, centres).argmin(axis=1))
    np.testing.assert_allclose(found.centres, centres, rtol=1e-6)


@pytest.mark.parametrize("name", ["walks", "duplicates", "integers", "huge"])
def test_two_threads_and_memory_maps_give_the_same(name, tmp_path):
    X = CLOUDS[name]
    alone = kmeans(X, 9, seed=3)
    np.save(tmp_path / "x.npy", X)
    for other in (kmeans(X, 9, seed=3, threads=2), kmeans(np.load(tmp_path / "x.npy", mmap_mode="r"), 9, seed=3)):
        np.testing.assert_array_equal(alone.labels, other.labels)
        np.testing.assert_array_equal(alone.centres, other.centres)


@pytest.mark.parametrize("least_sample", [1, 8192])
@pytest.mark.parametrize("count", [12, 60])
def test_as_good_as_scikit_learn(count, least_sample, monkeypatch):
    """On average over seeds, on a sample first and on all at once."""
    monkeypatch.setattr(module, "LEAST_SAMPLE", least_sample)
    X = walks(4000, 24)
    ours = np.mean([kmeans(X, count, seed=seed).inertia for seed in range(5)])
    theirs = np.mean([KMeans(count, n_init=1, random_state=seed).fit(X).inertia_ for seed in range(5)])
    assert ours <= theirs * 1.02


def test_seeds_are_different_points_drawn_far_apart():
    X = np.repeat(np.eye(6, dtype=np.float32), 30, axis=0)
    assert sorted(seeds(X, 6, np.random.default_rng(0)) // 30) == list(range(6))
    assert len(seeds(X, 10, np.random.default_rng(0))) == 6


def test_fewer_distinct_points_than_clusters():
    X = np.repeat(walks(7, 5), 3, axis=0)
    found = kmeans(X, 12)
    assert len(found.centres) == 7
    assert found.inertia == 0
    assert (np.bincount(found.labels) == 3).all()


def test_a_sample_of_duplicates_does_not_hide_the_others(monkeypatch):
    monkeypatch.setattr(module, "SAMPLE", 2)
    monkeypatch.setattr(module, "LEAST_SAMPLE", 1)
    X = np.zeros((500, 3), dtype=np.float32)
    X[-2:] = [[1, 0, 0], [0, 1, 0]]
    assert len(kmeans(X, 3).centres) == 3


def test_an_empty_cluster_gets_a_far_point():
    X = np.array([[0.0], [0.1], [5.0], [5.1], [9.0]], dtype=np.float32)
    found = module._iterated(X, np.array([[0.0], [5.0], [100.0]], dtype=np.float32), threads=1)
    assert found.labels.tolist() == [0, 0, 1, 1, 2]


def test_no_points_and_one():
    assert kmeans(np.empty((0, 4), dtype=np.float32), 3).labels.shape == (0,)
    assert kmeans(np.ones((1, 4), dtype=np.float32), 3).labels.tolist() == [0]


def test_no_clusters_fail():
    with pytest.raises(ScanpickError, match="at least 1 cluster, got 0"):
        kmeans(walks(5, 2), 0)
