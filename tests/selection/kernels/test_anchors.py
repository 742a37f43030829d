"""Anchors may rule out only columns that cannot be nearer, and should rule out most of those."""

import numpy as np
import pytest

from scanpick.selection.kernels import nearest
from scanpick.selection.kernels.anchors import RUN, least_steps
from scanpick.selection.kernels.k_center import k_center_greedy, plain_k_center
from scanpick.selection.kernels.lowering import EVERYTHING, Anchors, columns_in_reach
from scanpick.selection.kernels.nearest import NearestChosen
from tests.selection.kernels.clouds import clouds, walks

CLOUDS = clouds()


def distances(X, Y):
    """(n, m) in float64, as one would write it down."""
    return np.sqrt(np.square(X[:, None].astype(np.float64) - Y[None].astype(np.float64)).sum(axis=2))


@pytest.mark.parametrize("name", ["walks", "gaussian", "duplicates", "constant", "huge", "tiny"])
def test_steps_are_the_distance_in_whole_steps_rounded_down(name):
    X, Y = CLOUDS[name][:40], CLOUDS[name][100:170]
    exact = distances(X, Y)
    step = max(np.median(exact) / 100, 1e-30)
    with np.errstate(over="ignore", invalid="ignore"):
        squares = [np.square(rows).sum(axis=1) * np.float32(1 - 1e-5) for rows in (X, Y)]
        squares = [np.where(one < 1e37, one, np.nan) for one in squares]
        steps = np.zeros((len(X), len(Y)), dtype=np.uint8)
        least_steps(X @ Y.T, squares[0].astype(np.float64), squares[1].astype(np.float32), step, steps)
    plain = np.minimum(np.floor(exact / step), EVERYTHING - 1)
    assert (steps <= plain).all()
    if name in ("walks", "gaussian"):
        assert (steps[plain > 10] >= plain[plain > 10] - 1).all()


def test_columns_out_of_reach_are_those_that_a_plain_comparison_rules_out():
    X = walks(1500, 33)
    points = NearestChosen(X, threads=1)
    points.add(np.arange(0, 1500, 40))
    points.first_look(np.arange(1500))
    state, ids = points.state, np.arange(1500)
    middles = np.arange(RUN // 2, 1500, RUN)
    middles = np.append(middles, 1499)[: -(-1500 // RUN)]
    columns = np.arange(0, 1500, 40)
    step = 0.014
    steps = np.minimum(np.floor(distances(X[middles], X[columns]) / step), EVERYTHING - 1).astype(np.uint8)
    anchors = Anchors(steps, step, 0, 1, len(columns))

    own = ids // RUN
    np.testing.assert_allclose(state.anchor_distance, distances(X, X[middles])[ids, own], rtol=1e-6, atol=1e-12)
    reach = state.anchor_distance + np.sqrt(state.squared)
    inside = steps[own, 1:] < np.minimum(np.ceil(reach * (1 + 1e-6) / step), EVERYTHING)[:, None]
    kept, pairs, needed = columns_in_reach(state, ids, anchors)
    assert 0 < pairs == inside.sum() < 0.8 * inside.size
    np.testing.assert_array_equal(ids[:kept], np.flatnonzero(inside.any(axis=1)))
    np.testing.assert_array_equal(needed, inside.any(axis=0))
    assert (state.seen[~inside.any(axis=1)] == len(columns)).all()
    nearer = distances(X, X[columns])[:, 1:] < np.sqrt(state.squared)[:, None]
    assert not (nearer & ~inside).any()


def test_rows_in_any_order_have_the_same_picks():
    X = walks(3000, 24)
    order = np.random.default_rng(5).permutation(len(X))
    start = int(np.flatnonzero(order == 0)[0])
    expected, _ = k_center_greedy(X, 800, start=0)
    shuffled, _ = k_center_greedy(X[order], 800, start=start)
    assert order[shuffled].tolist() == expected.tolist()


def test_columns_beyond_the_room_for_distances_are_compared_without_anchors(monkeypatch):
    """The last stage takes all that is left, wherever memory ends."""
    X = walks(3000, 16)[np.random.default_rng(6).permutation(3000)]
    monkeypatch.setattr(nearest, "last_column", lambda anchors, data_bytes: 100)
    assert k_center_greedy(X, 900, start=0)[0].tolist() == plain_k_center(X, 900)
    stages = NearestChosen(X, 1)._stages
    assert [(stage.start, stage.stop) for stage in stages] == [(0, 64), (64, 128), (128, 3000)]
    assert [stage.count for stage in stages] == [0, 64, 0]
