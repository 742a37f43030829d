"""The folders that OpenPCDet and mmdetection3d train on when the data are one's own.

::

    points/000123.npy or .bin    labels/000123.txt    ImageSets/train.txt  ImageSets/val.txt

A label's line is ``x y z length width height yaw class`` in the frame of the points. OpenPCDet, whose points are
``.npy``, means the geometric centre; mmdetection3d, whose points are ``.bin``, the bottom's. Their lists of frames
(``*_infos*.pkl``) are read by the reader `infos`.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Literal

import numpy as np

from scanpick.datasets.boundary import Boundary
from scanpick.datasets.listed import ListedDataset, counted, has_points, point_files
from scanpick.datasets.metadata import SPLIT
from scanpick.datasets.point_reading import AUTO, find_reading
from scanpick.errors import FrameError, ScanpickError
from scanpick.structures import Boxes3D, FrameRecord, Labels
from scanpick.texts import lines_of, read_text

CENTRE, BOTTOM = "centre", "bottom"


class OpenPCDetFolder(ListedDataset):
    """Frames of a folder for training. Frame ids are the names of the files; each frame is a sequence of its own.

    Args:
        root: The folder.
        box_origin: What z of a box is, "centre" or "bottom"; "auto" takes the centre where points are ``.npy``, and
            refuses labels to ``.bin`` files, where both are usual.
        columns: Columns of ``.bin`` files; "auto" infers them.
        intensity: The largest intensity that the sensor gives; "auto" infers it, "none" leaves intensities out.
        follow: Whether links that lead out of the root are followed; otherwise they are passed over.

    Raises:
        ScanpickError: No frame is found, or it is open what z of a box is.
    """

    def __init__(
        self,
        root: Path | str,
        *,
        box_origin: Literal["auto", "centre", "bottom"] = "auto",
        columns: int | str = AUTO,
        intensity: float | str = AUTO,
        follow: bool = False,
    ) -> None:
        self.root = Path(root)
        self._boundary = Boundary(self.root, follow)
        self._boundary.check_layout(self.root / "points", self.root / "labels", self.root / "ImageSets")
        paths = self._boundary.held(point_files(self.root / "points"))
        if not paths:
            raise ScanpickError(
                f"{self.root}: no frames found: expected files such as points/000123.npy{self._boundary.told}."
            )
        if box_origin == AUTO and paths[0].suffix != ".npy" and (self.root / "labels").is_dir():
            raise ScanpickError(
                f"{self.root}: labels of this layout give z of a box's centre (OpenPCDet) or of its bottom "
                f"(mmdetection3d). Say which with the option box_origin=centre or box_origin=bottom."
            )
        self._lift = 0.5 if box_origin == BOTTOM else 0.0
        splits = self._splits()
        records = [
            FrameRecord(path.stem, path.stem, 0, None, path, {SPLIT: splits[path.stem]} if path.stem in splits else {})
            for path in paths
        ]
        labelled = sum(self._label_path(path.stem).is_file() for path in paths)
        description = (
            f"OpenPCDet or mmdetection3d layout: {counted(len(records), 'frame')}, {labelled} with labels"
            f"{self._boundary.told}; z of boxes is the {BOTTOM if self._lift else CENTRE}'s"
        )
        super().__init__("openpcdet", description, records, find_reading(records, columns=columns, intensity=intensity))

    def has_labels(self, frame_id: str) -> bool:
        """Whether the frame has a file of labels. See `dataset.has_labels`."""
        return self._label_path(self.record(frame_id).frame_id).is_file()

    def labels(self, frame_id: str) -> Labels | None:
        """The boxes of one frame. See `Dataset.labels`."""
        if not self.has_labels(frame_id):
            return None
        path = self._boundary.check(self._label_path(frame_id))
        try:
            rows = [
                _box(line, f"{path}, line {n}") for n, line in enumerate(lines_of(read_text(path)), 1) if line.strip()
            ]
            array = np.array([numbers for numbers, _ in rows], dtype=np.float64).reshape(-1, 7)
            array[:, 2] += self._lift * array[:, 5]
            return Labels(Boxes3D(array, np.array([name for _, name in rows], dtype=np.str_)))
        except ScanpickError as fault:
            raise FrameError(str(fault), kind="labels") from fault

    def _label_path(self, frame_id: str) -> Path:
        return self.root / "labels" / f"{frame_id}.txt"

    def _splits(self) -> dict[str, str]:
        """Frame id -> the list that names it; of several, the one that comes first by name."""
        splits: dict[str, str] = {}
        for path in sorted((self.root / "ImageSets").glob("*.txt")):
            for line in lines_of(read_text(self._boundary.check(path))):
                splits.setdefault(line.strip(), path.stem)
        return splits


def training_folder(root: Path) -> bool:
    """Whether a folder has points with labels or lists beside them."""
    return has_points(root / "points") and any(
        next((root / name).glob("*.txt"), None) for name in ("labels", "ImageSets")
    )


def _box(line: str, source: str) -> tuple[list[float], str]:
    words = line.split()
    try:
        numbers = [float(word) for word in words[:7]]
    except ValueError:
        numbers = []
    if len(words) < 8 or len(numbers) < 7 or not all(map(math.isfinite, numbers)) or min(numbers[3:6]) < 0:
        raise ScanpickError(f"{source}: expected x y z length width height yaw class, got {line[:80]!r}.")
    return numbers, " ".join(words[7:])
