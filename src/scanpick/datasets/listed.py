"""What readers share: a fixed list of frames, found by id, and files in natural order."""

import os
import re
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from scanpick.datasets.point_files import point_file_suffixes
from scanpick.datasets.point_reading import PointReading
from scanpick.errors import FrameError, ScanpickError
from scanpick.structures import Calibration, Frame, FrameRecord, Labels
from scanpick.structures.checks import check_unique


class ListedDataset:
    """A data set whose frames are listed when it is opened: a reader finds them, and adds what belongs to a frame.

    Points are read from the files of the records; a reader of other files has a `read` of its own.

    Args:
        name: What it is, for reports.
        description: One line on what was found and how it was understood.
        records: Its frames, in order.
        reading: How the files of points are read; None where `read` does without.

    Attributes:
        expects_calibration: Whether a frame without a calibration is worth a complaint.
    """

    expects_calibration = False

    def __init__(
        self, name: str, description: str, records: Sequence[FrameRecord], reading: PointReading | None = None
    ) -> None:
        check_unique(name, [record.frame_id for record in records])
        self.name = name
        self.description = description
        if reading is not None:
            self.reading = reading
            self.description += f"; {reading.description}"
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

    def read(self, frame_id: str) -> Frame:
        """Points, calibration and image of one frame. See `Dataset.read`.

        Most of what reads points needs no calibration, so that one which cannot be read is none here; what needs it
        asks for `calibration`, which tells the reason.
        """
        record = self.record(frame_id)
        assert record.path is not None
        cloud = self.reading.read(record.path)
        calibration = None
        with suppress(FrameError):
            calibration = self.calibration(frame_id)
        return Frame(record, cloud.points, calibration, self.image_path(frame_id), cloud.notes)

    def labels(self, frame_id: str) -> Labels | None:
        """No labels."""
        self.record(frame_id)
        return None

    def calibration(self, frame_id: str) -> Calibration | None:
        """No calibration."""
        self.record(frame_id)
        return None

    def image_path(self, frame_id: str) -> Path | None:
        """No image."""
        self.record(frame_id)
        return None


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


def _iterate(folder: Path, suffixes: Collection[str]) -> Iterator[Path]:
    if folder.is_dir():
        with os.scandir(folder) as entries:
            for entry in entries:
                is_wanted = os.path.splitext(entry.name)[1].lower() in suffixes and not entry.name.startswith(".")
                if is_wanted and not entry.is_dir():
                    yield folder / entry.name
