"""Values in labels or detections that no box can have, or that take it out of the evaluation, with their place."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.evaluation.settings import EvaluationSettings
from scanpick.formats.kitti_text import LABEL_COLUMNS
from scanpick.formats.object_table import ObjectTable
from scanpick.structures import CameraObjects
from scanpick.structures.camera_objects import MOST_YAW_RAD

SIZE_NAMES = ("height", "width", "length")


def implausible_values(table: ObjectTable, rows: Int64Array, what: str, settings: EvaluationSettings) -> list[str]:
    """What is wrong with some objects of a table, in words; nothing where all values can be.

    Args:
        table: Labels or detections.
        rows: (K,) which of its rows.
        what: What they are: "labels" or "detections".
        settings: Says how low in the image an object may be.
    """
    if not len(rows):
        return []
    objects = table.objects[rows]
    return [
        *_sizes(table, rows, objects, what),
        *_angles(table, rows, objects, what),
        *_image_boxes(table, rows, objects, what, settings),
    ]


def are_degrees(angles: Float64Array) -> bool:
    """Whether one of the angles is too large for radians."""
    return bool(len(angles) and np.abs(angles).max() > MOST_YAW_RAD)


def _sizes(table: ObjectTable, rows: Int64Array, objects: CameraObjects, what: str) -> list[str]:
    unknown = (objects.sizes_hwl == -1).all(axis=1) & (objects.bottom_centres == -1000).any(axis=1)
    findings = []
    if unknown.any():
        findings.append(
            f"{_share(unknown, what)} have no 3D box (-1 and -1000 mean unknown), so that bev and 3d pass over them."
        )
    for wrong, word in ((objects.sizes_hwl < 0, "negative"), (objects.sizes_hwl == 0, "0")):
        wrong = wrong & ~unknown[:, None]
        if not wrong.any():
            continue
        axes = [name for name, any_wrong in zip(SIZE_NAMES, wrong.any(axis=0), strict=True) if any_wrong]
        first = int(np.flatnonzero(wrong.any(axis=1))[0])
        axis = int(np.flatnonzero(wrong[first])[0])
        place = _place(table, rows[first], SIZE_NAMES[axis], objects.sizes_hwl[first, axis])
        listed = " and ".join(
            [", ".join(f"{name}s" for name in axes[:-1]), f"{axes[-1]}s"] if axes[1:] else [f"{axes[0]}s"]
        )
        findings.append(
            f"{listed[:1].upper()}{listed[1:]} are {word} ({_share(wrong.any(axis=1), what)}; the first is {place}). "
            f"Sizes of boxes are above 0: bev and 3d cannot be evaluated without."
        )
    return findings


def _angles(table: ObjectTable, rows: Int64Array, objects: CameraObjects, what: str) -> list[str]:
    angles = np.abs(objects.rotation_y)
    if not are_degrees(angles):
        return []
    place = _place(table, rows[int(np.argmax(angles > MOST_YAW_RAD))], "rotation_y")
    whose = "" if what == "detections" else f" of {what}"
    return [
        f"rotation_y{whose} reaches {angles.max():.0f}: it looks like degrees; KITTI's is in radians. "
        f"The first is {place}."
    ]


def _image_boxes(
    table: ObjectTable, rows: Int64Array, objects: CameraObjects, what: str, settings: EvaluationSettings
) -> list[str]:
    left, top, right, bottom = objects.image_boxes.T
    missing = (right <= left) | (bottom <= top)
    limit = min(difficulty.min_height_px for difficulty in settings.difficulties)
    heights = np.abs(bottom - top)  # as the official tool does, which does not ask whether a box is upside down
    findings = []
    if not (heights >= limit).any():
        findings.append(
            f"All {len(rows)} {what} are lower than {limit:g} pixels in the image (median {np.median(heights):.1f}), "
            f"so that all are ignored, in every metric. Check the 2D boxes."
        )
    if missing.any():
        place = _place(table, rows[int(np.argmax(missing))], "left")
        findings.append(
            f"{_share(missing, what)} have no 2D box (left, top, right, bottom enclose nothing; the first is {place}). "
            f"KITTI's protocol ignores what is low in the image: write the projections of the 3D boxes there."
        )
    return findings


def _share(which: BoolArray, what: str) -> str:
    return f"{int(which.sum())} of {len(which)} {what}"


def _place(table: ObjectTable, row: int, column: str, value: float | None = None) -> str:
    """Where a value stands: blank lines are not counted."""
    frame = int(np.searchsorted(table.offsets, row, side="right")) - 1
    number = LABEL_COLUMNS.index(column) + 1
    seen = "" if value is None else f": {value:g}"
    return f"frame {table.frame_ids[frame]}, line {row - table.offsets[frame] + 1}, column {number} ({column}{seen})"
