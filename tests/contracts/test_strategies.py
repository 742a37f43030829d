"""What every registered strategy promises; a new one is checked by being registered."""

import dataclasses
import json

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.selection import STRATEGIES, select
from tests.selection.pools import driving_pool

strategies = pytest.mark.parametrize("strategy", STRATEGIES.names())


def small(**arguments):
    return driving_pool(90, **{"dimensions": 4, "labelled": 6, "duplicates": 12} | arguments)


def same_picks(first, second, exact=True):
    assert first.frame_ids == second.frame_ids
    compare = np.testing.assert_array_equal if exact else np.testing.assert_allclose
    compare(first.gains, second.gains)
    compare(first.distances, second.distances)
    assert first.nearest_selected == second.nearest_selected


def rows_of(pool, selection):
    index = {frame_id: row for row, frame_id in enumerate(pool.frame_ids)}
    return np.array([index[frame_id] for frame_id in selection.frame_ids], dtype=int)


@strategies
def test_picks_are_new_and_as_many_as_asked_for(strategy):
    pool = small()
    found = select(pool, strategy, 30)
    rows = rows_of(pool, found)
    assert len(rows) == len(set(rows)) == 30
    assert not pool.labelled[rows].any()
    assert not np.isnan(found.gains).any()
    assert found.strategy == strategy
    assert found.summary["spent"] == 30
    assert found.summary["stopped_early"] == ""


@strategies
def test_the_same_seed_gives_the_same_picks(strategy):
    same_picks(select(small(), strategy, 25, seed=3), select(small(), strategy, 25, seed=3))


@strategies
@pytest.mark.parametrize("labelled", [0, 6])
def test_the_order_of_the_pool_does_not_matter(strategy, labelled):
    pool = small(labelled=labelled)
    shuffled = pool.take(np.random.default_rng(8).permutation(len(pool)))
    same_picks(select(pool, strategy, 25), select(shuffled, strategy, 25))


@pytest.mark.parametrize("strategy", [name for name in STRATEGIES.names() if STRATEGIES.make(name, {}).keeps_prefix])
def test_a_smaller_budget_is_a_prefix_where_promised(strategy):
    pool = small()
    whole = select(pool, strategy, 40)
    for budget in (0, 1, 7, 39):
        part = select(pool, strategy, budget)
        assert part.frame_ids == whole.frame_ids[:budget]
        np.testing.assert_array_equal(part.gains, whole.gains[:budget])


@strategies
def test_excluded_frames_might_as_well_not_be_there(strategy):
    pool = small()
    excluded = np.arange(len(pool)) % 4 == 1
    X = pool.embedding().copy()
    X[excluded] = np.nan
    with_them = dataclasses.replace(pool, excluded=excluded, embeddings={**pool.embeddings, "toy": X})
    same_picks(select(with_them, strategy, 20), select(pool.take(np.flatnonzero(~excluded)), strategy, 20))


@strategies
@pytest.mark.parametrize("kind", ["float64", "fortran", "memory map", "read only"])
def test_the_kind_of_array_does_not_matter(strategy, kind, tmp_path):
    pool = small()
    X = pool.embedding()
    np.save(tmp_path / "x.npy", X)
    other = {
        "float64": X.astype(np.float64),
        "fortran": np.asfortranarray(X),
        "memory map": np.load(tmp_path / "x.npy", mmap_mode="r"),
        "read only": np.frombuffer(X.tobytes(), dtype=np.float32).reshape(X.shape),
    }[kind]
    before = other.copy()
    changed = dataclasses.replace(pool, embeddings={**pool.embeddings, "toy": other})
    same_picks(select(changed, strategy, 25), select(pool, strategy, 25))
    np.testing.assert_array_equal(other, before)


@strategies
def test_one_or_two_threads(strategy):
    pool = driving_pool(1500, dimensions=16, labelled=20)
    same_picks(select(pool, strategy, 60, threads=1), select(pool, strategy, 60, threads=2))


@strategies
@pytest.mark.parametrize("count", [0, 1, 2, 3])
@pytest.mark.parametrize("labelled", [0, 1])
def test_the_smallest_pools(strategy, count, labelled):
    pool = driving_pool(40).take(np.arange(count))
    labelled = min(labelled, count)
    pool = dataclasses.replace(pool, labelled=np.arange(count) < labelled)
    found = select(pool, strategy, count - labelled)
    assert sorted(found.frame_ids) == sorted(pool.frame_ids[labelled:])
    assert not np.isnan(found.gains).any()


@strategies
@pytest.mark.parametrize("labelled", [0, 5])
def test_budget_of_the_whole_pool(strategy, labelled):
    pool = small(labelled=labelled)
    found = select(pool, strategy, 90 - labelled)
    assert len(set(found.frame_ids)) == 90 - labelled
    assert found.summary["left"] == 0


@strategies
def test_everything_labelled(strategy):
    pool = dataclasses.replace(small(), labelled=np.ones(90, dtype=bool))
    assert len(select(pool, strategy, 0)) == 0
    with pytest.raises(ScanpickError, match="90 are labelled already"):
        select(pool, strategy, 1)


@strategies
@pytest.mark.parametrize(
    "kind", ["constant", "zero", "few distinct", "tiny", "huge", "far away", "one column", "some zero"]
)
@pytest.mark.parametrize("labelled", [0, 4])
def test_odd_embeddings(strategy, kind, labelled):
    """More picks than distinct points, vectors of length zero, and numbers near the ends of float32."""
    pool = small(labelled=labelled)
    X = pool.embedding()
    X = {
        "constant": np.ones_like(X) * 0.3,
        "zero": np.zeros_like(X),
        "few distinct": X[np.arange(len(X)) % 3],
        "tiny": X * np.float32(1e-30),
        "huge": X * np.float32(1e15),
        "far away": X * np.float32(1e-3) + np.float32(100),
        "one column": X[:, :1],
        "some zero": np.where(np.arange(len(X))[:, None] % 3 == 0, 0, X),
    }[kind]
    found = select(dataclasses.replace(pool, embeddings={"toy": X}), strategy, 70)
    assert len(set(found.frame_ids)) == 70
    assert not np.isnan(found.gains).any()
    assert (found.distances[~np.isnan(found.distances)] >= 0).all()


@strategies
@pytest.mark.parametrize("budget", ["60 objects", "40 EUR at 1/frame + 0.5/box", "3.5 at 1/box"])
def test_costs_are_never_exceeded_and_add_up(strategy, budget):
    pool = small()
    found = select(pool, strategy, budget)
    limit = float(budget.split()[0])
    assert found.costs.sum() <= limit * (1 + 1e-9)
    assert found.summary["spent"] == pytest.approx(found.costs.sum())
    assert found.summary["left"] == pytest.approx(limit - found.costs.sum())
    boxes = pool.expected_boxes[rows_of(pool, found)]
    expected = boxes if "EUR" not in budget else 1 + 0.5 * boxes
    np.testing.assert_allclose(found.costs, expected)
    # Nothing that costs something and still fits was left out.
    rest = np.setdiff1d(np.flatnonzero(~pool.labelled), rows_of(pool, found))
    costs = pool.expected_boxes[rest] if "EUR" not in budget else 1 + 0.5 * pool.expected_boxes[rest]
    assert not ((costs > 0) & (costs <= found.summary["left"])).any()


@strategies
@pytest.mark.parametrize(
    "constraints",
    [
        {"max_per_sequence": 3},
        {"spread": "sequence"},
        {"spread": "weather", "min_distance": 0.7},
        {"spread": "sequence", "clips": {"length": 2}},
        {"min_gap_s": 0.6},
        {"min_gap_m": 4.0},
        {"min_distance": 0.7},
        {"include": "weather != 'fog'", "exclude": "speed_mps > 18"},
        {"strata": {"by": "weather", "budgets": {"rain": 5, "*": "10%"}}},
        {"clips": {"length": 4}},
        {"clips": {"length": 3, "gain": "mean"}},
        {
            "clips": {"length": 3},
            "min_gap_s": 0.4,
            "max_per_sequence": 7,
            "min_distance": 0.3,
            "include": "lanes < 3 or True",
        },
    ],
)
def test_constraints_hold(strategy, constraints):
    pool = small()
    found = select(pool, strategy, 60, constraints=constraints, at_most=True)
    rows = rows_of(pool, found)
    assert len(rows) > 0
    assert not pool.labelled[rows].any()
    clip = constraints.get("clips", {}).get("length", 1)
    number_of_clip = np.arange(len(rows)) // clip
    apart = number_of_clip[:, None] != number_of_clip[None]
    same_drive = pool.sequences[rows][:, None] == pool.sequences[rows][None]
    if "max_per_sequence" in constraints:
        assert np.unique(pool.sequences[rows], return_counts=True)[1].max() <= constraints["max_per_sequence"]
    if constraints.get("spread") == "sequence":
        chosen = pool.labelled.copy()
        for row in rows[::clip]:
            if clip == 1:  # whether another clip fits into a drive is for the engine to know
                fewest = min(chosen[pool.sequences == one].sum() for one in np.unique(pool.sequences[~chosen]))
                assert chosen[pool.sequences == pool.sequences[row]].sum() == fewest
            chosen[row : row + clip] = True
    if "min_gap_s" in constraints:
        gaps = np.abs(pool.times_s[rows][:, None] - pool.times_s[rows][None])
        assert gaps[same_drive & apart].min(initial=9) >= constraints["min_gap_s"] - 1e-6
    if "min_distance" in constraints:
        chosen = found.distances.reshape(-1, clip)[:, 0]  # within a clip frames may be near
        assert (chosen[~np.isnan(chosen)] >= constraints["min_distance"]).all()
    if "strata" in constraints:
        assert (pool.metadata["weather"][rows] == "rain").sum() <= 5
    if "include" in constraints and clip == 1:
        assert (pool.metadata["weather"][rows] != "fog").all()
        assert (pool.metadata["speed_mps"][rows] <= 18).all()
    if clip > 1:
        assert (np.diff(rows.reshape(-1, clip), axis=1) == 1).all()


@strategies
def test_nearest_chosen_frame_is_a_chosen_one(strategy):
    pool = small()
    found = select(pool, strategy, 20)
    space = STRATEGIES.make(strategy, {}).space(pool).astype(float)
    chosen = list(np.flatnonzero(pool.labelled))
    for number, row in enumerate(rows_of(pool, found)):
        nearest = pool.frame_ids.index(found.nearest_selected[number])
        distances = np.linalg.norm(space[chosen] - space[row], axis=1)
        assert nearest in chosen
        assert found.distances[number] == pytest.approx(distances.min(), abs=1e-9)
        chosen.append(row)


@strategies
def test_contributions_multiply_to_the_gain(strategy):
    found = select(small(), strategy, 20)
    assert bool(found.contributions) == (strategy == "combined")
    if found.contributions:
        np.testing.assert_allclose(np.prod(list(found.contributions.values()), axis=0), found.gains)
    json.dumps(dict(found.summary), allow_nan=False)


@strategies
def test_unknown_options_fail(strategy):
    with pytest.raises(ScanpickError, match=f"Unknown option of strategy '{strategy}', 'dleta'"):
        select(small(), strategy, 1, options={"dleta": 1})


def test_every_strategy_says_what_its_gain_means():
    for strategy in STRATEGIES.names():
        assert STRATEGIES.load(strategy).gain_means != "gain"


def test_only_strategies_that_cluster_by_the_budget_do_not_promise_prefixes():
    without = {name for name in STRATEGIES.names() if not STRATEGIES.make(name, {}).keeps_prefix}
    assert without == {"kmeans", "typiclust"}
