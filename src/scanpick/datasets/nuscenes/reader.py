"""nuScenes and its relatives: T4 (Autoware), TruckScenes, Lyft Level 5.

::

    samples/LIDAR_TOP/<log>__LIDAR_TOP__<microseconds>.pcd.bin     key frames, labelled
    sweeps/LIDAR_TOP/...                                           between them
    samples/CAM_FRONT/<log>__CAM_FRONT__<microseconds>.jpg
    v1.0-mini/sample_data.json and the other tables

T4 has the tables in ``annotation`` and files in ``data``, Lyft ``v1.01-train`` and ``lidar``, TruckScenes six LiDARs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import numpy as np

from scanpick.arrays import BoolArray, Int64Array, Transform
from scanpick.datasets.boundary import Boundary
from scanpick.datasets.common_classes import ClassNaming, Naming
from scanpick.datasets.intensity import LEFT_OUT
from scanpick.datasets.listed import ListedDataset, counted, natural_key
from scanpick.datasets.metadata import LOCATION, LOG, SPLIT, motion_columns
from scanpick.datasets.nuscenes.layout import LYFT, NUSCENES, T4, TableFolder, table_folders
from scanpick.datasets.nuscenes.tables import SensorRows, Tables
from scanpick.datasets.point_files import PointCloud
from scanpick.datasets.point_files.bin_columns import Cut, InferredCut
from scanpick.datasets.point_reading import AUTO, PointReading, find_reading
from scanpick.errors import FrameError, ScanpickError, unknown_name
from scanpick.geometry.quaternions import rotations_from_quaternions, upright_boxes
from scanpick.geometry.transforms import invert, transform_points
from scanpick.structures import Boxes3D, Camera, Frame, FrameRecord, Labels
from scanpick.texts import parse_toml

CC_BY_NC_SA = "CC BY-NC-SA 4.0: non-commercial use only"
LICENCES = {
    NUSCENES: f"nuScenes and TruckScenes are given out under {CC_BY_NC_SA}, unless a commercial licence was agreed on",
    LYFT: f"Lyft Level 5 was given out under {CC_BY_NC_SA}",
}
_WHOLE = ("LIDAR_CONCAT", "LIDAR_TOP")
"""LiDARs that see all around alone, the surest first."""
_FARTHEST_APART_NS = 60_000_000
"""Sweeps of two LiDARs that are merged begin at most so far apart: LiDARs turn at 10 or 20 Hz."""
_COLUMNS = Cut(5, "float32")  # x, y, z, intensity, ring


class NuScenes(ListedDataset):
    """nuScenes (v1.0 tables), T4, TruckScenes or Lyft Level 5. Frame ids are ``scene-0061/1532402927647951``.

    A frame has the vehicle's axes and its origin at the LiDAR: the sensor's whole calibrated rotation is undone.
    Several LiDARs are put into the frame of the top one, each by the vehicle's pose at its own time. Key frames are
    labelled. Boxes stand upright in the world; in a frame only their yaw is kept, not the vehicle's tilt of a degree.

    Args:
        root: The folder of ``samples`` and the tables, one above, or the folder of tables.
        version: Which tables to read where there are several, such as ``v1.0-trainval``.
        frames: "key" frames alone (2 Hz), or "all" sweeps of the LiDAR.
        lidar: A channel such as ``LIDAR_TOP``; "all" merges them; "auto" takes ``LIDAR_CONCAT`` or ``LIDAR_TOP``, and
            merges all where there is neither.
        intensity: The largest intensity; "auto" is 255 of nuScenes, left out of Lyft, else inferred.
        classes: "own" class names, or "common" ones.
        follow: Whether links that lead out of the root are followed.

    Raises:
        ScanpickError: No tables are found, a table is broken, or no LiDAR file that it lists is there.
    """

    def __init__(
        self,
        root: Path | str,
        *,
        version: str = AUTO,
        frames: Literal["key", "all"] = "key",
        lidar: str = AUTO,
        intensity: float | str = AUTO,
        classes: Naming = "own",
        follow: bool = False,
    ) -> None:
        self.root = Path(root)
        places, self._naming = _chosen(self.root, version), ClassNaming("nuscenes", classes)
        # Where a folder of tables was given, the frames lie beside it.
        self._boundary = Boundary(places[0].root if places[0].tables == self.root.absolute() else self.root, follow)
        self._tables = [Tables(place, key_only=frames == "key") for place in places]
        self._place_of: dict[str, tuple[int, int]] = {}
        self._merged: list[Int64Array] = []
        records, listed = [], 0
        lidars: dict[str, None] = {}
        for part, tables in enumerate(self._tables):
            rows, chosen = tables.lidar_rows, _lidars(tables, lidar)
            lidars |= dict.fromkeys(chosen)
            channels = tables.channels[rows.sensor]
            wanted = channels == chosen[0]
            listed += int(wanted.sum())
            found = np.flatnonzero(wanted & self._on_disk(tables, wanted))
            others = [_nearest(rows, found, channels == other) for other in chosen[1:]]
            self._merged.append(np.stack([found, *others], axis=1))
            ids = _frame_ids(tables, rows, found, "" if len(places) == 1 else places[part].version)
            self._place_of |= {frame_id: (part, at) for at, frame_id in enumerate(ids)}
            records += _records(tables, rows, found, ids)
        if not records:
            raise ScanpickError(
                f"{self.root}: none of the {listed} files of {lidar if lidar != AUTO else 'LiDARs'} that "
                f"{places[0].tables / 'sample_data.json'} lists is there. Expected them below {places[0].root}."
            )
        records.sort(key=lambda record: (natural_key(record.sequence), record.index_in_sequence))
        self.kind = places[0].kind
        self.licence = LICENCES.get(self.kind, "")
        self.reading = _reading(self.kind, records, intensity)
        labelled = sum(tables.has_annotations for tables in self._tables)
        frame_noun = "key frame" if frames == "key" else "sweep"
        scenes = counted(len({record.sequence for record in records}), "scene")
        description = (
            f"{self.kind} tables ({', '.join(place.version for place in places[:5])}): "
            f"{counted(len(records), frame_noun)} of {scenes}, {' + '.join(lidars)} in "
            f"the vehicle's axes at {next(iter(lidars))}; labels {'of key frames' if labelled else 'none'}"
        )
        if listed > len(records):
            description += f"; {listed - len(records)} listed files are not on disk"
        super().__init__("nuscenes", f"{description}{self._boundary.told}; {self.reading.description}", records)

    def read(self, frame_id: str) -> Frame:
        """Points of one frame, of all its LiDARs. See `Dataset.read`."""
        tables, merged = self._rows_of(frame_id)
        rows = tables.lidar_rows
        frame_SE3_world = invert(self._frame_in_world(tables, merged[0]))
        clouds = []
        for row in merged[merged >= 0].tolist():
            path = self._boundary.check(tables.place.root / rows.filenames[row].as_py())
            cloud = self.reading.read(path)
            if row == merged[0]:  # exactly, without the way through the world
                frame_SE3_sensor = tables.ego_SE3_sensor[rows.sensor[row]].copy()
                frame_SE3_sensor[:3, 3] = 0
            else:
                frame_SE3_sensor = frame_SE3_world @ rows.world_SE3_ego[row] @ tables.ego_SE3_sensor[rows.sensor[row]]
            clouds.append(_moved(cloud, frame_SE3_sensor))
        columns = min(cloud.points.shape[1] for cloud in clouds)
        points = np.concatenate([cloud.points[:, :columns] for cloud in clouds])
        notes: dict[str, int] = {}
        for cloud in clouds:
            notes |= {note: notes.get(note, 0) + count for note, count in cloud.notes.items()}
        return Frame(self.record(frame_id), points, notes=notes)

    def has_labels(self, frame_id: str) -> bool:
        """Whether the frame is a key frame of labelled tables."""
        tables, merged = self._rows_of(frame_id)
        return bool(tables.lidar_rows.is_key[merged[0]]) and tables.has_annotations

    def labels(self, frame_id: str) -> Labels | None:
        """Boxes of a key frame. See `Dataset.labels`."""
        tables, merged = self._rows_of(frame_id)
        boxes = tables.annotations
        if boxes is None or not tables.lidar_rows.is_key[merged[0]]:
            return None
        sample = tables.lidar_rows.sample[merged[0]]
        of_frame = slice(*np.searchsorted(boxes.sample, [sample, sample + 1]))
        frame_SE3_world = invert(self._frame_in_world(tables, merged[0]))
        where = f"{tables.place.tables / 'sample_annotation.json'}, {frame_id}"
        try:
            rotations = rotations_from_quaternions(where, boxes.wxyz[of_frame])
        except ScanpickError as fault:
            raise FrameError(str(fault), kind="labels") from fault
        array = upright_boxes(
            transform_points(frame_SE3_world, boxes.centres[of_frame]),
            boxes.sizes[of_frame],
            frame_SE3_world[:3, :3] @ rotations,
        )
        names = self._naming.named(boxes.categories[boxes.category[of_frame]].tolist())
        return Labels(Boxes3D(array, names), track_ids=boxes.instance[of_frame])

    def ego_pose(self, frame_id: str) -> Transform:
        """world_SE3_ego of one frame. See `scanpick.datasets.dataset.ego_pose`."""
        tables, merged = self._rows_of(frame_id)
        return self._frame_in_world(tables, merged[0])

    def cameras(self, frame_id: str) -> list[Camera]:
        """The images of a key frame; none for sweeps between. See `scanpick.datasets.dataset.cameras`."""
        tables, merged = self._rows_of(frame_id)
        if not tables.lidar_rows.is_key[merged[0]]:
            return []
        rows, sample = tables.camera_rows, tables.lidar_rows.sample[merged[0]]
        world_SE3_frame = self._frame_in_world(tables, merged[0])
        found = []
        for row in np.flatnonzero(rows.sample == sample).tolist():
            path = self._boundary.check(tables.place.root / rows.filenames[row].as_py())
            world_SE3_camera = rows.world_SE3_ego[row] @ tables.ego_SE3_sensor[rows.sensor[row]]
            width, height = rows.image_size[row].tolist()
            try:
                camera = Camera.pinhole(
                    str(tables.channels[rows.sensor[row]]),
                    path if path.is_file() else None,
                    np.array(tables.intrinsics[rows.sensor[row]], dtype=np.float64),
                    invert(world_SE3_camera) @ world_SE3_frame,
                    (width, height) if width and height else None,
                )
            except (ScanpickError, ValueError, TypeError) as fault:
                raise FrameError(
                    f"{tables.place.tables / 'calibrated_sensor.json'}: {fault}", kind="calibration"
                ) from fault
            found.append(camera)
        return sorted(found, key=lambda camera: camera.name)

    def _rows_of(self, frame_id: str) -> tuple[Tables, Int64Array]:
        """The tables that a frame is in, and the (L,) rows of its sweeps: first the one it is about, -1 for none."""
        self.record(frame_id)
        part, at = self._place_of[frame_id]
        return self._tables[part], self._merged[part][at]

    @staticmethod
    def _frame_in_world(tables: Tables, row: int) -> Transform:
        rows = tables.lidar_rows
        ego_SE3_frame = np.eye(4)
        ego_SE3_frame[:3, 3] = tables.ego_SE3_sensor[rows.sensor[row], :3, 3]
        return rows.world_SE3_ego[row] @ ego_SE3_frame

    def _on_disk(self, tables: Tables, wanted: BoolArray) -> BoolArray:
        """(N,) which of the wanted rows' files are there. Folders are listed once: blobs are often had in part."""
        names = tables.lidar_rows.filenames
        there = np.zeros(len(names), dtype=bool)
        inside: dict[str, set[str]] = {}
        for row in np.flatnonzero(wanted).tolist():
            folder, name = os.path.split(names[row].as_py())
            if folder not in inside:
                path = tables.place.root / folder
                self._boundary.check_layout(path)
                inside[folder] = set(os.listdir(path)) if path.is_dir() else set()
            there[row] = name in inside[folder]
        return there


def _chosen(root: Path, version: str) -> list[TableFolder]:
    """The tables to read: all of T4, whose folders are scenes; one version of the others."""
    places = table_folders(root)
    if not places:
        raise ScanpickError(
            f"{root}: no tables found: expected v1.0-mini/sample_data.json or annotation/sample_data.json."
        )
    versions = [place.version for place in places]
    if version != AUTO:
        if version not in versions:
            raise unknown_name("version", version, versions)
        return [place for place in places if place.version == version]
    if len(places) > 1 and not all(place.kind == T4 for place in places):
        raise ScanpickError(
            f"{root}: holds the tables {', '.join(versions)}. Choose some with the option version, such as "
            f"version={versions[-1]}."
        )
    return places


def _lidars(tables: Tables, asked: str) -> list[str]:
    """The channels to read, first the one whose place is the frame's origin."""
    is_lidar = tables.modalities == "lidar"
    heights = {
        str(channel): float(place[2, 3])
        for channel, place in zip(tables.channels[is_lidar], tables.ego_SE3_sensor[is_lidar], strict=True)
    }
    if not heights:
        raise ScanpickError(f"{tables.place.tables}: the tables have no sensor of the modality lidar.")
    if asked == AUTO:
        whole = next((channel for channel in _WHOLE if channel in heights), None)
        if whole is not None:
            return [whole]
    elif asked in heights:
        return [asked]
    elif asked != "all":
        raise unknown_name("lidar", asked, [AUTO, "all", *heights])
    single = [channel for channel in heights if channel != "LIDAR_CONCAT"] or list(heights)
    return sorted(single, key=lambda channel: (channel != "LIDAR_TOP", -round(heights[channel], 3), channel))


def _nearest(rows: SensorRows, frames: Int64Array, of_channel: BoolArray) -> Int64Array:
    """(F,) for each of the rows `frames` the row of another channel nearest in time in its scene, -1 for none."""
    candidates = np.flatnonzero(of_channel)
    nearest = np.full(len(frames), -1, dtype=np.int64)
    for scene in np.unique(rows.scene[frames]).tolist():
        mine, its = np.flatnonzero(rows.scene[frames] == scene), candidates[rows.scene[candidates] == scene]
        if not len(its):
            continue
        times, asked = rows.timestamp_ns[its], rows.timestamp_ns[frames[mine]]
        after = np.clip(np.searchsorted(times, asked), 0, len(times) - 1)
        before = np.maximum(after - 1, 0)
        best = np.where(np.abs(times[before] - asked) <= np.abs(times[after] - asked), before, after)
        close = np.abs(times[best] - asked) <= _FARTHEST_APART_NS
        nearest[mine[close]] = its[best[close]]
    return nearest


def _frame_ids(tables: Tables, rows: SensorRows, found: Int64Array, above: str) -> list[str]:
    prefix = f"{above}/" if above else ""
    times_us = (rows.timestamp_ns[found] // 1000).tolist()
    return [
        f"{prefix}{tables.scenes[scene]['name']}/{time}"
        for scene, time in zip(rows.scene[found].tolist(), times_us, strict=True)
    ]


def _records(tables: Tables, rows: SensorRows, found: Int64Array, ids: Sequence[str]) -> list[FrameRecord]:
    """Records by scene, in time, which is the order of the rows."""
    edges = [0, *(np.flatnonzero(np.diff(rows.scene[found])) + 1).tolist(), len(found)]
    records = []
    for start, end in pairwise(edges):
        if start == end:
            continue
        scene = tables.scenes[int(rows.scene[found[start]])]
        columns = _scene_columns(scene, tables.place)
        inside = found[start:end]
        motion = motion_columns(rows.world_SE3_ego[inside, :3, 3], rows.timestamp_ns[inside])
        for index, row in enumerate(inside.tolist()):
            frame_id = ids[start + index]
            records.append(
                FrameRecord(
                    frame_id,
                    frame_id.rpartition("/")[0],
                    index,
                    int(rows.timestamp_ns[row]),
                    tables.place.root / rows.filenames[row].as_py(),
                    {**columns, **motion[index]},
                )
            )
    return records


def _scene_columns(scene: Mapping[str, str], place: TableFolder) -> dict[str, str]:
    named = {LOCATION: scene["location"], LOG: scene["logfile"], "vehicle": scene["vehicle"]}
    named |= {"description": scene["description"], SPLIT: _split(scene["name"], place)}
    return {name: value for name, value in named.items() if value}


def _split(scene: str, place: TableFolder) -> str:
    """The official split of a scene; "" where none is known."""
    if place.kind == LYFT or place.version == "v1.0-test":
        return place.version.partition("-")[2]
    number = re.fullmatch(r"scene-([0-9]{4})", scene)
    spans = _validation_scenes().get(place.version)
    if place.kind != NUSCENES or number is None or spans is None:
        return ""
    return "val" if any(first <= int(number[1]) <= last for first, last in spans) else "train"


@cache
def _validation_scenes() -> dict[str, list[list[int]]]:
    text = (files("scanpick.datasets.nuscenes") / "splits.toml").read_text(encoding="utf-8")
    found: dict[str, list[list[int]]] = parse_toml(text, "splits.toml")["val"]
    return found


def _reading(kind: str, records: Sequence[FrameRecord], intensity: float | str) -> PointReading:
    """Five columns of float32, whatever the values of a few points look like."""
    scales: dict[str, Any] = {NUSCENES: 255, LYFT: LEFT_OUT}  # Lyft's intensity is a constant 100
    is_bin = records[0].path is not None and records[0].path.suffix == ".bin"
    asked = scales.get(kind, AUTO) if intensity == AUTO and is_bin else intensity
    found = find_reading(records, columns=_COLUMNS.columns, dtype=_COLUMNS.dtype, intensity=asked)
    if found.cut is None:
        return found
    return PointReading(InferredCut(_COLUMNS, "as the layout has"), found.intensity, insist=True)


def _moved(cloud: PointCloud, frame_SE3_sensor: Transform) -> PointCloud:
    points = cloud.points.copy()
    points[:, :3] = transform_points(frame_SE3_sensor, points[:, :3])
    return PointCloud(points, cloud.notes)
