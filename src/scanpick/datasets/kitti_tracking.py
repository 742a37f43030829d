"""KITTI's tracking layout.

::

training/velodyne/0000/000012.bin   sequence and frame
training/label_02/0000.txt          the labels of a whole sequence: frame, track id, then KITTI's object columns
training/calib/0000.txt             training/image_02/0000/000012.png   (each where present)
testing/...                         the same without labels

Points may be of any format, and ``training`` may be left out where labels or calibrations lie beside ``velodyne``.
"""

from collections import defaultdict
from functools import lru_cache
from pathlib import Path
from typing import Literal

import numpy as np

from scanpick.datasets.boundary import Boundary
from scanpick.datasets.kitti_labels import LabelLines
from scanpick.datasets.kitti_layout import NANOSECONDS_PER_FRAME, KittiLayout, frame_number, parts_of
from scanpick.datasets.listed import counted, has_points, natural_key, point_files
from scanpick.datasets.point_reading import AUTO
from scanpick.errors import ScanpickError
from scanpick.formats.kitti_text import NumberedLine, object_lines
from scanpick.structures import FrameRecord
from scanpick.texts import parsing, read_text


class KittiTracking(KittiLayout):
    """KITTI tracking sequences. Frame ids are ``0000/000012``; time is counted at 10 Hz from the sequence's start.

    Args:
        root: The folder that holds ``training`` or ``testing``, or the frames themselves.
        split: Which of the two; by default ``training`` where it has points.
        columns: See `KittiLayout`.
        intensity: See `KittiLayout`.
        follow: Whether links that lead out of the root are followed. Otherwise linked frames and sequences are passed
            over, and a folder of the layout that is such a link is an error.

    Raises:
        ScanpickError: The folder is missing, or no frame is found.
    """

    def __init__(
        self,
        root: Path | str,
        *,
        split: Literal["training", "testing"] | None = None,
        columns: int | str = AUTO,
        intensity: float | str = AUTO,
        follow: bool = False,
    ) -> None:
        self.root = Path(root)
        parts = _parts(self.root) or [self.root / "training"]
        self._part = parts[0] if split is None else self.root / split
        boundary = Boundary(self.root, follow)
        boundary.check_layout(*(self._part / name for name in ("velodyne", "label_02", "calib", "image_02")))
        folders = boundary.held(_sequence_folders(self._part))
        records = [
            _record(folder.name, place, path)
            for folder in folders
            for place, path in enumerate(boundary.held(point_files(folder)))
        ]
        velodyne = self._part / "velodyne"
        if not records:
            raise ScanpickError(f"{velodyne}: no frames found: expected files such as 0000/000000.bin{boundary.told}.")
        frames, sequences = counted(len(records), "frame"), counted(len(folders), "sequence")
        described = f"KITTI tracking layout: {frames} of {sequences} in {velodyne.relative_to(self.root)}"
        super().__init__("kitti-tracking", described, records, boundary, columns=columns, intensity=intensity)

    def _label_lines(self, path: Path, record: FrameRecord) -> LabelLines:
        of_frame = read_tracked_lines(path, path.stat().st_mtime_ns)
        return of_frame.get(record.index_in_sequence, LabelLines((), np.zeros(0, dtype=np.int64)))

    def _place(self, kind: str, record: FrameRecord) -> Path:
        assert record.path is not None
        if kind == "image":
            return self._part / "image_02" / record.sequence / record.path.stem
        return self._part / {"label": "label_02", "calib": "calib"}[kind] / record.sequence


@lru_cache(maxsize=32)
def read_tracked_lines(path: Path, modified_ns: int) -> dict[int, LabelLines]:
    """Frame number -> the lines of its objects, from the label file of a sequence.

    Args:
        path: The file.
        modified_ns: When it was last changed, so that a changed file is read again.

    Raises:
        ScanpickError: The file cannot be read, or a line has no frame number and track id: file and line are named.
    """
    lines_of_frame: defaultdict[int, list[NumberedLine]] = defaultdict(list)
    tracks_of_frame: defaultdict[int, list[int]] = defaultdict(list)
    for number, line in object_lines(read_text(path)):
        words = line.split(maxsplit=2)
        with parsing(f"{path}, line {number}", f"a frame number and a track id first, got {line[:80]!r}"):
            frame, track = int(words[0]), int(np.int64(int(words[1])))
        lines_of_frame[frame].append((number, "".join(words[2:])))
        tracks_of_frame[frame].append(track)
    return {
        frame: LabelLines(lines, np.array(tracks_of_frame[frame], dtype=np.int64), columns_before=2)
        for frame, lines in lines_of_frame.items()
    }


def tracking_root(folder: Path) -> Path | None:
    """The folder itself where it has the layout; None where it has not."""
    return folder if _parts(folder) else None


def _parts(root: Path) -> list[Path]:
    return [part for part in parts_of(root, "label_02") if _sequence_folders(part)]


def _sequence_folders(part: Path) -> list[Path]:
    """The folders of sequences that hold frames."""
    velodyne = part / "velodyne"
    if not velodyne.is_dir():
        return []
    folders = [path for path in velodyne.iterdir() if not path.name.startswith(".") and has_points(path)]
    return sorted(folders, key=lambda path: natural_key(path.name))


def _record(sequence: str, place: int, path: Path) -> FrameRecord:
    index = frame_number(path.stem, place)
    return FrameRecord(f"{sequence}/{path.stem}", sequence, index, index * NANOSECONDS_PER_FRAME, path)
