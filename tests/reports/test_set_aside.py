"""Reasons that differ only in names and numbers are counted as one."""

from scanpick.reports.set_aside import MOST_NAMED, reasons


def test_names_paths_and_numbers_are_left_out():
    frames = {
        "a/1": "a/1: 7 of 90 points are NaN",
        "a/2": "a/2: 12 of 1,095.5 points are NaN",
        "b": "/data/b.bin: cut off after 12 bytes",
        "c": "/data/long name/c.bin: cut off after 13 bytes",
        "d": "expected '.bin', got '.tmp'",
        "e": "empty",
    }
    found = reasons(frames)
    assert (found[0].text, found[0].count) == ("…: … of … points are NaN", 2)
    assert sum(reason.count for reason in found) == len(frames)
    assert {reason.text for reason in found if reason.count == 1} >= {"empty", "expected '.bin', got '.tmp'"}
    assert dict(frame for reason in found for frame in reason.table.rows) == frames


def test_long_lists_are_cut_but_counted():
    (reason,) = reasons({str(number): "empty" for number in range(1000)})
    assert reason.count == 1000
    assert len(reason.table.rows) == MOST_NAMED


def test_nothing_set_aside():
    assert reasons({}) == []
