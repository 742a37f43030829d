"""What the readers of folders share: a fixed list of frames, found by id."""

import os
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

from scanpick.datasets.point_files import point_file_suffixes
from scanpick.datasets.point_reading import PointReading
from scanpick.errors import FrameError, ScanpickError
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

    def camera_of_points(self, frame_id: str) -> Calibration | None:
        """`calibration` to go with points: None also where it cannot be read, since most of what reads them needs none.

        Whatever needs it asks for `calibration`, which tells the reason.
        """
        try:
            return self.calibration(frame_id)
        except FrameError:
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


def files_with_suffix(folder: Path, *suffixes: str) -> list[Path]:
    """The files of a folder with one of these suffixes, in natural order; none where there is no such folder.

    Hidden files, such as those that macOS puts beside every file, are passed over.
    """
    return sorted(_iterate(folder, suffixes), key=lambda path: natural_key(path.name))


def point_files(folder: Path) -> list[Path]:
    """The files of points in a folder, in natural order; of files that differ in their format only, the ``.bin``."""
    suffixes = point_file_suffixes()
    found = sorted(files_with_suffix(folder, *suffixes), key=lambda path: suffixes.index(path.suffix.lower()))
    one_each: dict[str, Path] = {}
    for path in found:
        one_each.setdefault(path.stem, path)
    return sorted(one_each.values(), key=lambda path: natural_key(path.name))


def has_points(folder: Path) -> bool:
    """Whether a folder holds a file of points."""
    return next(_iterate(folder, point_file_suffixes()), None) is not None


def parts_of(root: Path, labels: str) -> list[Path]:
    """Where KITTI's layouts may have frames: ``training``, ``testing``, or the folder with labels or calibrations."""
    parts = [root / "training", root / "testing"]
    return [*parts, root] if any((root / name).is_dir() for name in (labels, "calib")) else parts


def _iterate(folder: Path, suffixes: Collection[str]) -> Iterator[Path]:
    if folder.is_dir():
        with os.scandir(folder) as entries:
            for entry in entries:
                is_wanted = os.path.splitext(entry.name)[1].lower() in suffixes and not entry.name.startswith(".")
                if is_wanted and not entry.is_dir():
                    yield folder / entry.name
