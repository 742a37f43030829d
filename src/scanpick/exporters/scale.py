"""Scale AI's LiDAR tasks: a JSON file a frame and the body of the task; cuboids of its callback, back.

::

frames/<name>.json        points and cameras, in the sensor's coordinates, the device in the origin
images/<name>/<camera>.png
task.json                 the body of a lidarannotation task; its URLs begin with `url_prefix`
pre_labels/<name>.json    boxes in the form of the callback, for agreements with Scale that take them

Dimensions x, y, z are **width, length, height**, the yaw is 0 along **+y** (Scale's Nucleus means it otherwise).
Sources: docs.scale.com, lidar-annotation and lidar-callback-format; scaleapi/pandaset-devkit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanpick.arrays import Points
from scanpick.exporters.exporter import HandOff, ReturnedLabels
from scanpick.exporters.returned import XYZ, Cuboid, Name, Number, Outside, ReturnedFiles, Returning
from scanpick.exporters.tool import Item, ToolExporter, ToolFile, json_bytes
from scanpick.geometry.quaternions import quaternion_from_rotation
from scanpick.geometry.transforms import invert
from scanpick.structures import Camera

_QUARTER = math.pi / 2
_POINT = '{"x":%.4f,"y":%.4f,"z":%.4f,"i":%.4f},\n'


@dataclass(frozen=True)
class Scale(ToolExporter):
    """Scale AI: frames and the body of a task, to be put where Scale finds them; reads cuboids back.

    Attributes:
        url_prefix: Where the files will be found ("https://bucket.example/picks/").
    """

    url_prefix: str = "https://example.org/"

    def frame_files(self, item: Item, points: Points) -> Iterator[ToolFile]:
        """The frame, its images and its boxes."""
        written = (_POINT * len(points) % tuple(points[:, :4].ravel().tolist())).rstrip(",\n")
        rest = {
            "device_position": {"x": 0, "y": 0, "z": 0},
            "device_heading": {"x": 0, "y": 0, "z": 0, "w": 1},
            "timestamp": (item.record.timestamp_ns or 0) / 1e9,
            "images": [self._image(item, camera) for camera in item.cameras],
        }
        content = b'{"points":[\n' + written.encode() + b"],\n" + json_bytes(rest)[1:]
        yield ToolFile(f"frames/{item.name}.json", content)
        for camera in item.cameras:
            yield item.image(camera, f"images/{item.name}/{item.image_name(camera)}")
        if len(item.boxes):
            yield ToolFile(f"pre_labels/{item.name}.json", json_bytes({"cuboids": _cuboids(item)}))

    def closing_files(self, hand_off: HandOff, items: Sequence[Item]) -> Iterator[ToolFile]:
        """The body of the task."""
        task = {
            "project": hand_off.name,
            "attachment_type": "json",
            "attachments": [f"{self.url_prefix}frames/{item.name}.json" for item in items],
            "labels": hand_off.classes,
            "meters_per_unit": 1,
        }
        yield ToolFile("task.json", json_bytes(task))

    def upload(self, hand_off: HandOff, files: Mapping[str, Path]) -> Sequence[str]:
        """A request to Scale's interface, once the files are where the URLs say."""
        return [
            "curl https://api.scale.com/v1/task/lidarannotation -u SCALE_API_KEY: -H 'Content-Type: application/json' "
            "-d @task.json"
        ]

    def read(self, path: Path, items: Mapping[str, str]) -> ReturnedLabels:
        """See `LabelReader.read`: a file with ``cuboids`` for each frame, under the frame's name."""
        files = ReturnedFiles(path, "Scale")
        returned = Returning(path, items)
        found = files.matching("pre_labels/*.json") or files.matching("*.json", "a JSON file of cuboids a frame")
        for name in found:
            cuboids = []
            for one in files.json(name, _Response, "a frame of Scale's callback").cuboids:
                width, length, height = one.dimensions.triple
                size = (length, width, height)
                cuboids.append(Cuboid(one.label, one.position.triple, size, one.yaw + _QUARTER, one.uuid))
            returned.add(name, cuboids)
        return returned.result()

    def _image(self, item: Item, camera: Camera) -> dict[str, Any]:
        calibration = camera.calibration
        lidar_SE3_camera = invert(calibration.camera_SE3_lidar)
        w, x, y, z = quaternion_from_rotation(lidar_SE3_camera[:3, :3]).tolist()
        (fx, fy), (cx, cy) = calibration.focal_px.tolist(), calibration.centre_px.tolist()
        return {
            "image_url": f"{self.url_prefix}images/{item.name}/{item.image_name(camera)}",
            "position": dict(zip("xyz", lidar_SE3_camera[:3, 3].tolist(), strict=True)),
            "heading": {"x": x, "y": y, "z": z, "w": w},
            **{"fx": fx, "fy": fy, "cx": cx, "cy": cy, "camera_model": "pinhole"},
        }


def _cuboids(item: Item) -> list[dict[str, Any]]:
    boxes = item.boxes.boxes
    rows = zip(boxes.array.tolist(), boxes.class_names.tolist(), item.boxes.scores.tolist(), strict=True)
    return [
        {
            "uuid": f"{item.name}-{number}",
            "label": name,
            "position": {"x": x, "y": y, "z": z},
            "dimensions": {"x": width, "y": length, "z": height},
            "yaw": yaw - _QUARTER,
            "attributes": {"confidence": score},
        }
        for number, ((x, y, z, length, width, height, yaw), name, score) in enumerate(rows)
    ]


class _Cuboid(Outside):
    uuid: Name | None = None
    label: Name
    position: XYZ
    dimensions: XYZ
    yaw: Number


class _Response(Outside):
    cuboids: list[_Cuboid]
