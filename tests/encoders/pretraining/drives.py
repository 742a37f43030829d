"""A few made-up frames of a few drives, and a reader of them that can fail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from scanpick.encoders.pretraining.frames import UnlabelledFrames, read_unlabelled
from scanpick.errors import FrameError
from scanpick.structures import Calibration, Frame, FrameRecord, Labels
from tests.detectors.scenes import car_scene


@dataclass
class Drives:
    """A data set of `drives` x `length` frames.

    Attributes:
        broken: Ids of frames that cannot be read.
        images: Frame id -> image file.
        reads: Ids in the order in which they were read.
    """

    drives: int = 3
    length: int = 4
    broken: tuple[str, ...] = ()
    images: Mapping[str, Path] = field(default_factory=dict)
    reads: list[str] = field(default_factory=list)
    name: str = "drives"
    description: str = "made up"

    @property
    def records(self) -> list[FrameRecord]:
        return [FrameRecord(f"d{d}/{i}", f"drive-{d}", i) for d in range(self.drives) for i in range(self.length)]

    def read(self, frame_id: str) -> Frame:
        if frame_id in self.broken:
            raise FrameError(f"{frame_id} is broken")
        self.reads.append(frame_id)
        row = [record.frame_id for record in self.records].index(frame_id)
        points = car_scene(row).points[::20]
        return Frame(self.records[row], points, image_path=self.images.get(frame_id))

    def labels(self, frame_id: str) -> Labels | None:
        return None

    def calibration(self, frame_id: str) -> Calibration | None:
        return None


def frames_of(drives: Drives) -> UnlabelledFrames:
    return read_unlabelled(drives.records, drives.read, lambda points: None)


def with_value(frame: Frame, value: float) -> Frame:
    """The frame with one number replaced."""
    points = np.array(frame.points)
    points[3, 1] = value
    return replace(frame, points=points)
