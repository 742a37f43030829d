"""Where detections to evaluate come from: KITTI result files, the predictions table, mmdetection3d's JSON.

Boxes in the LiDAR frame are put into the camera's with the calibrations of a KITTI folder, and their 2D boxes are
projected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scanpick.errors import ScanpickError
from scanpick.formats.kitti_text import LABEL_COLUMNS, objects_from_rows
from scanpick.formats.object_table import ObjectTable, read_object_files
from scanpick.formats.result_sources import Form, find_results, read_lidar_detections
from scanpick.geometry.image_boxes import kitti_objects_from_detections
from scanpick.structures import Calibration, CameraObjects, Detections
from scanpick.structures.checks import name_some

_NO_OBJECTS = objects_from_rows([], np.zeros((0, len(LABEL_COLUMNS) - 1)))


@dataclass(frozen=True, eq=False)
class Results:
    """Detections as they were found in files.

    Attributes:
        table: The frames asked for.
        missing: Frames of which nothing was there, taken as frames without detections.
        others: How many frames were there that nobody asked for.
        projected: How many frames had no 2D boxes, so that they were projected.
        largest_yaw: Largest size of a yaw as it was found in the LiDAR frame, where angles lose their turns on the
            way to the camera, so that degrees would not show any more; 0 for KITTI result files.
    """

    table: ObjectTable
    missing: tuple[str, ...]
    others: int
    projected: int
    largest_yaw: float = 0.0


def read_results(
    path: Path,
    frame_ids: Sequence[str],
    camera_of: Callable[[str], Calibration],
    *,
    missing_is_empty: bool = False,
    label_names: Sequence[str] = (),
) -> Results:
    """The detections of these frames, in this order.

    Args:
        path: A folder of KITTI result files, a predictions table (.parquet), or a folder of mmdetection3d's JSON files.
        frame_ids: The frames that are evaluated; others are passed over.
        camera_of: Frame id -> calibration with an image size; only asked where boxes are in the LiDAR frame.
        missing_is_empty: Take a frame without file or row as one without detections, instead of an error.
        label_names: What the class numbers of mmdetection3d's JSON stand for.

    Raises:
        ScanpickError: The path is of no known form, a file is malformed, or frames are missing; they are named.
    """
    source = find_results(path, may_be_empty=missing_is_empty)
    detections = {} if source.form is Form.KITTI else read_lidar_detections(source, label_names)
    present: Mapping[str, object] = source.files or detections
    missing = tuple(frame_id for frame_id in frame_ids if frame_id not in present)
    if missing and not missing_is_empty:
        raise ScanpickError(_missing_message(path, missing, frame_ids, present))
    if source.form is Form.KITTI:
        table = read_object_files({frame_id: source.files.get(frame_id) for frame_id in frame_ids}, with_scores=True)
    else:
        table = _project(detections, frame_ids, camera_of)
    projected = [found for found in detections.values() if len(found) and found.image_boxes is None]
    yaws = [np.abs(found.boxes.array[:, 6]).max() for found in detections.values() if len(found)]
    return Results(
        table, missing, len(present) - len(frame_ids) + len(missing), len(projected), float(max(yaws, default=0))
    )


def _project(
    found: Mapping[str, Detections], frame_ids: Sequence[str], camera_of: Callable[[str], Calibration]
) -> ObjectTable:
    frames: dict[str, CameraObjects] = {}
    for frame_id in frame_ids:
        detections = found.get(frame_id)
        frames[frame_id] = kitti_objects_from_detections(detections, camera_of(frame_id)) if detections else _NO_OBJECTS
    return ObjectTable.from_frames(frames)


def _missing_message(path: Path, missing: Sequence[str], wanted: Sequence[str], present: Mapping[str, object]) -> str:
    if len(missing) == len(wanted):
        hint = f"None of the frames is there; there are: {name_some(list(present)) or 'no frames'}."
    else:
        hint = (
            "List the frames to evaluate in a file (`frames=...`), or count these as frames without detections "
            "(`missing='empty'`)."
        )
    return f"{path}: no detections for {len(missing)} of {len(wanted)} frames: {name_some(missing)}. {hint}"
