"""KITTI's objects as labels: "DontCare" apart, boxes in the LiDAR frame."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scanpick.arrays import Float64Array, Int64Array
from scanpick.errors import FrameError, ScanpickError
from scanpick.formats.kitti_text import NumberedLine, parse_lines, place_of
from scanpick.geometry.transforms import camera_boxes_to_lidar
from scanpick.structures import Boxes3D, Calibration, CameraObjects, Labels
from scanpick.structures.camera_objects import MOST_YAW_RAD

DONT_CARE = "dontcare"
"""In lower case: KITTI's own tool compares class names without regard to case."""

LARGEST_M = 100.0


@dataclass(frozen=True)
class LabelLines:
    """What one frame's labels are read from.

    Attributes:
        lines: The lines of its objects, without what stands before the type.
        track_ids: (K,) ids of objects over a sequence.
        columns_before: Columns of the file before the type.
    """

    lines: Sequence[NumberedLine]
    track_ids: Int64Array | None = None
    columns_before: int = 0


def read_labels(path: Path, lines: Callable[[], LabelLines], calibration: Calibration | None) -> Labels:
    """The labels of one frame.

    Args:
        path: Their file, for messages.
        lines: Reads the frame's lines in it.
        calibration: The camera they are given in.

    Raises:
        FrameError: There is no calibration, or a line is malformed or not a box; file, line and column are named.
    """
    if calibration is None:
        raise FrameError(f"{path}: the labels cannot be placed, since the calibration is missing.", kind="labels")
    try:
        return _labels(str(path), lines(), calibration)
    except ScanpickError as error:
        raise FrameError(str(error), kind="labels") from error


def _labels(source: str, lines: LabelLines, calibration: Calibration) -> Labels:
    objects = parse_lines(lines.lines, source=source, columns_before=lines.columns_before)
    dont_care = np.char.lower(objects.class_names) == DONT_CARE
    real = objects[~dont_care]
    numbers = np.array([number for number, _ in lines.lines], dtype=np.int64)[~dont_care]

    def where(row: int, column: str) -> str:
        return place_of(source, int(numbers[row]), column, lines.columns_before)

    _check_boxes(real, where)
    boxes = camera_boxes_to_lidar(real.bottom_centres, real.sizes_hwl, real.rotation_y, calibration)
    return Labels(
        boxes=Boxes3D(boxes, real.class_names),
        truncation=real.truncation,
        occlusion=real.occlusion,
        image_boxes=real.image_boxes,
        track_ids=None if lines.track_ids is None else lines.track_ids[~dont_care],
        dont_care_image_boxes=objects.image_boxes[dont_care],
        camera_objects=objects,
        doubts=tuple(_doubts(real, where)),
    )


def _check_boxes(objects: CameraObjects, where: Callable[[int, str], str]) -> None:
    for row, column, size in _sizes(objects.sizes_hwl, objects.sizes_hwl < 0):
        raise ScanpickError(f"{where(row, column)}: expected 0 or more, got {size:g}.")
    for row in np.flatnonzero(np.abs(objects.rotation_y) > MOST_YAW_RAD).tolist():
        raise ScanpickError(
            f"{where(row, 'rotation_y')}: expected radians, from -pi to pi, got {objects.rotation_y[row]:g}: degrees?"
        )


def _doubts(objects: CameraObjects, where: Callable[[int, str], str]) -> Iterator[str]:
    sizes = objects.sizes_hwl
    for row, column, size in _sizes(sizes, (sizes == 0) | (sizes > LARGEST_M)):
        yield f"{where(row, column)}: {size:g} m"


def _sizes(sizes_hwl: Float64Array, chosen: np.ndarray) -> Iterator[tuple[int, str, float]]:
    for row, column in np.argwhere(chosen):
        yield int(row), ("height", "width", "length")[column], float(sizes_hwl[row, column])
