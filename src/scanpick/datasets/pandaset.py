"""PandaSet.

::

    001/lidar/00.pkl.gz, poses.json, timestamps.json
       /annotations/cuboids/00.pkl.gz
       /camera/front_camera/00.jpg, poses.json, timestamps.json, intrinsics.json

The tables are pickles of pandas, which are read without pandas and without running anything in them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from scanpick.arrays import Float64Array, Transform
from scanpick.datasets.boundary import Boundary
from scanpick.datasets.intensity import Intensity
from scanpick.datasets.listed import ListedDataset, counted, natural_key
from scanpick.datasets.metadata import motion_columns
from scanpick.datasets.point_files.cloud import cloud_from_table
from scanpick.datasets.point_reading import PointReading
from scanpick.errors import FrameError, ScanpickError
from scanpick.formats.plain_pickle import columns_of, read_plain_pickle
from scanpick.geometry.quaternions import transforms_from_quaternions
from scanpick.geometry.transforms import invert, transform_points
from scanpick.structures import Boxes3D, Frame, FrameRecord, Labels
from scanpick.texts import parse_json, parsing, read_text

EGO_TURN: Transform = np.array([[0, 1, 0, 0], [-1, 0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]], dtype=np.float64)
"""From the LiDAR's axes, x right and y forward, to the vehicle's."""
TURNING, FRONT = 0, 1
"""Numbers of the turning Pandar64 and of the PandarGT that looks forward."""


class PandaSet(ListedDataset):
    """PandaSet. Frame ids are ``001/00``. Points are turned from the world to the vehicle's axes at the LiDAR.

    Poses are those of the LiDAR in the data set, which are exact to some centimetres. Of a box that both sensors have,
    the turning one's is taken.

    Args:
        root: The folder of the sequences, or one of them.
        lidar: "turning" (360 degrees), "front", or "both" merged.
        follow: Whether links that lead out of the root are followed.

    Raises:
        ScanpickError: No sequence is found, or its poses are broken.
    """

    licence = "PandaSet is given out under its own terms, based on CC BY 4.0: commercial use is allowed"

    def __init__(
        self, root: Path | str, *, lidar: Literal["turning", "front", "both"] = "turning", follow: bool = False
    ) -> None:
        self.root = Path(root)
        self._boundary = Boundary(self.root, follow)
        self._sensors = {"turning": (TURNING,), "front": (FRONT,), "both": (TURNING, FRONT)}[lidar]
        folders = self._boundary.held(pandaset_sequences(self.root))
        self._poses: dict[str, Float64Array] = {}
        records = [record for folder in folders for record in self._records(folder)]
        if not records:
            raise ScanpickError(
                f"{self.root}: no frames found: expected files such as 001/lidar/00.pkl.gz{self._boundary.told}."
            )
        labelled = sum((folder / "annotations" / "cuboids").is_dir() for folder in folders)
        sequences = counted(len(folders), "sequence")
        description = (
            f"PandaSet: {counted(len(records), 'frame')} of {sequences} ({labelled} with labels), {lidar} LiDAR in "
            f"the vehicle's axes{self._boundary.told}"
        )
        super().__init__("pandaset", description, records, PointReading(None, Intensity(255.0, "as PandaSet has")))

    def read(self, frame_id: str) -> Frame:
        """Points of one frame. See `Dataset.read`."""
        record = self.record(frame_id)
        assert record.path is not None
        columns = _table(self._boundary.check(record.path), ("x", "y", "z", "i", "d"))
        rows = np.isin(columns["d"], self._sensors)
        world = np.stack([columns[name][rows] for name in "xyz"], axis=1)
        points = transform_points(invert(self.ego_pose(frame_id)), world)
        raw = cloud_from_table(np.column_stack([points, columns["i"][rows]]), record.path)
        cloud = self.reading.intensity.applied(raw, record.path)
        return Frame(record, cloud.points, notes=cloud.notes)

    def has_labels(self, frame_id: str) -> bool:
        """Whether the frame has a table of boxes. See `dataset.has_labels`."""
        return _boxes_path(self.record(frame_id)).is_file()

    def labels(self, frame_id: str) -> Labels | None:
        """The boxes of one frame. See `Dataset.labels`."""
        if not self.has_labels(frame_id):
            return None
        path = self._boundary.check(_boxes_path(self.record(frame_id)))
        # A box's x is its width and y its length; its yaw is 0 where the length lies along the world's y.
        places = [f"position.{axis}" for axis in "xyz"]
        sizes = [f"dimensions.{axis}" for axis in "yxz"]
        try:
            texts = ("uuid", "label")
            columns = _table(path, (*places, *sizes, "yaw", "cuboids.sensor_id"), texts)
            other = FRONT if TURNING in self._sensors else TURNING
            rows = columns["cuboids.sensor_id"] != other
            frame_SE3_world = invert(self.ego_pose(frame_id))
            centres = transform_points(frame_SE3_world, np.stack([columns[name][rows] for name in places], axis=1))
            yaw = columns["yaw"][rows] + np.pi / 2
            heading = np.stack([np.cos(yaw), np.sin(yaw), np.zeros_like(yaw)], axis=1) @ frame_SE3_world[:3, :3].T
            found = np.column_stack(
                [centres, *(columns[name][rows] for name in sizes), np.arctan2(heading[:, 1], heading[:, 0])]
            )
            tracks = np.unique(columns["uuid"][rows].astype(np.str_), return_inverse=True)[1]
            return Labels(Boxes3D(found, columns["label"][rows].astype(np.str_)), track_ids=_numbers(tracks))
        except ScanpickError as fault:
            raise FrameError(f"{path}: {fault}", kind="labels") from fault

    def ego_pose(self, frame_id: str) -> Transform:
        """world_SE3_ego of one frame. See `scanpick.datasets.dataset.ego_pose`."""
        record = self.record(frame_id)
        return self._poses[record.sequence][record.index_in_sequence]

    def _records(self, folder: Path) -> list[FrameRecord]:
        lidar = folder / "lidar"
        self._boundary.check_layout(lidar, lidar / "poses.json", lidar / "timestamps.json")
        name = folder.absolute().name
        with parsing(str(lidar), "poses.json and timestamps.json with a pose and a time in seconds for each frame"):
            poses = [_pose(one) for one in parse_json(read_text(lidar / "poses.json"), str(lidar / "poses.json"))]
            times = [
                round(float(time) * 1e6) * 1000
                for time in parse_json(read_text(lidar / "timestamps.json"), str(lidar / "timestamps.json"))
            ]
            paths = self._boundary.held(sorted(lidar.glob("[0-9]*.pkl.gz")))
            numbers = [int(path.name.partition(".")[0]) for path in paths]
            if numbers and (max(numbers) >= min(len(poses), len(times)) or len(poses) != len(times)):
                raise ValueError(f"{len(poses)} poses, {len(times)} times, and a frame {max(numbers)}")
            world_SE3_lidar = transforms_from_quaternions(
                str(lidar / "poses.json"), np.array([pose[0] for pose in poses]), np.array([pose[1] for pose in poses])
            )
        self._poses[name] = world_SE3_lidar @ invert(EGO_TURN)
        columns = motion_columns(world_SE3_lidar[numbers, :3, 3], np.array([times[number] for number in numbers]))
        return [
            FrameRecord(f"{name}/{path.name.partition('.')[0]}", name, number, times[number], path, columns[place])
            for place, (path, number) in enumerate(zip(paths, numbers, strict=True))
        ]


def pandaset_sequences(folder: Path) -> list[Path]:
    """The sequences in a folder, in one below it, or that are the folder itself; none where there is none."""
    found = [path.parent.parent for above in ("", "*/", "*/*/") for path in folder.glob(f"{above}lidar/00.pkl.gz")]
    return sorted(found, key=lambda path: natural_key(path.absolute().name))


def _boxes_path(record: FrameRecord) -> Path:
    assert record.path is not None
    return record.path.parent.parent / "annotations" / "cuboids" / record.path.name


def _pose(one: Mapping[str, Any]) -> tuple[list[float], list[float]]:
    return [float(one["position"][axis]) for axis in "xyz"], [float(one["heading"][axis]) for axis in "wxyz"]


def _numbers(values: Any) -> Any:
    return np.asarray(values, dtype=np.int64)


def _table(path: Path, numbers: Sequence[str], texts: Sequence[str] = ()) -> dict[str, Any]:
    columns = columns_of(read_plain_pickle(path, FrameError), path, FrameError)
    lost = [name for name in (*numbers, *texts) if name not in columns]
    if lost:
        raise FrameError(f"{path}: expected the column {lost[0]}, as PandaSet has.", kind="wrong columns")
    try:
        found: dict[str, Any] = {name: np.asarray(columns[name], dtype=np.float64) for name in numbers}
    except (TypeError, ValueError) as fault:
        raise FrameError(f"{path}: expected numbers: {fault}.") from fault
    return found | {name: columns[name] for name in texts}
