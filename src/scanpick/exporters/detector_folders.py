"""Folders of OpenPCDet's and mmdetection3d's custom data sets: clouds, lines of boxes, lists of frames.

::

points/<name>.npy or .bin     x, y, z, intensity (0 to 1), float32
labels/<name>.txt             x y z length width height yaw class, one box a line
ImageSets/train.txt           the frames; a split is the user's to make

OpenPCDet means the centre of a box, mmdetection3d the centre of its **bottom**. Sources: open-mmlab/OpenPCDet,
``docs/CUSTOM_DATASET_TUTORIAL.md``; open-mmlab/mmdetection3d, ``docs/en/advanced_guides/customize_dataset.md``.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from scanpick.arrays import Points
from scanpick.errors import ScanpickError
from scanpick.exporters.exporter import HandOff, ReturnedLabels
from scanpick.exporters.kitti_results import check_one_word
from scanpick.exporters.returned import Cuboid, ReturnedFiles, Returning
from scanpick.exporters.tool import Item, ToolExporter, ToolFile
from scanpick.texts import lines_of, parsing


class OpenPcdet(ToolExporter):
    """OpenPCDet: a folder for its custom data sets, clouds as .npy; reads labels of the same form back."""

    _bottom = False

    def check(self, hand_off: HandOff) -> None:
        """Classes of several words cannot stand in a line."""
        for frame_id in hand_off.all_ids:
            check_one_word(hand_off.boxes(frame_id))

    def frame_files(self, item: Item, points: Points) -> Iterator[ToolFile]:
        """The cloud, and its boxes."""
        yield self._cloud(item, np.ascontiguousarray(points[:, :4], dtype="<f4"))
        if len(item.boxes):
            lines = []
            for box, name in zip(item.boxes.boxes.array.tolist(), item.boxes.boxes.class_names, strict=True):
                box[2] -= box[5] / 2 if self._bottom else 0
                lines.append(" ".join(f"{number:.6f}" for number in box) + f" {name}\n")
            yield ToolFile(f"labels/{item.name}.txt", "".join(lines).encode())

    def closing_files(self, hand_off: HandOff, items: Sequence[Item]) -> Iterator[ToolFile]:
        """The list of frames, in order."""
        yield ToolFile("ImageSets/train.txt", "".join(f"{item.name}\n" for item in items).encode())

    def upload(self, hand_off: HandOff, files: Mapping[str, Path]) -> Sequence[str]:
        """What makes the tool's own index of the folder."""
        return [
            "python -m pcdet.datasets.custom.custom_dataset create_custom_infos "
            "tools/cfgs/dataset_configs/custom_dataset.yaml"
        ]

    def read(self, path: Path, items: Mapping[str, str]) -> ReturnedLabels:
        """See `LabelReader.read`: every file of ``labels``."""
        files = ReturnedFiles(path, "a tool for this form")
        returned = Returning(path, items)
        for name in files.matching("labels/*.txt", "labels/*.txt"):
            lines = [line.split() for line in lines_of(files.text(name))]
            returned.add(name, [self._cuboid(words, files.where(name), n) for n, words in enumerate(lines, 1) if words])
        return returned.result()

    def _cuboid(self, words: Sequence[str], where: str, line: int) -> Cuboid:
        if len(words) < 8:
            raise ScanpickError(f"{where}, line {line}: expected 7 numbers and a class, got {len(words)} words.")
        with parsing(f"{where}, line {line}", "7 numbers and a class"):
            x, y, z, length, width, height, yaw = (float(word) for word in words[:7])
        z += height / 2 if self._bottom else 0
        return Cuboid(words[7], (x, y, z), (length, width, height), yaw)

    def _cloud(self, item: Item, points: Points) -> ToolFile:
        content = io.BytesIO()
        np.save(content, points)
        return ToolFile(f"points/{item.name}.npy", content.getvalue())


class Mmdet3d(OpenPcdet):
    """mmdetection3d: a folder for its custom data sets, clouds as .bin; reads labels of the same form back."""

    _bottom = True

    def upload(self, hand_off: HandOff, files: Mapping[str, Path]) -> Sequence[str]:
        """What makes the tool's own index of the folder."""
        return ["python tools/create_data.py custom --root-path FOLDER --out-dir FOLDER --extra-tag custom"]

    def _cloud(self, item: Item, points: Points) -> ToolFile:
        return ToolFile(f"points/{item.name}.bin", points.tobytes())
