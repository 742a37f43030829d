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

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from scanpick.datasets.boundary import Boundary
from scanpick.datasets.kitti_layout import NANOSECONDS_PER_FRAME, KittiLayout, parts_of
from scanpick.datasets.kitti_mapping import MAPPING_FILES, RawFrame, read_mapping
from scanpick.datasets.listed import counted, files_with_suffix, has_points, natural_key, point_files
from scanpick.datasets.point_reading import AUTO
from scanpick.errors import ScanpickError, unknown_name
from scanpick.formats.frame_ids import parse_frame_ids
from scanpick.structures import FrameRecord
from scanpick.structures.checks import name_some
from scanpick.texts import read_text

POINT_FOLDERS = ("velodyne", "velodyne_reduced")
_FOLDERS = {"label": "label_2", "calib": "calib", "image": "image_2"}


class KittiObject(KittiLayout):
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
        columns: See `KittiLayout`.
        intensity: See `KittiLayout`.
        follow: Whether links that lead out of the root are followed. Otherwise linked frames are passed over, and a
            folder of the layout that is such a link is an error.

    Raises:
        ScanpickError: The folder or the split is missing, or no frame is found.
    """

    def __init__(
        self,
        root: Path | str,
        *,
        split: str | None = None,
        points: Literal["auto", "velodyne", "velodyne_reduced"] = "auto",
        columns: int | str = AUTO,
        intensity: float | str = AUTO,
        follow: bool = False,
    ) -> None:
        self.root = object_root(Path(root)) or Path(root)
        self._part = _part_folder(self.root, split)
        points_folder, told = _choose_points(self._part, points)
        boundary = Boundary(Path(root), follow)
        boundary.check_layout(points_folder, *(self._part / name for name in _FOLDERS.values()))
        lists = self.root / "ImageSets" / f"{split}.txt", *(self.root / "mapping" / name for name in MAPPING_FILES)
        boundary.check_layout(*lists)
        paths = {path.stem: path for path in boundary.held(point_files(points_folder))}
        told = told if self._part == self.root else f"{self._part.name}/{told}"
        if split not in (None, "training", "testing"):
            paths, missing = _choose_listed(paths, self.root / "ImageSets" / f"{split}.txt", points_folder)
            told += f", split {split}" + (f" ({counted(missing, 'listed frame')} not on disk)" if missing else "")
        if not paths:
            raise ScanpickError(f"{points_folder}: no frames found: expected files such as 000000.bin{boundary.told}.")
        mapping = read_mapping(self.root / "mapping") if self._part.name != "testing" else {}
        records = sorted(
            (_record(frame_id, path, mapping) for frame_id, path in paths.items()),
            key=lambda record: (natural_key(record.sequence), record.index_in_sequence, record.frame_id),
        )
        described = f"KITTI object layout: {counted(len(records), 'frame')} of {told}, {_tell_drives(records, mapping)}"
        super().__init__("kitti-object", described, records, boundary, columns=columns, intensity=intensity)

    def _place(self, kind: str, record: FrameRecord) -> Path:
        return self._part / _FOLDERS[kind] / record.frame_id


def object_root(folder: Path) -> Path | None:
    """The folder, or its sub-folder ``lidar``, where it has the layout with frames in it; None where it has not."""
    return next((root for root in (folder, folder / "lidar") if _parts(root)), None)


def _parts(root: Path) -> list[Path]:
    parts = parts_of(root, "label_2")
    return [part for part in parts if any(has_points(part / name) for name in POINT_FOLDERS)]


def _part_folder(root: Path, split: str | None) -> Path:
    if not root.is_dir():
        raise ScanpickError(f"{root}: no such folder.")
    if split in ("training", "testing"):
        return root / split
    parts = _parts(root) or [root / "training"]
    if split is not None:
        lists = sorted(path.stem for path in files_with_suffix(root / "ImageSets", ".txt"))
        if split not in lists:
            raise unknown_name("split", split, ("training", "testing", *lists))
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
    """The listed frames that are on disk (one at least), and the number of those that are not."""
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
