"""A pick is redundant when the frame before or after it in its sequence is picked too."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scanpick.reports.redundancy import redundant, time_neighbours
from scanpick.structures import FrameRecord


def frames_of(sequences, indices, times_s=None):
    times = [None] * len(sequences) if times_s is None else [None if t is None else int(t * 1e9) for t in times_s]
    return [
        FrameRecord(f"frame{row}", name, int(index), timestamp_ns=time)
        for row, (name, index, time) in enumerate(zip(sequences, indices, times, strict=True))
    ]


def test_gaps_and_other_sequences_do_not_matter():
    sequences = ["a", "a", "b", "a", "b"]
    neighbours = time_neighbours(frames_of(sequences, [0, 10, 11, 20, 12]))
    assert neighbours.tolist() == [[-1, 1], [0, 3], [-1, 4], [1, -1], [2, -1]]
    assert redundant(neighbours, np.array([0, 3])).tolist() == [False, False]
    assert redundant(neighbours, np.array([4, 1, 0])).tolist() == [False, True, True]
    assert redundant(neighbours, np.array([], dtype=np.int64)).tolist() == []


def test_no_frames_and_frames_alone():
    assert time_neighbours([]).shape == (0, 2)
    alone = time_neighbours(frames_of(["a", "b", "c"], [0, 0, 0]))
    assert (alone == -1).all()
    assert not redundant(alone, np.arange(3)).any()


def test_frames_more_than_a_second_apart_are_no_neighbours():
    times = [0.0, 1.0, 2.5, 3.0, None]
    neighbours = time_neighbours(frames_of(["a"] * 5, range(5), times))
    assert neighbours.tolist() == [[-1, 1], [0, -1], [-1, 3], [2, 4], [3, -1]]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=30), st.integers(0, 999))
def test_equals_a_search_through_the_sorted_frames(frames, seed):
    picks = np.flatnonzero(np.random.default_rng(seed).random(len(frames)) < 0.4).tolist()
    expected = []
    for pick in picks:
        row_of = sorted((index, row) for row, (name, index) in enumerate(frames) if name == frames[pick][0])
        place = row_of.index((frames[pick][1], pick))
        beside = [row_of[p][1] for p in (place - 1, place + 1) if 0 <= p < len(row_of)]
        expected.append(any(row in picks for row in beside))
    neighbours = time_neighbours(frames_of([name for name, _ in frames], [index for _, index in frames]))
    assert redundant(neighbours, np.array(picks, dtype=np.int64)).tolist() == expected
