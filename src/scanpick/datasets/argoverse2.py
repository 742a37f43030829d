"""Argoverse 2: the Sensor and the Lidar data set.

::

    val/<log>/sensors/lidar/315966265259836000.feather      sweeps of two LiDARs, merged by the data set
             /sensors/cameras/ring_front_center/<ns>.jpg
             /annotations.feather                             none in test, and in the Lidar data set
             /city_SE3_egovehicle.feather
             /calibration/egovehicle_SE3_sensor.feather, intrinsics.feather
             /map/log_map_archive_<log>____PIT_city_<n>.json
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpick.arrays import Float64Array, Transform
from scanpick.datasets.boundary import Boundary
from scanpick.datasets.common_classes import ClassNaming, Naming
from scanpick.datasets.intensity import Intensity
from scanpick.datasets.listed import ListedDataset, counted, files_with_suffix, natural_key
from scanpick.datasets.metadata import LOCATION, LOG, SPLIT, motion_columns
from scanpick.datasets.point_files.cloud import cloud_from_table
from scanpick.datasets.point_reading import PointReading
from scanpick.errors import FrameError, ScanpickError
from scanpick.formats.feather import read_feather
from scanpick.geometry.quaternions import rotations_from_quaternions, transforms_from_quaternions, upright_boxes
from scanpick.geometry.transforms import invert
from scanpick.structures import Boxes3D, Camera, Frame, FrameRecord, Labels

SPLITS = ("train", "val", "test")
UP_LIDAR_M = (1.35, 0.0, 1.64)
"""Where the upper LiDAR is taken to be in the vehicle's frame in logs without calibration: where others have it."""
_LIDAR = "sensors/lidar"
_NEAREST_NS = 60_000_000
"""Poses and images are taken at most so far from the time of a sweep."""
Stamp = tuple[int, int]
_POSE = {"qw": "f", "qx": "f", "qy": "f", "qz": "f", "tx_m": "f", "ty_m": "f", "tz_m": "f"}


class Argoverse2(ListedDataset):
    """Argoverse 2 logs. Frame ids are ``<log>/315966265259836000``, the time in nanoseconds.

    Points are the data set's: both LiDARs, moved to the time of the sweep, in the vehicle's axes. The origin is moved
    from the rear axle to the upper LiDAR, and boxes with it. Further columns are the laser's number and the seconds
    since the sweep's time. Coordinates are float16 in the files: 6 cm apart beyond 64 m.

    Args:
        root: The folder of ``train``, ``val`` and ``test``, one of these, or one log.
        classes: "own" class names, or "common" ones.
        follow: Whether links that lead out of the root are followed.

    Raises:
        ScanpickError: No log is found, or its poses are broken.
    """

    licence = "Argoverse 2 is given out under CC BY-NC-SA 4.0: non-commercial use only"

    def __init__(self, root: Path | str, *, classes: Naming = "own", follow: bool = False) -> None:
        self.root = Path(root)
        self._boundary, self._naming = Boundary(self.root, follow), ClassNaming("argoverse2", classes)
        logs = self._boundary.held(log_folders(self.root))
        if not logs:
            raise ScanpickError(
                f"{self.root}: no Argoverse 2 logs found: expected files such as val/LOG/{_LIDAR}/315966265259836000"
                f".feather{self._boundary.told}."
            )
        self._logs = {log.absolute().name: log for log in logs}
        if len(self._logs) < len(logs):
            raise ScanpickError(f"{self.root}: two logs have the same name. Open one split at a time.")
        records = [record for log in logs for record in self._records(log)]
        if not records:
            raise ScanpickError(f"{self.root}: no sweeps named by their time{self._boundary.told}.")
        self.reading = PointReading(None, Intensity(255.0, "as Argoverse 2 has"))
        calibrated = sum(_calibration_path(log).is_file() for log in logs)
        labelled = sum((log / "annotations.feather").is_file() for log in logs)
        description = (
            f"Argoverse 2: {counted(len(records), 'frame')} of {counted(len(logs), 'log')} ({labelled} with labels), "
            f"in the vehicle's axes at the upper LiDAR"
        )
        if calibrated < len(logs):
            place = ", ".join(f"{metres:g}" for metres in UP_LIDAR_M)
            description += (
                f", taken to be at {place} m of the rear axle in {len(logs) - calibrated} without calibration"
            )
        super().__init__("argoverse2", f"{description}{self._boundary.told}; {self.reading.description}", records)

    def read(self, frame_id: str) -> Frame:
        """Points of one frame. See `Dataset.read`."""
        record = self.record(frame_id)
        assert record.path is not None
        kinds = {"x": "f", "y": "f", "z": "f", "intensity": "uif", "laser_number": "ui", "offset_ns": "i"}
        table = read_feather(self._boundary.check(record.path), kinds, error=FrameError)
        table["offset_ns"] = table["offset_ns"] * 1e-9
        raw = cloud_from_table(np.column_stack([table[name].astype(np.float64) for name in kinds]), record.path)
        cloud = self.reading.intensity.applied(raw, record.path)
        points = cloud.points.copy()
        points[:, :3] = points[:, :3].astype(np.float64) - self._frame_in_ego(record.sequence)[:3, 3]
        return Frame(record, points, notes=cloud.notes)

    def has_labels(self, frame_id: str) -> bool:
        """Whether the log has annotations: sweeps have them all along."""
        return (self._logs[self.record(frame_id).sequence] / "annotations.feather").is_file()

    def labels(self, frame_id: str) -> Labels | None:
        """Boxes of one frame. See `Dataset.labels`."""
        record = self.record(frame_id)
        path = self._boundary.check(self._logs[record.sequence] / "annotations.feather")
        if not path.is_file():
            return None
        table = _annotations(path, _stamp(path))
        rows = np.flatnonzero(table["timestamp_ns"] == record.timestamp_ns)
        centres = np.stack([table[name][rows] for name in ("tx_m", "ty_m", "tz_m")], axis=1)
        sizes = np.stack([table[name][rows] for name in ("length_m", "width_m", "height_m")], axis=1)
        try:
            rotations = rotations_from_quaternions(str(path), _quaternions(table)[rows])
            array = upright_boxes(centres - self._frame_in_ego(record.sequence)[:3, 3], sizes, rotations)
            boxes = Boxes3D(array, self._naming.named(table["category"][rows].tolist()))
        except ScanpickError as fault:
            raise FrameError(f"{path}, {frame_id}: {fault}", kind="labels") from fault
        return Labels(boxes, track_ids=table["track"][rows])

    def ego_pose(self, frame_id: str) -> Transform | None:
        """world_SE3_ego of one frame, the world being the city's. See `scanpick.datasets.dataset.ego_pose`."""
        record = self.record(frame_id)
        assert record.timestamp_ns is not None
        city_SE3_ego = _pose_at(self._boundary, self._logs[record.sequence], record.timestamp_ns)
        return None if city_SE3_ego is None else city_SE3_ego @ self._frame_in_ego(record.sequence)

    def cameras(self, frame_id: str) -> list[Camera]:
        """The cameras of one frame; lens distortion is left out. See `scanpick.datasets.dataset.cameras`."""
        record = self.record(frame_id)
        log, time = self._logs[record.sequence], record.timestamp_ns
        path = log / "calibration" / "intrinsics.feather"
        if time is None or not path.is_file() or not _calibration_path(log).is_file():
            return []
        sensors = _sensors(self._boundary.check(_calibration_path(log)), _stamp(_calibration_path(log)))
        names = {"fx_px": "f", "fy_px": "f", "cx_px": "f", "cy_px": "f", "height_px": "ui", "width_px": "ui"}
        table = read_feather(self._boundary.check(path), {"sensor_name": "U", **names}, error=_calibration_error)
        found = []
        for row, name in enumerate(table["sensor_name"].tolist()):
            if name not in sensors:
                continue
            image = self._image(log, name, time)
            now, then = (_pose_at(self._boundary, log, at) for at in (time, time if image is None else int(image.stem)))
            moved = np.eye(4) if now is None or then is None else invert(then) @ now
            fx, fy, cx, cy, height, width = (float(table[column][row]) for column in names)
            try:
                intrinsics = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
                camera_SE3_frame = invert(sensors[name]) @ moved @ self._frame_in_ego(record.sequence)
                found.append(Camera.pinhole(name, image, intrinsics, camera_SE3_frame, (int(width), int(height))))
            except ScanpickError as fault:
                raise _calibration_error(f"{path}: {fault}") from fault
        return found

    def _frame_in_ego(self, log: str) -> Transform:
        """From the frame's origin, the upper LiDAR's, to the vehicle's, the rear axle's; the axes are the same."""
        path = _calibration_path(self._logs[log])
        transform = np.eye(4)
        transform[:3, 3] = UP_LIDAR_M
        if path.is_file():
            sensors = _sensors(self._boundary.check(path), _stamp(path))
            if "up_lidar" not in sensors:
                raise _calibration_error(f"{path}: expected a row of up_lidar, got none.")
            transform[:3, 3] = sensors["up_lidar"][:3, 3]
        return transform

    def _image(self, log: Path, name: str, time: int) -> Path | None:
        if not re.fullmatch(r"[a-z0-9_]+", name):
            raise _calibration_error(f"{log}: expected the name of a camera, got {name!r}.")
        images = [
            path for path in files_with_suffix(log / "sensors" / "cameras" / name, ".jpg") if path.stem.isdecimal()
        ]
        nearest = min(images, key=lambda path: abs(int(path.stem) - time), default=None)
        if nearest is None or abs(int(nearest.stem) - time) > _NEAREST_NS:
            return None
        return self._boundary.check(nearest)

    def _records(self, log: Path) -> list[FrameRecord]:
        self._boundary.check_layout(log / _LIDAR, log / "city_SE3_egovehicle.feather", _calibration_path(log))
        paths = [
            path for path in self._boundary.held(files_with_suffix(log / _LIDAR, ".feather")) if _is_time(path.stem)
        ]
        name = log.absolute().name
        columns = {LOG: name} | _columns_of(log)
        times: NDArray[np.int64] = np.array([int(path.stem) for path in paths], dtype=np.int64)
        poses = [_pose_at(self._boundary, log, int(time)) for time in times]
        known = [at for at, pose in enumerate(poses) if pose is not None]
        places = np.array([pose[:3, 3] for pose in poses if pose is not None]).reshape(-1, 3)
        motion = dict(zip(known, motion_columns(places, times[known]), strict=True))
        return [
            FrameRecord(f"{name}/{path.stem}", name, at, int(path.stem), path, {**columns, **motion.get(at, {})})
            for at, path in enumerate(paths)
        ]


def log_folders(folder: Path) -> list[Path]:
    """The logs in a folder of splits, in one of a split, or that are the folder itself; none where there is none."""
    found = [lidar.parent.parent for above in ("", "*/", "*/*/") for lidar in folder.glob(f"{above}{_LIDAR}")]
    logs = [log for log in found if any(path.suffix == ".feather" for path in (log / _LIDAR).iterdir())]
    return sorted(logs, key=lambda log: natural_key(log.absolute().name))


def _is_time(stem: str) -> bool:
    return stem.isdecimal() and len(stem) <= 18


def _columns_of(log: Path) -> dict[str, str]:
    split = log.absolute().parent.name
    city = next(iter(sorted((log / "map").glob("log_map_archive_*____*_city_*.json"))), None)
    found = {SPLIT: split if split in SPLITS else ""}
    found |= {LOCATION: "" if city is None else city.name.rpartition("____")[2].partition("_")[0]}
    return {name: value for name, value in found.items() if value}


def _calibration_path(log: Path) -> Path:
    return log / "calibration" / "egovehicle_SE3_sensor.feather"


def _calibration_error(message: str) -> FrameError:
    return FrameError(message, kind="calibration")


def _label_error(message: str) -> FrameError:
    return FrameError(message, kind="labels")


def _pose_at(boundary: Boundary, log: Path, time_ns: int) -> Transform | None:
    """city_SE3_ego nearest to a time; None where there is no file of poses or none is near."""
    path = boundary.check(log / "city_SE3_egovehicle.feather")
    if not path.is_file():
        return None
    times, transforms = _poses(path, _stamp(path))
    after = min(int(np.searchsorted(times, time_ns)), len(times) - 1)
    nearest = min((after, max(after - 1, 0)), key=lambda row: abs(int(times[row]) - time_ns), default=0)
    return transforms[nearest] if len(times) and abs(int(times[nearest]) - time_ns) <= _NEAREST_NS else None


def _stamp(path: Path) -> Stamp:
    """What changes with a file, so that what is kept of it is not what it was."""
    status = path.stat()
    return status.st_mtime_ns, status.st_size


# The files of a log are read once for its frames, which are asked for one after the other.
@lru_cache(maxsize=4)
def _poses(path: Path, stamp: Stamp) -> tuple[NDArray[Any], Float64Array]:
    table = read_feather(path, {"timestamp_ns": "i", **_POSE})
    order = np.argsort(table["timestamp_ns"], kind="stable")
    return table["timestamp_ns"][order], _transforms(path, table)[order]


@lru_cache(maxsize=4)
def _sensors(path: Path, stamp: Stamp) -> dict[str, Transform]:
    table = read_feather(path, {"sensor_name": "U", **_POSE}, error=_calibration_error)
    return dict(zip(table["sensor_name"].tolist(), _transforms(path, table), strict=True))


@lru_cache(maxsize=4)
def _annotations(path: Path, stamp: Stamp) -> dict[str, NDArray[Any]]:
    sizes = {"length_m": "f", "width_m": "f", "height_m": "f"}
    texts = {"track_uuid": "U", "category": "U"}
    table = read_feather(path, {"timestamp_ns": "i", **texts, **sizes, **_POSE}, error=_label_error)
    table["track"] = np.unique(table["track_uuid"], return_inverse=True)[1]
    return table


def _quaternions(table: Mapping[str, NDArray[Any]]) -> Float64Array:
    return np.stack([table[name] for name in ("qw", "qx", "qy", "qz")], axis=1)


def _transforms(path: Path, table: Mapping[str, NDArray[Any]]) -> Float64Array:
    places = np.stack([table[name] for name in ("tx_m", "ty_m", "tz_m")], axis=1)
    try:
        return transforms_from_quaternions(str(path), places, _quaternions(table))
    except ScanpickError as fault:
        raise _calibration_error(str(fault)) from fault
