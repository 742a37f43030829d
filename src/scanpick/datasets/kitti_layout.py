"""What KITTI's layouts share: calibrations, labels and images beside files of points, ten sweeps a second."""

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from scanpick.datasets.boundary import Boundary
from scanpick.datasets.kitti_labels import LabelLines, labels_of
from scanpick.datasets.listed import ListedDataset
from scanpick.datasets.point_reading import find_kitti_reading
from scanpick.errors import FrameError, ScanpickError
from scanpick.formats.kitti_cameras import find_image, image_size
from scanpick.formats.kitti_text import object_lines, read_calibration
from scanpick.structures import Calibration, FrameRecord, Labels
from scanpick.texts import read_text

NANOSECONDS_PER_FRAME = 100_000_000
"""KITTI's LiDAR turns ten times a second."""


class KittiLayout(ListedDataset):
    """Frames in one of KITTI's layouts; see `ListedDataset`.

    Args:
        name: See `ListedDataset`.
        description: What was found; links that were passed over and the reading of points are added.
        records: See `ListedDataset`.
        boundary: What belongs to it.
        columns: float32 columns of the ``.bin`` files: 4 by default, and refused where the values show others.
        intensity: The largest intensity that the sensor gives; "auto" infers it, "none" leaves intensities out.
    """

    expects_calibration = True

    def __init__(
        self,
        name: str,
        description: str,
        records: Sequence[FrameRecord],
        boundary: Boundary,
        *,
        columns: int | str,
        intensity: float | str,
    ) -> None:
        self._boundary = boundary
        reading = find_kitti_reading(records, columns=columns, intensity=intensity)
        super().__init__(name, description + boundary.told, records, reading)

    @abstractmethod
    def _place(self, kind: str, record: FrameRecord) -> Path | None:
        """Where the "label", "calib" or "image" of a frame is, without a suffix; None where the layout has none."""

    def _label_lines(self, path: Path, record: FrameRecord) -> LabelLines:
        """The lines of a frame's objects in its file of labels."""
        del record
        return LabelLines(object_lines(read_text(path)))

    def has_labels(self, frame_id: str) -> bool:
        """Whether there is a file of labels. See `scanpick.datasets.dataset.has_labels`."""
        place = self._place("label", self.record(frame_id))
        return place is not None and _file(place, ".txt").is_file()

    def labels(self, frame_id: str) -> Labels | None:
        """Labels of one frame. See `Dataset.labels`."""
        record = self.record(frame_id)
        path = self._text("label", record)
        if path is None:
            return None
        calibration = self.calibration(frame_id)
        if calibration is None:
            raise FrameError(f"{path}: the labels cannot be placed, since the calibration is missing.", kind="labels")
        try:
            return labels_of(str(path), self._label_lines(path, record), calibration)
        except ScanpickError as error:
            raise FrameError(str(error), kind="labels") from error

    def calibration(self, frame_id: str) -> Calibration | None:
        """Calibration of one frame, with the image's size where the image is there. See `Dataset.calibration`."""
        path = self._text("calib", self.record(frame_id))
        if path is None:
            return None
        image = self.image_path(frame_id)
        try:
            return replace(read_calibration(path), image_size=None if image is None else image_size(image))
        except ScanpickError as error:
            raise FrameError(str(error), kind="calibration") from error

    def image_path(self, frame_id: str) -> Path | None:
        """The left colour image of one frame, where it is there."""
        place = self._place("image", self.record(frame_id))
        path = None if place is None else find_image(place)
        return None if path is None else self._boundary.check(path)

    def _text(self, kind: str, record: FrameRecord) -> Path | None:
        """The text file of a frame, where it is there."""
        place = self._place(kind, record)
        path = None if place is None else self._boundary.check(_file(place, ".txt"))
        return path if path is not None and path.is_file() else None


def parts_of(root: Path, labels: str) -> list[Path]:
    """Where frames may be: ``training``, ``testing``, or the folder with labels or calibrations."""
    parts = [root / "training", root / "testing"]
    return [*parts, root] if any((root / name).is_dir() for name in (labels, "calib")) else parts


def frame_number(stem: str, place: int) -> int:
    """The number that a file's name is ("0000000012" is 12), or its place among the files where it is none.

    Longer numbers than KITTI's ten digits are times or hashes, not numbers of frames.
    """
    return int(stem) if stem.isdecimal() and len(stem) <= 10 else place


def _file(place: Path, suffix: str) -> Path:
    return place.with_name(f"{place.name}{suffix}")
