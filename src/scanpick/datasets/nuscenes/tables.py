"""nuScenes' tables as arrays: what each LiDAR, camera and annotator did, with when and where.

Rows name rows of other tables by tokens. These are looked up once, all together; chains of tokens (``prev``, ``next``)
are not followed, since time orders everything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.compute as pc

from scanpick.arrays import BoolArray, Float64Array, Int64Array, StringArray
from scanpick.datasets.nuscenes.layout import TableFolder
from scanpick.errors import ScanpickError
from scanpick.formats.json_table import read_json_table
from scanpick.geometry.quaternions import transforms_from_quaternions

_TEXT, _NUMBER, _NUMBERS = pyarrow.string(), pyarrow.float64(), pyarrow.list_(pyarrow.float64())
_MATRIX = pyarrow.list_(_NUMBERS)
_LATEST_US = 9e15
"""The year 2255; later ones are no times, and beyond what nanoseconds in 64 bits hold."""


@dataclass(frozen=True, eq=False)
class SensorRows:
    """What sensors recorded: N rows of ``sample_data.json`` by scene, then in time.

    Attributes:
        sensor: (N,) row of `Tables.channels` and `Tables.ego_SE3_sensor`.
        sample: (N,) row of the sample (the key frame at this time, or the next).
        scene: (N,) row of `Tables.scenes`.
        timestamp_ns: (N,) int64.
        is_key: (N,) whether it belongs to a key frame.
        world_SE3_ego: (N, 4, 4) where the vehicle was at this time.
        filenames: (N,) below the root; text of Arrow, which takes a quarter of numpy's.
        image_size: (N, 2) width and height in pixels; 0 where there is none.
    """

    sensor: Int64Array
    sample: Int64Array
    scene: Int64Array
    timestamp_ns: Int64Array
    is_key: BoolArray
    world_SE3_ego: Float64Array
    filenames: pyarrow.StringArray
    image_size: Int64Array

    def __len__(self) -> int:
        return len(self.sensor)


@dataclass(frozen=True, eq=False)
class Annotations:
    """Boxes in the world, in the order of samples.

    Attributes:
        sample: (B,) row of the sample, rising.
        instance: (B,) row of the object, the same over a scene.
        category: (B,) rows of `categories`.
        categories: Class names.
        centres: (B, 3) metres.
        sizes: (B, 3) length, width, height.
        wxyz: (B, 4) quaternions of the boxes' axes.
    """

    sample: Int64Array
    instance: Int64Array
    category: Int64Array
    categories: StringArray
    centres: Float64Array
    sizes: Float64Array
    wxyz: Float64Array


class Tables:
    """The tables of one folder. Large ones are read when asked for, and then kept.

    Args:
        place: The folder.
        key_only: Whether sweeps between key frames are left out.

    Attributes:
        scenes: Name, description, location, log and vehicle of each scene.
        channels: (C,) name of the sensor of each row of ``calibrated_sensor.json``.
        modalities: (C,) "lidar", "camera" or "radar".
        ego_SE3_sensor: (C, 4, 4).
        intrinsics: (C,) what the table has as camera matrix, 3 rows of 3 or nothing.

    Raises:
        ScanpickError: A table is missing or broken, or a token leads nowhere.
    """

    def __init__(self, place: TableFolder, *, key_only: bool) -> None:
        self.place, self._key_only = place, key_only
        scene = self._table("scene", name=_TEXT, log_token=_TEXT, optional={"description": _TEXT})
        log = self._table("log", optional={"location": _TEXT, "vehicle": _TEXT, "logfile": _TEXT})
        log_of = self._rows("log", scene["log_token"], log)
        self.scenes: list[dict[str, str]] = [
            {**_texts(log, row, ("location", "vehicle", "logfile")), **_texts(scene, at, ("name", "description"))}
            for at, row in enumerate(log_of.tolist())
        ]
        sample = self._table("sample", scene_token=_TEXT)
        self._sample_tokens, self._scene_of_sample = sample["token"], self._rows("scene", sample["scene_token"], scene)
        sensor = self._table("sensor", channel=_TEXT, modality=_TEXT)
        calibrated = self._table(
            "calibrated_sensor",
            **{"sensor_token": _TEXT, "translation": _NUMBERS, "rotation": _NUMBERS},
            optional={"camera_intrinsic": _MATRIX},
        )
        self._calibrated_tokens = calibrated["token"]
        sensor_of = self._rows("sensor", calibrated["sensor_token"], sensor)
        self.channels: StringArray = np.array(sensor["channel"].to_pylist(), dtype=np.str_)[sensor_of]
        self.modalities: StringArray = np.array(sensor["modality"].to_pylist(), dtype=np.str_)[sensor_of]
        self.ego_SE3_sensor = self._transforms("calibrated_sensor", calibrated)
        self.intrinsics: list[Any] = calibrated["camera_intrinsic"].to_pylist()

    @cached_property
    def lidar_rows(self) -> SensorRows:
        """What the LiDARs recorded."""
        return self._sensor_rows("lidar", key_only=self._key_only)

    @cached_property
    def camera_rows(self) -> SensorRows:
        """The images of key frames."""
        return self._sensor_rows("camera", key_only=True)

    @cached_property
    def has_annotations(self) -> bool:
        """Whether there is a table of boxes with a row in it; that of the test set has none."""
        path = self._path("sample_annotation")
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return b"{" in file.read(64)

    @cached_property
    def annotations(self) -> Annotations | None:
        """All boxes; None where there are none at all."""
        if not self.has_annotations:
            return None
        table = self._table(
            "sample_annotation",
            **{"sample_token": _TEXT, "instance_token": _TEXT},
            **{"translation": _NUMBERS, "size": _NUMBERS, "rotation": _NUMBERS},
        )
        instance, category = self._table("instance", category_token=_TEXT), self._table("category", name=_TEXT)
        names: StringArray = np.array(category["name"].to_pylist(), dtype=np.str_)
        sample = self._rows("sample", table["sample_token"], self._sample_tokens)
        order = np.argsort(sample, kind="stable")
        instance_of = self._rows("instance", table["instance_token"], instance)[order]
        category_of = self._rows("category", instance["category_token"], category)
        where = str(self._path("sample_annotation"))
        sizes = _fixed(table["size"], 3, where, "size")[order]
        if not (np.isfinite(sizes) & (sizes >= 0)).all():
            raise ScanpickError(f"{where}: expected sizes of 0 or more, got others.")
        return Annotations(
            sample[order],
            instance_of,
            category_of[instance_of],
            names,
            _fixed(table["translation"], 3, where, "translation")[order],
            sizes[:, [1, 0, 2]],  # the table has width, length, height
            _fixed(table["rotation"], 4, where, "rotation")[order],
        )

    def _sensor_rows(self, modality: str, *, key_only: bool) -> SensorRows:
        wanted = self._calibrated_tokens.filter(pyarrow.array(self.modalities == modality))

        def keep(part: pyarrow.Table) -> pyarrow.ChunkedArray:
            mask = pc.is_in(part["calibrated_sensor_token"], value_set=wanted)
            return pc.and_(mask, part["is_key_frame"]) if key_only else mask

        names = ("sample_token", "ego_pose_token", "calibrated_sensor_token", "filename")
        table = self._table(
            "sample_data",
            **dict.fromkeys(names, _TEXT),
            **{"timestamp": _NUMBER, "is_key_frame": pyarrow.bool_()},
            optional={"width": _NUMBER, "height": _NUMBER},
            keep=keep,
        )
        self._check_filenames(table["filename"])
        used = table["ego_pose_token"].unique()
        poses = self._table(
            "ego_pose",
            **{"translation": _NUMBERS, "rotation": _NUMBERS},
            keep=lambda part: pc.is_in(part["token"], value_set=used),
        )
        sample = self._rows("sample", table["sample_token"], self._sample_tokens)
        times_us = table["timestamp"].to_numpy()
        if not ((times_us >= 0) & (times_us < _LATEST_US)).all():
            raise ScanpickError(f"{self._path('sample_data')}: expected timestamps in microseconds, got others.")
        whole = np.floor(times_us)
        timestamp_ns = whole.astype(np.int64) * 1000 + np.rint((times_us - whole) * 1000).astype(np.int64)
        scene = self._scene_of_sample[sample]
        order = np.lexsort([timestamp_ns, scene])
        pose_of = self._rows("ego_pose", table["ego_pose_token"], poses)[order]
        sizes = [pc.fill_null(table[name], 0).to_numpy() for name in ("width", "height")]
        return SensorRows(
            self._rows("calibrated_sensor", table["calibrated_sensor_token"], self._calibrated_tokens)[order],
            sample[order],
            scene[order],
            timestamp_ns[order],
            table["is_key_frame"].to_numpy()[order],
            self._transforms("ego_pose", poses)[pose_of],
            _one_chunk(table["filename"]).take(pyarrow.array(order)),
            np.nan_to_num(np.clip(np.stack(sizes, axis=1), 0, 1e6)).astype(np.int64)[order],
        )

    def _check_filenames(self, names: pyarrow.ChunkedArray) -> None:
        """Refuse names that lead out of the data set without a link."""
        for name in names.filter(pc.match_substring_regex(names, r"^/|^[A-Za-z]:|\\|(^|/)\.\.(/|$)|\x00")).to_pylist():
            raise ScanpickError(f"{self._path('sample_data')}: expected names of files below it, got {name!r}.")

    def _path(self, name: str) -> Path:
        return self.place.tables / f"{name}.json"

    def _table(self, name: str, /, *, optional: Any = None, keep: Any = None, **required: Any) -> pyarrow.Table:
        columns = pyarrow.schema([("token", _TEXT), *required.items()])
        return read_json_table(self._path(name), columns, pyarrow.schema(list((optional or {}).items())), keep)

    def _transforms(self, name: str, table: pyarrow.Table) -> Float64Array:
        where = str(self._path(name))
        translations, rotations = (
            _fixed(table[column], length, where, column) for column, length in (("translation", 3), ("rotation", 4))
        )
        return transforms_from_quaternions(where, translations, rotations)

    def _rows(self, name: str, tokens: pyarrow.ChunkedArray, among: pyarrow.Table | pyarrow.ChunkedArray) -> Int64Array:
        """Where each token stands in a table."""
        value_set = among["token"] if isinstance(among, pyarrow.Table) else among
        rows = pc.index_in(tokens, value_set=value_set)
        if rows.null_count:
            lost = tokens.filter(pc.is_null(rows))
            raise ScanpickError(
                f"{self._path(name)}: lacks {len(lost)} rows that other tables name, such as the token "
                f"{re.sub('[^0-9A-Za-z_-]', '?', lost[0].as_py())[:64]!r}. Is the table whole, and of the same version?"
            )
        return rows.to_numpy().astype(np.int64)


def _one_chunk(column: pyarrow.ChunkedArray) -> pyarrow.Array:
    return pyarrow.concat_arrays(column.chunks) if column.num_chunks else pyarrow.array([], type=column.type)


def _texts(table: pyarrow.Table, row: int, names: Sequence[str]) -> dict[str, str]:
    return {name: table[name][row].as_py() or "" for name in names}


def _fixed(column: pyarrow.ChunkedArray, length: int, where: str, name: str) -> Float64Array:
    """(N, length) numbers from lists of that length."""
    if len(column) and not pc.all(pc.equal(pc.list_value_length(column), length)).as_py():
        raise ScanpickError(f"{where}: expected {length} numbers as {name} in every row, got others.")
    values = pc.list_flatten(column)
    if values.null_count:
        raise ScanpickError(f"{where}: expected {length} numbers as {name} in every row, got null.")
    return values.to_numpy().astype(np.float64).reshape(-1, length)
