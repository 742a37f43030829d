"""Average precision of boxes in the LiDAR frame, without a camera: every labelled object counts.

KITTI's matching and its 40 recall positions, on boxes that stand upright in the LiDAR frame. There are no difficulties,
which are levels of what an image shows; no object is ignored, but for the classes that KITTI holds neutral. Numbers are
therefore lower than KITTI's moderate ones where many objects are far or hidden.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scanpick.errors import ScanpickError
from scanpick.evaluation.bootstrap import draw_frames, intervals
from scanpick.evaluation.kitti import evaluate
from scanpick.evaluation.settings import KITTI_2019_R40, EvaluationSettings
from scanpick.formats.object_table import ObjectTable
from scanpick.geometry.lidar_objects import objects_without_camera
from scanpick.structures import Boxes3D, Detections

OTHER_OVERLAP = 0.5
"""Least overlap of a match, for classes that KITTI does not know."""


@dataclass(frozen=True)
class InSpace:
    """How good detections of a class are.

    Attributes:
        class_name: The class.
        min_overlap: Overlap that a match must exceed.
        ap: Average precision in percent; 0 where none was detected.
        low: Lower end of the 95% interval; whole drives are drawn.
        high: Upper end of it.
        objects: Labelled objects.
    """

    class_name: str
    min_overlap: float
    ap: float
    low: float
    high: float
    objects: int


def evaluate_in_space(
    labels: Mapping[str, Boxes3D],
    detections: Mapping[str, Detections],
    classes: Sequence[str],
    *,
    groups: Sequence[str] | None = None,
    draws: int = 1000,
    seed: int = 0,
) -> list[InSpace]:
    """Average precision of each class, with its interval.

    Args:
        labels: Frame id -> what is there.
        detections: Frame id -> what was found; frames without an entry have nothing found.
        classes: Which classes.
        groups: The drive of each frame of `labels`, in this order; frames are drawn one by one without it.
        draws: Draws for the intervals.
        seed: Of the draws.

    Raises:
        ScanpickError: There are no labelled frames.
    """
    if not labels:
        raise ScanpickError("Nothing can be evaluated: no validation frame has labels.")
    truth = ObjectTable.from_frames({one: objects_without_camera(boxes) for one, boxes in labels.items()})
    nothing = Detections.empty("")
    found = ObjectTable.from_frames(
        {one: objects_without_camera((of := detections.get(one, nothing)).boxes, of.scores) for one in labels}
    )
    settings = _settings(classes)
    evaluation = evaluate(truth, found, settings)
    drawn = draw_frames(len(labels), draws, np.random.default_rng(seed), groups)
    bounds = intervals(evaluation, drawn)
    results = []
    for rule in settings.classes:
        curve = evaluation.curves[rule.name]["3d"]["hard"]
        low, high = bounds[rule.name, "3d", "hard"].r40 if curve is not None else (0.0, 0.0)
        count = int((np.char.lower(truth.objects.class_names) == rule.name.lower()).sum())
        ap = 0.0 if curve is None else curve.ap_r40
        results.append(InSpace(rule.name, rule.min_overlap["3d"], ap, low, high, count))
    return results


def _settings(classes: Sequence[str]) -> EvaluationSettings:
    known = {rule.name.lower() for rule in KITTI_2019_R40.classes}
    return KITTI_2019_R40.choose([name if name.lower() in known else f"{name}={OTHER_OVERLAP}" for name in classes])
