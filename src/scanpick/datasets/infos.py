"""Lists of frames that mmdetection3d and OpenPCDet train from: ``kitti_infos_train.pkl``, ``nuscenes_infos_val.pkl``.

They are pickles, and are read by `scanpick.formats.plain_pickle`, which runs nothing. mmdetection3d's are read from
version 1.0 on (``metainfo`` and ``data_list``), OpenPCDet's of KITTI, nuScenes and one's own data. Boxes are turned to
the frame of the points from what each calls a box::

    mmdetection3d  nuScenes, Lyft   the sensor's frame, centre         x y z length width height yaw
                   Waymo            the vehicle's frame, bottom        x y z length width height yaw
                   KITTI            the camera's frame, bottom         x y z length height width rotation_y
    OpenPCDet                       the frame of the points, centre    x y z length width height yaw
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.arrays import Float64Array, StringArray, Transform
from scanpick.datasets.boundary import Boundary
from scanpick.datasets.listed import ListedDataset, counted
from scanpick.datasets.metadata import motion_columns
from scanpick.datasets.point_reading import AUTO, find_reading
from scanpick.errors import FrameError, ScanpickError
from scanpick.formats.plain_pickle import plain_array, read_plain_pickle
from scanpick.geometry.transforms import camera_boxes_to_lidar, invert
from scanpick.structures import Boxes3D, Calibration, Frame, FrameRecord, Labels

COLUMNS = {"nuscenes": 5, "lyft": 5, "waymo": 6, "kitti": 4}
"""Columns of the ``.bin`` files of each data set."""
VERSIONS = ("1.1", "mmdet3d_v1.4")
_BESIDE = (
    *("", "points", "velodyne_reduced", "velodyne", "training/velodyne_reduced", "training/velodyne", "lidar"),
    *("testing/velodyne", "samples/LIDAR_TOP", "sweeps/LIDAR_TOP"),
)
_LATEST_S = 1e11
"""Times above are microseconds."""


@dataclass(frozen=True, eq=False)
class _Info:
    """One frame as a list has it."""

    lidar: str
    sequence: str
    time_ns: int | None
    world_SE3_ego: Transform | None
    ego_SE3_lidar: Transform
    boxes: Float64Array | None
    names: StringArray


class InfoFrames(ListedDataset):
    """Frames of a list of mmdetection3d or OpenPCDet. Frame ids are the names of the files of points.

    Args:
        root: The list, a ``.pkl`` file.
        points: The folder that its file names are relative to; "auto" looks beside the list where both tools have it.
        columns: Columns of ``.bin`` files; "auto" takes those of the data set that the list names, else infers them.
        intensity: The largest intensity that the sensor gives; "auto" infers it, "none" leaves intensities out.
        follow: Whether links that lead out of the list's folder are followed.

    Raises:
        ScanpickError: The list is no such list, or none of its files of points is there.
    """

    def __init__(
        self,
        root: Path | str,
        *,
        points: str = AUTO,
        columns: int | str = AUTO,
        intensity: float | str = AUTO,
        follow: bool = False,
    ) -> None:
        self.root = Path(root)
        content = read_plain_pickle(self.root)
        kind, infos, with_labels = _infos(content, self.root)
        folders = (
            [self.root.absolute().parent, self.root.absolute().parent.parent] if points == AUTO else [Path(points)]
        )
        self._boundary = Boundary(folders[-1], follow)
        self._infos: dict[str, _Info] = {}
        records, missing, repeated = [], 0, 0
        for info in infos:
            path = _found(folders, info.lidar)
            if path is None:
                missing += 1
                continue
            frame_id = path.stem.removesuffix(".pcd")  # nuScenes' clouds are called .pcd.bin
            if frame_id in self._infos:
                repeated += 1
                continue
            self._infos[frame_id] = info
            sequence = info.sequence or frame_id
            records.append(FrameRecord(frame_id, sequence, 0, info.time_ns, self._boundary.check(path)))
        if not records:
            raise ScanpickError(
                f"{self.root}: none of its {len(infos)} files of points is there, such as {infos[0].lidar[:100]!r}. "
                f"Say where they are with the option points=FOLDER."
                if infos
                else f"{self.root}: lists no frames."
            )
        records = _in_order(records, self._infos)
        self._has_labels = with_labels
        description = (
            f"{kind} list: {counted(len(records), 'frame')}"
            f"{f', {missing} listed files are not on disk' if missing else ''}"
            f"{f', {repeated} are listed again' if repeated else ''}; "
            f"{'labels as the list has them' if with_labels else 'labels of an older version, which are not read'}"
        )
        dataset = kind.partition(" of ")[2]
        asked = COLUMNS.get(dataset, AUTO) if columns == AUTO else columns
        super().__init__("infos", description, records, find_reading(records, columns=asked, intensity=intensity))

    def read(self, frame_id: str) -> Frame:
        """Points of one frame in the vehicle's axes. See `Dataset.read`."""
        frame = super().read(frame_id)
        points = frame.points.copy()
        points[:, :3] = points[:, :3] @ self._infos[frame_id].ego_SE3_lidar[:3, :3].T.astype(np.float32)
        return Frame(frame.record, points, notes=frame.notes)

    def has_labels(self, frame_id: str) -> bool:
        """Whether the list has boxes for the frame. See `dataset.has_labels`."""
        self.record(frame_id)
        return self._has_labels and self._infos[frame_id].boxes is not None

    def labels(self, frame_id: str) -> Labels | None:
        """The boxes of one frame. See `Dataset.labels`."""
        if not self.has_labels(frame_id):
            return None
        info = self._infos[frame_id]
        assert info.boxes is not None
        turn = info.ego_SE3_lidar[:3, :3]
        boxes = info.boxes.copy()
        heading = np.stack([np.cos(boxes[:, 6]), np.sin(boxes[:, 6]), np.zeros(len(boxes))], axis=1) @ turn.T
        boxes[:, :3] = boxes[:, :3] @ turn.T
        boxes[:, 6] = np.arctan2(heading[:, 1], heading[:, 0])
        try:
            return Labels(Boxes3D(boxes, info.names))
        except ScanpickError as fault:
            raise FrameError(f"{self.root}, {frame_id}: {fault}", kind="labels") from fault

    def ego_pose(self, frame_id: str) -> Transform | None:
        """world_SE3_ego of one frame. See `scanpick.datasets.dataset.ego_pose`."""
        self.record(frame_id)
        info = self._infos[frame_id]
        if info.world_SE3_ego is None:
            return None
        shift = np.eye(4)
        shift[:3, 3] = info.ego_SE3_lidar[:3, 3]
        return info.world_SE3_ego @ shift


def _infos(content: Any, path: Path) -> tuple[str, list[_Info], bool]:
    """What wrote a list, its frames, and whether their boxes can be read."""
    try:
        if isinstance(content, dict) and isinstance(content.get("data_list"), list):
            meta = content.get("metainfo", {})
            dataset = str(meta.get("dataset", meta.get("DATASET", ""))).lower()
            if str(meta.get("version", "")).startswith("v1.01"):  # Lyft's lists call themselves nuScenes
                dataset = "lyft"
            is_read = str(meta.get("info_version", "")) in VERSIONS and dataset in COLUMNS
            names = {int(number): str(name) for name, number in meta.get("categories", {}).items()}
            if dataset == "waymo" and not names:  # its converter writes none
                names = dict(enumerate(("Car", "Pedestrian", "Cyclist")))
            found = [_of_mmdet3d(one, dataset, names, is_read) for one in content["data_list"]]
            return f"mmdetection3d of {dataset}", found, is_read
        if isinstance(content, dict) and "infos" in content:
            raise ScanpickError(
                f"{path}: a list of mmdetection3d before 1.0, whose boxes are others. mmdetection3d's "
                f"tools/dataset_converters/update_infos_to_v2.py makes one that is read."
            )
        if isinstance(content, list) and content and isinstance(content[0], dict):
            dataset = "nuscenes" if "lidar_path" in content[0] else "kitti" if "calib" in content[0] else "custom data"
            return f"OpenPCDet of {dataset}", [_of_openpcdet(one) for one in content], True
    except (LookupError, TypeError, ValueError, AttributeError) as fault:
        raise ScanpickError(f"{path}: a frame of the list lacks what it should have: {fault!r}.") from fault
    raise ScanpickError(
        f"{path}: expected a list of frames (metainfo and data_list of mmdetection3d, or a list of dicts of OpenPCDet)."
    )


def _of_mmdet3d(info: Mapping[str, Any], dataset: str, names: Mapping[int, str], with_boxes: bool) -> _Info:
    lidar = info["lidar_points"]
    boxes: Float64Array | None = None
    classes: StringArray = np.zeros(0, dtype=np.str_)
    if with_boxes and "instances" in info:
        kept = [one for one in info["instances"] if int(one["bbox_label_3d"]) >= 0]
        boxes = np.array([one["bbox_3d"][:7] for one in kept], dtype=np.float64).reshape(-1, 7)
        classes = np.array([names[int(one["bbox_label_3d"])] for one in kept], dtype=np.str_)
        if dataset == "kitti":
            rectified = _matrix(info["images"]["R0_rect"]) @ _matrix(lidar["Tr_velo_to_cam"])
            calibration = Calibration(rectified, _matrix(info["images"]["CAM2"]["cam2img"])[:3])
            turned = camera_boxes_to_lidar(boxes[:, :3], boxes[:, [4, 5, 3]], boxes[:, 6], calibration)
            boxes = np.asarray(turned, dtype=np.float64)
        elif dataset == "waymo":
            boxes[:, 2] += boxes[:, 5] / 2
    return _Info(
        str(lidar["lidar_path"]),
        str(info.get("context_name", "")) or _log(str(lidar["lidar_path"])),
        _time_ns(info.get("timestamp")),
        _matrix(info["ego2global"]) if "ego2global" in info else None,
        _matrix(lidar["lidar2ego"]) if "lidar2ego" in lidar else np.eye(4),
        boxes,
        classes,
    )


def _of_openpcdet(info: Mapping[str, Any]) -> _Info:
    world_SE3_ego: Transform | None = None
    ego_SE3_lidar: Transform = np.eye(4)
    if "lidar_path" in info:
        lidar, annos, boxes, names = str(info["lidar_path"]), info, info.get("gt_boxes"), info.get("gt_names")
        ego_SE3_lidar = invert(_matrix(info["ref_from_car"]))
        world_SE3_ego = invert(_matrix(info["car_from_global"]))
    else:
        lidar, annos = f"{info['point_cloud']['lidar_idx']}", info.get("annos", {})
        boxes, names = annos.get("gt_boxes_lidar"), annos.get("name")
    found: Float64Array | None = None
    classes: StringArray = np.zeros(0, dtype=np.str_)
    if boxes is not None and names is not None:
        rows: Float64Array = np.asarray(plain_array(boxes), dtype=np.float64)
        found = rows.reshape(len(rows), rows.shape[-1] if rows.size else 7)[:, :7]
        classes = np.array([str(name) for name in plain_array(names).tolist()], dtype=np.str_)
        classes = classes[classes != "DontCare"]  # has a name and no box
    return _Info(lidar, _log(lidar), _time_ns(info.get("timestamp")), world_SE3_ego, ego_SE3_lidar, found, classes)


def _matrix(values: Any) -> Transform:
    matrix: Transform = np.eye(4)
    given = plain_array(values).astype(np.float64)
    matrix[: given.shape[0], : given.shape[1]] = given
    if not np.isfinite(matrix).all():
        raise ValueError("a transform that is not finite")
    return matrix


def _time_ns(stamp: Any) -> int | None:
    """Nanoseconds from seconds or microseconds."""
    if stamp is None:
        return None
    number = float(stamp)
    return round(number * 1e6) * 1000 if number < _LATEST_S else int(stamp) * 1000


def _log(name: str) -> str:
    """The recording that nuScenes' file names begin with."""
    return Path(name).name.partition("__")[0] if "__" in name else ""


def _found(folders: Sequence[Path], name: str) -> Path | None:
    """The file of points of a name: where it says, or where both tools have it."""
    names = [name, Path(name).name, *(f"{name}{suffix}" for suffix in (".bin", ".npy"))]
    places = (folder / beside / one for folder in folders for one in names for beside in _BESIDE)
    return next((path for path in places if ".." not in path.parts and path.is_file()), None)


def _in_order(records: list[FrameRecord], infos: Mapping[str, _Info]) -> list[FrameRecord]:
    """By sequence and time, with their places in it, and where the vehicle was."""
    records.sort(key=lambda record: (record.sequence, record.timestamp_ns or 0, record.frame_id))
    ordered: list[FrameRecord] = []
    for sequence, group in itertools.groupby(records, key=lambda record: record.sequence):
        inside = list(group)
        poses = [infos[record.frame_id].world_SE3_ego for record in inside]
        columns: list[dict[str, float]] = [{} for _ in inside]
        times = np.array([record.timestamp_ns or 0 for record in inside])
        if all(pose is not None for pose in poses) and (np.diff(times) > 0).all():
            columns = motion_columns(np.array([pose[:3, 3] for pose in poses if pose is not None]), times)
        ordered += [
            FrameRecord(one.frame_id, sequence, place, one.timestamp_ns, one.path, columns[place])
            for place, one in enumerate(inside)
        ]
    return ordered
