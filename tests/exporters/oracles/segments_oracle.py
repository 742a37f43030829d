"""Segments.ai's own models on a hand-off: item -> boxes x, y, z, length, width, height, yaw."""

import json
import sys
from pathlib import Path

from segments.typing import (
    PointcloudCuboidLabelAttributes,
    PointcloudSampleAttributes,
    PointcloudSequenceCuboidLabelAttributes,
    PointcloudSequenceSampleAttributes,
    TaskAttributes,
)

folder = Path(sys.argv[1])
TaskAttributes.model_validate(json.loads((folder / "dataset.json").read_text())["task_attributes"])
labels = json.loads((folder / "labels.json").read_text())
found = {}
for sample in json.loads((folder / "samples.json").read_text()):
    if "frames" in sample["attributes"]:
        frames = PointcloudSequenceSampleAttributes.model_validate(sample["attributes"]).frames
        parts = PointcloudSequenceCuboidLabelAttributes.model_validate(labels[sample["name"]]).frames
    else:
        frames = [PointcloudSampleAttributes.model_validate(sample["attributes"])]
        parts = [PointcloudCuboidLabelAttributes.model_validate(labels[sample["name"]])]
    for frame, part in zip(frames, parts, strict=True):
        found[frame.name] = [
            [
                *(getattr(box.position, axis) for axis in "xyz"),
                *(getattr(box.dimensions, axis) for axis in "xyz"),
                box.yaw,
            ]
            for box in part.annotations
        ]
print(json.dumps(found))
