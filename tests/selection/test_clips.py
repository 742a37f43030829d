"""Clips are whole, of one drive, never overlap, and are worth and cost what the documentation says."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.selection import Clips, Pool, select
from scanpick.selection.clips import ClipFinder
from tests.selection.pools import driving_pool
from tests.selection.test_constraints import rows_of, run


def line(count, **arguments):
    return Pool(tuple(f"{i:03d}" for i in range(count)), sequences=["s"] * count, **arguments)


def finder(length, pool, counts=None, **options):
    return ClipFinder(Clips(length=length, **options), pool, np.ones(len(pool), bool) if counts is None else counts)


@pytest.mark.parametrize("strategy", ["random", "diversity", "uncertainty"])
@pytest.mark.parametrize("gain", ["anchor", "mean"])
@pytest.mark.parametrize("length", [1, 4, 5])
def test_clips_are_whole_and_disjoint(strategy, gain, length):
    pool = driving_pool(labelled=5)
    found = run(pool, strategy, 43, clips={"length": length, "gain": gain})
    rows = rows_of(pool, found)
    assert len(rows) == len(set(rows)) == 43 // length * length
    assert not pool.labelled[rows].any()
    clips = rows.reshape(-1, length)
    assert (np.diff(clips, axis=1) == 1).all()  # neighbours in time, in order
    assert (pool.sequences[clips] == pool.sequences[clips[:, :1]]).all()
    assert (found.gains.reshape(-1, length) == found.gains[::length, None]).all()


@pytest.mark.parametrize("strategy", ["random", "diversity", "uncertainty"])
def test_clips_go_on_until_no_stretch_is_long_enough(strategy):
    pool = driving_pool(labelled=15)
    found = run(pool, strategy, 105, clips={"length": 4})
    left = np.ones(len(pool), dtype=bool)
    left[rows_of(pool, found)] = False
    left &= ~pool.labelled
    stretches = finder(4, pool).windows(left)
    assert len(stretches) == 0
    assert "in stretches shorter than a clip" in found.summary["stopped_early"]


@pytest.mark.parametrize(
    ("length", "frame", "blocked", "expected"),
    [
        (3, 5, (), [4, 5, 6]),
        (4, 5, (), [4, 5, 6, 7]),
        (3, 0, (), [0, 1, 2]),
        (3, 9, (), [7, 8, 9]),
        (3, 5, (6,), [3, 4, 5]),
        (3, 5, (3, 7), [4, 5, 6]),
        (3, 5, (4, 7), []),
        (11, 5, (), []),
        (1, 5, (), [5]),
    ],
)
def test_the_anchor_is_in_the_middle_where_there_is_room(length, frame, blocked, expected):
    available = np.ones(10, dtype=bool)
    available[list(blocked)] = False
    clip = finder(length, line(10)).around(frame, available)
    assert clip.tolist() == expected


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("length", [1, 2, 5])
def test_costs_of_all_clips_at_once_equal_one_by_one(seed, length):
    pool = driving_pool(seed=seed)
    rng = np.random.default_rng(seed)
    available, costs = rng.random(len(pool)) < 0.8, rng.random(len(pool))
    clips = finder(length, pool)
    for frame, cost in enumerate(clips.costs(costs, available, 0.25)):
        clip = clips.around(frame, available) if available[frame] else []
        assert cost == pytest.approx(costs[clip].sum() + 0.25 if len(clip) else np.inf)


def test_filtered_frames_and_steps_in_time_part_clips():
    times = np.array([0, 0.1, 0.2, 0.3, 5.0, 5.1, 5.2, 5.3])
    pool = line(8, times_s=times)
    assert finder(3, pool, max_step_s=0.5).windows(np.ones(8, bool)).tolist() == [
        [0, 1, 2],
        [1, 2, 3],
        [4, 5, 6],
        [5, 6, 7],
    ]
    counts = np.ones(8, dtype=bool)
    counts[2] = False  # the rows are numbered without it
    assert finder(2, pool, counts).windows(np.ones(7, bool)).tolist() == [[0, 1], [2, 3], [3, 4], [4, 5], [5, 6]]


def test_clips_follow_time_not_ids():
    pool = Pool(tuple("abcd"), sequences=["s"] * 4, times_s=[3, 1, 2, 0])
    assert finder(4, pool).windows(np.ones(4, bool)).tolist() == [[3, 1, 2, 0]]


def test_the_mean_gain_decides_and_its_ties_go_to_the_lowest_id():
    scores = np.array([0, 0, 9, 0, 0, 3, 3, 3, 0, 0], dtype=float)
    pool = line(10, scores={"s": scores})
    anchor = select(pool, "uncertainty", 3, constraints={"clips": {"length": 3}})
    assert anchor.frame_ids == ("001", "002", "003")
    assert anchor.gains.tolist() == [9, 9, 9]
    mean = select(pool, "uncertainty", 6, constraints={"clips": {"length": 3, "gain": "mean"}})
    assert mean.frame_ids == ("000", "001", "002", "005", "006", "007")
    assert mean.gains.tolist() == [3, 3, 3, 3, 3, 3]


def test_a_clip_has_a_price_of_its_own():
    pool = line(20, scores={"s": np.arange(20.0)}, expected_boxes=np.ones(20))
    constraints = {"clips": {"length": 4}}
    found = select(pool, "uncertainty", "22 EUR at 1/frame + 0.5/box + 1/clip", constraints=constraints)
    assert len(found) == 12  # 7 a clip
    assert found.summary["spent"] == pytest.approx(21)
    assert found.costs.tolist() == [1.75] * 12
    with pytest.raises(ScanpickError, match="single frames are picked"):
        select(pool, "uncertainty", "22 EUR at 1/clip")


@pytest.mark.parametrize("gain", ["anchor", "mean"])
def test_clips_are_chosen_by_gain_per_cost(gain):
    boxes = np.array([9.0] * 5 + [1.0] * 5)
    pool = Pool(
        tuple(f"{i}" for i in range(10)), sequences=["a"] * 5 + ["b"] * 5, expected_boxes=boxes,
        scores={"s": np.array([2.0] * 5 + [1.0] * 5)},
    )  # fmt: skip
    found = select(pool, "uncertainty", "30 objects", constraints={"clips": {"length": 5, "gain": gain}})
    assert found.frame_ids == tuple("56789")


def test_longer_than_every_sequence():
    found = select(line(5), "random", 5, constraints={"clips": {"length": 6}})
    assert len(found) == 0
    assert found.summary["stopped_early"] == ""  # not even one clip fits the budget
    found = select(driving_pool(20, sequences=10), "random", 20, constraints={"clips": {"length": 15}})
    assert "in stretches shorter than a clip" in found.summary["stopped_early"]


def test_clips_keep_gaps_distances_and_numbers_per_sequence():
    pool = driving_pool(300)
    found = run(
        pool, "diversity", 200, clips={"length": 5}, min_gap_s=1, max_per_sequence=12, min_distance=0.8
    )  # fmt: skip
    clips = rows_of(pool, found).reshape(-1, 5)
    assert 4 <= len(clips) <= 8  # two clips a sequence at most
    X = pool.embedding().astype(float)
    for number, clip in enumerate(clips):
        for other in clips[:number]:
            assert np.linalg.norm(X[clip][:, None] - X[other][None], axis=-1).min() >= 0.8
            if pool.sequences[clip[0]] == pool.sequences[other[0]]:
                assert np.abs(pool.times_s[clip][:, None] - pool.times_s[other][None]).min() >= 1
