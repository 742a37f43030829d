"""Frames and the lines about them."""

import pickle

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.structures import Frame, FrameRecord


@pytest.mark.parametrize("frame_id", ["", "two\nlines", "tab\t", "not-utf8-\udcff"])
def test_ids_that_files_cannot_hold_are_refused(frame_id: str) -> None:
    with pytest.raises(ScanpickError, match="expected printable text"):
        FrameRecord(frame_id, "drive", 0)


@pytest.mark.parametrize("frame_id", ["000001", "a/b c", "straße/Ψ"])
def test_other_ids_are_fine(frame_id: str) -> None:
    assert FrameRecord(frame_id, "drive", 0).frame_id == frame_id


def test_points_are_float32_with_four_columns_at_least() -> None:
    record = FrameRecord("1", "1", 0)
    frame = Frame(record, np.ones((2, 5)))  # type: ignore[arg-type]
    assert frame.points.dtype == np.float32
    assert frame.frame_id == "1"
    assert frame.notes == {}
    with pytest.raises(ScanpickError, match="Frame '1' points: expected at least 4 columns"):
        Frame(record, np.ones((2, 3), dtype=np.float32))


def test_frames_go_through_pickle() -> None:
    frame = Frame(FrameRecord("1", "1", 0, metadata={"town": "x"}), np.ones((2, 4), dtype=np.float32), notes={"a": 1})
    copy = pickle.loads(pickle.dumps(frame))
    assert copy.record == frame.record
    assert copy.notes == frame.notes
    np.testing.assert_array_equal(copy.points, frame.points)
