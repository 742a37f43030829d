"""KITTI's 3D object layout, and folders made like it (View-of-Delft's LiDAR, simulated drives).

::

training/velodyne/000123.bin           all around, or
training/velodyne_reduced/000123.bin   cut to the camera's field of view
training/label_2/000123.txt  training/calib/000123.txt  training/image_2/000123.png
testing/...                            the same without labels
ImageSets/train.txt                    lists of ids
mapping/train_rand.txt, train_mapping.txt   which raw drive and frame each training id is

Labels, calibrations, images, lists and mapping are used where they are there. Points may be of any format
(``000123.pcd``), and ``training`` may be left out: ``velodyne``, with ``label_2`` or ``calib`` beside it.
"""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from scanpick.datasets.boundary import Boundary
from scanpick.datasets.kitti_labels import LabelLines, read_labels
from scanpick.datasets.kitti_mapping import MAPPING_FILES, NANOSECONDS_PER_FRAME, RawFrame, read_mapping
from scanpick.datasets.listed import (
    ListedDataset,
    counted,
    files_with_suffix,
    has_points,
    natural_key,
    parts_of,
    point_files,
)
from scanpick.datasets.options import one_of
from scanpick.datasets.point_reading import AUTO, find_kitti_reading
from scanpick.errors import FrameError, ScanpickError
from scanpick.formats.frame_ids import parse_frame_ids
from scanpick.formats.kitti_text import object_lines, read_calibration
from scanpick.structures import Calibration, Frame, FrameRecord, Labels
from scanpick.structures.checks import name_some
from scanpick.texts import read_text

POINT_FOLDERS = ("velodyne", "velodyne_reduced")
_IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")


class KittiObject(ListedDataset):
    """KITTI object frames.

    With ``mapping/``, a training frame's sequence is its raw drive, its index the frame number in the drive, and its
    time is counted at 10 Hz from the start of the drive. Without, a frame is a sequence of its own.

    View-of-Delft's labels follow the same convention: its rotation is told as one about the LiDAR's -z axis, and
    -(rotation + 90 degrees) is the yaw that KITTI's camera convention gives, to within 0.7 degrees, the camera's tilt.

    Args:
        root: The folder that holds ``training`` or the frames themselves, or whose sub-folder ``lidar`` does
            (View-of-Delft).
        split: "training" or "testing" for all frames of that folder, or the name of a list in ``ImageSets``. By
            default all of ``training``, or of ``testing`` where ``training`` has no points.
        points: "velodyne", "velodyne_reduced", or "auto" for the one with more frames ("velodyne" if equal).
        columns: float32 columns of the ``.bin`` files: 4 by default, and refused where the values show others.
        intensity: The largest intensity that the sensor gives; "auto" infers it, "none" leaves intensities out.
        follow: Whether links that lead out of the root are followed. Otherwise linked frames are passed over, and a
            folder of the layout that is such a link is an error.

    Raises:
        ScanpickError: The folder or the split is missing, or no frame is found.
    """

    expects_calibration = True

    def __init__(
        self,
        root: Path | str,
        *,
        split: str | None = None,
        points: str = "auto",
        columns: int | str = AUTO,
        intensity: float | str = AUTO,
        follow: bool | str = False,
    ) -> None:
        self.root = object_root(Path(root)) or Path(root)
        self._part = _part_folder(self.root, split)
        points_folder, told = _choose_points(self._part, one_of("points", points, ("auto", *POINT_FOLDERS)))
        self._boundary = Boundary(Path(root), follow)
        self._boundary.check_layout(points_folder, *(self._part / name for name in ("label_2", "calib", "image_2")))
        lists = self.root / "ImageSets" / f"{split}.txt", *(self.root / "mapping" / name for name in MAPPING_FILES)
        self._boundary.check_layout(*lists)
        paths = {path.stem: path for path in self._boundary.held(point_files(points_folder))}
        told = told if self._part == self.root else f"{self._part.name}/{told}"
        if split not in (None, "training", "testing"):
            paths, missing = _choose_listed(paths, self.root / "ImageSets" / f"{split}.txt", points_folder)
            told += f", split {split}" + (f" ({counted(missing, 'listed frame')} not on disk)" if missing else "")
        if not paths:
            raise ScanpickError(
                f"{points_folder}: no frames found: expected files such as 000000.bin{self._boundary.told}."
            )
        mapping = read_mapping(self.root / "mapping") if self._part.name != "testing" else {}
        records = sorted(
            (_record(frame_id, path, mapping) for frame_id, path in paths.items()),
            key=lambda record: (natural_key(record.sequence), record.index_in_sequence, record.frame_id),
        )
        self.reading = find_kitti_reading(records, columns=columns, intensity=intensity)
        told += f", {_tell_drives(records, mapping)}{self._boundary.told}; {self.reading.description}"
        super().__init__("kitti-object", f"KITTI object layout: {counted(len(records), 'frame')} of {told}", records)

    def read(self, frame_id: str) -> Frame:
        """Points, calibration and image of one frame. See `Dataset.read`."""
        record = self.record(frame_id)
        assert record.path is not None
        cloud = self.reading.read(record.path)
        return Frame(record, cloud.points, self.camera_of_points(frame_id), self.image_path(frame_id), cloud.notes)

    def labels(self, frame_id: str) -> Labels | None:
        """Labels of one frame. See `Dataset.labels`."""
        path = self._boundary.check(self._part / "label_2" / f"{self.record(frame_id).frame_id}.txt")
        if not path.is_file():
            return None
        return read_labels(path, lambda: LabelLines(object_lines(read_text(path))), self.calibration(frame_id))

    def has_labels(self, frame_id: str) -> bool:
        """Whether there is a file of labels. See `scanpick.datasets.dataset.has_labels`."""
        return (self._part / "label_2" / f"{self.record(frame_id).frame_id}.txt").is_file()

    def calibration(self, frame_id: str) -> Calibration | None:
        """Calibration of one frame, with the image's size where the image is there. See `Dataset.calibration`."""
        path = self._boundary.check(self._part / "calib" / f"{self.record(frame_id).frame_id}.txt")
        return read_frame_calibration(path, self.image_path(frame_id))

    def image_path(self, frame_id: str) -> Path | None:
        """The left colour image of one frame, where it is there."""
        path = find_image(self._part / "image_2", frame_id)
        return None if path is None else self._boundary.check(path)


def object_root(folder: Path) -> Path | None:
    """The folder, or its sub-folder ``lidar``, where it has the layout with frames in it; None where it has not."""
    return next((root for root in (folder, folder / "lidar") if _parts(root)), None)


def _parts(root: Path) -> list[Path]:
    parts = parts_of(root, "label_2")
    return [part for part in parts if any(has_points(part / name) for name in POINT_FOLDERS)]


def read_frame_calibration(path: Path, image_path: Path | None) -> Calibration | None:
    """A KITTI calibration with the size of the image; None where there is no such file.

    Raises:
        FrameError: The file is malformed.
    """
    if not path.is_file():
        return None
    try:
        calibration = read_calibration(path)
    except ScanpickError as error:
        raise FrameError(str(error), kind="calibration") from error
    return replace(calibration, image_size=None if image_path is None else image_size(image_path))


def find_image(folder: Path, stem: str) -> Path | None:
    """The image of this name, whatever its format; None where there is none."""
    candidates = (folder / f"{stem}{suffix}" for suffix in _IMAGE_SUFFIXES)
    # Path.is_file raises an error where a suffix makes a name too long for the file system.
    return next((path for path in candidates if os.path.isfile(path)), None)


def image_size(path: Path) -> tuple[int, int] | None:
    """Width and height from the image's header; a broken image has no size, and spoils nothing else."""
    try:
        with Image.open(path) as image:
            return image.size
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def _part_folder(root: Path, split: str | None) -> Path:
    if not root.is_dir():
        raise ScanpickError(f"{root}: no such folder.")
    if split in ("training", "testing"):
        return root / split
    parts = _parts(root) or [root / "training"]
    if split is not None:
        lists = sorted(path.stem for path in files_with_suffix(root / "ImageSets", ".txt"))
        one_of("split", split, ("training", "testing", *lists))
        named = root / ("testing" if split == "test" else "training")
        return named if named in parts else parts[0]
    return parts[0]


def _choose_points(part: Path, wanted: str) -> tuple[Path, str]:
    """The folder of points, and how it was chosen."""
    counts = {name: len(point_files(part / name)) for name in POINT_FOLDERS}
    if wanted != "auto":
        return part / wanted, wanted
    best = max(POINT_FOLDERS, key=lambda name: counts[name])  # the first where they are equal
    (other,) = set(POINT_FOLDERS) - {best}
    return part / best, best + (f" ({other} has {counts[other]})" if counts[other] else "")


def _choose_listed(paths: dict[str, Path], list_path: Path, folder: Path) -> tuple[dict[str, Path], int]:
    """The listed frames that are on disk, and the number of those that are not.

    Raises:
        ScanpickError: The list cannot be read, or has no frame that is on disk.
    """
    lines = parse_frame_ids(read_text(list_path))
    # Ids may hold blanks; a line that is none may be several.
    listed = dict.fromkeys(name for line in lines for name in ([line] if line in paths else line.split()))
    chosen = {frame_id: paths[frame_id] for frame_id in listed if frame_id in paths}
    if not chosen:
        raise ScanpickError(
            f"Split {list_path.stem}: none of its {counted(len(listed), 'frame')} is in {folder}. {list_path} lists "
            f"{name_some(list(listed), 3) or 'nothing'}; there are {name_some(list(paths), 3) or 'no frames'}."
        )
    return chosen, len(listed) - len(chosen)


def _record(frame_id: str, path: Path, mapping: dict[int, RawFrame]) -> FrameRecord:
    raw = mapping.get(int(frame_id)) if frame_id.isdecimal() else None
    if raw is None:
        return FrameRecord(frame_id, sequence=frame_id, index_in_sequence=0, path=path)
    return FrameRecord(frame_id, raw.drive, raw.index, raw.index * NANOSECONDS_PER_FRAME, path)


def _tell_drives(records: Sequence[FrameRecord], mapping: dict[int, RawFrame]) -> str:
    if not mapping:
        return "drives unknown (no mapping folder)"
    return f"from {counted(len({record.sequence for record in records}), 'drive')}"
