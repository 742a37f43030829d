"""The timeline puts every frame and pick where it is in time, and stays small for any number of frames."""

import re

import numpy as np

from scanpick.reports import timeline
from scanpick.reports.timeline import draw_timeline
from scanpick.structures import FrameRecord


def frames_of(counts, *, hertz=None):
    return [
        FrameRecord(f"{name}/{k}", name, k, None if hertz is None else 1_600_000_000_000_000_000 + int(k * 1e9 / hertz))
        for name, count in counts.items()
        for k in range(count)
    ]


def draw(records, picks, labelled=()):
    known = np.zeros(len(records), dtype=bool)
    known[list(labelled)] = True
    return draw_timeline(records, np.array(picks, dtype=np.int64), known)


def test_places_share_one_scale():
    drawn = draw(frames_of({"a": 11, "b": 6}), [10, 16, 5])
    assert (drawn.unit, drawn.sequences, drawn.with_picks) == ("frames", 2, 2)
    long, short = drawn.shown
    assert [(m.rank, m.frame_id, m.place) for m in long.marks] == [(3, "a/5", 50.0), (1, "a/10", 100.0)]
    assert [(m.rank, m.frame_id, m.place) for m in short.marks] == [(2, "b/5", 50.0)]
    assert long.ticks.count("M") == 11
    assert short.ticks.count("M") == 6
    assert drawn.ticks[0] == (0.0, "0")


def test_times_are_used_where_every_frame_has_one():
    records = frames_of({"a": 21}, hertz=10)
    assert draw(records, [20]).unit == "s"
    assert draw(records, [20]).ticks[-1][1] == "2"
    mixed = [*records, FrameRecord("late", "a", 21)]
    assert draw(mixed, [20]).unit == "frames"


def test_marks_that_would_overlap_get_lanes_of_their_own():
    row = draw(frames_of({"a": 1000}), [500, 501, 502, 503, 900]).shown[0]
    assert sorted(mark.lane for mark in row.marks[:3]) == [0, 1, 2]
    assert row.marks[-1].lane == 0
    assert row.lanes == 3
    assert draw(frames_of({"a": 9, "b": 9}), [0]).shown[1].lanes == 0


def test_labelled_frames_are_marked():
    row = draw(frames_of({"a": 11}), [0], labelled=[5]).shown[0]
    assert row.labelled_ticks == "M500,1v8"


def test_frames_that_touch_become_one_bar():
    row = draw(frames_of({"a": 100_001}), [0]).shown[0]
    assert row.ticks == "M0,1v8H1000v-8z"
    assert row.frames == 100_001


def test_many_sequences_are_folded_and_the_page_stays_small():
    records = frames_of({f"s{number:03d}": 300 for number in range(300)})
    drawn = draw(records, range(0, len(records), 7))
    assert len(drawn.shown) == 40
    assert len(drawn.folded) == timeline.MOST_FOLDED_ROWS
    assert drawn.left_out == 300 - 40 - timeline.MOST_FOLDED_ROWS
    assert sum(len(row.ticks) for row in [*drawn.shown, *drawn.folded]) < 1_000_000
    assert sum(len(row.marks) for row in [*drawn.shown, *drawn.folded]) <= timeline.MOST_MARKS
    for row in drawn.folded:
        assert max(map(int, re.findall(r"M(\d+)", row.ticks))) <= 1002


def test_frames_without_sequences_have_no_timeline():
    alone = [FrameRecord(str(k), str(k), 0) for k in range(5)]
    assert draw(alone, [1]) is None
    assert draw(alone[:1], [0]).shown[0].marks[0].place == 0  # one frame is a sequence of one


def test_no_frames():
    assert draw([], []).shown == ()
