"""KITTI's tracking layout.

::

training/velodyne/0000/000012.bin   sequence and frame
training/label_02/0000.txt          the labels of a whole sequence: frame, track id, then KITTI's object columns
training/calib/0000.txt             training/image_02/0000/000012.png   (each where present)
testing/...                         the same without labels
"""

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from scanpick.arrays import Int64Array
from scanpick.datasets.kitti_labels import labels_from_camera_objects
from scanpick.datasets.kitti_mapping import NANOSECONDS_PER_FRAME
from scanpick.datasets.kitti_object import find_image, read_frame_calibration
from scanpick.datasets.listed import ListedDataset, counted, files_with_suffix, frame_number, has_suffix, natural_key
from scanpick.datasets.options import one_of
from scanpick.datasets.point_reading import AUTO, find_kitti_reading
from scanpick.errors import FrameError, ScanpickError
from scanpick.formats.kitti_text import parse_objects
from scanpick.structures import Calibration, CameraObjects, Frame, FrameRecord, Labels


class KittiTracking(ListedDataset):
    """KITTI tracking sequences. Frame ids are ``0000/000012``; time is counted at 10 Hz from the sequence's start.

    Args:
        root: The folder that holds ``training`` or ``testing``.
        split: Which of the two; by default ``training`` where it has points.
        columns: float32 columns of the ``.bin`` files: 4 by default, and refused where the values show others.
        intensity: The largest intensity that the sensor gives; "auto" infers it, "none" leaves intensities out.

    Raises:
        ScanpickError: The folder is missing, or no frame is found.
    """

    expects_calibration = True

    def __init__(
        self,
        root: Path | str,
        *,
        split: str | None = None,
        columns: int | str = AUTO,
        intensity: float | str = AUTO,
    ) -> None:
        self.root = Path(root)
        if split is None:
            split = "training" if _sequence_folders(self.root / "training") else "testing"
        self._part = self.root / one_of("split", split, ("training", "testing"))
        folders = _sequence_folders(self._part)
        records = [
            _record(folder.name, place, path)
            for folder in folders
            for place, path in enumerate(files_with_suffix(folder, ".bin"))
        ]
        if not records:
            raise ScanpickError(f"{self._part / 'velodyne'}: no frames found: expected files such as 0000/000000.bin.")
        description = (
            f"KITTI tracking layout: {counted(len(records), 'frame')} of {counted(len(folders), 'sequence')} "
            f"in {split}/velodyne"
        )
        self.reading = find_kitti_reading(records, columns=columns, intensity=intensity)
        super().__init__("kitti-tracking", f"{description}; {self.reading.description}", records)

    def read(self, frame_id: str) -> Frame:
        """Points, calibration and image of one frame. See `Dataset.read`."""
        record = self.record(frame_id)
        assert record.path is not None
        cloud = self.reading.read(record.path)
        return Frame(record, cloud.points, self.calibration(frame_id), self.image_path(frame_id), cloud.notes)

    def labels(self, frame_id: str) -> Labels | None:
        """Labels of one frame, with track ids. See `Dataset.labels`."""
        record = self.record(frame_id)
        path = self._part / "label_02" / f"{record.sequence}.txt"
        if not path.is_file():
            return None
        calibration = self.calibration(frame_id)
        if calibration is None:
            raise FrameError(f"{path}: the labels cannot be placed, since the calibration is missing.", kind="labels")
        try:
            tracked = read_tracked_objects(path, path.stat().st_mtime_ns)
            objects = tracked.get(record.index_in_sequence, _NOTHING)
            return labels_from_camera_objects(objects.objects, calibration, objects.track_ids)
        except ScanpickError as error:
            message = str(error) if str(path) in str(error) else f"{path}, frame {record.index_in_sequence}: {error}"
            raise FrameError(message, kind="labels") from error

    def calibration(self, frame_id: str) -> Calibration | None:
        """Calibration of the frame's sequence. See `Dataset.calibration`."""
        path = self._part / "calib" / f"{self.record(frame_id).sequence}.txt"
        return read_frame_calibration(path, self.image_path(frame_id))

    def image_path(self, frame_id: str) -> Path | None:
        """The left colour image of one frame, where it is there."""
        record = self.record(frame_id)
        assert record.path is not None
        return find_image(self._part / "image_02" / record.sequence, record.path.stem)


@dataclass(frozen=True, eq=False)
class TrackedObjects:
    """K objects of one frame and their (K,) track ids."""

    objects: CameraObjects
    track_ids: Int64Array


@lru_cache(maxsize=32)
def read_tracked_objects(path: Path, modified_ns: int) -> dict[int, TrackedObjects]:
    """Frame number -> objects, from the label file of a sequence.

    Args:
        path: The file.
        modified_ns: When it was last changed, so that a changed file is read again.

    Raises:
        ScanpickError: The file cannot be read, or a line is malformed: file and line are named.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ScanpickError(f"{path}: cannot read the label file: {error}.") from error
    rows_of_frame: defaultdict[int, list[int]] = defaultdict(list)
    track_ids: list[int] = []
    object_lines: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        words = line.split(maxsplit=2)
        if not words:
            object_lines.append("")  # keeps line numbers in messages right
            continue
        try:
            frame, track = int(words[0]), int(np.int64(int(words[1])))
        except (ValueError, IndexError, OverflowError):
            raise ScanpickError(
                f"{path}, line {number}: expected a frame number and a track id first, got {line[:80]!r}."
            ) from None
        rows_of_frame[frame].append(len(track_ids))
        track_ids.append(track)
        object_lines.append(words[2] if len(words) > 2 else "?")
    objects = parse_objects("\n".join(object_lines), source=str(path))
    ids = np.array(track_ids, dtype=np.int64)
    return {frame: TrackedObjects(objects[np.array(rows)], ids[rows]) for frame, rows in rows_of_frame.items()}


_NOTHING = TrackedObjects(parse_objects("", source=""), np.zeros(0, dtype=np.int64))


def tracking_root(folder: Path) -> Path | None:
    """The folder itself where it has the layout; None where it has not."""
    return folder if any(_sequence_folders(folder / part) for part in ("training", "testing")) else None


def _sequence_folders(part: Path) -> list[Path]:
    """The folders of sequences that hold frames."""
    velodyne = part / "velodyne"
    if not velodyne.is_dir():
        return []
    folders = [path for path in velodyne.iterdir() if has_suffix(path, ".bin")]
    return sorted(folders, key=lambda path: natural_key(path.name))


def _record(sequence: str, place: int, path: Path) -> FrameRecord:
    index = frame_number(path.stem, place)
    return FrameRecord(f"{sequence}/{path.stem}", sequence, index, index * NANOSECONDS_PER_FRAME, path)
