"""CVAT's 3D tasks: a zip of clouds and images, and boxes as "Datumaro 3D 1.0", out and in.

::

task.zip            pointcloud/<name>.pcd   related_images/<name>_pcd/<camera>.png     a task is made of it
labels.json         the task's labels, which must be there before boxes are imported
annotations.zip     annotations/default.json, the pre-labels

Scales are length, width, height along the box's own axes, the yaw is 0 along +x. CVAT rounds what it gives out to 0.01.
Sources: cvat-ai/cvat, ``media_extractors.py`` and ``dataset_manager/formats/datumaro.py``; cvat-ai/datumaro @8970bb7b.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field

from scanpick.arrays import Points
from scanpick.exporters.clouds import format_pcd
from scanpick.exporters.exporter import HandOff, ReturnedLabels
from scanpick.exporters.returned import (
    REJECTED,
    Cuboid,
    Name,
    Outside,
    ReturnedFiles,
    Returning,
    Triple,
    yaw_of_euler,
)
from scanpick.exporters.tool import BESIDE, Item, ToolExporter, ToolFile, json_bytes

_POINT_CLOUD = 6
"""Datumaro's number for the kind of media; the package refuses other files of boxes."""


class Cvat(ToolExporter):
    """CVAT 3D: a zip to make a task of, its labels, and pre-labels as Datumaro 3D; reads the same format back."""

    def frame_files(self, item: Item, points: Points) -> Iterator[ToolFile]:
        """The cloud, and the images beside it."""
        yield ToolFile(f"pointcloud/{item.name}.pcd", format_pcd(points), "task")
        for camera in item.cameras:
            yield item.image(camera, f"related_images/{item.name}_pcd/{item.image_name(camera)}", "task")

    def closing_files(self, hand_off: HandOff, items: Sequence[Item]) -> Iterator[ToolFile]:
        """The task's labels, and the pre-labels where there are any."""
        classes = hand_off.classes
        yield ToolFile("labels.json", json_bytes(_task_labels(classes)), BESIDE)
        if any(len(item.boxes) for item in items):
            document = datumaro_document(classes, {item.name: _annotations(item, classes) for item in items})
            yield ToolFile("annotations/default.json", json_bytes(document), "annotations")

    def upload(self, hand_off: HandOff, files: Mapping[str, Path]) -> Sequence[str]:
        """Commands of ``cvat-cli``."""
        if "task" not in files:
            return []
        task, labels, named = (shlex.quote(str(one)) for one in (files["task"], files["labels.json"], hand_off.name))
        lines = [f"cvat-cli task create {named} --labels {labels} local {task}"]
        if "annotations" in files:
            boxes = shlex.quote(str(files["annotations"]))
            lines.append(f'cvat-cli task import-dataset --format "Datumaro 3D 1.0" TASK_ID {boxes}')
        return [*lines, 'cvat-cli task export-dataset --format "Datumaro 3D 1.0" TASK_ID labelled.zip']

    def read(self, path: Path, items: Mapping[str, str]) -> ReturnedLabels:
        """See `LabelReader.read`. A frame is there once it is in the export, with boxes or without."""
        files = ReturnedFiles(path, "CVAT")
        found = files.matching("annotations/*.json") or files.matching("*.json", "annotations/default.json")
        returned = Returning(path, items)
        for name in found:
            document = files.json(name, _Document, "annotations of Datumaro 3D")
            classes = [label.name for label in document.categories.label.labels]
            returned.declare(classes)
            for item in document.items:
                _take(item, classes, returned, files.where(name))
        return returned.result()


def datumaro_document(classes: Sequence[str], annotations: Mapping[str, Sequence[Mapping[str, Any]]]) -> dict[str, Any]:
    """A document of Datumaro 3D: the annotations of each item by its name, in the order of the frames."""
    return {
        "dm_format_version": "1.0",
        "media_type": _POINT_CLOUD,
        "info": {},
        "infos": {},
        "categories": {
            "label": {
                "labels": [{"name": name, "parent": "", "attributes": []} for name in classes],
                "attributes": ["occluded"],
            },
            "points": {"items": []},
        },
        "items": [
            {
                "id": name,
                "attr": {"frame": frame},
                "point_cloud": {"path": f"pointcloud/{name}.pcd"},
                "related_images": [],
                "annotations": list(boxes),
            }
            for frame, (name, boxes) in enumerate(sorted(annotations.items()))
        ],
    }


def datumaro_cuboid(number: int, label: int, box: Sequence[float], attributes: Mapping[str, Any]) -> dict[str, Any]:
    """A box x, y, z, length, width, height, yaw as an annotation."""
    return {
        "id": number,
        "type": "cuboid_3d",
        "label_id": label,
        "group": 0,
        "attributes": dict(attributes),
        "position": list(box[:3]),
        "rotation": [0.0, 0.0, box[6]],
        "scale": list(box[3:6]),
    }


def _annotations(item: Item, classes: Sequence[str]) -> list[dict[str, Any]]:
    rows = zip(item.boxes.boxes.array.tolist(), item.boxes.boxes.class_names.tolist(), item.boxes.scores, strict=True)
    return [
        datumaro_cuboid(
            number, classes.index(name), box, {"occluded": False, "source": "auto", "score": f"{score:.4f}"}
        )
        for number, (box, name, score) in enumerate(rows)
    ]


def _task_labels(classes: Sequence[str]) -> list[dict[str, Any]]:
    def text(name: str) -> dict[str, Any]:
        return {"name": name, "input_type": "text", "mutable": False, "values": [""], "default_value": ""}

    boxes = [{"name": name, "type": "cuboid", "attributes": [text("score")]} for name in classes]
    return [*boxes, {"name": REJECTED, "type": "cuboid", "attributes": [text("reason")]}]


class _Label(Outside):
    name: Name


class _Labels(Outside):
    labels: list[_Label]


class _Categories(Outside):
    label: _Labels


class _Annotation(Outside):
    type: Name
    label_id: int | None = None
    attributes: dict[str, Any] = Field(default_factory=dict)
    position: Triple | None = None
    rotation: Triple | None = None
    scale: Triple | None = None


class _Item(Outside):
    id: Name
    annotations: tuple[_Annotation, ...] = ()


class _Document(Outside):
    categories: _Categories
    items: list[_Item]


def _take(item: _Item, classes: Sequence[str], returned: Returning, where: str) -> None:
    cuboids, reason = [], ""
    for one in item.annotations:
        if one.label_id is None or not 0 <= one.label_id < len(classes):
            returned.passed_over["annotations without a class"] += 1
            continue
        name = classes[one.label_id]
        if name.casefold() == REJECTED:
            reason = str(one.attributes.get("reason") or "")
            cuboids.append(Cuboid(name, (0, 0, 0), (0, 0, 0), 0))
        elif one.type != "cuboid_3d" or one.position is None or one.scale is None:
            returned.passed_over["annotations that are no boxes"] += 1
        elif one.attributes.get("outside") is not True:
            yaw, tilted = yaw_of_euler(*(one.rotation or (0, 0, 0)))
            track = one.attributes.get("track_id")
            cuboids.append(Cuboid(name, one.position, one.scale, yaw, None if track is None else str(track), tilted))
    returned.add(item.id, cuboids, reason)
