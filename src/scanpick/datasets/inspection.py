"""Opening every frame of a data set and telling what is wrong with it."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.datasets.dataset import Dataset, licence
from scanpick.datasets.plausibility import AXES, NO_SWEEP, UNITS, doubts_about_points, doubts_about_sizes
from scanpick.errors import FrameError, ScanpickError
from scanpick.geometry.camera_view import image_fault, in_camera_view, reaches_around, view_fault
from scanpick.geometry.points_in_boxes import count_points_in_boxes
from scanpick.structures import Boxes3D, Calibration, Frame, Labels
from scanpick.structures.checks import name_some

PROBLEM_KINDS: Mapping[str, str] = {
    "unreadable": "the file is damaged or missing",
    "empty": "no points",
    "not finite": "most points hold NaN or infinity",
    "wrong columns": "not the number of columns it is read with",
    "intensity": "not on the scale of the other frames' intensities",
    UNITS: "not in metres around the sensor",
    AXES: "not x forward, y left, z up",
    NO_SWEEP: "an object, a map or another file beside the sweeps?",
    "duplicate content": "the same points as another frame",
    "missing calibration": "labels cannot be placed, nor images used",
    "calibration": "the calibration is there, but cannot be read or is no camera's",
    "labels": "the labels are there and cannot be read",
    "implausible labels": "boxes that are hardly meant so",
    "box without points": "labelled, but no point inside (far or hidden objects have that)",
}
"""The kinds of problems in the order of reports, and what they mean. A reader may report others."""

WITHOUT_2D = "labelled boxes without a 2D part (left, top, right, bottom), which KITTI's evaluation passes over"

FEWEST_INSIDE = 50
LEAST_IN_UPPER_HALF = 0.15
"""Of the points in the boxes of a frame (KITTI, tracking, View-of-Delft, simulated) 26 to 60% are in upper halves, and
0 to 10% where the boxes are half a height too high."""

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """Something wrong with one frame."""

    kind: str
    frame_id: str
    detail: str


@dataclass(frozen=True)
class FrameInspection:
    """What was found in one frame.

    `num_points` and `digest`, a fingerprint of the points, are None where it cannot be used; `boxes`, class name ->
    number of labelled boxes, is None where there are no labels; `notes` say what the reader had to do to the points.
    """

    frame_id: str
    problems: tuple[Problem, ...]
    num_points: int | None = None
    digest: str | None = None
    boxes: Mapping[str, int] | None = None
    notes: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Inspection:
    """What was found in a data set; frames in its order, problems by kind, then in the order of frames."""

    dataset: str
    description: str
    num_sequences: int
    frames: tuple[FrameInspection, ...]
    problems: tuple[Problem, ...]
    licence: str = ""

    @property
    def counts(self) -> dict[str, int]:
        """Kind -> number of frames with this problem."""
        return dict(Counter(problem.kind for problem in self.problems))

    def summary(self) -> dict[str, Any]:
        """Everything that was found, as JSON can hold it."""
        points = [found.num_points for found in self.frames if found.num_points is not None]
        labelled = [found.boxes for found in self.frames if found.boxes is not None]
        classes = sum((Counter(boxes) for boxes in labelled), Counter[str]())
        notes = sum((Counter(found.notes) for found in self.frames), Counter[str]())
        spread = {"min": min(points), "median": float(np.median(points)), "max": max(points)} if points else None
        return {
            "dataset": self.dataset,
            "description": self.description,
            "licence": self.licence,
            "sequences": self.num_sequences,
            "frames": len(self.frames),
            "usable_frames": len(points),
            "points_per_frame": spread,
            "labelled_frames": len(labelled),
            "boxes": dict(classes.most_common()),
            "notes": dict(notes.most_common()),
            "frames_with_problem": self.counts,
            "problems": [
                {"kind": problem.kind, "frame_id": problem.frame_id, "detail": problem.detail}
                for problem in self.problems
            ],
        }


@dataclass(frozen=True)
class FrameInspector:
    """Opens frames; picklable, so that worker processes can share the work."""

    dataset: Dataset

    def __call__(self, frame_ids: Sequence[str]) -> list[FrameInspection]:
        """Open some frames. Nothing about a frame makes this fail."""
        return [inspect_frame(self.dataset, frame_id) for frame_id in frame_ids]


def collect(dataset: Dataset, inspected: Iterable[FrameInspection]) -> Inspection:
    """Put what was found in frames, in any order, together; duplicates and odd sizes are found here."""
    by_id = {found.frame_id: found for found in inspected}
    frames = _with_odd_sizes(_with_duplicates([by_id[record.frame_id] for record in dataset.records]))
    order = {kind: place for place, kind in enumerate(PROBLEM_KINDS)}
    problems = sorted((p for found in frames for p in found.problems), key=lambda p: order.get(p.kind, len(order)))
    sequences = len({record.sequence for record in dataset.records})
    return Inspection(dataset.name, dataset.description, sequences, tuple(frames), tuple(problems), licence(dataset))


def inspect_dataset(dataset: Dataset) -> Inspection:
    """Open every frame, here and now. The command line shares `FrameInspector` among processes instead."""
    return collect(dataset, FrameInspector(dataset)([record.frame_id for record in dataset.records]))


def inspect_frame(dataset: Dataset, frame_id: str) -> FrameInspection:
    """Open one frame with its labels and calibration. Nothing about the frame makes this fail."""
    problems: list[Problem] = []
    frame = _attempt(lambda: dataset.read(frame_id), frame_id, problems)
    so_far = len(problems)
    camera = _attempt(lambda: dataset.calibration(frame_id), frame_id, problems)
    broken = len(problems) > so_far
    missing = camera is None and not broken and bool(getattr(dataset, "expects_calibration", False))
    if missing and frame is not None:
        problems.append(Problem("missing calibration", frame_id, "no calibration file"))
    labels = None if missing or broken else _attempt(lambda: dataset.labels(frame_id), frame_id, problems)
    notes = Counter({} if frame is None else frame.notes)
    if frame is not None:
        problems += [Problem(doubt.kind, frame_id, doubt.detail) for doubt in doubts_about_points(frame.points)]
        if camera is not None:
            problems += _camera_doubts(frame, camera, labels)
        if labels is not None:
            problems += boxes_without_points(frame, labels.boxes)
    if labels is not None:
        problems += [Problem("implausible labels", frame_id, doubt) for doubt in _label_doubts(frame, labels)]
        notes[WITHOUT_2D] += 0 if labels.image_boxes is None else _without_2d(labels.image_boxes)
    return FrameInspection(
        frame_id,
        tuple(dict.fromkeys(problems)),
        num_points=None if frame is None else len(frame.points),
        digest=None if frame is None else hashlib.blake2b(frame.points.tobytes(), digest_size=16).hexdigest(),
        boxes=None if labels is None else Counter(labels.boxes.class_names.tolist()),
        notes=dict(+notes),
    )


def _attempt(action: Callable[[], T | None], frame_id: str, problems: list[Problem]) -> T | None:
    try:
        return action()
    except FrameError as error:
        problems.append(Problem(error.kind, frame_id, str(error)))
    except (ScanpickError, OSError, MemoryError) as error:
        problems.append(Problem("unreadable", frame_id, f"{type(error).__name__}: {error}"))
    return None


def _camera_doubts(frame: Frame, camera: Calibration, labels: Labels | None) -> list[Problem]:
    fault = image_fault(camera)
    if not fault and camera.image_size is not None and reaches_around(frame.points):
        boxes = Boxes3D.empty() if labels is None else labels.boxes
        fault = view_fault(frame.points, in_camera_view(frame.points, camera), boxes.array)
        fault = fault and f"cut to the camera's view, {fault}"
    return [Problem("calibration", frame.frame_id, fault)] if fault else []


def _label_doubts(frame: Frame | None, labels: Labels) -> Iterator[str]:
    if labels.doubts:
        yield name_some(labels.doubts)
    if frame is None:
        return
    upper = labels.boxes.array.copy()
    upper[:, 2] += upper[:, 5] / 4
    upper[:, 5] /= 2
    inside = count_points_in_boxes(frame.points, labels.boxes.array).sum()
    share = count_points_in_boxes(frame.points, upper).sum() / max(1, inside)
    if inside >= FEWEST_INSIDE and share < LEAST_IN_UPPER_HALF:
        yield (
            f"only {share:.0%} of the {inside} points in its boxes are in their upper halves: is y the centre's? "
            f"KITTI's is the bottom's, half a height more"
        )


def _without_2d(image_boxes: Float64Array) -> int:
    return int((image_boxes[:, :2] >= image_boxes[:, 2:]).any(axis=1).sum())


def boxes_without_points(frame: Frame, boxes: Boxes3D) -> list[Problem]:
    """Which boxes of a frame hold none of its points, as one problem."""
    has_volume = (boxes.sizes > 0).all(axis=1)
    empty = np.flatnonzero((count_points_in_boxes(frame.points, boxes.array) == 0) & has_volume)
    if not len(empty):
        return []
    ranges = np.linalg.norm(boxes.centres[empty], axis=1)
    named = [f"{name} at {r:.0f} m" for name, r in zip(boxes.class_names[empty], ranges, strict=True)]
    return [Problem("box without points", frame.frame_id, f"{len(empty)} of {len(boxes)} boxes: {name_some(named)}")]


def _with_duplicates(frames: Sequence[FrameInspection]) -> list[FrameInspection]:
    first_of: dict[str, str] = {}
    told = []
    for found in frames:
        if found.digest is not None and found.digest in first_of:
            problem = Problem("duplicate content", found.frame_id, f"the same points as {first_of[found.digest]}")
            found = replace(found, problems=(*found.problems, problem))
        elif found.digest is not None:
            first_of[found.digest] = found.frame_id
        told.append(found)
    return told


def _with_odd_sizes(frames: Sequence[FrameInspection]) -> list[FrameInspection]:
    doubts = doubts_about_sizes(np.array([found.num_points or 0 for found in frames], dtype=np.int64))
    told = list(frames)
    for row, doubt in doubts.items():
        problem = Problem(doubt.kind, frames[row].frame_id, doubt.detail)
        told[row] = replace(frames[row], problems=(*frames[row].problems, problem))
    return told
