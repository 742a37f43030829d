"""KITTI's odometry layout, which SemanticKITTI and many data sets of point labels share.

::

    sequences/00/velodyne/000000.bin
                /labels/000000.label      SemanticKITTI: a class and an instance for each point
                /calib.txt  /times.txt  /poses.txt
                /image_2/000000.png
    poses/00.txt                          KITTI's own place for poses

Calibrations, times, poses and images are used where they are there. Labels of points are told and not read: frames have
boxes as labels here, and boxes drawn around labelled points are none that annotators drew.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from scanpick.arrays import Float64Array, Transform
from scanpick.datasets.boundary import Boundary
from scanpick.datasets.kitti_layout import NANOSECONDS_PER_FRAME, KittiLayout, frame_number
from scanpick.datasets.listed import counted, has_points, natural_key, point_files
from scanpick.datasets.metadata import SPLIT, motion_columns
from scanpick.datasets.point_reading import AUTO
from scanpick.errors import ScanpickError
from scanpick.formats.kitti_text import read_calibration
from scanpick.geometry.transforms import invert
from scanpick.structures import FrameRecord
from scanpick.texts import lines_of, parsing, read_text

VALIDATION, LAST_TRAINING, LAST = 8, 10, 21
"""SemanticKITTI's split: sequence 08 validates, 00 to 10 train, those up to 21 test."""


class KittiOdometry(KittiLayout):
    """KITTI odometry or SemanticKITTI sequences. Frame ids are ``00/000012``.

    Times are those of ``times.txt``, from the sequence's start; without that file they are counted at 10 Hz. Poses are
    taken from the camera's coordinates to the LiDAR's of the first frame, which needs ``Tr`` of ``calib.txt``.

    Args:
        root: The folder of ``sequences``, one above, or one sequence.
        columns: See `KittiLayout`.
        intensity: See `KittiLayout`.
        follow: Whether links that lead out of the root are followed. Otherwise linked frames and sequences are passed
            over.

    Raises:
        ScanpickError: No frame is found, or times or poses are broken.
    """

    expects_calibration = False
    licence = (
        "KITTI is given out under CC BY-NC-SA 3.0, SemanticKITTI's labels under 4.0: non-commercial use only. Others' "
        "data in this layout have terms of their own"
    )

    def __init__(
        self,
        root: Path | str,
        *,
        columns: int | str = AUTO,
        intensity: float | str = AUTO,
        follow: bool = False,
    ) -> None:
        self.root = Path(root)
        self._boundary = Boundary(self.root, follow)
        found = odometry_sequences(self.root)
        folders = self._boundary.held(found)
        self._folders = {folder.absolute().name: folder for folder in folders}
        records = [record for folder in folders for record in self._records(folder)]
        if not records:
            raise ScanpickError(
                f"{self.root}: no frames found: expected files such as sequences/00/velodyne/000000.bin"
                f"{self._boundary.told}."
            )
        posed = sum(self._poses(folder) is not None for folder in folders)
        labelled = sum((folder / "labels").is_dir() for folder in folders)
        description = (
            f"KITTI odometry layout: {counted(len(records), 'frame')} of {counted(len(folders), 'sequence')} ({posed} "
            f"with poses, {labelled} with labels of points, which are not read)"
        )
        super().__init__("kitti-odometry", description, records, self._boundary, columns=columns, intensity=intensity)

    def _place(self, kind: str, record: FrameRecord) -> Path | None:
        assert record.path is not None
        folder = self._folders[record.sequence]
        return {"calib": folder / "calib", "image": folder / "image_2" / record.path.stem}.get(kind)

    def ego_pose(self, frame_id: str) -> Transform | None:
        """world_SE3_ego, the world being the first frame. See `scanpick.datasets.dataset.ego_pose`."""
        record = self.record(frame_id)
        poses = self._poses(self._folders[record.sequence])
        return None if poses is None or record.index_in_sequence >= len(poses) else poses[record.index_in_sequence]

    def _poses(self, folder: Path) -> Float64Array | None:
        """(N, 4, 4) of a sequence by number of frame; None where poses or calibration are missing."""
        beside = folder.absolute().parent.parent / "poses" / f"{folder.absolute().name}.txt"
        path = next((path for path in (folder / "poses.txt", beside) if path.is_file()), None)
        calibration = self._boundary.check(folder / "calib.txt")
        if path is None or not calibration.is_file():
            return None
        if path != beside or self.root.absolute() in beside.parents:  # those of a sequence alone lie beside it
            self._boundary.check(path)
        camera_SE3_lidar = read_calibration(calibration).camera_SE3_lidar
        return invert(camera_SE3_lidar) @ _camera_poses(path, path.stat().st_mtime_ns) @ camera_SE3_lidar

    def _records(self, folder: Path) -> list[FrameRecord]:
        self._boundary.check_layout(folder / "velodyne", folder / "times.txt")
        name = folder.absolute().name
        paths = self._boundary.held(point_files(folder / "velodyne"))
        numbers = [frame_number(path.stem, place) for place, path in enumerate(paths)]
        times, poses = _times(folder / "times.txt"), self._poses(folder)
        if times is not None and numbers and max(numbers) < len(times):
            times_ns = [times[number] for number in numbers]
        else:
            times_ns = [number * NANOSECONDS_PER_FRAME for number in numbers]
        motion: list[dict[str, float]] = [{} for _ in paths]
        if poses is not None and numbers and max(numbers) < len(poses):
            motion = motion_columns(poses[numbers, :3, 3], np.array(times_ns, dtype=np.int64))
        split = _split(name)
        return [
            FrameRecord(f"{name}/{path.stem}", name, number, time, path, {**split, **columns})
            for path, number, time, columns in zip(paths, numbers, times_ns, motion, strict=True)
        ]


def odometry_sequences(folder: Path) -> list[Path]:
    """The sequences in a folder, in its ``sequences``, or that are the folder itself; none where there is none."""
    found = [path for above in ("", "dataset/") for path in folder.glob(f"{above}sequences/*") if _is_sequence(path)]
    if not found and folder.absolute().name == "sequences":
        found = [path for path in folder.iterdir() if _is_sequence(path)]
    if not found and folder.absolute().parent.name == "sequences" and _is_sequence(folder):
        found = [folder]
    return sorted(found, key=lambda path: natural_key(path.absolute().name))


def _is_sequence(folder: Path) -> bool:
    return not folder.name.startswith(".") and has_points(folder / "velodyne")


def _split(name: str) -> dict[str, str]:
    number = int(name) if name.isdecimal() and len(name) == 2 else LAST + 1
    if number > LAST:
        return {}
    return {SPLIT: "val" if number == VALIDATION else "train" if number <= LAST_TRAINING else "test"}


def _times(path: Path) -> list[int] | None:
    """Nanoseconds from the sequence's start, rising; None without a file."""
    if not path.is_file():
        return None
    with parsing(str(path), "a time in seconds in each line, rising"):
        seconds = np.array([float(line) for line in lines_of(read_text(path)) if line.strip()])
        if not (np.isfinite(seconds) & (np.abs(seconds) < 9e9)).all() or (np.diff(seconds) <= 0).any():
            raise ValueError("one is not")
        return [int(time) for time in np.rint(seconds * 1e9)]


@lru_cache(maxsize=4)
def _camera_poses(path: Path, modified_ns: int) -> Float64Array:
    """(N, 4, 4) where the left camera was, from lines of 12 numbers."""
    with parsing(str(path), "12 numbers in each line, the upper rows of a (4, 4) transform"):
        rows = [[float(word) for word in line.split()] for line in lines_of(read_text(path)) if line.strip()]
        poses = np.tile(np.eye(4), (len(rows), 1, 1))
        poses[:, :3] = np.array(rows, dtype=np.float64).reshape(-1, 3, 4)
        if len(poses) and not np.isfinite(poses).all():
            raise ValueError("one is not finite")
        return poses
