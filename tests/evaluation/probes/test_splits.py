"""Neighbours in time are never on both sides of a split."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.evaluation.probes.splits import MOST_LEFT_OUT_SINGLY, group_frames, leave_out, outer_splits


def _frames(counts, step_s=0.1):
    sequences = np.repeat([f"drive_{number}" for number in range(len(counts))], counts)
    return sequences, np.concatenate([np.arange(count) * step_s for count in counts])


@pytest.mark.parametrize("counts", [[5, 1, 9, 2], [3] * (MOST_LEFT_OUT_SINGLY + 5)])
def test_every_frame_is_predicted_once_and_no_drive_is_on_both_sides(counts):
    sequences, times = _frames(counts)
    grouping = group_frames(sequences, times, gap_s=1.0)
    found = leave_out(grouping, np.arange(len(times)), 4, np.random.default_rng(0))
    assert len(found) == (len(counts) if len(counts) <= MOST_LEFT_OUT_SINGLY else 4)
    assert sorted(np.concatenate([test for _, test in found])) == list(range(len(times)))
    for train, test in found:
        assert not set(sequences[train]) & set(sequences[test])
        assert len(train) + len(test) == len(times)


@pytest.mark.parametrize("counts", [[60], [50, 33]])
def test_few_drives_are_cut_into_blocks_with_a_gap(counts):
    sequences, times = _frames(counts)
    order = np.random.default_rng(1).permutation(len(times))  # however the frames are listed
    sequences, times = sequences[order], times[order]
    grouping = group_frames(sequences, times, gap_s=1.0)
    assert grouping.in_blocks
    assert grouping.count == 8
    found = outer_splits(grouping, np.arange(len(times)), np.random.default_rng(0))
    assert sorted(np.concatenate([test for _, test in found])) == list(range(len(times)))
    for train, test in found:
        same = sequences[train][:, None] == sequences[test][None, :]
        apart = np.abs(times[train][:, None] - times[test][None, :])
        assert apart[same].min() > 1.0
        assert len(set(sequences[test])) == 1
        assert np.ptp(times[test]) <= 0.1 * len(test)  # consecutive


def test_held_out_frames_are_predicted_from_other_drives_only():
    sequences, times = _frames([4, 4, 4, 4])
    grouping = group_frames(sequences, times, gap_s=1.0)
    held_out = np.zeros(16, dtype=bool)
    held_out[[0, 1, 5]] = True
    ((train, test),) = outer_splits(grouping, np.arange(16), np.random.default_rng(0), held_out)
    assert test.tolist() == [0, 1, 5]
    assert train.tolist() == list(range(8, 16))


def test_parts_are_about_equally_large():
    sequences, times = _frames([1, 2, 3] * 20)
    grouping = group_frames(sequences, times, gap_s=1.0)
    sizes = [len(test) for _, test in leave_out(grouping, np.arange(len(times)), 5, np.random.default_rng(0))]
    assert max(sizes) - min(sizes) <= 3


def test_too_few_frames_are_told():
    with pytest.raises(ScanpickError, match="at least 3 frames, got 2"):
        group_frames(np.array(["a", "b"]), np.zeros(2), gap_s=1.0)


def test_nothing_to_learn_from_is_no_split():
    sequences, times = _frames([4, 4, 4])
    grouping = group_frames(sequences, times, gap_s=1.0)
    for held_out in (np.ones(12, dtype=bool), np.zeros(12, dtype=bool)):
        assert outer_splits(grouping, np.arange(12), np.random.default_rng(0), held_out) == []
