"""SUSTechPOINTS: scenes that lie in its ``data`` folder; the tool saves labels in place, where they are read back.

::

<scene>/lidar/<name>.pcd   <scene>/label/<name>.json
<scene>/camera/<camera>/<name>.png   <scene>/calib/camera/<camera>.json     one calibration a scene, of its first frame

Scales x, y, z are length, width, height, the yaw is 0 along +x; the axes are those of the cloud. The tool knows no
scores: unknown keys are lost when it saves. Source: naurril/SUSTechPOINTS @566f81d0, ``scene_reader.py``.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import RootModel

from scanpick.arrays import Points
from scanpick.exporters.clouds import format_pcd
from scanpick.exporters.exporter import HandOff, ReturnedLabels
from scanpick.exporters.returned import XYZ, Cuboid, Name, Outside, ReturnedFiles, Returning, yaw_of_euler
from scanpick.exporters.tool import Item, ToolExporter, ToolFile, json_bytes


class SustechPoints(ToolExporter):
    """SUSTechPOINTS: scenes for its data folder, with labels that it opens and saves; reads these back."""

    def frame_files(self, item: Item, points: Points) -> Iterator[ToolFile]:
        """The cloud, the images and the boxes."""
        scene = _scene(item)
        yield ToolFile(f"{scene}/lidar/{item.name}.pcd", format_pcd(points))
        for camera in item.cameras:
            folder, _, suffix = item.image_name(camera).rpartition(".")
            yield item.image(camera, f"{scene}/camera/{folder}/{item.name}.{suffix}")
        if len(item.boxes):
            boxes = item.boxes.boxes
            objects = [
                {
                    "obj_id": f"{item.place * 1000 + number}",
                    "obj_type": name,
                    "psr": {
                        "position": dict(zip("xyz", box[:3], strict=True)),
                        "scale": dict(zip("xyz", box[3:6], strict=True)),
                        "rotation": {"x": 0.0, "y": 0.0, "z": box[6]},
                    },
                }
                for number, (box, name) in enumerate(
                    zip(boxes.array.tolist(), boxes.class_names.tolist(), strict=True), 1
                )
            ]
            yield ToolFile(f"{scene}/label/{item.name}.json", json_bytes(objects))

    def closing_files(self, hand_off: HandOff, items: Sequence[Item]) -> Iterator[ToolFile]:
        """The calibration of each camera of a scene, from the first frame that has it."""
        done = set()
        for item in items:
            for camera in item.cameras:
                name = re.sub(r"\.\w+$", "", item.image_name(camera))
                place = f"{_scene(item)}/calib/camera/{name}.json"
                if place not in done:
                    done.add(place)
                    (fx, fy), (cx, cy) = camera.calibration.focal_px.tolist(), camera.calibration.centre_px.tolist()
                    extrinsic = camera.calibration.camera_SE3_lidar.ravel().tolist()
                    intrinsic = [fx, 0.0, cx, 0.0, fy, cy, 0.0, 0.0, 1.0]
                    yield ToolFile(place, json_bytes({"extrinsic": extrinsic, "intrinsic": intrinsic}))

    def upload(self, hand_off: HandOff, files: Mapping[str, Path]) -> Sequence[str]:
        """A copy: the tool reads a folder."""
        return [
            f"cp -r {shlex.quote(str(files.get('content', Path())))}/*/ SUSTechPOINTS/data/",
            "python SUSTechPOINTS/main.py",
        ]

    def read(self, path: Path, items: Mapping[str, str]) -> ReturnedLabels:
        """See `LabelReader.read`. A frame is there once it has a label file."""
        files = ReturnedFiles(path, "SUSTechPOINTS")
        returned = Returning(path, items)
        for name in files.matching("label/*.json", "label/*.json"):
            content = files.json(name, _Label, "a list of objects").root
            cuboids = []
            for one in content.objs if isinstance(content, _Objects) else content:
                yaw, tilted = yaw_of_euler(*one.psr.rotation.triple)
                track = None if one.obj_id is None else f"{name.rpartition('/label/')[0]}/{one.obj_id}"
                cuboids.append(Cuboid(one.obj_type, one.psr.position.triple, one.psr.scale.triple, yaw, track, tilted))
            returned.add(name, cuboids)
        return returned.result()


def _scene(item: Item) -> str:
    return "frames" if item.run is None else f"sequence_{item.run + 1:04d}"


class _Psr(Outside):
    position: XYZ
    scale: XYZ
    rotation: XYZ


class _Object(Outside):
    obj_id: str | int | None = None
    obj_type: Name
    psr: _Psr


class _Objects(Outside):
    objs: list[_Object]


class _Label(RootModel[list[_Object] | _Objects]):
    """A list, or in newer versions a list by name."""
