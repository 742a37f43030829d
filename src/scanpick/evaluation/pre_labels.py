"""From which score on a detector's boxes are worth correcting: found on frames whose labels have come back.

A box is *right* where its footprint overlaps that of a label of its class, taken by no surer box, by `RIGHT_OVERLAP`:
it is then corrected faster than drawn. How often boxes of a score are right is an isotonic regression of right on
score: it rises with the score and assumes nothing else (Zadrozny and Elkan, "Transforming classifier scores into
accurate multiclass probability estimates", 2002). Boxes go along from the score on at which half of them are right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import isotonic_regression

from scanpick.arrays import BoolArray
from scanpick.geometry.rotated_iou import bev_iou
from scanpick.structures import Boxes3D, Detections

RIGHT_OVERLAP = 0.3
LEAST_RIGHT = 0.5
LEAST_BOXES = 30
"""With fewer boxes, a share of them says little."""


@dataclass(frozen=True)
class PreLabelScore:
    """The score that pre-labels begin at.

    Attributes:
        score: The least score; above all there are where no score is right often enough.
        precision: Share of right boxes among those from it on; NaN where there are none.
        boxes: Boxes that were looked at.
    """

    score: float
    precision: float
    boxes: int


def score_for_pre_labels(
    labels: Mapping[str, Boxes3D], detections: Mapping[str, Detections], *, least_right: float = LEAST_RIGHT
) -> PreLabelScore | None:
    """The least score at which boxes are right as often as `least_right`; None where there are too few to tell.

    Args:
        labels: Frame id -> what annotators said is there.
        detections: Frame id -> what the detector said, not trained on these labels; frames without labels are left out.
        least_right: Share of right boxes that is asked for, at that score.
    """
    both = [frame_id for frame_id in detections if frame_id in labels]
    if not both:
        return None
    scores = np.concatenate([detections[one].scores for one in both])
    right = np.concatenate([right_boxes(labels[one], detections[one]) for one in both])
    if len(scores) < LEAST_BOXES:
        return None
    order = np.argsort(scores, kind="stable")
    levels, first, counts = np.unique(scores[order], return_index=True, return_counts=True)
    shares = np.add.reduceat(right[order].astype(np.float64), first) / counts
    enough = isotonic_regression(shares, weights=counts).x >= least_right
    if not enough.any():
        return PreLabelScore(float(np.nextafter(levels[-1], np.inf)), float("nan"), len(scores))
    score = float(levels[enough.argmax()])
    return PreLabelScore(score, float(right[scores >= score].mean()), len(scores))


def right_boxes(labels: Boxes3D, detections: Detections) -> BoolArray:
    """(B,) which detections are right; the surest first, each label taken once."""
    right = np.zeros(len(detections), dtype=np.bool_)
    overlaps = bev_iou(detections.boxes.array, labels.array)  # (B, L)
    same = np.char.lower(detections.boxes.class_names)[:, None] == np.char.lower(labels.class_names)[None]
    overlaps = np.where(same, overlaps, 0.0)
    for row in np.argsort(-detections.scores, kind="stable") if overlaps.size else ():
        label = overlaps[row].argmax()
        if overlaps[row, label] >= RIGHT_OVERLAP:
            right[row] = True
            overlaps[:, label] = 0.0
    return right
