"""Badge draws in proportion to squared distances of weighted vectors, and starts at the longest."""

import numpy as np
import pytest

from scanpick.selection import Pool, select
from tests.selection.pools import driving_pool


def plain(pool, count, seed, scores):
    """k-means++ seeding written out, with the same draws."""
    rng = np.random.default_rng(seed)
    X = pool.embedding().astype(np.float64)
    norms = np.linalg.norm(X, axis=1, keepdims=True)
    V = ((X / norms).astype(np.float32) * scores[:, None]).astype(np.float32).astype(np.float64)
    free = ~pool.labelled
    picks = [int(np.argmax(np.where(free, (V**2).sum(axis=1), -1)))]
    while len(picks) < count:
        squared = np.min([((V - V[pick]) ** 2).sum(axis=1) for pick in picks], axis=0)
        squared = np.where(free & ~np.isin(np.arange(len(V)), picks), squared, 0)
        picks.append(int(np.searchsorted(np.cumsum(squared), rng.random() * squared.sum(), side="right")))
    return picks


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("labelled", [0, 8])
def test_equals_plain_seeding(seed, labelled):
    pool = driving_pool(labelled=labelled)
    found = select(pool, "badge", 30, seed=seed, options={"score": "margin"})
    expected = plain(pool, 30, seed, pool.scores["margin"])
    assert found.frame_ids == tuple(pool.frame_ids[row] for row in expected)


def test_chances_are_in_proportion_to_squared_distances():
    """After the longest vector, frames at 1 and 3 from it are drawn one to nine."""
    pool = Pool(tuple("abc"), {"e": np.array([[5.0], [4.0], [2.0]])}, scores={"s": np.ones(3)})
    draws = [select(pool, "badge", 2, seed=seed, options={"metric": "euclidean"}).frame_ids for seed in range(500)]
    assert {pick[0] for pick in draws} == {"a"}
    share = np.mean([pick[1] == "c" for pick in draws])
    assert abs(share - 0.9) < 0.055  # four standard deviations


def test_frames_without_uncertainty_come_last():
    scores = np.array([0.0, 1.0, 0.0, 0.5])
    pool = Pool(tuple("abcd"), {"e": np.eye(4)}, scores={"s": scores})
    found = select(pool, "badge", 4)
    assert found.frame_ids[0] == "b"
    assert not np.isnan(found.gains).any()
    assert len(set(found.frame_ids)) == 4
