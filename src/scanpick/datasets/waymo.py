"""Waymo Open Dataset, version 2 (Parquet).

::

    training/lidar/1071392229495085036_1844_790_1864_790.parquet      range images, a row for each frame and LiDAR
            /lidar_calibration/...  /lidar_pose/...                   needed, and of the top LiDAR's pixels
            /vehicle_pose/...  /lidar_box/...  /stats/...             poses; boxes; place, time of day and weather
    validation/...  testing/...

Version 1 (``.tfrecord``) is not read: the same frames are given out as version 2.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scanpick.arrays import Float32Array, Float64Array, Transform
from scanpick.datasets.boundary import Boundary
from scanpick.datasets.common_classes import ClassNaming, Naming
from scanpick.datasets.listed import ListedDataset, counted, files_with_suffix
from scanpick.datasets.metadata import LOCATION, SPLIT, TIME_OF_DAY, WEATHER, motion_columns
from scanpick.datasets.point_files.cloud import cloud_from_table
from scanpick.datasets.waymo_ranges import Laser, points_of
from scanpick.errors import FrameError, ScanpickError
from scanpick.geometry.transforms import invert
from scanpick.structures import Boxes3D, Frame, FrameRecord, Labels

SPLITS = {"training": "train", "validation": "val", "testing": "test"}
CLASSES = ("Unknown", "Vehicle", "Pedestrian", "Sign", "Cyclist")
TOP = 1
_TIME, _LASER = "key.frame_timestamp_micros", "key.laser_name"
_MOST_PIXELS = 1 << 22


class WaymoOpen(ListedDataset):
    """Frames of Waymo Open 2. Frame ids are ``SEGMENT/TIME``, with the time in microseconds.

    Coordinates are the vehicle's with the origin at the top LiDAR. Points have the columns x, y, z, intensity (tanh of
    the sensor's, which has no upper end), elongation, and number of the return. Boxes without a LiDAR point inside are
    left out, as the official evaluation does.

    Args:
        root: The folder of the splits, or of one of them.
        returns: "both", "first" or "second".
        lasers: "all" five, moved together, or the "top" one.
        classes: "own" names (Vehicle, Pedestrian, Sign, Cyclist) or "common" ones.
        follow: Whether links that lead out of the root are followed; otherwise they are passed over.

    Raises:
        ScanpickError: No segment is found, or a table is damaged.
    """

    licence = (
        "Waymo Open is given out under the Waymo Dataset License Agreement for Non-Commercial Use, which also binds "
        "models that were trained on the data"
    )

    def __init__(
        self,
        root: Path | str,
        *,
        returns: Literal["both", "first", "second"] = "both",
        lasers: Literal["all", "top"] = "all",
        classes: Naming = "own",
        follow: bool = False,
    ) -> None:
        self.root = Path(root)
        self._boundary = Boundary(self.root, follow)
        self._naming = ClassNaming("waymo", classes)
        self._returns = {"both": (1, 2), "first": (1,), "second": (2,)}[returns]
        self._top_only = lasers == "top"
        self._kept: tuple[Path, Any] | None = None
        paths = [path for part in waymo_parts(self.root) for path in files_with_suffix(part / "lidar", ".parquet")]
        paths = [path for path in self._boundary.held(paths) if self._boundary.holds(path)]
        records = [record for path in paths for record in self._records(path)]
        if not records:
            raise ScanpickError(
                f"{self.root}: no segments found: expected Parquet files such as training/lidar/SEGMENT.parquet"
                f"{self._boundary.told}."
            )
        labelled = sum(_beside(path, "lidar_box").is_file() for path in paths)
        description = (
            f"Waymo Open 2: {counted(len(records), 'frame')} of {counted(len(paths), 'segment')}, {labelled} with "
            f"labels; {'the top LiDAR' if self._top_only else 'LiDARs moved together'}, {returns} returns; "
            f"intensity by tanh{self._boundary.told}"
        )
        super().__init__("waymo", description, records)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_kept": None}

    def read(self, frame_id: str) -> Frame:
        """Points of all LiDARs in one frame. See `Dataset.read`."""
        record = self.record(frame_id)
        path = _path(record)
        lasers = _lasers(self._component(record, "lidar_calibration"))
        pose = self._vehicle_pose(record)
        vehicle_SE3_world = None if pose is None else invert(pose)
        parts = []
        images = self._rows(path, "[LiDARComponent].", [f"range_image_return{n}" for n in self._returns], record)
        motion = dict(self._rows(_beside(path, "lidar_pose"), "[LiDARPoseComponent].", ["range_image_return1"], record))
        for number, found in sorted(images, key=lambda row: row[0]):
            if number not in lasers:
                raise FrameError(f"{path}: LiDAR {number} has no calibration.", kind="calibration")
            if self._top_only and number != TOP:
                continue
            pixel_poses = motion.get(number, {}).get("range_image_return1")
            for name, image in found.items():
                if image.shape[2] < 3 or (pixel_poses is not None and pixel_poses.shape != (*image.shape[:2], 6)):
                    raise FrameError(f"{path}: a range image of LiDAR {number} has the shape {image.shape}.")
                if (angles := lasers[number].inclinations) is not None and len(angles) != len(image):
                    raise FrameError(f"{path}: LiDAR {number} has other inclinations than rows.", kind="calibration")
                points = points_of(image, lasers[number], vehicle_SE3_world, pixel_poses)
                parts.append(np.column_stack([points, np.full(len(points), int(name[-1]))]))
        if not parts:
            raise FrameError(f"{path}: no range image at {record.timestamp_ns}.", kind="empty")
        table = np.concatenate(parts)
        table[:, :3] -= _origin(lasers)
        table[:, 3] = np.tanh(np.maximum(table[:, 3], 0))
        cloud = cloud_from_table(table, path)
        return Frame(record, cloud.points, notes=cloud.notes)

    def has_labels(self, frame_id: str) -> bool:
        """Whether the frame's segment has boxes. See `dataset.has_labels`."""
        return _beside(_path(self.record(frame_id)), "lidar_box").is_file()

    def labels(self, frame_id: str) -> Labels | None:
        """The boxes of one frame. See `Dataset.labels`."""
        if not self.has_labels(frame_id):
            return None
        record = self.record(frame_id)
        path, calibration = self._component(record, "lidar_box"), self._component(record, "lidar_calibration")
        try:
            columns = self._boxes(path)
            rows = (columns["time"] * 1000 == record.timestamp_ns) & (columns["inside"] > 0)
            array = columns["boxes"][rows]
            array[:, :3] -= _origin(_lasers(calibration))
            names = [CLASSES[kind] if 0 <= kind < len(CLASSES) else CLASSES[0] for kind in columns["type"][rows]]
            return Labels(Boxes3D(array, self._naming.named(names)), track_ids=columns["track"][rows])
        except ScanpickError as fault:
            raise FrameError(f"{path}: {fault}", kind="labels") from fault

    def ego_pose(self, frame_id: str) -> Transform | None:
        """Where the frame was in the segment's world. See `dataset.ego_pose`."""
        record = self.record(frame_id)
        pose = self._vehicle_pose(record)
        if pose is None:
            return None
        shift = np.eye(4)
        shift[:3, 3] = _origin(_lasers(self._component(record, "lidar_calibration")))
        return pose @ shift

    def _records(self, path: Path) -> Iterator[FrameRecord]:
        times = np.unique(_numbers(_table(path, [_TIME]), _TIME)).astype(np.int64)
        columns: list[dict[str, float]] = [{} for _ in times]
        split = SPLITS.get(path.parent.parent.absolute().name)
        self._boundary.check_layout(_beside(path, "vehicle_pose"), _beside(path, "stats"))
        poses = _poses(_beside(path, "vehicle_pose"))
        if len(times) and all(time in poses for time in times.tolist()):
            where = np.array([poses[time][:3, 3] for time in times.tolist()])
            columns = motion_columns(where, times * 1000)
        facts = _facts(_beside(path, "stats"))
        for index, (time, column) in enumerate(zip(times.tolist(), columns, strict=True)):
            metadata: dict[str, Any] = {**column, **facts.get(time, {}), **({SPLIT: split} if split else {})}
            yield FrameRecord(f"{path.stem}/{time}", path.stem, index, time * 1000, path, metadata)

    def _component(self, record: FrameRecord, name: str) -> Path:
        """Another component of a frame's segment, inside the data set."""
        return self._boundary.check(_beside(self._boundary.check(_path(record)), name))

    def _vehicle_pose(self, record: FrameRecord) -> Float64Array | None:
        assert record.timestamp_ns is not None
        try:
            return _poses(self._component(record, "vehicle_pose")).get(record.timestamp_ns // 1000)
        except FrameError:
            raise
        except ScanpickError as fault:
            raise FrameError(str(fault)) from fault

    def _rows(
        self, path: Path, prefix: str, names: Sequence[str], record: FrameRecord
    ) -> Iterator[tuple[int, dict[str, Float32Array]]]:
        """Number of a LiDAR and its images, for the rows of one frame. Other rows are passed by in small batches."""
        assert record.timestamp_ns is not None
        if not path.is_file():
            return
        wanted = [_TIME, _LASER, *(f"{prefix}{name}.{part}" for name in names for part in ("values", "shape"))]
        try:
            with pq.ParquetFile(self._boundary.check(path)) as file:
                # The times alone first: they are small, and say which of the groups to unpack.
                groups = [
                    group
                    for group in range(file.num_row_groups)
                    if record.timestamp_ns // 1000 in file.read_row_group(group, columns=[_TIME])[_TIME].to_pylist()
                ]
                for batch in file.iter_batches(batch_size=1, row_groups=groups, columns=wanted) if groups else ():
                    if batch.column(_TIME)[0].as_py() == record.timestamp_ns // 1000:
                        found = {name: _image(batch, f"{prefix}{name}", path) for name in names}
                        yield batch.column(_LASER)[0].as_py(), {name: i for name, i in found.items() if i is not None}
        except (pa.ArrowException, OSError, KeyError, ValueError) as fault:
            raise FrameError(f"{path}: cannot be read: {fault}.") from fault

    def _boxes(self, path: Path) -> dict[str, Any]:
        """The boxes of a segment, of which the last is kept."""
        kept = self._kept  # another thread may keep another segment meanwhile
        if kept is None or kept[0] != path:
            parts = ("center.x", "center.y", "center.z", "size.x", "size.y", "size.z", "heading")
            prefix = "[LiDARBoxComponent]."
            fields = [f"{prefix}box.{part}" for part in parts]
            others = [f"{prefix}type", f"{prefix}num_lidar_points_in_box"]
            table = _table(path, [_TIME, "key.laser_object_id", *others, *fields])
            _, track = np.unique(np.array(table["key.laser_object_id"].to_pylist(), dtype=np.str_), return_inverse=True)
            boxes = np.column_stack([_numbers(table, name) for name in fields]).reshape(-1, 7)
            time, kind, inside = (_numbers(table, name).astype(np.int64) for name in (_TIME, *others))
            kept = self._kept = path, {"boxes": boxes, "time": time, "type": kind, "inside": inside, "track": track}
        return dict(kept[1])


def waymo_parts(root: Path) -> list[Path]:
    """The folders of components: the splits in a folder, or the folder itself."""
    return [part for part in (root, *(root / name for name in SPLITS)) if any((part / "lidar").glob("*_*.parquet"))]


def _path(record: FrameRecord) -> Path:
    assert record.path is not None
    return record.path


def _beside(path: Path, component: str) -> Path:
    return path.parent.parent / component / path.name


def _table(path: Path, columns: Sequence[str]) -> pa.Table:
    """Some columns of a Parquet file.

    Raises:
        ScanpickError: It cannot be read, or lacks one.
    """
    try:
        table = pq.read_table(path, columns=list(columns), partitioning=None)
    except (pa.ArrowException, OSError, ValueError) as fault:
        raise ScanpickError(f"{path}: cannot be read as Parquet: {fault}.") from fault
    missing = [name for name in columns if name not in table.column_names]
    if missing:
        raise ScanpickError(f"{path}: expected the column {missing[0]}, as Waymo Open 2 has.")
    return table


def _numbers(table: pa.Table, name: str) -> Float64Array:
    """(N,) the numbers of a column; times in microseconds are exact in float64."""
    try:
        return np.asarray(table[name].to_numpy(), dtype=np.float64)
    except (pa.ArrowException, ValueError, TypeError) as fault:
        raise ScanpickError(f"expected numbers in the column {name}: {fault}.") from fault


def _matrices(table: pa.Table, name: str, path: Path) -> Float64Array:
    """(N, 4, 4) of lists of 16 numbers."""
    try:
        return np.array(table[name].to_pylist(), dtype=np.float64).reshape(-1, 4, 4)
    except (ValueError, TypeError) as fault:
        raise ScanpickError(f"{path}: expected 16 numbers for each transform: {fault}.") from fault


def _poses(path: Path) -> dict[int, Float64Array]:
    """Time in microseconds -> world_SE3_vehicle; empty where there is no file."""
    name = "[VehiclePoseComponent].world_from_vehicle.transform"
    if not path.is_file():
        return {}
    table = _table(path, [_TIME, name])
    return dict(zip(table[_TIME].to_pylist(), _matrices(table, name, path), strict=True))


def _facts(path: Path) -> Mapping[int, dict[str, str]]:
    """Time in microseconds -> place, time of day, weather; empty where there is no file."""
    if not path.is_file():
        return {}
    names = {LOCATION: "location", TIME_OF_DAY: "time_of_day", WEATHER: "weather"}
    table = _table(path, [_TIME, *(f"[StatsComponent].{name}" for name in names.values())])
    columns = {column: table[f"[StatsComponent].{name}"].to_pylist() for column, name in names.items()}
    return {
        time: {column: str(values[row]) for column, values in columns.items() if values[row]}
        for row, time in enumerate(table[_TIME].to_pylist())
    }


def _lasers(path: Path) -> dict[int, Laser]:
    """Number -> LiDAR."""
    prefix = "[LiDARCalibrationComponent]."
    names = [f"{prefix}beam_inclination.{part}" for part in ("min", "max", "values")]
    try:
        table = _table(path, [_LASER, f"{prefix}extrinsic.transform", *names])
        places = _matrices(table, f"{prefix}extrinsic.transform", path)
        lowest, highest = _numbers(table, names[0]), _numbers(table, names[1])
        values = [None if not row else np.array(row, dtype=np.float64) for row in table[names[2]].to_pylist()]
        if not np.isfinite(places).all():
            raise ScanpickError(f"{path}: a transform is not finite.")
        rows = zip(table[_LASER].to_pylist(), places, values, lowest.tolist(), highest.tolist(), strict=True)
        return {number: Laser(*laser) for number, *laser in rows}
    except (ScanpickError, ValueError, TypeError) as fault:
        raise FrameError(str(fault), kind="calibration") from fault


def _origin(lasers: Mapping[int, Laser]) -> Float64Array:
    """(3,) where the top LiDAR is on the vehicle."""
    if TOP not in lasers:
        raise FrameError("the top LiDAR has no calibration.", kind="calibration")
    origin: Float64Array = lasers[TOP].vehicle_SE3_laser[:3, 3]
    return origin


def _image(batch: pa.RecordBatch, name: str, path: Path) -> Float32Array | None:
    """(H, W, C) of the only row of a batch; None where it has none."""
    shape = batch.column(f"{name}.shape")[0].as_py()
    values = batch.column(f"{name}.values")
    if not shape or not values[0].is_valid or not len(values[0].values):
        return None
    height, width, channels = shape
    numbers = values[0].values.to_numpy(zero_copy_only=False)
    if min(shape) <= 0 or height * width > _MOST_PIXELS or height * width * channels != len(numbers):
        raise FrameError(f"{path}: a range image of the shape {shape} holds {len(numbers)} numbers.")
    image: Float32Array = np.asarray(numbers, dtype=np.float32).reshape(height, width, channels)
    return image
