"""The frames that an encoder is trained on: read and checked once, kept in memory as far as it goes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from scanpick.arrays import Int64Array, Points
from scanpick.errors import FrameError, ScanpickError
from scanpick.structures import Frame, FrameRecord

Read = Callable[[str], Frame]
"""Reads the frame of an id; a `FrameError` sets it aside."""

KEPT_BYTES = 4 << 30
"""Points kept in memory; what is beyond is read again each time."""


@dataclass(eq=False)
class UnlabelledFrames:
    """Frames that can be learnt from, in the order of the data set.

    Attributes:
        read: Reads a frame again.
        records: Their lines in the list of frames.
        digests: What tells the points of each frame from others.
        images: The front camera's image of each frame, None where there is none.
        set_aside: Frame id -> why it is not among them.
        kept: Row -> points, as far as memory goes.
    """

    read: Read
    records: list[FrameRecord] = field(default_factory=list)
    digests: list[tuple[str, int, float]] = field(default_factory=list)
    images: list[Path | None] = field(default_factory=list)
    set_aside: dict[str, str] = field(default_factory=dict)
    kept: dict[int, Points] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.records)

    def points(self, row: int) -> Points:
        """(P, 4) points of a frame.

        Raises:
            FrameError: They can no longer be read, or are others than before.
        """
        if row in self.kept:
            return self.kept[row]
        record = self.records[row]
        points = _checked(self.read(record.frame_id))
        if _digest(record.frame_id, points) != self.digests[row]:
            raise FrameError(f"Frame '{record.frame_id}' has changed while it was trained on.", kind="unreadable")
        return points


def read_unlabelled(
    records: Sequence[FrameRecord],
    read: Read,
    check: Callable[[Points], None],
    *,
    kept_bytes: int = KEPT_BYTES,
    advance: Callable[[int], None] = lambda steps: None,
) -> UnlabelledFrames:
    """Read every frame once. Those that cannot be read or learnt from are set aside with the reason.

    Args:
        records: The frames' lines in the list of frames.
        read: Reads the frame of an id.
        check: Raises `FrameError` for (P, 4) points that cannot be learnt from.
        kept_bytes: How much is kept in memory.
        advance: Called with the number of frames done.

    Raises:
        ScanpickError: No frame is left.
    """
    frames = UnlabelledFrames(read)
    for record in records:
        try:
            frame = read(record.frame_id)
            points = _checked(frame)
            check(points)
        except (ScanpickError, OSError, MemoryError) as error:
            frames.set_aside[record.frame_id] = str(error) or type(error).__name__
        else:
            if kept_bytes >= points.nbytes:
                frames.kept[len(frames)] = points
                kept_bytes -= points.nbytes
            frames.records.append(record)
            frames.digests.append(_digest(record.frame_id, points))
            frames.images.append(frame.image_path)
        advance(1)
    if not frames.records:
        reasons = "; ".join(f"{name}: {reason}" for name, reason in list(frames.set_aside.items())[:3])
        raise ScanpickError(f"None of {len(records)} frames can be learnt from. {reasons}")
    return frames


def hold_out(records: Sequence[FrameRecord], share: float, rng: np.random.Generator) -> tuple[Int64Array, Int64Array]:
    """Rows to train on, and rows that are kept out to measure what was learnt.

    Whole sequences are kept out, since frames of one sequence resemble each other; of a single sequence it is a run of
    frames. At least one sequence or frame is on either side.

    Args:
        records: In order of sequence and time.
        share: Of the frames, at the least, as far as something is left to train on.
        rng: Draws them.

    Raises:
        ScanpickError: There is only one frame.
    """
    if len(records) < 2:
        raise ScanpickError(f"Training needs at least two frames, one of them held out, got {len(records)}.")
    wanted = min(max(1, round(share * len(records))), len(records) - 1)
    names, sequence = np.unique([record.sequence for record in records], return_inverse=True)
    kept_out = np.zeros(len(records), dtype=bool)
    if len(names) == 1:
        start = int(rng.integers(len(records) - wanted + 1))
        kept_out[start : start + wanted] = True
    else:
        for chosen in rng.permutation(len(names))[:-1]:
            if kept_out.sum() >= wanted:
                break
            kept_out |= sequence == chosen
    return np.flatnonzero(~kept_out), np.flatnonzero(kept_out)


def _checked(frame: Frame) -> Points:
    if len(frame.points) == 0:
        raise FrameError("The frame has no points.", kind="empty")
    points = np.ascontiguousarray(frame.points[:, :4])
    if not np.isfinite(points).all():
        raise FrameError("The frame has points that are NaN or infinite.", kind="not finite")
    return points


def _digest(frame_id: str, points: Points) -> tuple[str, int, float]:
    return frame_id, len(points), float(points.sum(dtype=np.float64))
