"""ASAM OpenLABEL 1.0, which Kognic and others take as pre-labels and give back.

::

lidar/<name>.pcd   images/<name>/<camera>.png
openlabel/<name>.json          one frame, or one sequence under the name of its first frame

A cuboid is x, y, z, qx, qy, qz, qw, length, width, height; or with three Euler angles in place of the quaternion. Boxes
are in the coordinate system "lidar"; others are refused, since producers differ in what they mean by them.
Sources: ASAM OpenLABEL 1.0.0; Vicomtech/video-content-description-VCD @b5111f58, ``schema/``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field

from scanpick.arrays import Points
from scanpick.errors import ScanpickError
from scanpick.exporters.clouds import format_pcd
from scanpick.exporters.exporter import HandOff, ReturnedLabels
from scanpick.exporters.returned import (
    Cuboid,
    Name,
    Number,
    Outside,
    ReturnedFiles,
    Returning,
    yaw_of_euler,
    yaw_of_quaternion,
)
from scanpick.exporters.tool import Item, ToolExporter, ToolFile, json_bytes
from scanpick.geometry.transforms import invert

_LIDAR = "lidar"


class OpenLabel(ToolExporter):
    """ASAM OpenLABEL 1.0 (Kognic): clouds, images, and files with cameras and pre-labels; reads OpenLABEL back."""

    def frame_files(self, item: Item, points: Points) -> Iterator[ToolFile]:
        """The cloud and the images."""
        yield ToolFile(_cloud(item), format_pcd(points))
        for camera in item.cameras:
            yield item.image(camera, f"images/{item.name}/{item.image_name(camera)}")

    def closing_files(self, hand_off: HandOff, items: Sequence[Item]) -> Iterator[ToolFile]:
        """A file for each frame, or for each sequence."""
        runs: dict[str, list[Item]] = {}
        for item in items:
            runs.setdefault(item.name if item.run is None else f"{item.run}", []).append(item)
        for frames in runs.values():
            yield ToolFile(f"openlabel/{frames[0].name}.json", json_bytes({"openlabel": _document(frames)}))

    def upload(self, hand_off: HandOff, files: Mapping[str, Path]) -> Sequence[str]:
        """Kognic's client takes the clouds as a scene, and these files as its pre-annotations."""
        return [
            "pip install kognic-io",
            "Kognic: client.lidars_and_cameras.create(scene), then client.pre_annotation.create(scene_uuid, "
            "OpenLabelAnnotation.model_validate_json(file)); elsewhere: import openlabel/*.json beside the clouds",
        ]

    def read(self, path: Path, items: Mapping[str, str]) -> ReturnedLabels:
        """See `LabelReader.read`. A frame is named by its cloud, or else by its file."""
        files = ReturnedFiles(path, "a tool that speaks OpenLABEL")
        returned = Returning(path, items)
        for name in files.matching("*.json", "OpenLABEL files"):
            document = files.json(name, _File, "an OpenLABEL file").openlabel
            where = files.where(name)
            for number, frame in document.frames.items():
                item = returned.first_known(one.uri for one in frame.frame_properties.streams.values())
                if item is None:
                    item = name if len(document.frames) == 1 else f"{name}, frame {number}"
                returned.add(item, _cuboids(frame, document.objects, name, where, returned))
        return returned.result()


def _cloud(item: Item) -> str:
    return f"lidar/{item.name}.pcd"


def _document(items: Sequence[Item]) -> dict[str, Any]:
    objects: dict[str, Any] = {}
    frames: dict[str, Any] = {}
    for number, item in enumerate(items):
        here = [{"frame_start": number, "frame_end": number}]
        of_frame = {}
        boxes = item.boxes.boxes
        rows = zip(boxes.array.tolist(), boxes.class_names.tolist(), item.boxes.scores.tolist(), strict=True)
        for (x, y, z, length, width, height, yaw), kind, score in rows:
            key = str(len(objects))
            pointers = {"box3D": {"type": "cuboid", "frame_intervals": here}}
            own = {"name": f"{kind}-{key}", "type": kind, "frame_intervals": here, "object_data_pointers": pointers}
            objects[key] = own
            cuboid = {
                "name": "box3D",
                "coordinate_system": _LIDAR,
                "val": [x, y, z, 0.0, 0.0, np.sin(yaw / 2), np.cos(yaw / 2), length, width, height],
                "attributes": {"num": [{"name": "confidence", "val": score}]},
            }
            of_frame[key] = {"object_data": {"cuboid": [cuboid]}}
        streams = {_LIDAR: {"uri": _cloud(item)}}
        streams |= {one.name: {"uri": f"images/{item.name}/{item.image_name(one)}"} for one in item.cameras}
        properties: dict[str, Any] = {"streams": streams}
        if item.record.timestamp_ns is not None:
            seconds, rest = divmod(item.record.timestamp_ns, 10**9)
            properties["timestamp"] = f"{seconds}.{rest:09d}"
        frames[str(number)] = {"frame_properties": properties} | ({"objects": of_frame} if of_frame else {})
    cameras = {camera.name: camera.calibration for item in reversed(items) for camera in item.cameras}
    systems: dict[str, Any] = {_LIDAR: {"type": "sensor_cs", "parent": "", "children": sorted(cameras)}}
    sensors: dict[str, Any] = {
        _LIDAR: {"type": "lidar", "uri": _cloud(items[0]), "description": "x forward, y left, z up"}
    }
    for name, calibration in cameras.items():
        pose = {"matrix4x4": invert(calibration.camera_SE3_lidar).ravel().tolist()}
        systems[name] = {"type": "sensor_cs", "parent": _LIDAR, "children": [], "pose_wrt_parent": pose}
        sensors[name] = {"type": "camera"}
        if calibration.image_size is not None:
            width, height = calibration.image_size
            pinhole: dict[str, Any] = {"width_px": width, "height_px": height, "distortion_coeffs_1xN": [0.0] * 5}
            pinhole["camera_matrix_3x4"] = calibration.projection.ravel().tolist()
            sensors[name]["stream_properties"] = {"intrinsics_pinhole": pinhole}
    document: dict[str, Any] = {
        "metadata": {"schema_version": "1.0.0", "annotator": "scanpick", "comment": "pre-labels"},
        "coordinate_systems": systems,
        "streams": sensors,
        "frame_intervals": [{"frame_start": 0, "frame_end": len(items) - 1}],
        "frames": frames,
    }
    return document | ({"objects": objects} if objects else {})


class _Stream(Outside):
    uri: Name = ""


class _Properties(Outside):
    streams: dict[str, _Stream] = Field(default_factory=dict)


class _Cuboid(Outside):
    coordinate_system: Name = _LIDAR
    val: list[Number]


class _ObjectData(Outside):
    cuboid: tuple[_Cuboid, ...] = ()


class _FrameObject(Outside):
    object_data: _ObjectData = _ObjectData()


class _Frame(Outside):
    frame_properties: _Properties = _Properties()
    objects: dict[str, _FrameObject] = Field(default_factory=dict)


class _Object(Outside):
    type: Name


class _Document(Outside):
    frames: dict[str, _Frame]
    objects: dict[str, _Object] = Field(default_factory=dict)


class _File(Outside):
    openlabel: _Document


def _cuboids(frame: _Frame, objects: Mapping[str, _Object], name: str, where: str, returned: Returning) -> list[Cuboid]:
    found = []
    for key, one in frame.objects.items():
        if key not in objects:
            raise ScanpickError(f"{where}: a frame has the object '{key[:40]}', which is not among its objects.")
        for box in one.object_data.cuboid:
            if box.coordinate_system.casefold() != _LIDAR:
                raise ScanpickError(
                    f"{where}: a box is in the coordinate system '{box.coordinate_system[:40]}'; expected 'lidar'."
                )
            if len(box.val) == 10:
                x, y, z, qx, qy, qz, qw, *size = box.val
                yaw, tilted = yaw_of_quaternion(where, qw, qx, qy, qz)
            elif len(box.val) == 9:
                x, y, z, rx, ry, rz, *size = box.val
                yaw, tilted = yaw_of_euler(rx, ry, rz)
            else:
                raise ScanpickError(f"{where}: expected cuboids of 9 or 10 numbers, got {len(box.val)}.")
            length, width, height = size
            kind = objects[key].type
            found.append(Cuboid(kind, (x, y, z), (length, width, height), yaw, f"{name}/{key}", tilted))
        if not one.object_data.cuboid:
            returned.passed_over["objects that are no boxes"] += 1
    return found
