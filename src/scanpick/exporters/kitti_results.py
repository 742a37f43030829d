"""KITTI result files, one text file a frame, out and in: what KITTI's server and most detection tools speak."""

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from scanpick.errors import ScanpickError
from scanpick.exporters.folder import ExportFile, ExportFolder
from scanpick.formats.kitti_text import format_objects
from scanpick.formats.object_table import read_object_files
from scanpick.formats.result_sources import Form, find_results, read_lidar_detections
from scanpick.geometry.image_boxes import detections_from_kitti_objects, kitti_objects_from_detections
from scanpick.structures import Calibration, Detections

_LONGEST_NAME = 255
"""Bytes that file systems take for a name."""


def write_kitti_results(
    folder: Path,
    detections: Iterable[Detections],
    camera_of: Callable[[str], Calibration],
    *,
    replace: bool = False,
) -> list[Path]:
    """Write ``<frame id>.txt`` for every frame, an empty one where nothing was detected.

    Args:
        folder: Where to.
        detections: LiDAR boxes of each frame.
        camera_of: Frame id -> calibration with an image size.
        replace: Also replace files that were not written by an export, or that were changed since.

    Raises:
        ScanpickError: A frame id or class name cannot stand in a file name or line, a calibration or image size is not
            known, or a file is there that no export wrote. Nothing is written then.
    """
    files = [_result_file(frame, camera_of) for frame in detections]
    target = ExportFolder(folder, replace=replace)
    target.check(files)
    with target.remembered():
        target.write(files)
    return [folder / file.place for file in files]


def check_kitti_results(folder: Path, frame_ids: Iterable[str], *, replace: bool = False) -> None:
    """See that results of these frames can be written, before the work of finding them is done.

    Raises:
        ScanpickError: As `write_kitti_results`.
    """
    ExportFolder(folder, replace=replace).check(ExportFile(_result_name(frame_id), b"") for frame_id in frame_ids)


def _result_name(frame_id: str) -> str:
    name = f"{frame_id}.txt"
    # A file whose name begins with a dot is hidden: readers pass it over
    if Path(frame_id).name != frame_id or name.startswith(".") or len(os.fsencode(name)) > _LONGEST_NAME:
        raise ScanpickError(
            f"Frame '{frame_id}' cannot name a KITTI result file: expected an id without folders and without a dot at "
            f"its start, of at most {_LONGEST_NAME} bytes with its ending."
        )
    return name


def check_one_word(frame: Detections) -> None:
    """Raise `ScanpickError` where a class name cannot stand in a line of words."""
    spaced = [name for name in frame.boxes.class_names.tolist() if len(name.split()) != 1]
    if spaced:
        raise ScanpickError(
            f"Frame '{frame.frame_id}': KITTI's lines are split at spaces, so that the class '{spaced[0]}' "
            f"cannot be written. Expected names of one word."
        )


def _result_file(frame: Detections, camera_of: Callable[[str], Calibration]) -> ExportFile:
    check_one_word(frame)
    text = format_objects(kitti_objects_from_detections(frame, camera_of(frame.frame_id))) if len(frame) else ""
    return ExportFile(_result_name(frame.frame_id), text.encode())


def read_detections(
    path: Path, camera_of: Callable[[str], Calibration], *, label_names: Sequence[str] = ()
) -> dict[str, Detections]:
    """Predictions of other tools, or a predictions table: frame id -> detections in the LiDAR frame.

    Args:
        path: KITTI result files, a predictions table, or mmdetection3d's JSON files; see `find_results`.
        camera_of: Frame id -> calibration; only asked for KITTI result files, whose boxes are in the camera's frame.
        label_names: What the class numbers of mmdetection3d's JSON stand for.

    Raises:
        ScanpickError: The path is of no known form, or a file is malformed.
    """
    source = find_results(path)
    if source.form is not Form.KITTI:
        return read_lidar_detections(source, label_names)
    table = read_object_files(source.files, with_scores=True)
    found = {}
    for index, frame_id in enumerate(table.frame_ids):
        objects = table.frame(index)
        found[frame_id] = (
            detections_from_kitti_objects(frame_id, objects, camera_of(frame_id))
            if len(objects)
            else Detections.empty(frame_id)
        )
    return found
