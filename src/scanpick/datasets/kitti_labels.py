"""KITTI's objects as labels: "DontCare" apart, boxes in the LiDAR frame."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.errors import ScanpickError
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


def labels_of(source: str, lines: LabelLines, calibration: Calibration) -> Labels:
    """The labels of one frame, given in a camera; `source` names their file in messages.

    Raises:
        ScanpickError: A line is malformed or not a box; file, line and column are named.
    """
    objects = parse_lines(lines.lines, source=source, columns_before=lines.columns_before)
    real = ~_is_dont_care(objects)
    numbers = np.array([number for number, _ in lines.lines], dtype=np.int64)[real]

    def where(row: int, column: str) -> str:
        return place_of(source, int(numbers[row]), column, lines.columns_before)

    _check_boxes(objects[real], where)
    track_ids = None if lines.track_ids is None else lines.track_ids[real]
    return labels_from_objects(objects, calibration, track_ids, tuple(_doubts(objects[real], where)))


def labels_from_objects(
    objects: CameraObjects, calibration: Calibration, track_ids: Int64Array | None = None, doubts: tuple[str, ...] = ()
) -> Labels:
    """Objects of one frame as labels: `track_ids` of those that are real, and `doubts` about these."""
    dont_care = _is_dont_care(objects)
    real = objects[~dont_care]
    boxes = camera_boxes_to_lidar(real.bottom_centres, real.sizes_hwl, real.rotation_y, calibration)
    return Labels(
        boxes=Boxes3D(boxes, real.class_names),
        truncation=real.truncation,
        occlusion=real.occlusion,
        image_boxes=real.image_boxes,
        track_ids=track_ids,
        dont_care_image_boxes=objects.image_boxes[dont_care],
        camera_objects=objects,
        doubts=doubts,
    )


def _is_dont_care(objects: CameraObjects) -> BoolArray:
    return np.char.lower(objects.class_names) == DONT_CARE


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
