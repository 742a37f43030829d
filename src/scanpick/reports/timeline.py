"""Where the picks lie in their sequences: one row a sequence, a tick for every frame, a mark for every pick.

All rows have one scale: seconds where every frame has a time, else the number of the frame in its sequence. Frames
that lie closer than a thousandth of a row run together into one bar, so that a row stays small for any number of
frames. Rows are in the order of the data set; past `MOST_ROWS` the rest is folded away, and drawn more coarsely.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.ticker import MaxNLocator

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.structures import FrameRecord

MOST_ROWS = 40
MOST_FOLDED_ROWS = 160
MOST_LANES = 3
MOST_MARKS = 5000
"""Picks that are marked; more would make the page heavy."""

_UNITS = 1000  # width of a row in its own units
_FOLDED_STEP = 3  # frames of folded rows are placed on every third of them
_MARK_UNITS = 19.0  # room for a mark with its rank


@dataclass(frozen=True)
class Mark:
    """A pick: its rank, frame, place along the row in percent, and the lane that keeps marks apart."""

    rank: int
    frame_id: str
    place: float
    lane: int


@dataclass(frozen=True)
class Row:
    """A sequence.

    Attributes:
        sequence: Its name.
        frames: How many of its frames could be picked or are labelled.
        ticks: SVG path of its frames, 1000 units wide.
        labelled_ticks: SVG path of those that are labelled.
        marks: Its picks.
        lanes: How many lanes the marks need.
    """

    sequence: str
    frames: int
    ticks: str
    labelled_ticks: str
    marks: tuple[Mark, ...]
    lanes: int


@dataclass(frozen=True)
class Timeline:
    """All rows.

    Attributes:
        shown: The first rows.
        folded: Rows that are folded away.
        left_out: How many sequences are not drawn at all.
        sequences: How many there are.
        with_picks: How many hold a pick.
        unit: "s" or "frames".
        ticks: Marks of the axis: place in percent, text.
    """

    shown: tuple[Row, ...]
    folded: tuple[Row, ...]
    left_out: int
    sequences: int
    with_picks: int
    unit: str
    ticks: tuple[tuple[float, str], ...]


def draw_timeline(records: Sequence[FrameRecord], picks: Int64Array, labelled: BoolArray) -> Timeline | None:
    """Lay out the timeline of these frames (N).

    Args:
        records: The frames that could be picked or are labelled, in the order of the data set.
        picks: (K,) rows of `records`, in order.
        labelled: (N,) bool.

    Returns:
        None where every frame is a sequence of its own: there is no time to show.
    """
    names = list(dict.fromkeys(record.sequence for record in records))
    if len(names) == len(records) and len(names) > 1:
        return None
    code_of = {name: code for code, name in enumerate(names)}
    codes = np.array([code_of[record.sequence] for record in records], dtype=np.int64)
    times, unit = _times(records)
    first = np.full(len(names), np.inf)
    np.minimum.at(first, codes, times)
    since = times - first[codes]
    longest = float(since.max(initial=0)) or 1.0
    ranks = np.zeros(len(records), dtype=np.int64)
    ranks[picks[:MOST_MARKS]] = np.arange(1, len(picks[:MOST_MARKS]) + 1)
    order = np.lexsort((since, codes))
    groups = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1) if len(order) else []
    drawn = groups[: MOST_ROWS + MOST_FOLDED_ROWS]
    rows = [
        _row(records, group, since / longest, ranks, labelled, step=1 if place < MOST_ROWS else _FOLDED_STEP)
        for place, group in enumerate(drawn)
    ]
    ticks = [mark for mark in MaxNLocator(8).tick_values(0, longest) if mark <= longest]
    return Timeline(
        shown=tuple(rows[:MOST_ROWS]),
        folded=tuple(rows[MOST_ROWS:]),
        left_out=len(groups) - len(drawn),
        sequences=len(names),
        with_picks=len(set(codes[picks].tolist())),
        unit=unit,
        ticks=tuple((round(100 * mark / longest, 2), f"{mark:g}") for mark in ticks),
    )


def _times(records: Sequence[FrameRecord]) -> tuple[Float64Array, str]:
    stamps = [record.timestamp_ns for record in records]
    if all(stamp is not None for stamp in stamps):
        first = min((stamp for stamp in stamps if stamp is not None), default=0)
        # Subtracted as integers: nanoseconds since 1970 do not fit into a float64.
        return np.array([stamp - first for stamp in stamps if stamp is not None], dtype=np.float64) * 1e-9, "s"
    return np.array([record.index_in_sequence for record in records], dtype=np.float64), "frames"


def _row(
    records: Sequence[FrameRecord],
    group: Int64Array,
    shares: Float64Array,
    ranks: Int64Array,
    labelled: BoolArray,
    *,
    step: int,
) -> Row:
    picked = group[ranks[group] > 0]
    marks, lane_ends = [], [-np.inf] * MOST_LANES
    for row in picked:
        here = float(shares[row]) * _UNITS
        free = [lane for lane, end in enumerate(lane_ends) if here - end >= _MARK_UNITS]
        lane = free[0] if free else int(np.argmin(lane_ends))
        lane_ends[lane] = here
        marks.append(Mark(int(ranks[row]), records[row].frame_id, round(here / _UNITS * 100, 2), lane))
    return Row(
        sequence=records[group[0]].sequence,
        frames=len(group),
        ticks=_ticks(shares[group], step),
        labelled_ticks=_ticks(shares[group[labelled[group]]], step),
        marks=tuple(marks),
        lanes=max((mark.lane + 1 for mark in marks), default=0),
    )


def _ticks(shares: Float64Array, step: int) -> str:
    """A stroke for every frame that is alone, a box for each run of frames that touch."""
    if not len(shares):
        return ""
    places = np.unique(np.rint(shares * _UNITS / step).astype(np.int64)) * step
    starts = np.flatnonzero(np.diff(places, prepend=-2 * _UNITS) > step)
    ends = np.append(starts[1:], len(places)) - 1
    runs = zip(places[starts].tolist(), places[ends].tolist(), strict=True)
    return "".join(f"M{a},1v8" if a == b else f"M{a},1v8H{b}v-8z" for a, b in runs)
