"""Frames that could not be used, by the reason why."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from scanpick.reports.tables import Table

MOST_NAMED = 200
"""Frames that are listed for one reason."""

_COLUMNS = (("Frame", False), ("Reason", False))


@dataclass(frozen=True)
class Reason:
    """A reason and the frames it concerns.

    Attributes:
        text: The reason, with what differs from frame to frame left out.
        count: How many frames.
        table: The first of them with their own, full reasons.
    """

    text: str
    count: int
    table: Table


def reasons(set_aside: Mapping[str, str]) -> list[Reason]:
    """Group frames by reason, most frequent first, then by text.

    Reasons count as one where they differ only in the frame's id, in quoted text, in paths, or in numbers.

    Example:
        >>> [(r.text, r.count) for r in reasons({"a": "7 of 90 values are NaN", "b": "12 of 95 values are NaN"})]
        [('… of … values are NaN', 2)]
    """
    groups: dict[str, list[tuple[str, str]]] = {}
    for frame_id, why in set_aside.items():
        groups.setdefault(_general(why, frame_id), []).append((frame_id, why))
    ordered = sorted(groups.items(), key=lambda group: (-len(group[1]), group[0]))
    # A reason that stands for one frame needs no leaving out.
    return [
        Reason(text if len(frames) > 1 else frames[0][1], len(frames), Table(_COLUMNS, frames[:MOST_NAMED]))
        for text, frames in ordered
    ]


def _general(why: str, frame_id: str) -> str:
    text = re.sub(rf"(?<!\w){re.escape(frame_id)}(?!\w)", "…", why)  # a whole word: an id may be one letter
    text = re.sub(r"'[^']*'|\"[^\"]*\"", "…", text)
    text = re.sub(r"(?:[A-Za-z]:)?[/\\][^\s:,;]+", "…", text)
    return re.sub(r"-?\d+(?:[.,]\d+)*(?:e[+-]?\d+)?", "…", text)
