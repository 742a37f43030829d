"""KITTI's 3D object layout, and folders made like it (View-of-Delft's LiDAR, simulated drives).

::

training/velodyne/000123.bin           all around, or
training/velodyne_reduced/000123.bin   cut to the camera's field of view
training/label_2/000123.txt  training/calib/000123.txt  training/image_2/000123.png
testing/...                            the same without labels
ImageSets/train.txt                    lists of ids
mapping/train_rand.txt, train_mapping.txt   which raw drive and frame each training id is

Labels, calibrations, images, lists and mapping are used where they are there.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from PIL import Image

from scanpick.datasets.kitti_labels import labels_from_camera_objects
from scanpick.datasets.kitti_mapping import NANOSECONDS_PER_FRAME, RawFrame, read_mapping
from scanpick.datasets.listed import ListedDataset, counted, files_with_suffix, has_suffix, natural_key
from scanpick.datasets.options import one_of
from scanpick.datasets.point_reading import AUTO, find_kitti_reading
from scanpick.errors import FrameError, ScanpickError
from scanpick.formats.kitti_text import read_calibration, read_objects
from scanpick.structures import Calibration, Frame, FrameRecord, Labels

POINT_FOLDERS = ("velodyne", "velodyne_reduced")
_IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg")


class KittiObject(ListedDataset):
    """KITTI object frames.

    With ``mapping/``, a training frame's sequence is its raw drive, its index the frame number in the drive, and its
    time is counted at 10 Hz from the start of the drive. Without, a frame is a sequence of its own.

    View-of-Delft's labels follow the same convention: its rotation is told as one about the LiDAR's -z axis, and
    -(rotation + 90 degrees) is the yaw that KITTI's camera convention gives, to within 0.7 degrees, the camera's tilt.

    Args:
        root: The folder that holds ``training``, or one whose sub-folder ``lidar`` does (View-of-Delft).
        split: "training" or "testing" for all frames of that folder, or the name of a list in ``ImageSets``. By
            default all of ``training``, or of ``testing`` where ``training`` has no points.
        points: "velodyne", "velodyne_reduced", or "auto" for the one with more frames ("velodyne" if equal).
        columns: float32 columns of the ``.bin`` files: 4 by default, and refused where the values show others.
        intensity: The largest intensity that the sensor gives; "auto" infers it, "none" leaves intensities out.

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
    ) -> None:
        self.root = object_root(Path(root)) or Path(root)
        self._part = _part_folder(self.root, split)
        points_folder, told = _choose_points(self._part, one_of("points", points, ("auto", *POINT_FOLDERS)))
        paths = {path.stem: path for path in files_with_suffix(points_folder, ".bin")}
        told = f"{self._part.name}/{told}"
        if split not in (None, "training", "testing"):
            paths, missing = _choose_listed(paths, self.root / "ImageSets" / f"{split}.txt")
            if not paths:
                raise ScanpickError(f"Split {split}: none of its {missing} frames is in {points_folder}.")
            told += f", split {split}" + (f" ({counted(missing, 'listed frame')} not on disk)" if missing else "")
        if not paths:
            raise ScanpickError(f"{points_folder}: no frames found: expected files such as 000000.bin.")
        mapping = read_mapping(self.root / "mapping") if self._part.name == "training" else {}
        records = sorted(
            (_record(frame_id, path, mapping) for frame_id, path in paths.items()),
            key=lambda record: (natural_key(record.sequence), record.index_in_sequence, record.frame_id),
        )
        self.reading = find_kitti_reading(records, columns=columns, intensity=intensity)
        told += f", {_tell_drives(records, mapping)}; {self.reading.description}"
        super().__init__("kitti-object", f"KITTI object layout: {counted(len(records), 'frame')} of {told}", records)

    def read(self, frame_id: str) -> Frame:
        """Points, calibration and image of one frame. See `Dataset.read`."""
        record = self.record(frame_id)
        assert record.path is not None
        cloud = self.reading.read(record.path)
        return Frame(record, cloud.points, self.calibration(frame_id), self.image_path(frame_id), cloud.notes)

    def labels(self, frame_id: str) -> Labels | None:
        """Labels of one frame. See `Dataset.labels`."""
        path = self._part / "label_2" / f"{self.record(frame_id).frame_id}.txt"
        if not path.is_file():
            return None
        calibration = self.calibration(frame_id)
        if calibration is None:
            raise FrameError(f"{path}: the labels cannot be placed, since the calibration is missing.", kind="labels")
        try:
            return labels_from_camera_objects(read_objects(path), calibration)
        except ScanpickError as error:
            message = str(error) if str(path) in str(error) else f"{path}: {error}"
            raise FrameError(message, kind="labels") from error

    def calibration(self, frame_id: str) -> Calibration | None:
        """Calibration of one frame, with the image's size where the image is there. See `Dataset.calibration`."""
        path = self._part / "calib" / f"{self.record(frame_id).frame_id}.txt"
        return read_frame_calibration(path, self.image_path(frame_id))

    def image_path(self, frame_id: str) -> Path | None:
        """The left colour image of one frame, where it is there."""
        return find_image(self._part / "image_2", frame_id)


def object_root(folder: Path) -> Path | None:
    """The folder that holds ``training/velodyne`` or the like with frames directly in it; None where it is not."""
    for root in (folder, folder / "lidar"):
        for part in ("training", "testing"):
            if any(has_suffix(root / part / name, ".bin") for name in POINT_FOLDERS):
                return root
    return None


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
    return next((path for path in candidates if path.is_file()), None)


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
    if split is not None:
        lists = sorted(path.stem for path in files_with_suffix(root / "ImageSets", ".txt"))
        one_of("split", split, ("training", "testing", *lists))
        return root / ("testing" if split == "test" else "training")
    has_training = any(has_suffix(root / "training" / name, ".bin") for name in POINT_FOLDERS)
    return root / ("training" if has_training else "testing")


def _choose_points(part: Path, wanted: str) -> tuple[Path, str]:
    """The folder of points, and how it was chosen."""
    counts = {name: len(files_with_suffix(part / name, ".bin")) for name in POINT_FOLDERS}
    if wanted != "auto":
        return part / wanted, wanted
    best = max(POINT_FOLDERS, key=lambda name: counts[name])  # the first where they are equal
    (other,) = set(POINT_FOLDERS) - {best}
    return part / best, best + (f" ({other} has {counts[other]})" if counts[other] else "")


def _choose_listed(paths: dict[str, Path], list_path: Path) -> tuple[dict[str, Path], int]:
    """The listed frames that are on disk, and the number of those that are not."""
    try:
        listed = dict.fromkeys(list_path.read_text(encoding="utf-8").split())
    except (OSError, UnicodeDecodeError) as error:
        raise ScanpickError(f"{list_path}: cannot read the list of frames: {error}.") from error
    chosen = {frame_id: paths[frame_id] for frame_id in listed if frame_id in paths}
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
