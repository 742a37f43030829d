"""What the readers of folders share: a fixed list of frames, found by id."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from scanpick.datasets.point_reading import PointReading
from scanpick.errors import ScanpickError
from scanpick.structures import Calibration, FrameRecord, Labels
from scanpick.structures.checks import check_unique


class ListedDataset:
    """A data set whose frames are listed when it is opened. Readers add `read`, and labels and calibration.

    Args:
        name: What it is, for reports.
        description: One line on what was found and how it was understood.
        records: Its frames, in order.

    Attributes:
        expects_calibration: Whether a frame without a calibration is worth a complaint.
        reading: How its files of points are read; not there where frames are computed.
    """

    expects_calibration = False
    reading: PointReading

    def __init__(self, name: str, description: str, records: Sequence[FrameRecord]) -> None:
        check_unique(name, [record.frame_id for record in records])
        self.name = name
        self.description = description
        self.records: Sequence[FrameRecord] = tuple(records)
        self._by_id = {record.frame_id: record for record in self.records}

    def record(self, frame_id: str) -> FrameRecord:
        """The line about this frame.

        Raises:
            ScanpickError: The data set has no such frame.
        """
        try:
            return self._by_id[frame_id]
        except KeyError:
            raise ScanpickError(
                f"Unknown frame '{frame_id}' in {self.name}. It has {counted(len(self.records), 'frame')}, "
                f"the first is '{self.records[0].frame_id}'."
            ) from None

    def labels(self, frame_id: str) -> Labels | None:
        """No labels."""
        self.record(frame_id)
        return None

    def calibration(self, frame_id: str) -> Calibration | None:
        """No calibration."""
        self.record(frame_id)
        return None


def frame_number(stem: str, place: int) -> int:
    """The number that a file's name is ("0000000012" is 12), or its place among the files where it is none.

    Longer numbers than KITTI's ten digits are times or hashes, not numbers of frames.
    """
    return int(stem) if stem.isdecimal() and len(stem) <= 10 else place


def counted(number: int, noun: str) -> str:
    """A number with its noun: ``1 frame``, ``2 frames``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """A sort key that counts: ``frame_9`` comes before ``frame_10``."""
    parts = re.split(r"([0-9]+)", text)
    return tuple((1, int(part), part) if place % 2 else (0, 0, part) for place, part in enumerate(parts))


def files_with_suffix(folder: Path, suffix: str) -> list[Path]:
    """The files of a folder with this suffix, in natural order; none where there is no such folder."""
    return sorted(_iterate(folder, suffix), key=lambda path: natural_key(path.name))


def has_suffix(folder: Path, suffix: str) -> bool:
    """Whether a folder holds a file with this suffix."""
    return next(_iterate(folder, suffix), None) is not None


def _iterate(folder: Path, suffix: str) -> Iterator[Path]:
    if folder.is_dir():
        for path in folder.iterdir():
            if path.suffix.lower() == suffix and not path.name.startswith("."):
                yield path
