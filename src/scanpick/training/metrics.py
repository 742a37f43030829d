"""Metrics by name, ``Car_3d_moderate_R40_0.7``: class, what is matched, difficulty, average, overlap."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scanpick.datasets import Dataset
from scanpick.errors import FrameError, ScanpickError
from scanpick.evaluation.average_precision import Curve
from scanpick.evaluation.kitti import evaluate
from scanpick.evaluation.settings import KITTI_2019_R40, METRICS
from scanpick.formats.kitti_text import LABEL_COLUMNS, objects_from_rows
from scanpick.formats.object_table import ObjectTable
from scanpick.geometry.image_boxes import kitti_objects_from_detections
from scanpick.structures import CameraObjects, Detections
from scanpick.training.scenes import camera_of_frame

AVERAGES = {"R40": "ap_r40", "R11": "ap_r11", "exact": "ap_exact"}
DIFFICULTIES = tuple(difficulty.name for difficulty in KITTI_2019_R40.difficulties)

_NO_DETECTIONS = objects_from_rows([], np.zeros((0, len(LABEL_COLUMNS) - 1)))


@dataclass(frozen=True)
class Metric:
    """One number of an evaluation.

    Attributes:
        class_name: "Car".
        matched: "bbox", "aos", "bev" or "3d".
        difficulty: "easy", "moderate" or "hard".
        average: "R40", "R11" or "exact".
        min_overlap: Overlap that a match must exceed.
    """

    class_name: str
    matched: str
    difficulty: str
    average: str
    min_overlap: float

    def __str__(self) -> str:
        return f"{self.class_name}_{self.matched}_{self.difficulty}_{self.average}_{self.min_overlap:g}"

    @classmethod
    def parse(cls, text: str) -> Metric:
        """Read a name.

        Example:
            >>> Metric.parse("Car_3d_moderate_R40_0.7").min_overlap
            0.7

        Raises:
            ScanpickError: It has another form, or a part is unknown.
        """
        parts = text.rsplit("_", 4)
        expected = (
            f"Metric '{text}': expected CLASS_MATCHED_DIFFICULTY_AVERAGE_OVERLAP such as Car_3d_moderate_R40_0.7, with "
            f"one of {', '.join(METRICS)}; one of {', '.join(DIFFICULTIES)}; one of {', '.join(AVERAGES)}; "
            f"and an overlap in [0, 1)."
        )
        try:
            class_name, matched, difficulty, average, overlap = parts
            limit = float(overlap)
        except ValueError:
            raise ScanpickError(expected) from None
        known = matched in METRICS and difficulty in DIFFICULTIES and average in AVERAGES and 0 <= limit < 1
        if not (known and class_name):
            raise ScanpickError(expected)
        return cls(class_name, matched, difficulty, average, limit)


@dataclass(frozen=True, eq=False)
class GroundTruth:
    """What detections are measured against.

    Attributes:
        table: The labels of the frames that have some, as KITTI's files hold them.
        set_aside: Frame id -> why a frame cannot be evaluated.
    """

    table: ObjectTable
    set_aside: Mapping[str, str]


SET = "@"
"""Between the name of a metric and that of the evaluation set that it is of, where there are several."""


def metric_of_set(metric: str, evaluation_set: str) -> str:
    """The name of a metric on one of several evaluation sets.

    Example:
        >>> metric_of_set("Car_3d_moderate_R40_0.7", "natural")
        'Car_3d_moderate_R40_0.7@natural'
    """
    return f"{metric}{SET}{evaluation_set}"


def read_ground_truth(dataset: Dataset, frame_ids: Iterable[str]) -> GroundTruth:
    """Labels of frames; those without are set aside."""
    frames: dict[str, CameraObjects] = {}
    set_aside: dict[str, str] = {}
    for frame_id in frame_ids:
        try:
            labels = dataset.labels(frame_id)
            if labels is None:
                raise FrameError("has no labels")
            if labels.camera_objects is None:
                raise FrameError("its labels are not in KITTI's form, which its evaluation needs")
            frames[frame_id] = labels.camera_objects
        except FrameError as error:
            set_aside[frame_id] = str(error)
    return GroundTruth(ObjectTable.from_frames(frames), set_aside)


def measure(
    dataset: Dataset, truth: GroundTruth, detections: Mapping[str, Detections], metrics: Sequence[Metric]
) -> dict[str, float]:
    """Metric -> average precision in percent, over the frames that have both labels and detections.

    A class of which nothing was detected has 0.

    Raises:
        ScanpickError: No frame has both.
    """
    labels, results = tables_to_compare(dataset, truth, detections)
    # One evaluation for each overlap asked for of a class.
    values: dict[str, float] = {}
    for class_name, overlap in dict.fromkeys((metric.class_name, metric.min_overlap) for metric in metrics):
        evaluation = evaluate(labels, results, KITTI_2019_R40.choose([f"{class_name}={overlap}"]))
        curves = evaluation.curves[class_name]
        for metric in metrics:
            if (metric.class_name, metric.min_overlap) == (class_name, overlap):
                values[str(metric)] = _average(curves[metric.matched][metric.difficulty], metric.average)
    return {str(metric): values[str(metric)] for metric in metrics}


def tables_to_compare(
    dataset: Dataset, truth: GroundTruth, detections: Mapping[str, Detections]
) -> tuple[ObjectTable, ObjectTable]:
    """Labels and detections of the frames that have both.

    Raises:
        ScanpickError: No frame has both.
    """
    frame_ids = [frame_id for frame_id in truth.table.frame_ids if frame_id in detections]
    if not frame_ids:
        raise ScanpickError("Nothing can be evaluated: no evaluation frame has both labels and detections.")
    row_of = {frame_id: row for row, frame_id in enumerate(truth.table.frame_ids)}
    labels = ObjectTable.from_frames({frame_id: truth.table.frame(row_of[frame_id]) for frame_id in frame_ids})
    found = {}
    for frame_id in frame_ids:
        one = detections[frame_id]
        found[frame_id] = (
            kitti_objects_from_detections(one, camera_of_frame(dataset, frame_id)) if len(one) else _NO_DETECTIONS
        )
    return labels, ObjectTable.from_frames(found)


def _average(curve: Curve | None, average: str) -> float:
    return 0.0 if curve is None else float(getattr(curve, AVERAGES[average]))
