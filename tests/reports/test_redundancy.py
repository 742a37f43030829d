"""A pick is redundant when the frame before or after it in its sequence is picked too."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scanpick.reports.redundancy import redundant, time_neighbours


def test_gaps_and_other_sequences_do_not_matter():
    sequences = ["a", "a", "b", "a", "b"]
    neighbours = time_neighbours(sequences, np.array([0, 10, 11, 20, 12]))
    assert neighbours.tolist() == [[-1, 1], [0, 3], [-1, 4], [1, -1], [2, -1]]
    assert redundant(neighbours, np.array([0, 3])).tolist() == [False, False]
    assert redundant(neighbours, np.array([4, 1, 0])).tolist() == [False, True, True]
    assert redundant(neighbours, np.array([], dtype=np.int64)).tolist() == []


def test_no_frames_and_frames_alone():
    assert time_neighbours([], np.zeros(0, np.int64)).shape == (0, 2)
    alone = time_neighbours(["a", "b", "c"], np.zeros(3, np.int64))
    assert (alone == -1).all()
    assert not redundant(alone, np.arange(3)).any()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 9)), max_size=30), st.randoms())
def test_equals_a_search_through_the_sorted_frames(frames, random):
    picks = [row for row in range(len(frames)) if random.random() < 0.4]
    expected = []
    for pick in picks:
        row_of = sorted((index, row) for row, (name, index) in enumerate(frames) if name == frames[pick][0])
        place = row_of.index((frames[pick][1], pick))
        beside = [row_of[p][1] for p in (place - 1, place + 1) if 0 <= p < len(row_of)]
        expected.append(any(row in picks for row in beside))
    neighbours = time_neighbours([name for name, _ in frames], np.array([i for _, i in frames], dtype=np.int64))
    assert redundant(neighbours, np.array(picks, dtype=np.int64)).tolist() == expected
