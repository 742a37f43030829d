"""Hand-offs of made-up frames, and what each tool's files say of a box, by that tool's own rule.

Nothing of scanpick's geometry is used here: corners are put together from the numbers that were written.
"""

import json
import math
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from scanpick.errors import FrameError
from scanpick.exporters import EXPORTERS, ExportSummary, HandOff
from scanpick.structures import Boxes3D, Camera, Detections, Frame, FrameRecord, Labels
from tests.datasets.samples import sweep

BOX = (10.0, 2.0, -1.0, 4.2, 1.8, 1.5, 0.5)
"""A box of three different sizes off the axes: centre, length, width, height, yaw."""

BOXES = np.array([BOX, (-7.25, -3.5, -0.6, 11.9, 2.5, 3.1, -2.9), (3.0, 40.0, -1.2, 0.61, 0.83, 1.77, 3.0)])
CLASSES = ("Car", "Truck", "Pedestrian")

ODD_IDS = ["drive 1/000002", "drive 1/000001", "ähnlich.v2", "A", "a"]


class Drive:
    """Frames of one drive, with a camera and poses; or, as `bare`, clouds alone."""

    def __init__(self, folder: Path, frame_ids: Sequence[str], *, bare: bool = False) -> None:
        self.bare = bare
        self.image = folder / "image.png"
        folder.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (64, 32)).save(self.image)
        self.records = [
            FrameRecord(frame_id, "drive", place, place * 100_000_000) for place, frame_id in enumerate(frame_ids)
        ]

    def read(self, frame_id: str) -> Frame:
        for seed, record in enumerate(self.records):
            if record.frame_id == frame_id:
                return Frame(record, sweep(seed, 60))
        raise FrameError(f"no frame '{frame_id}'")

    def labels(self, frame_id: str) -> Labels | None:
        return None

    def cameras(self, frame_id: str) -> tuple[Camera, ...]:
        camera_SE3_lidar = np.array([[0, -1, 0, 0.06], [0, 0, -1, -0.08], [1, 0, 0, -0.27], [0, 0, 0, 1.0]])
        intrinsics = np.array([[72.0, 0, 32], [0, 70, 16], [0, 0, 1]])
        if self.bare:
            return ()
        return (Camera.pinhole("CAM_FRONT", self.image, intrinsics, camera_SE3_lidar, (64, 32)),)

    def ego_pose(self, frame_id: str) -> np.ndarray | None:
        """A vehicle that has gone some way and turned by 1 rad, with a pitch of 0.05."""
        if self.bare:
            return None
        turn = np.array([[math.cos(1), -math.sin(1), 0], [math.sin(1), math.cos(1), 0], [0, 0, 1]])
        pitch = np.array([[math.cos(0.05), 0, math.sin(0.05)], [0, 1, 0], [-math.sin(0.05), 0, math.cos(0.05)]])
        pose = np.eye(4)
        pose[:3, :3] = turn @ pitch
        pose[:3, 3] = (100, -50, 3)
        return pose


def detections(frame_id: str, boxes: np.ndarray = BOXES, scores: Sequence[float] | None = None) -> Detections:
    names = [CLASSES[number % len(CLASSES)] for number in range(len(boxes))]
    return Detections(frame_id, Boxes3D(boxes, np.array(names)), np.array(scores or [0.87] * len(boxes)))


def hand_off(source: Drive, frame_ids: Sequence[str], **given: Any) -> HandOff:
    labels = {frame_id: detections(frame_id) for frame_id in frame_ids}
    return HandOff(source, frame_ids, "picks", **{"pre_labels": labels, "class_names": ("Car",), **given})


def write(tool: str, work: HandOff, out: Path, **options: Any) -> ExportSummary:
    return EXPORTERS.make(tool, options).write(work, out)


Axes = tuple[Sequence[float], Sequence[float]]


def corners(centre: Sequence[float], ahead: Sequence[float], aside: Sequence[float], up: Sequence[float]) -> np.ndarray:
    """(8, 3) from half the length, width and height as vectors, in the order of `Boxes3D`."""
    c, a, s, u = (np.array(vector, dtype=float) for vector in (centre, ahead, aside, up))
    bottom = [c + a - s - u, c + a + s - u, c - a + s - u, c - a - s - u]
    return np.array([*bottom, *(corner + 2 * u for corner in bottom)])


def of_x_family(centre: Sequence[float], lwh: Sequence[float], angle: float) -> np.ndarray:
    """Length along the box's own x, which is turned by `angle`."""
    length, width, height = (size / 2 for size in lwh)
    cos, sin = math.cos(angle), math.sin(angle)
    return corners(centre, (length * cos, length * sin, 0), (-width * sin, width * cos, 0), (0, 0, height))


def of_y_family(centre: Sequence[float], xyz: Sequence[float], angle: float) -> np.ndarray:
    """Length along the box's own y, which is turned by `angle`; x is the width, to the right of the heading."""
    width, length, height = (size / 2 for size in xyz)
    cos, sin = math.cos(angle), math.sin(angle)
    return corners(centre, (-length * sin, length * cos, 0), (-width * cos, -width * sin, 0), (0, 0, height))


def of_quaternion(centre: Sequence[float], lwh: Sequence[float], xyzw: Sequence[float]) -> np.ndarray:
    """Length along the box's own x; vectors are turned by the quaternion as v + 2 w (q x v) + 2 q x (q x v)."""
    q, w = np.array(xyzw[:3]), xyzw[3]

    def turned(vector: Sequence[float]) -> np.ndarray:
        v = np.array(vector)
        return v + 2 * w * np.cross(q, v) + 2 * np.cross(q, np.cross(q, v))

    length, width, height = (size / 2 for size in lwh)
    return corners(centre, turned((length, 0, 0)), turned((0, width, 0)), turned((0, 0, height)))


def _xyz(values: dict[str, float]) -> list[float]:
    return [values["x"], values["y"], values["z"]]


def in_zip(path: Path, name: str) -> Any:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read(name))


def cvat(out: Path, name: str) -> np.ndarray:
    items = in_zip(out / "annotations.zip", "annotations/default.json")["items"]
    box = next(item for item in items if item["id"] == name)["annotations"][0]
    return of_x_family(box["position"], box["scale"], box["rotation"][2])


def segments(out: Path, name: str) -> np.ndarray:
    box = json.loads((out / "labels.json").read_text())[name]["annotations"][0]
    return of_x_family(_xyz(box["position"]), _xyz(box["dimensions"]), box["yaw"])


def supervisely(out: Path, name: str) -> np.ndarray:
    figure = json.loads((out / "frames" / "ann" / f"{name}.pcd.json").read_text())["figures"][0]
    box = figure["geometry"]
    return of_y_family(_xyz(box["position"]), _xyz(box["dimensions"]), box["rotation"]["z"])


def kitti_subset(out: Path, name: str) -> np.ndarray:
    """KITTI's devkit: x = -length/2..length/2, y = 0..-height, z across, turned about y, in the camera's frame."""
    words = (out / "training" / "label_2" / f"{name}.txt").read_text().splitlines()[0].split()
    height, width, length, x, y, z, angle = (float(word) for word in words[8:15])
    matrix = next(
        np.array([float(word) for word in line.split()[1:]]).reshape(3, 4)
        for line in (out / "training" / "calib" / f"{name}.txt").read_text().splitlines()
        if line.startswith("Tr_velo_to_cam")
    )
    turn = np.array([[math.cos(angle), 0, math.sin(angle)], [0, 1, 0], [-math.sin(angle), 0, math.cos(angle)]])
    to_lidar = matrix[:, :3].T
    ahead, aside, up = (to_lidar @ turn @ np.array(v) / 2 for v in ((length, 0, 0), (0, 0, width), (0, -height, 0)))
    return corners(to_lidar @ (np.array([x, y, z]) - matrix[:, 3]) + up, ahead, aside, up)


def _line(out: Path, name: str) -> list[float]:
    return [float(word) for word in (out / "labels" / f"{name}.txt").read_text().split()[:7]]


def openpcdet(out: Path, name: str) -> np.ndarray:
    x, y, z, *size, yaw = _line(out, name)
    return of_x_family((x, y, z), size, yaw)


def mmdet3d(out: Path, name: str) -> np.ndarray:
    x, y, bottom, *size, yaw = _line(out, name)
    return of_x_family((x, y, bottom + size[2] / 2), size, yaw)


def xtreme1(out: Path, name: str) -> np.ndarray:
    box = json.loads((out / "result" / f"{name}.json").read_text())["objects"][0]["contour"]
    return of_x_family(_xyz(box["center3D"]), _xyz(box["size3D"]), box["rotation3D"]["z"])


def sustechpoints(out: Path, name: str) -> np.ndarray:
    box = json.loads((out / "frames" / "label" / f"{name}.json").read_text())[0]["psr"]
    return of_x_family(_xyz(box["position"]), _xyz(box["scale"]), box["rotation"]["z"])


def openlabel(out: Path, name: str) -> np.ndarray:
    frame = json.loads((out / "openlabel" / f"{name}.json").read_text())["openlabel"]["frames"]["0"]
    val = frame["objects"]["0"]["object_data"]["cuboid"][0]["val"]
    return of_quaternion(val[:3], val[7:], val[3:7])


def scale(out: Path, name: str) -> np.ndarray:
    box = json.loads((out / "pre_labels" / f"{name}.json").read_text())["cuboids"][0]
    return of_y_family(_xyz(box["position"]), _xyz(box["dimensions"]), box["yaw"])


def mcap(out: Path, name: str) -> np.ndarray:
    from mcap.reader import make_reader

    with next(out.glob("*.mcap")).open("rb") as file:
        messages = [message.data for _, _, message in make_reader(file).iter_messages(topics=["/lidar/boxes"])]
    cube = json.loads(messages[0])["entities"][0]["cubes"][0]
    turn = cube["pose"]["orientation"]
    return of_quaternion(_xyz(cube["pose"]["position"]), _xyz(cube["size"]), [*_xyz(turn), turn["w"]])


CORNERS: dict[str, Callable[[Path, str], np.ndarray]] = {
    "cvat": cvat,
    "kitti_subset": kitti_subset,
    "mcap": mcap,
    "mmdet3d": mmdet3d,
    "openlabel": openlabel,
    "openpcdet": openpcdet,
    "scale": scale,
    "segments": segments,
    "supervisely": supervisely,
    "sustechpoints": sustechpoints,
    "xtreme1": xtreme1,
}
"""Exporter -> the corners of the first box of an item, from what was written."""


def tool_export(tool: str, out: Path, place: Path) -> Path:
    """What the tool would give out if an annotator took every pre-label as it is."""
    if tool == "cvat":
        return out / "annotations.zip"
    if tool == "segments":
        place.mkdir(parents=True, exist_ok=True)
        samples = json.loads((out / "samples.json").read_text())
        labels = json.loads((out / "labels.json").read_text())
        for sample in samples:
            label = labels[sample["name"]]
            sample["labels"] = {"ground-truth": {"label_status": "LABELED", "attributes": label}}
        attributes = json.loads((out / "dataset.json").read_text())["task_attributes"]
        release = {"name": "v1", "dataset": {"task_attributes": attributes, "samples": samples}}
        (place / "release.json").write_text(json.dumps(release))
        return place / "release.json"
    return out / "openlabel" if tool == "openlabel" else out
