"""TypiClust and k-means go round the clusters in the order that is documented."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.selection import Pool, select
from tests.selection.oracles import distances
from tests.selection.pools import driving_pool


def clustered(sizes, labelled=(), seed=0):
    """Well separated clusters along a line, named by letters, numbered in order."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.arange(len(sizes)), sizes)
    X = rng.normal(size=(len(labels), 2)) * 0.1 + labels[:, None] * 50
    ids = tuple(f"{row:03d}" for row in range(len(labels)))
    is_labelled = np.isin(np.arange(len(labels)), labelled)
    return Pool(ids, {"e": X}, is_labelled, metadata={"cluster": labels}), labels


def clusters_picked(pool, labels, found):
    return [int(labels[pool.frame_ids.index(frame_id)]) for frame_id in found.frame_ids]


@pytest.mark.parametrize("strategy", ["typiclust", "kmeans"])
def test_fewest_labels_first_then_the_largest(strategy):
    pool, labels = clustered([8, 12, 10, 9], labelled=[0, 1, 9])
    options = {"cluster_column": "cluster", "metric": "euclidean"}
    found = select(pool, strategy, 6, options=options)
    assert clusters_picked(pool, labels, found) == [2, 3, 1, 0, 2, 3]


def test_small_clusters_wait():
    pool, labels = clustered([3, 7, 5, 6])
    options = {"cluster_column": "cluster", "metric": "euclidean"}
    found = select(pool, "typiclust", 21, options=options)
    picked = clusters_picked(pool, labels, found)
    assert picked[:4] == [1, 3, 1, 3]
    assert set(picked[:13]) == {1, 3}
    assert picked[13:16] == [2, 0, 2]


@pytest.mark.parametrize("strategy", ["typiclust", "kmeans"])
def test_clusters_are_found_and_each_gives_one(strategy):
    pool, labels = clustered([20, 20, 20, 20, 20])
    found = select(pool, strategy, 5, options={"metric": "euclidean"})
    assert sorted(clusters_picked(pool, labels, found)) == [0, 1, 2, 3, 4]


def test_the_most_typical_frame_of_a_cluster():
    pool, labels = clustered([9, 30])
    found = select(pool, "typiclust", 3, options={"cluster_column": "cluster", "metric": "euclidean"})
    for number, (cluster, left) in enumerate(((1, []), (0, []), (1, [0]))):
        rows = np.array([r for r in np.flatnonzero(labels == cluster) if pool.frame_ids[r] not in
                         [found.frame_ids[n] for n in left]])  # fmt: skip
        k = min(20, len(rows) // 2)
        squared = np.sort(distances(pool.embedding()[rows]) ** 2, axis=1)[:, 1 : k + 1]
        typicality = 1 / (squared.mean(axis=1) + 1e-5)
        assert found.frame_ids[number] == pool.frame_ids[rows[np.argmax(typicality)]]
        assert found.gains[number] == pytest.approx(typicality.max())


def test_the_frame_nearest_to_the_centre():
    pool, labels = clustered([15, 25])
    found = select(pool, "kmeans", 2)
    X = pool.embedding().astype(float)
    for number, cluster in enumerate((1, 0)):
        rows = np.flatnonzero(labels == cluster)
        from_centre = np.linalg.norm(X[rows] - X[rows].mean(axis=0), axis=1)
        assert found.frame_ids[number] == pool.frame_ids[rows[np.argmin(from_centre)]]
        assert found.gains[number] == pytest.approx(1 / (1 + from_centre.min()), rel=1e-5)


@pytest.mark.parametrize("strategy", ["typiclust", "kmeans"])
def test_given_clusters_keep_the_prefix(strategy):
    pool = driving_pool(labelled=5)
    for options in ({"cluster_column": "weather"}, {"clusters": 12}):
        whole = select(pool, strategy, 40, options=options)
        assert select(pool, strategy, 13, options=options).frame_ids == whole.frame_ids[:13]


def test_gains_are_of_the_cluster_whose_turn_it_is():
    """With clips by mean gain, the best clip holds frames of that cluster."""
    pool, labels = clustered([10, 14])
    pool = Pool(pool.frame_ids, pool.embeddings, sequences=["s"] * 24, metadata=pool.metadata)
    options = {"cluster_column": "cluster", "metric": "euclidean"}
    found = select(pool, "typiclust", 4, options=options, constraints={"clips": {"length": 4, "gain": "mean"}})
    assert clusters_picked(pool, labels, found) == [1, 1, 1, 1]


def test_an_unknown_column_is_named():
    for strategy in ("typiclust", "kmeans"):
        with pytest.raises(ScanpickError, match=r"Unknown metadata column 'wether'\. Did you mean 'weather'"):
            select(driving_pool(), strategy, 1, options={"cluster_column": "wether"})
