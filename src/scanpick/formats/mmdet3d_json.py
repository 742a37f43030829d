"""Predictions that mmdetection3d's inferencers write: one JSON file a frame, ``preds/<frame id>.json``.

Each holds ``bboxes_3d`` (x, y, z of the bottom's centre, length, width, height, yaw), ``scores_3d``, ``labels_3d``
(numbers without names) and ``box_type_3d``. Only boxes of the type "LiDAR" are read.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError
from scanpick.formats.object_table import text_files
from scanpick.structures import Boxes3D, Detections


def read_mmdet3d_folder(folder: Path, class_names: Sequence[str]) -> dict[str, Detections]:
    """Read every ``*.json`` of a folder: frame id (the file's name) -> detections.

    Args:
        folder: The inferencer's ``preds`` folder.
        class_names: What the numbers in ``labels_3d`` stand for, from 0: the ``class_names`` of the model's
            configuration, in its order.

    Raises:
        ScanpickError: There is no such file, or one is malformed; it is named.
    """
    paths = list(text_files(folder, ".json").values())
    if not paths:
        raise ScanpickError(f"{folder}: expected mmdetection3d predictions (*.json), found none.")
    return {path.stem: read_mmdet3d(path, class_names) for path in paths}


def read_mmdet3d(path: Path, class_names: Sequence[str]) -> Detections:
    """Read one file; see `read_mmdet3d_folder`."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScanpickError(f"{path}: cannot read the predictions as JSON: {error}.") from error
    missing = [key for key in ("bboxes_3d", "scores_3d", "labels_3d", "box_type_3d") if key not in dict(content)]
    if missing:
        raise ScanpickError(f"{path}: expected mmdetection3d's predictions, got no {', '.join(missing)}.")
    if content["box_type_3d"] != "LiDAR":
        raise ScanpickError(
            f"{path}: expected boxes of the type 'LiDAR', got '{content['box_type_3d']}'. "
            f"Export KITTI result files instead (submission_prefix of mmdetection3d's KittiMetric)."
        )
    boxes = _array(content["bboxes_3d"], path, "bboxes_3d")
    boxes = boxes.reshape(len(boxes), -1)[:, :7] if len(boxes) else np.zeros((0, 7))
    if boxes.shape[1] < 7:
        raise ScanpickError(f"{path}: expected 7 numbers a box in 'bboxes_3d', got {boxes.shape[1]}.")
    boxes[:, 2] += boxes[:, 5] / 2  # theirs is the centre of the bottom
    labels = _array(content["labels_3d"], path, "labels_3d").astype(np.int64)
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(class_names):
        raise ScanpickError(
            f"{path}: 'labels_3d' has numbers from {labels.min()} to {labels.max()}, but {len(class_names)} class "
            f"names are given: {', '.join(class_names)}. Give all names of the model's configuration, in its order."
        )
    try:
        names = np.array(class_names, dtype=np.str_)[labels] if len(labels) else np.zeros(0, dtype=np.str_)
        return Detections(path.stem, Boxes3D(boxes, names), _array(content["scores_3d"], path, "scores_3d"))
    except ScanpickError as error:
        raise ScanpickError(f"{path}: {error}") from error


def _array(values: Any, path: Path, key: str) -> Float64Array:
    try:
        return np.array(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ScanpickError(f"{path}: expected numbers in '{key}': {error}.") from error
