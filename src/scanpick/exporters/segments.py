"""Segments.ai: samples and labels as its client takes them, and a release of a data set, back.

::

pointcloud/<name>.pcd   images/<name>/<camera>.png
dataset.json            name, task type and categories of the data set to be made
samples.json            one sample a frame, or one a sequence
labels.json             sample -> its pre-labels
upload.py               makes the data set and sends all that, through Segments.ai's own client

Dimensions x, y, z are length, width, height, the yaw is 0 along +x. Sequences with poses are labelled in the world's
coordinates, others in those of the sensor. Source: segments-ai/segments-ai @570578b2, ``typing.py``, ``client.py``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from scanpick.arrays import Points, Transform
from scanpick.errors import ScanpickError
from scanpick.exporters.clouds import format_pcd
from scanpick.exporters.exporter import HandOff, ReturnedLabels
from scanpick.exporters.returned import (
    XYZ,
    Cuboid,
    Name,
    Number,
    Outside,
    ReturnedFiles,
    Returning,
    yaw_of_quaternion,
)
from scanpick.exporters.tool import Item, ToolExporter, ToolFile, json_bytes
from scanpick.geometry.quaternions import quaternion_from_rotation, rotations_from_quaternions
from scanpick.geometry.transforms import invert, transform_points, wrap_angle
from scanpick.structures import Camera

_DONE = ("LABELED", "REVIEWED", "VERIFIED", "REVIEWING_IN_PROGRESS")
_REFUSED = ("REJECTED", "SKIPPED")


@dataclass(frozen=True)
class Segments(ToolExporter):
    """Segments.ai: clouds, images, samples, pre-labels and a script that sends them; reads a release back.

    Attributes:
        url_prefix: Where the files will be found by Segments.ai ("https://bucket.example/picks/"). Without one,
            ``upload.py`` sends the files, too.
        labelset: The label set that is written and read.
    """

    url_prefix: str = ""
    labelset: str = "ground-truth"

    def frame_files(self, item: Item, points: Points) -> Iterator[ToolFile]:
        """The cloud and the images."""
        yield ToolFile(_cloud(item), format_pcd(points))
        for camera in item.cameras:
            yield item.image(camera, _image(item, camera))

    def closing_files(self, hand_off: HandOff, items: Sequence[Item]) -> Iterator[ToolFile]:
        """The data set, its samples and their labels."""
        classes = hand_off.classes
        sequences = bool(hand_off.sequences)
        kind = "pointcloud-cuboid-sequence" if sequences else "pointcloud-cuboid"
        categories = [{"id": number, "name": name} for number, name in enumerate(classes, start=1)]
        dataset = {
            "name": hand_off.name,
            "task_type": kind,
            "task_attributes": {"format_version": "0.1", "categories": categories},
            "labelset": self.labelset,
            "local_files": not self.url_prefix,
        }
        yield ToolFile("dataset.json", json_bytes(dataset))
        samples, labels = [], {}
        for name, frames in _samples(items, sequences).items():
            in_world = sequences and all(item.world_SE3_ego is not None for item in frames)
            attributes = [self._attributes(item, in_world) for item in frames]
            boxes = [_annotations(item, classes, in_world, sequences) for item in frames]
            rank = min(item.rank or len(items) for item in frames)
            samples.append(
                {
                    "name": name,
                    "attributes": {"frames": attributes} if sequences else attributes[0],
                    "metadata": {"frame_id": frames[0].frame_id, "rank": rank},
                    "priority": -rank,
                }
            )
            if any(boxes):
                single = {"format_version": "0.1", "annotations": boxes[0]}
                labels[name] = _label(boxes, frames) if sequences else single
        yield ToolFile("samples.json", json_bytes(samples))
        if labels:
            yield ToolFile("labels.json", json_bytes(labels))
        yield ToolFile("upload.py", _UPLOAD.encode())

    def upload(self, hand_off: HandOff, files: Mapping[str, Path]) -> Sequence[str]:
        """The script, which needs ``segments-ai``; releases are made and downloaded on the data set's page."""
        return ["pip install segments-ai", "SEGMENTS_API_KEY=... python upload.py  (in the folder of this hand-off)"]

    def read(self, path: Path, items: Mapping[str, str]) -> ReturnedLabels:
        """See `LabelReader.read`. Samples that are only pre-labelled, or in work, have not come back yet."""
        files = ReturnedFiles(path, "Segments.ai")
        returned = Returning(path, items)
        for name in files.matching("*.json", "a release"):
            release = files.json(name, _Release, "a release of Segments.ai")
            categories = {one.id: one.name for one in release.dataset.task_attributes.categories}
            returned.declare(categories.values())
            for sample in release.dataset.samples:
                if (label := sample.labels.get(self.labelset)) is not None:
                    _take(sample, label, categories, returned, f"{files.where(name)}: sample '{sample.name}'")
        return returned.result()

    def _attributes(self, item: Item, in_world: bool) -> dict[str, Any]:
        attributes: dict[str, Any] = {
            "pcd": {"url": self.url_prefix + _cloud(item), "type": "pcd"},
            "name": item.name,
            "images": [self._camera(item, camera) for camera in item.cameras],
        }
        if item.record.timestamp_ns is not None:
            attributes["timestamp"] = str(item.record.timestamp_ns)
        if in_world and item.world_SE3_ego is not None:
            place, turn = _pose(item.world_SE3_ego)
            attributes["ego_pose"] = {"position": place, "heading": turn}
        return attributes

    def _camera(self, item: Item, camera: Camera) -> dict[str, Any]:
        """The image, with the pose of the camera in the coordinates of the cloud."""
        calibration = camera.calibration
        focal, centre = calibration.focal_px, calibration.centre_px
        place, turn = _pose(invert(calibration.camera_SE3_lidar))
        return {
            "url": self.url_prefix + _image(item, camera),
            "name": camera.name,
            "camera_convention": "OpenCV",
            "intrinsics": {
                "intrinsic_matrix": [[focal[0], 0.0, centre[0]], [0.0, focal[1], centre[1]], [0.0, 0.0, 1.0]]
            },
            "extrinsics": {"translation": place, "rotation": turn},
        }


def _samples(items: Sequence[Item], sequences: bool) -> dict[str, list[Item]]:
    """Name of a sample -> its frames. A sequence has the name of its first frame."""
    if not sequences:
        return {item.name: [item] for item in items}
    runs: dict[int | None, list[Item]] = {}
    for item in items:
        runs.setdefault(item.run, []).append(item)
    return {f"sequence_{frames[0].name}": frames for frames in runs.values()}


def _cloud(item: Item) -> str:
    return f"pointcloud/{item.name}.pcd"


def _image(item: Item, camera: Camera) -> str:
    return f"images/{item.name}/{item.image_name(camera)}"


def _pose(a_SE3_b: Transform) -> tuple[dict[str, float], dict[str, float]]:
    return _xyz(a_SE3_b[:3, 3]), _quaternion(a_SE3_b[:3, :3])


def _xyz(values: Any) -> dict[str, float]:
    return dict(zip("xyz", (float(value) for value in values), strict=True))


def _quaternion(rotation: np.ndarray) -> dict[str, float]:
    w, x, y, z = quaternion_from_rotation(rotation).tolist()
    return {"qx": x, "qy": y, "qz": z, "qw": w}


def _annotations(item: Item, classes: Sequence[str], in_world: bool, sequences: bool) -> list[dict[str, Any]]:
    found = []
    boxes = item.boxes.boxes
    pose = item.world_SE3_ego if in_world and item.world_SE3_ego is not None else np.eye(4)
    centres = transform_points(pose, boxes.centres)
    for number, (box, name, score) in enumerate(zip(boxes.array, boxes.class_names, item.boxes.scores, strict=True), 1):
        cos, sin = np.cos(box[6]), np.sin(box[6])
        rotation = pose[:3, :3] @ np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        annotation = {
            "id": number,
            "category_id": classes.index(name) + 1,
            "type": "cuboid",
            "position": _xyz(centres[number - 1]),
            "dimensions": _xyz(box[3:6]),
            "yaw": float(np.arctan2(rotation[1, 0], rotation[0, 0])),
            "attributes": {"confidence": f"{score:.4f}"},
        }
        if in_world:  # upright at the vehicle is not upright in the world
            annotation["rotation"] = _quaternion(rotation)
        if sequences:
            annotation |= {"track_id": item.place * 10_000 + number, "is_keyframe": True}
        found.append(annotation)
    return found


def _label(boxes: Sequence[Sequence[Mapping[str, Any]]], items: Sequence[Item]) -> dict[str, Any]:
    frames = []
    for found, item in zip(boxes, items, strict=True):
        frame: dict[str, Any] = {"format_version": "0.2", "annotations": list(found)}
        if item.record.timestamp_ns is not None:
            frame["timestamp"] = str(item.record.timestamp_ns)
        frames.append(frame)
    return {"format_version": "0.2", "frames": frames}


_UPLOAD = '''"""Make a data set on Segments.ai of this folder. Needs: pip install segments-ai, and SEGMENTS_API_KEY."""

import json
import os
from pathlib import Path

from segments import SegmentsClient

here = Path(__file__).parent
dataset = json.loads((here / "dataset.json").read_text())
samples = json.loads((here / "samples.json").read_text())
labels = json.loads((here / "labels.json").read_text()) if (here / "labels.json").exists() else {}
client = SegmentsClient(os.environ["SEGMENTS_API_KEY"])


def send(entry):
    if dataset["local_files"]:
        with (here / entry["url"]).open("rb") as file:
            entry["url"] = client.upload_asset(file, Path(entry["url"]).name).url


made = client.add_dataset(
    dataset["name"], task_type=dataset["task_type"], task_attributes=dataset["task_attributes"],
    enable_3d_cuboid_rotation=dataset["task_type"].endswith("sequence"),
)
for sample in samples:
    for frame in sample["attributes"].get("frames", [sample["attributes"]]):
        for entry in [frame["pcd"], *frame["images"]]:
            send(entry)
    sent = client.add_sample(
        made.full_name, sample["name"], sample["attributes"], sample["metadata"], priority=sample["priority"]
    )
    if sample["name"] in labels:
        client.add_label(sent.uuid, dataset["labelset"], labels[sample["name"]], label_status="PRELABELED")
    print(sample["name"])
'''


class _Quaternion(Outside):
    qx: Number
    qy: Number
    qz: Number
    qw: Number


class _EgoPose(Outside):
    position: XYZ
    heading: _Quaternion


class _FrameSample(Outside):
    name: Name | None = None
    ego_pose: _EgoPose | None = None


class _SampleAttributes(Outside):
    name: Name | None = None
    ego_pose: _EgoPose | None = None
    frames: list[_FrameSample] | None = None


class _Cuboid(Outside):
    category_id: int
    type: Name = "cuboid"
    position: XYZ | None = None
    dimensions: XYZ | None = None
    yaw: Number | None = None
    rotation: _Quaternion | None = None
    track_id: int | None = None


class _Annotations(Outside):
    annotations: tuple[_Cuboid, ...] = ()


class _LabelAttributes(Outside):
    annotations: tuple[_Cuboid, ...] = ()
    frames: list[_Annotations] | None = None


class _Label(Outside):
    label_status: Name = "LABELED"
    attributes: _LabelAttributes = _LabelAttributes()


class _Sample(Outside):
    name: Name
    attributes: _SampleAttributes = _SampleAttributes()
    labels: dict[str, _Label | None] = Field(default_factory=dict)


class _Category(Outside):
    id: int
    name: Name


class _TaskAttributes(Outside):
    categories: list[_Category]


class _Dataset(Outside):
    task_attributes: _TaskAttributes
    samples: list[_Sample]


class _Release(Outside):
    dataset: _Dataset


def _take(sample: _Sample, label: _Label, categories: Mapping[int, str], returned: Returning, where: str) -> None:
    in_frames = sample.attributes.frames
    if in_frames is None:
        names, poses = [sample.name], [sample.attributes.ego_pose]
        parts = [label.attributes.annotations]
    else:
        names = [one.name or f"{sample.name}, frame {number}" for number, one in enumerate(in_frames)]
        poses = [one.ego_pose for one in in_frames]
        parts = [one.annotations for one in label.attributes.frames or []]
    status = label.label_status.upper()
    if status in _REFUSED:
        for name in names:
            returned.reject(name, f"{status.lower()} at Segments.ai")
        return
    if status not in _DONE:
        returned.passed_over[f"samples that are {status}, not labelled,"] += 1
        return
    if len(parts) != len(names):
        raise ScanpickError(f"{where}: expected labels of its {len(names)} frames, got {len(parts)}.")
    for name, pose, part in zip(names, poses, parts, strict=True):
        cuboids = []
        for one in part:
            if one.category_id not in categories:
                raise ScanpickError(f"{where}: no category has the number {one.category_id} of a box.")
            if one.position is None or one.dimensions is None or one.yaw is None:
                returned.passed_over["annotations that are no boxes"] += 1
            else:
                cuboids.append(_cuboid(one, categories[one.category_id], sample.name, pose, where))
        returned.add(name, cuboids)


def _cuboid(one: _Cuboid, class_name: str, sample: str, pose: _EgoPose | None, where: str) -> Cuboid:
    assert one.position is not None
    assert one.dimensions is not None
    assert one.yaw is not None
    centre, yaw, tilted = np.array(one.position.triple), float(one.yaw), False
    turn = np.eye(3)[:, 0] * np.cos(yaw) + np.eye(3)[:, 1] * np.sin(yaw)  # the heading
    if one.rotation is not None:
        q = one.rotation
        about_z, tilted = yaw_of_quaternion(where, q.qw, q.qx, q.qy, q.qz)
        if abs(float(wrap_angle(np.array(about_z - yaw)))) < 0.01:  # else the yaw was changed after it
            turn = rotations_from_quaternions(where, np.array([[q.qw, q.qx, q.qy, q.qz]]))[0][:, 0]
    if pose is not None:
        h = pose.heading
        to_world = rotations_from_quaternions(where, np.array([[h.qw, h.qx, h.qy, h.qz]]))[0]
        centre = (centre - np.array(pose.position.triple)) @ to_world
        turn, tilted = turn @ to_world, False
    x, y, z = centre.tolist()
    track = None if one.track_id is None else f"{sample}/{one.track_id}"
    return Cuboid(class_name, (x, y, z), one.dimensions.triple, float(np.arctan2(turn[1], turn[0])), track, tilted)
