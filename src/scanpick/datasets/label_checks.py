"""What looks wrong with labels, as far as boxes and points tell: `scanpick doctor` for what annotators sent back.

Sizes are judged by what road users have (from a child of 0.8 m to a road train of 40 m), and against the other boxes of
their class: a size more than three times the median, or less than a third of it, is odd.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from scanpick.arrays import BoxArray
from scanpick.datasets.inspection import Problem, boxes_without_points
from scanpick.geometry.rotated_iou import bev_iou
from scanpick.structures import Boxes3D, Frame
from scanpick.structures.checks import name_some

TWICE, SIZES, NO_POINTS = "box drawn twice", "implausible size", "box without points"

LEAST_M, MOST_M, TALLEST_M = 0.1, 40.0, 6.0
_TWICE_OVERLAP = 0.8
_TIMES_MEDIAN, _FEWEST_OF_CLASS = 3.0, 8


def check_frame(frame_id: str, boxes: Boxes3D, frame: Frame | None) -> Iterator[Problem]:
    """What is wrong with the boxes of one frame by themselves.

    Args:
        frame_id: The frame.
        boxes: What was drawn.
        frame: Its points; None where they cannot be read.
    """
    if frame is not None:
        yield from boxes_without_points(frame, boxes)
    twice = _drawn_twice(boxes)
    if twice:
        yield Problem(TWICE, frame_id, f"{len(twice)} pairs: {name_some([_said(boxes, *pair) for pair in twice], 3)}")
    rows = np.flatnonzero(_absurd(boxes.sizes))
    if len(rows):
        yield Problem(SIZES, frame_id, f"{len(rows)} boxes: {name_some([_measured(boxes, row) for row in rows], 3)}")


def check_sizes(boxes: Mapping[str, Boxes3D]) -> Iterator[Problem]:
    """Boxes whose sizes are far from the median of their class, frame by frame."""
    if not boxes:
        return
    every = Boxes3D.concatenate(list(boxes.values()))
    frames = np.repeat(np.array(list(boxes), dtype=np.str_), [len(one) for one in boxes.values()])
    odd = np.zeros(len(every), dtype=bool)
    medians = np.ones((len(every), 3))
    for name in np.unique(every.class_names):
        rows = np.flatnonzero(every.class_names == name)
        if len(rows) < _FEWEST_OF_CLASS:
            continue
        medians[rows] = np.median(every.sizes[rows], axis=0)
        ratio = np.maximum(every.sizes[rows], 1e-9) / np.maximum(medians[rows], 1e-9)
        odd[rows] = (np.maximum(ratio, 1 / ratio) > _TIMES_MEDIAN).any(axis=1)
    odd &= ~_absurd(every.sizes)  # those are named already
    for frame_id in dict.fromkeys(frames[odd].tolist()):
        rows = np.flatnonzero(odd & (frames == frame_id))
        listed = [f"{_measured(every, row)}, where others have {_sizes(medians[row])}" for row in rows]
        yield Problem(SIZES, frame_id, f"{len(rows)} boxes: {name_some(listed, 2)}")


def _absurd(sizes: BoxArray) -> np.ndarray:
    """(B,) whether no road user has this size."""
    return (sizes < LEAST_M).any(axis=1) | (sizes > MOST_M).any(axis=1) | (sizes[:, 2] > TALLEST_M)


def _drawn_twice(boxes: Boxes3D) -> list[tuple[int, int]]:
    """Pairs of boxes of one class that cover nearly the same ground."""
    if len(boxes) < 2:
        return []
    overlaps = np.triu(bev_iou(boxes.array, boxes.array), k=1)
    first, second = np.nonzero(overlaps > _TWICE_OVERLAP)
    alike = boxes.class_names[first] == boxes.class_names[second]
    return list(zip(first[alike].tolist(), second[alike].tolist(), strict=True))


def _said(boxes: Boxes3D, first: int, second: int) -> str:
    x, y = boxes.centres[first, :2]
    return f"{boxes.class_names[first]} {first + 1} and {second + 1} at x {x:.1f} m, y {y:.1f} m"


def _measured(boxes: Boxes3D, row: np.intp) -> str:
    return f"{boxes.class_names[row]} {row + 1} of {_sizes(boxes.sizes[row])}"


def _sizes(sizes: Sequence[float] | np.ndarray) -> str:
    return " x ".join(f"{value:.2g}" for value in sizes) + " m"
