"""Predictions that mmdetection3d's inferencers write: one JSON file a frame, ``preds/<frame id>.json``.

Each holds ``bboxes_3d`` (x, y, z of the bottom's centre, length, width, height, yaw), ``scores_3d``, ``labels_3d``
(numbers without names) and ``box_type_3d``. Only boxes of the type "LiDAR" are read.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError
from scanpick.structures import Boxes3D, Detections
from scanpick.texts import parse_json, parsing, read_text

_KEYS = ("bboxes_3d", "scores_3d", "labels_3d", "box_type_3d")


def read_mmdet3d_folder(folder: Path, class_names: Sequence[str]) -> dict[str, Detections]:
    """Read every ``*.json`` of a folder: frame id (the file's name) -> detections.

    Args:
        folder: The inferencer's ``preds`` folder.
        class_names: What the numbers in ``labels_3d`` stand for, from 0: the ``class_names`` of the model's
            configuration, in its order.

    Raises:
        ScanpickError: There is no such file, or one is malformed; it is named.
    """
    paths = sorted(folder.glob("*.json"))
    if not paths:
        raise ScanpickError(f"{folder}: expected mmdetection3d predictions (*.json), found none.")
    return {path.stem: read_mmdet3d(path, class_names) for path in paths}


def read_mmdet3d(path: Path, class_names: Sequence[str]) -> Detections:
    """Read one file; see `read_mmdet3d_folder`."""
    content = parse_json(read_text(path), str(path))
    if not isinstance(content, dict):
        kind = "a list" if isinstance(content, list) else "nothing" if content is None else f"'{content}'"[:40]
        raise ScanpickError(
            f"{path}: expected mmdetection3d's predictions, an object with {', '.join(_KEYS)}; got {kind}."
        )
    missing = [key for key in _KEYS if key not in content]
    if missing:
        raise ScanpickError(f"{path}: expected mmdetection3d's predictions, got no {', '.join(missing)}.")
    if content["box_type_3d"] != "LiDAR":
        raise ScanpickError(
            f"{path}: expected boxes of the type 'LiDAR', got {str(content['box_type_3d'])[:40]!r}. "
            f"Export KITTI result files instead (submission_prefix of mmdetection3d's KittiMetric)."
        )
    scores = _array(content["scores_3d"], path, "scores_3d", dimensions=1)
    numbers = _array(content["labels_3d"], path, "labels_3d", dimensions=1)
    boxes = _array(content["bboxes_3d"], path, "bboxes_3d", dimensions=2)[:, :7]  # velocities may follow
    if len(boxes) and boxes.shape[1] < 7:
        raise ScanpickError(f"{path}: expected 7 numbers a box in 'bboxes_3d', got {boxes.shape[1]}.")
    if not len(boxes) == len(scores) == len(numbers):
        raise ScanpickError(
            f"{path}: expected as many boxes as scores and labels, got {len(boxes)}, {len(scores)} and {len(numbers)}."
        )
    boxes = boxes.reshape(len(boxes), 7)
    boxes[:, 2] += boxes[:, 5] / 2  # theirs is the centre of the bottom
    labels = numbers.astype(np.int64)
    if (labels != numbers).any():
        raise ScanpickError(f"{path}: expected whole numbers in 'labels_3d'.")
    if len(labels) and not 0 <= labels.min() <= labels.max() < len(class_names):
        raise ScanpickError(
            f"{path}: 'labels_3d' has numbers from {labels.min()} to {labels.max()}, but {len(class_names)} class "
            f"names are given: {', '.join(class_names)}. Give all names of the model's configuration, in its order."
        )
    try:
        names = np.array(class_names, dtype=np.str_)[labels] if len(labels) else np.zeros(0, dtype=np.str_)
        return Detections(path.stem, Boxes3D(boxes, names), scores)
    except ScanpickError as error:
        raise ScanpickError(f"{path}: {error}") from error


def _array(values: Any, path: Path, key: str, *, dimensions: int) -> Float64Array:
    """An array of finite numbers with so many dimensions; an empty list has any."""
    with parsing(str(path), f"numbers in '{key}'"):
        array = np.array(values, dtype=np.float64)
    if array.shape == (0,):
        array = array.reshape((0,) * dimensions)
    if array.ndim != dimensions or not np.isfinite(array).all():
        raise ScanpickError(
            f"{path}: expected finite numbers in {dimensions} dimension(s) in '{key}', got the shape {array.shape}."
        )
    return array
