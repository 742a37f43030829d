"""Neighbours in time: within a sequence only, near in time where times are known, in place otherwise."""

from __future__ import annotations

import numpy as np

from scanpick.encoders.pretraining.neighbours import REACH, REACH_S, near_in_time, same_scene
from scanpick.structures import FrameRecord


def test_neighbours_are_those_that_a_search_over_all_pairs_finds() -> None:
    rng = np.random.default_rng(0)
    records = [
        FrameRecord(f"f{i}", f"s{rng.integers(4)}", int(rng.integers(40)), int(rng.integers(5 * 10**9)))
        for i in range(60)
    ]
    records += [FrameRecord(f"g{i}", "untimed", i * 3, None if i else 5) for i in range(8)]
    rows = np.flatnonzero(rng.random(len(records)) < 0.8)
    found = near_in_time(records, rows)
    for row in rows.tolist():
        one, expected = records[row], set()
        for other_row in rows.tolist():
            other = records[other_row]
            if other_row == row or other.sequence != one.sequence:
                continue
            if one.sequence == "untimed":
                near = abs(one.index_in_sequence - other.index_in_sequence) <= REACH
            else:
                assert one.timestamp_ns is not None
                assert other.timestamp_ns is not None
                near = abs(one.timestamp_ns - other.timestamp_ns) <= REACH_S * 1e9
            expected |= {other_row} if near else set()
        assert set(found.get(row, np.array([])).tolist()) == expected
    assert found.keys() <= set(rows.tolist())


def test_frames_that_are_sequences_of_their_own_have_none() -> None:
    records = [FrameRecord(f"{i:06d}", f"{i:06d}", 0) for i in range(5)]
    assert near_in_time(records, np.arange(5)) == {}


def test_same_scene_is_symmetric_and_keeps_sequences_apart() -> None:
    records = [FrameRecord("a", "x", 0), FrameRecord("b", "x", 3), FrameRecord("c", "x", 90), FrameRecord("d", "y", 0)]
    expected = np.eye(4, dtype=bool)
    expected[0, 1] = expected[1, 0] = True
    np.testing.assert_array_equal(same_scene(records), expected)


def test_same_scene_tells_by_time_where_both_are_known() -> None:
    second = 10**9
    records = [FrameRecord("a", "x", 0, 0), FrameRecord("b", "x", 30, second), FrameRecord("c", "x", 2, 3 * second)]
    records.append(FrameRecord("d", "x", 4))
    expected = [
        [True, True, False, True],
        [True, True, False, False],
        [False, False, True, True],
        [True, False, True, True],
    ]
    np.testing.assert_array_equal(same_scene(records), expected)
