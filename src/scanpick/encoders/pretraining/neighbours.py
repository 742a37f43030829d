"""Frames that are near in time: what a scene looks like a moment later, for free."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scanpick.arrays import BoolArray, Int64Array
from scanpick.structures import FrameRecord

REACH_S = 1.0
"""A neighbour is at most so many seconds away."""

REACH = 5
"""In sequences with a frame of unknown time, so many in `index_in_sequence` instead."""


def near_in_time(records: Sequence[FrameRecord], rows: Int64Array) -> dict[int, Int64Array]:
    """For each of `rows`, the others among them that are near in time in the same sequence; those without are absent.

    Example:
        >>> records = [FrameRecord(f"f{i}", "drive", i) for i in (0, 3, 20)]
        >>> near_in_time(records, np.array([0, 1, 2]))
        {0: array([1]), 1: array([0])}
    """
    by_sequence: dict[str, list[int]] = {}
    for row in rows.tolist():
        by_sequence.setdefault(records[row].sequence, []).append(row)
    found = {}
    for members in by_sequence.values():
        places, reach = _places([records[row] for row in members])
        order = np.argsort(places, kind="stable")
        places, ordered = places[order], np.array(members)[order]
        first = np.searchsorted(places, places - reach)
        stop = np.searchsorted(places, places + reach, side="right")
        for at, row in enumerate(ordered.tolist()):
            near = np.delete(ordered[first[at] : stop[at]], at - first[at])
            if len(near):
                found[row] = near
    return found


def same_scene(records: Sequence[FrameRecord]) -> BoolArray:
    """(B, B) which pairs of these frames are near in time in the same sequence; the diagonal is set."""
    sequence = np.unique([record.sequence for record in records], return_inverse=True)[1]
    place = np.array([record.index_in_sequence for record in records], dtype=np.int64)
    time = np.array([record.timestamp_ns or 0 for record in records], dtype=np.int64)
    timed = np.array([record.timestamp_ns is not None for record in records])
    near_in_time = np.abs(time[:, None] - time) <= round(REACH_S * 1e9)
    near = np.where(timed[:, None] & timed, near_in_time, np.abs(place[:, None] - place) <= REACH)
    return (sequence[:, None] == sequence) & near


def _places(records: Sequence[FrameRecord]) -> tuple[Int64Array, int]:
    """Where frames of a sequence lie in time, and how far a neighbour may be, in the same unit."""
    times = [record.timestamp_ns for record in records if record.timestamp_ns is not None]
    if len(times) == len(records):
        return np.array(times, dtype=np.int64), round(REACH_S * 1e9)
    return np.array([record.index_in_sequence for record in records], dtype=np.int64), REACH
