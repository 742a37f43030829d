"""Every constraint holds for every strategy it is combined with, and ends a selection only where it must."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.selection import Pool, select
from tests.selection.oracles import distances
from tests.selection.pools import driving_pool

STRATEGIES = ["random", "diversity", "uncertainty"]


def rows_of(pool, selection):
    index = {frame_id: row for row, frame_id in enumerate(pool.frame_ids)}
    return np.array([index[frame_id] for frame_id in selection.frame_ids], dtype=int)


def run(pool, strategy, budget, **constraints):
    shuffled = pool.take(np.random.default_rng(5).permutation(len(pool)))
    return select(shuffled, strategy, budget, constraints=constraints, at_most=True)


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_most_per_sequence(strategy):
    pool = driving_pool(labelled=10)
    found = run(pool, strategy, 110, max_per_sequence=5)
    assert np.unique(pool.sequences[rows_of(pool, found)], return_counts=True)[1].tolist() == [5, 5, 5, 5]
    assert "in sequences with 5 picks already" in found.summary["stopped_early"]


def test_sequences_take_turns_and_labelled_frames_count():
    pool = Pool(
        tuple("abcdefgh"),
        labelled=np.array([1, 0, 0, 0, 0, 0, 0, 0], dtype=bool),
        sequences=np.array(list("pppppqqr")),
        scores={"score": np.array([9.0, 8, 7, 6, 5, 2, 1, 3])},
    )
    assert run(pool, "uncertainty", 7).frame_ids == tuple("bcdehfg")
    # r and q have none yet; then p, q; r has no frame left; then p is alone
    assert run(pool, "uncertainty", 7, spread="sequence").frame_ids == tuple("hfbgcde")
    assert run(pool, "uncertainty", 3, spread="sequence").frame_ids == tuple("hfb")
    assert run(pool, "uncertainty", 7, spread="score > 4").frame_ids == tuple("hbfcgde")


def test_turns_go_with_other_constraints():
    pool = driving_pool(labelled=10)
    found = run(pool, "diversity", 110, spread="sequence", min_gap_s=0.1, max_per_sequence=5)
    assert np.unique(pool.sequences[rows_of(pool, found)], return_counts=True)[1].tolist() == [5, 5, 5, 5]
    assert "in sequences with 5 picks already" in found.summary["stopped_early"]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("to_labelled", [True, False])
def test_gap_in_time(strategy, to_labelled):
    pool = driving_pool(labelled=4)
    found = run(pool, strategy, 100, min_gap_s=0.5, gaps_to_labelled=to_labelled)
    rows = rows_of(pool, found)
    kept_to = np.concatenate([rows, np.flatnonzero(pool.labelled)]) if to_labelled else rows

    def near(row, others):
        others = others[others != row]
        same = others[pool.sequences[others] == pool.sequences[row]]
        return (np.abs(pool.times_s[same] - pool.times_s[row]) < 0.5).any()

    assert not any(near(row, kept_to) for row in rows)
    rest = np.setdiff1d(np.flatnonzero(~pool.labelled), rows)
    assert all(near(row, kept_to) for row in rest)  # it ended because nothing else was left
    if not to_labelled:
        assert any(near(row, np.flatnonzero(pool.labelled)) for row in rows)


def test_a_gap_is_inclusive_in_spite_of_rounding():
    """Frames exactly the gap apart may both be picked."""
    pool = driving_pool(sequences=1)
    pool = Pool(pool.frame_ids, sequences=pool.sequences, times_s=1.3e9 + pool.times_s, scores=pool.scores)
    assert len(run(pool, "uncertainty", 120, min_gap_s=0.1)) == 120  # 0.1 * 3 - 0.1 * 2 is a little less than 0.1


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_gap_on_the_way_follows_the_road(strategy):
    """A vehicle that comes back to a place has travelled, though it is near in a straight line."""
    count = 40
    angle = np.linspace(0, 4 * np.pi, count)
    positions = 10 * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    base = driving_pool(count, sequences=1)
    pool = Pool(
        base.frame_ids, base.embeddings, sequences=base.sequences, positions_m=positions, times_s=base.times_s,
        scores=base.scores,
    )  # fmt: skip
    rows = np.sort(rows_of(pool, run(pool, strategy, count, min_gap_m=20)))
    way = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(positions, axis=0), axis=1))])
    assert (np.diff(way[rows]) >= 20).all()
    straight = np.linalg.norm(positions[rows][:, None] - positions[rows][None], axis=-1)
    assert (straight + 100 * np.eye(len(rows)) < 20).any()


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("labelled", [0, 6])
def test_smallest_distance_removes_near_duplicates(strategy, labelled):
    pool = driving_pool(300, labelled=labelled, duplicates=100)
    found = run(pool, strategy, 290, min_distance=1.5)
    D = distances(pool.embedding())
    rows, is_labelled = rows_of(pool, found), np.flatnonzero(pool.labelled)
    chosen = np.concatenate([rows, is_labelled])
    among = D[np.ix_(rows, chosen)]
    among[np.arange(len(rows)), np.arange(len(rows))] = np.inf
    assert among.min() >= 1.5
    rest = np.setdiff1d(np.arange(len(pool)), chosen)
    assert (D[np.ix_(rest, chosen)].min(axis=1) < 1.5).all()
    assert f"{len(rest)} are closer than 1.5 to a chosen frame" in found.summary["stopped_early"]


def test_include_and_exclude_filter_what_is_picked_and_covered():
    pool = driving_pool(labelled=8)
    found = run(pool, "diversity", 5, include="weather in ['rain', 'fog']", exclude="speed_mps > 15")
    rain_or_fog = (pool.metadata["weather"] != "dry") & (pool.metadata["speed_mps"] <= 15)
    kept = pool.take(np.flatnonzero(rain_or_fog | pool.labelled))
    assert rain_or_fog[rows_of(pool, found)].all()
    assert found.frame_ids == select(kept, "diversity", 5).frame_ids
    assert found.summary["frames"]["filtered_out"] == (~rain_or_fog & ~pool.labelled).sum()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_strata_have_their_own_budgets(strategy):
    pool = driving_pool(labelled=12)
    found = run(pool, strategy, None, strata={"by": "weather", "budgets": {"rain": 4, "*": "10%"}})
    weather = pool.metadata["weather"]
    picked = weather[rows_of(pool, found)]
    assert (picked == "rain").sum() == 4
    assert (picked != "rain").sum() == (weather != "rain").sum() // 10
    assert found.summary["strata"]["weather = rain"] == {"limit": 4, "spent": 4, "left": 0}


def test_strata_that_are_not_named_are_not_picked_and_one_pick_counts_in_all():
    pool = driving_pool()
    found = run(pool, "diversity", None, strata={"by": "lanes > 1", "budgets": {"true": 6}})
    rows = rows_of(pool, found)
    assert (pool.metadata["lanes"][rows] > 1).all()
    # The others are not picked, but they count: for the mean, and so for the start.
    X = pool.embedding().astype(float)
    may = np.flatnonzero(pool.metadata["lanes"] > 1)
    assert rows[0] == may[np.argmin(np.linalg.norm(X[may] - X.mean(axis=0), axis=1))]


def test_a_budget_for_all_holds_beside_those_of_strata():
    pool = driving_pool()
    strata = {"by": "weather", "budgets": {"rain": 4, "dry": 4}}
    assert len(run(pool, "random", 6, strata=strata)) == 6
    with pytest.raises(ScanpickError, match="larger than what the strata can take together: 8"):
        select(pool, "random", 9, constraints={"strata": strata})


@pytest.mark.parametrize(
    ("strata", "budget", "message"),
    [
        ({"by": "weather", "budgets": {"snow": 4}}, None, "no frame has weather = 'snow'. Its values are: dry, fog"),
        ({"by": "weather", "budgets": {"rain": 4, "fog": "9 objects"}}, None, "must count the same thing"),
        ({"by": "weather", "budgets": {"rain": 4000}}, None, r"4000 frames for weather = rain is larger"),
        ({"by": "wether", "budgets": {"rain": 4}}, None, "Did you mean 'weather'"),
        ({"by": "weather", "budgets": {}}, 3, "strata.budgets"),
    ],
)
def test_strata_that_make_no_sense(strata, budget, message):
    with pytest.raises(ScanpickError) as found:
        select(driving_pool(), "random", budget, constraints={"strata": strata})
    assert message in str(found.value)


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        ({"max_per_sequence": 2}, "max_per_sequence needs to know the sequence"),
        ({"min_gap_s": 1}, "min_gap_s needs the times"),
        ({"min_gap_m": 1}, "min_gap_m needs the positions"),
        ({"spread": "sequence"}, "spread needs to know the sequence"),
        ({"spread": "street"}, "street"),
        ({"spread": "street", "clips": {"length": 2}}, "spread over the values of 'sequence' only"),
        ({"clips": {"length": 2}}, "clips need to know the sequence"),
        ({"min_distance": 1}, "min_distance needs an embedding"),
        ({"min_distance": -1}, "Option 'min_distance' of the constraints"),
        ({"clips": {"length": 0}}, "Option 'clips.length' of the constraints"),
        ({"clips": {"lenght": 3}}, "Option 'clips.lenght' of the constraints: unknown"),
    ],
)
def test_constraints_that_the_pool_cannot_answer(constraints, message):
    with pytest.raises(ScanpickError) as found:
        select(Pool(("a", "b")), "random", 1, constraints=constraints)
    assert message in str(found.value)


def test_frames_without_a_time_are_named():
    pool = Pool(("a", "b", "c"), sequences=["s"] * 3, times_s=[0, np.nan, 1])
    with pytest.raises(ScanpickError, match="not known for b"):
        select(pool, "random", 1, constraints={"min_gap_s": 1})


def test_constraints_hold_together():
    pool = driving_pool(400, labelled=10)
    found = run(
        pool, "diversity", 100, min_gap_s=0.3, max_per_sequence=8, min_distance=0.5, include="speed_mps < 15",
        strata={"by": "weather", "budgets": {"rain": 10, "*": 15}},
    )  # fmt: skip
    rows = rows_of(pool, found)
    assert len(rows) == 25
    assert (pool.metadata["speed_mps"][rows] < 15).all()
    assert np.unique(pool.sequences[rows], return_counts=True)[1].max() <= 8
    D = distances(pool.embedding())[np.ix_(rows, rows)] + 9 * np.eye(len(rows))
    assert D.min() >= 0.5
    for sequence in np.unique(pool.sequences[rows]):
        times = np.sort(pool.times_s[rows[pool.sequences[rows] == sequence]])
        assert (np.diff(times) >= 0.3).all()
