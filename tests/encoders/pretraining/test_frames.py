"""Frames to learn from: bad ones are set aside and named, memory is bounded, sequences are kept out whole."""

from __future__ import annotations

import numpy as np
import pytest

from scanpick.arrays import Points
from scanpick.encoders.pretraining.frames import hold_out, read_unlabelled
from scanpick.errors import FrameError, ScanpickError
from scanpick.structures import Frame
from tests.encoders.pretraining.drives import Drives, frames_of, with_value


def test_bad_frames_are_set_aside_with_their_reasons() -> None:
    drives = Drives(broken=("d0/1",))

    def read(frame_id: str) -> Frame:
        if frame_id == "d1/1":
            raise OSError("the disk is gone")
        frame = drives.read(frame_id)
        return {
            "d0/2": with_value(frame, np.nan),
            "d0/3": Frame(frame.record, np.zeros((0, 4), np.float32)),
            "d1/0": Frame(frame.record, frame.points[:5]),
        }.get(frame_id, frame)

    def check(points: Points) -> None:
        if len(points) < 10:
            raise FrameError("too few points")

    frames = read_unlabelled(drives.records, read, check)
    assert [record.frame_id for record in frames.records] == ["d0/0", "d1/2", "d1/3", *(f"d2/{i}" for i in range(4))]
    expected = {"d0/1": "broken", "d0/2": "NaN", "d0/3": "no points", "d1/0": "too few points", "d1/1": "disk is gone"}
    assert frames.set_aside.keys() == expected.keys()
    assert all(part in frames.set_aside[name] for name, part in expected.items())


def test_no_usable_frame_is_an_error_with_reasons() -> None:
    with pytest.raises(ScanpickError, match=r"None of 2 frames.*d0/0 is broken"):
        frames_of(Drives(drives=1, length=2, broken=("d0/0", "d0/1")))


def test_what_memory_does_not_hold_is_read_again_and_must_be_the_same() -> None:
    drives = Drives()
    one = drives.read("d0/0").points.nbytes
    frames = read_unlabelled(drives.records, drives.read, lambda points: None, kept_bytes=2 * one + 8)
    assert len(frames.kept) == 2
    drives.reads.clear()
    for row, record in enumerate(drives.records):
        np.testing.assert_array_equal(frames.points(row), drives.read(record.frame_id).points)
    assert len(drives.reads) == 12 + 10
    frames.read = lambda frame_id: with_value(drives.read(frame_id), 7.0)
    with pytest.raises(FrameError, match="'d2/3' has changed"):
        frames.points(11)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_sequences_are_kept_out_whole(share: float) -> None:
    records = Drives(drives=5).records
    training, held_out = hold_out(records, share, np.random.default_rng(1))
    assert sorted([*training, *held_out]) == list(range(20))
    names = [{records[row].sequence for row in rows} for rows in (training, held_out)]
    assert not names[0] & names[1]
    assert names[0]
    assert len(held_out) >= min(max(1, share * 20), 16)


def test_a_single_sequence_gives_a_run_of_frames() -> None:
    records = Drives(drives=1, length=20).records
    _, held_out = hold_out(records, 0.2, np.random.default_rng(1))
    np.testing.assert_array_equal(np.diff(held_out), 1)
    assert len(held_out) == 4


def test_the_seed_decides_what_is_kept_out() -> None:
    records = Drives(drives=30, length=1).records
    runs = [hold_out(records, 0.1, np.random.default_rng(seed))[1].tolist() for seed in (0, 0, 1)]
    assert runs[0] == runs[1] != runs[2]


def test_one_frame_is_too_few() -> None:
    with pytest.raises(ScanpickError, match="at least two frames"):
        hold_out(Drives(drives=1, length=1).records, 0.1, np.random.default_rng(0))
