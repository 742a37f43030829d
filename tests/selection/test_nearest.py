"""Nearest chosen frames are exact, ties included, whatever the offset and the number of duplicates."""

import numpy as np
import pytest

from scanpick.selection.nearest import closer_than, distance_to_other_group, nearest_chosen
from tests.selection.oracles import distances


@pytest.mark.parametrize("kind", ["plain", "duplicates", "offset", "large", "grid"])
@pytest.mark.parametrize("labelled_count", [0, 7])
def test_equals_brute_force(kind, labelled_count):
    rng = np.random.default_rng(1)
    X = rng.normal(size=(700, 5)).astype(np.float32)
    X = {
        "plain": X,
        "duplicates": X[rng.integers(0, 40, 700)],
        "offset": X + 1e4,
        "large": X * 1e18,
        "grid": np.round(X),
    }[kind]
    X = X.astype(np.float32)
    order = rng.permutation(700)
    labelled, picks = np.sort(order[:labelled_count]), order[labelled_count : labelled_count + 600]
    nearest, distance = nearest_chosen(X, picks, labelled)
    D = distances(X)
    for number, pick in enumerate(picks):
        chosen = np.sort(np.concatenate([labelled, picks[:number]]))
        if len(chosen) == 0:
            assert nearest[number] == -1
            assert np.isnan(distance[number])
            continue
        np.testing.assert_allclose(distance[number], D[pick, chosen].min(), rtol=1e-12)
        if kind != "large":
            assert nearest[number] == chosen[np.argmin(D[pick, chosen])]


def test_empty_inputs():
    nearest, distance = nearest_chosen(np.zeros((0, 3), np.float32), np.zeros(0, np.int64), np.zeros(0, np.int64))
    assert nearest.shape == distance.shape == (0,)


@pytest.mark.parametrize("least", [0.5, 1.0, 2.0])
def test_closer_than_equals_brute_force_with_exact_ties(least):
    rng = np.random.default_rng(2)
    X = np.round(rng.normal(size=(900, 3)) * 3).astype(np.float32)  # many distances are exactly 1 or 2
    frames, chosen = np.arange(0, 900, 2), np.arange(1, 700, 40)
    found = closer_than(X, frames, chosen, least)
    np.testing.assert_array_equal(found, (distances(X)[np.ix_(frames, chosen)] < least).any(axis=1))
    assert found.any()
    assert not found.all()


@pytest.mark.parametrize("groups_count", [1, 2, 9])
def test_distance_to_another_group(groups_count):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(900, 4)).astype(np.float32)
    X[::7] = X[0]
    groups = rng.integers(0, groups_count, 900)
    rows = np.arange(0, 900, 3)
    D = distances(X)[rows]
    D[groups[rows][:, None] == groups[None]] = np.inf
    np.testing.assert_allclose(distance_to_other_group(X, rows, groups), D.min(axis=1), rtol=1e-12)


def test_a_gain_that_is_a_distance_equals_it_in_every_bit():
    from scanpick.selection import Pool, select

    X = np.random.default_rng(3).normal(size=(400, 37)).astype(np.float32)
    picked = select(Pool(tuple(f"{row:03}" for row in range(400)), {"random": X}), "diversity", 100)
    np.testing.assert_array_equal(picked.gains[1:], picked.distances[1:])


def test_more_rows_than_a_block_of_products():
    """What is near in the first block does not rule out what is nearer in the second."""
    X = np.random.default_rng(4).random((5000, 2)).astype(np.float32)
    labelled, picks = np.arange(4700), np.arange(4700, 5000)
    nearest, distance = nearest_chosen(X, picks, labelled)
    for number, pick in enumerate(picks):
        apart = np.linalg.norm(X[:pick].astype(np.float64) - X[pick], axis=1)
        assert nearest[number] == apart.argmin()
        assert distance[number] == pytest.approx(apart.min(), rel=1e-12)
    assert (nearest > 4096).any()
