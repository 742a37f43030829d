"""Facility location and herding equal a plain greedy choice that computes every gain at every step."""

import dataclasses

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.selection import Pool, select
from tests.selection.oracles import Oracle, distances
from tests.selection.pools import driving_pool


def unit(X):
    return (X / np.linalg.norm(X.astype(np.float64), axis=1, keepdims=True)).astype(np.float32)


def check_greedy(pool, found, gains_of, weights=None):
    """Every pick has the largest gain times weight of all that could be picked, and says its gain.

    Two neighbours that serve each other can gain exactly the same, and rounding decides between them.
    """
    weights = np.ones(len(pool)) if weights is None else weights
    oracle = Oracle(gains_of, len(pool), ~pool.labelled, weights, np.flatnonzero(pool.labelled))
    same = 0
    for frame_id, gain in zip(found.frame_ids, found.gains, strict=True):
        index, best = oracle.best()
        row = pool.frame_ids.index(frame_id)
        assert oracle.gains()[row] == pytest.approx(best, rel=1e-9, abs=1e-12)
        assert gain * weights[row] == pytest.approx(best, rel=1e-9, abs=1e-12)
        same += row == index
        oracle.take(row)
    assert same >= 0.9 * len(found)


def facility_gains(X):
    squared = distances(X) ** 2
    radius = ((X - X.astype(np.float64).mean(axis=0)) ** 2).sum(axis=1).max()

    def gains_of(chosen):
        now = squared[:, chosen].min(axis=1) if chosen else np.full(len(X), 4 * radius)
        return np.maximum(now[:, None] - squared, 0).sum(axis=0)

    return gains_of


def herding_gains(X, bandwidth, scores):
    kernel = np.exp(-(distances(X) ** 2) / (2 * bandwidth**2))

    def gains_of(chosen):
        now = kernel[:, chosen].max(axis=1) if chosen else np.zeros(len(X))
        return (np.maximum(kernel - now[:, None], 0) * scores[:, None]).sum(axis=0) / scores.sum()

    return gains_of


@pytest.mark.parametrize("labelled", [0, 11])
@pytest.mark.parametrize("duplicates", [0, 60])
@pytest.mark.parametrize("strategy", ["facility_location", "herding", "uncertainty_herding"])
def test_equals_plain_greedy(strategy, labelled, duplicates):
    pool = driving_pool(250, labelled=labelled, duplicates=duplicates)
    X = pool.embedding()
    if strategy == "facility_location":
        gains_of, options = facility_gains(X), {}
    else:
        used = strategy == "uncertainty_herding"
        scores = np.where(pool.labelled, 0, pool.scores["margin"]) if used else np.ones(len(pool))
        gains_of = herding_gains(unit(X), 0.4, scores)
        options = {"bandwidth": 0.4} | ({"score": "margin"} if used else {})
    check_greedy(pool, select(pool, strategy, 60, options=options), gains_of)


@pytest.mark.parametrize("strategy", ["facility_location", "herding"])
def test_gain_per_cost(strategy):
    pool = driving_pool(150, labelled=3)
    X = pool.embedding()
    gains_of = facility_gains(X) if strategy == "facility_location" else herding_gains(unit(X), 0.4, np.ones(150))
    weights = 1 / (1 + 0.5 * pool.expected_boxes)
    options = {} if strategy == "facility_location" else {"bandwidth": 0.4}
    found = select(pool, strategy, "20 at 1/frame + 0.5/box", options=options)
    first = dataclasses.replace(
        found, frame_ids=found.frame_ids[:6], gains=found.gains[:6], nearest_selected=found.nearest_selected[:6],
        distances=found.distances[:6], costs=found.costs[:6],
    )  # fmt: skip
    check_greedy(pool, first, gains_of, weights)  # later picks may be what still fits


def test_gains_fall():
    """A submodular function: no pick gains more than one before it."""
    for strategy in ("facility_location", "herding", "uncertainty_herding"):
        gains = select(driving_pool(200), strategy, 100).gains
        assert (np.diff(gains) <= 1e-12).all()


def test_the_bandwidth_of_evenly_spread_unit_vectors_is_that_of_the_paper():
    rng = np.random.default_rng(0)
    X = unit(rng.normal(size=(2000, 32)))
    pool = Pool(tuple(f"{row:04d}" for row in range(2000)), {"e": X})
    same = select(pool, "herding", 5, options={"bandwidth": 1.0})
    found = select(pool, "herding", 5)
    assert found.frame_ids == same.frame_ids
    np.testing.assert_allclose(found.gains, same.gains, rtol=0.02)


def test_scores_are_needed_where_they_weigh():
    with pytest.raises(ScanpickError, match="has no scores"):
        select(Pool(("a",), {"e": np.ones((1, 1))}), "uncertainty_herding", 1)
    pool = Pool(("a", "b"), {"e": np.eye(2)}, scores={"s": np.array([1.0, -1.0])})
    with pytest.raises(ScanpickError, match=r"0 or more, got others for the frames b \(-1\)"):
        select(pool, "uncertainty_herding", 1)
    sure = Pool(("a", "b"), {"e": np.eye(2)}, scores={"s": np.zeros(2)})
    assert select(sure, "uncertainty_herding", 2).frame_ids == ("a", "b")
