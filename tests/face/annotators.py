"""Annotators who answer in CVAT's form, and a detector that learns: what a project needs besides a pool."""

import json
import zipfile
from collections.abc import Collection, Mapping
from pathlib import Path

import numpy as np

from scanpick.exporters.cvat import datumaro_cuboid, datumaro_document
from scanpick.structures import Boxes3D, Detections

REFUSED = "rejected"


def answer(
    path: Path,
    items: Mapping[str, str],
    truth: Mapping[str, Boxes3D],
    *,
    late: Collection[str] = (),
    refused: Mapping[str, str] | None = None,
    names: Mapping[str, str] | None = None,
) -> Path:
    """What CVAT exports as "Datumaro 3D 1.0" once annotators are done.

    Args:
        path: The zip to write.
        items: Name in CVAT -> frame id, as they were handed off.
        truth: Frame id -> what is there.
        late: Frames that are not done yet.
        refused: Frame id -> why it was refused.
        names: Our class -> the tool's.
    """
    refused, names = refused or {}, names or {}
    classes = sorted({names.get(str(name), str(name)) for one in truth.values() for name in one.class_names})
    classes.append(REFUSED)
    annotations = {}
    for name, frame_id in items.items():
        if frame_id in late:
            continue
        boxes = truth.get(frame_id, Boxes3D.empty())
        rows = zip(boxes.array.tolist(), boxes.class_names.tolist(), strict=True)
        annotations[name] = [
            datumaro_cuboid(number, classes.index(names.get(what, what)), box, {"occluded": False})
            for number, (box, what) in enumerate(rows)
        ]
        if frame_id in refused:
            box = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0]
            annotations[name] = [datumaro_cuboid(0, len(classes) - 1, box, {"reason": refused[frame_id]})]
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("annotations/default.json", json.dumps(datumaro_document(classes, annotations)))
    return path


def found_by(skill: float, truth: Mapping[str, Boxes3D], seed: int = 0) -> list[Detections]:
    """What a detector finds that knows this share of objects by sight."""
    rng = np.random.default_rng(seed)
    found = []
    for frame_id, boxes in truth.items():
        known = rng.random(len(boxes)) < skill
        found.append(Detections(frame_id, boxes[known], rng.uniform(0.5, 1.0, int(known.sum()))))
    return found
