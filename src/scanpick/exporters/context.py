"""The frames of a drive around those that were picked, which annotators label as a sequence."""

from __future__ import annotations

import re
from collections.abc import Sequence

from scanpick.errors import ScanpickError
from scanpick.structures import FrameRecord
from scanpick.structures.checks import check_known

_FORM = re.compile(r"(\d+(?:\.\d+)?) ?(s|frames?)")


def runs_around(records: Sequence[FrameRecord], frame_ids: Sequence[str], context: str) -> list[list[str]]:
    """Frame ids in time order around picked ones, in runs: picks whose surroundings meet share one.

    Args:
        records: Every frame of the data set.
        frame_ids: The picked frames, by rank; runs come in the order of their best pick.
        context: How far to either side: "1s" (seconds, by the time of the sweeps) or "5 frames" (by their order).

    Raises:
        ScanpickError: `context` is neither, a frame is unknown, or times are asked for where frames have none.

    Example:
        >>> records = [FrameRecord(f"{i}", "drive", i, i * 100_000_000) for i in range(20)]
        >>> runs_around(records, ["9", "2"], "0.2s")
        [['7', '8', '9', '10', '11'], ['0', '1', '2', '3', '4']]
    """
    reach, in_seconds = _parse(context)
    drives: dict[str, list[FrameRecord]] = {}
    for record in records:
        drives.setdefault(record.sequence, []).append(record)
    places: dict[str, tuple[str, int]] = {}
    for name, drive in drives.items():
        drive.sort(key=lambda record: record.index_in_sequence)
        places |= {record.frame_id: (name, place) for place, record in enumerate(drive)}
    check_known("picked frames", frame_ids, places)

    near: dict[str, set[int]] = {}
    for frame_id in frame_ids:
        name, place = places[frame_id]
        drive = drives[name]
        within = (lambda a, b: abs(_time(a) - _time(b)) <= reach * 1e9) if in_seconds else None
        first = last = place
        while first > 0 and (within(drive[first - 1], drive[place]) if within else place - first < reach):
            first -= 1
        while last + 1 < len(drive) and (within(drive[last + 1], drive[place]) if within else last - place < reach):
            last += 1
        near.setdefault(name, set()).update(range(first, last + 1))

    runs: list[list[str]] = []
    done: set[str] = set()
    for frame_id in frame_ids:
        if frame_id in done:
            continue
        name, place = places[frame_id]
        first = last = place
        while first - 1 in near[name]:
            first -= 1
        while last + 1 in near[name]:
            last += 1
        runs.append([record.frame_id for record in drives[name][first : last + 1]])
        done.update(runs[-1])
    return runs


def _parse(context: str) -> tuple[float, bool]:
    found = _FORM.fullmatch(context.strip())
    if found is None:
        raise ScanpickError(f"`context={context!r}`: expected seconds or frames such as '1s' or '5 frames'.")
    return float(found[1]), found[2] == "s"


def _time(record: FrameRecord) -> int:
    if record.timestamp_ns is None:
        raise ScanpickError(
            f"Frame '{record.frame_id}' has no time, so that no seconds around it can be handed over. "
            f"Give the context in frames, such as '5 frames'."
        )
    return record.timestamp_ns
