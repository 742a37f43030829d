"""One LiDAR sweep, and the line about it in a list of frames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from scanpick.arrays import Points
from scanpick.errors import ScanpickError
from scanpick.structures.calibration import Calibration
from scanpick.structures.checks import as_array


@dataclass(frozen=True)
class FrameRecord:
    """What is known of a frame without reading its points.

    Attributes:
        frame_id: Unique in its data set.
        sequence: The drive it belongs to; frames without one are each a sequence of their own, named by frame id.
        index_in_sequence: Its place in time in the drive; gaps are allowed (KITTI object frames).
        timestamp_ns: Time of the sweep, or None where it is not known.
        path: The file of its points, or None for frames that are computed.
        metadata: Further columns of the frame table; numbers and strings.
    """

    frame_id: str
    sequence: str
    index_in_sequence: int
    timestamp_ns: int | None = None
    path: Path | None = None
    metadata: Mapping[str, str | int | float | bool] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not is_plain_text(self.frame_id):
            raise ScanpickError(f"FrameRecord.frame_id: expected printable text, got {self.frame_id!r}.")


def is_plain_text(text: str) -> bool:
    """Whether a text can be an id in files: not empty, no control letters, and UTF-8 (names of files may be others)."""
    encodable = text.encode("utf-8", errors="ignore").decode("utf-8") == text
    return bool(text) and encodable and all(ord(letter) >= 32 for letter in text)


@dataclass(frozen=True, eq=False)
class Frame:
    """One LiDAR sweep.

    Attributes:
        record: Its line in the list of frames.
        points: (P, C) float32, C >= 4: x, y, z in metres (x forward, y left, z up), intensity from 0 to 1,
            then what else the file holds. Finite; a reader sets frames with other values aside.
        calibration: The front camera, or None where there is none.
        image_path: The front camera's image, or None.
        notes: What the reader had to do to the points, with the number of points it concerned
            ("points without a return dropped": 12), so that it can be counted and told.
    """

    record: FrameRecord
    points: Points
    calibration: Calibration | None = None
    image_path: Path | None = None
    notes: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        points = as_array(f"Frame '{self.record.frame_id}' points", self.points, np.float32, (None, None))
        if points.shape[1] < 4:
            raise ScanpickError(
                f"Frame '{self.record.frame_id}' points: expected at least 4 columns (x, y, z, intensity), "
                f"got {points.shape[1]}."
            )
        object.__setattr__(self, "points", points)

    @property
    def frame_id(self) -> str:
        """The frame's id."""
        return self.record.frame_id
