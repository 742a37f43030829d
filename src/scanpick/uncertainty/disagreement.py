"""Disagreement between several predictions of the same frame.

They may come from members of an ensemble, from Monte-Carlo dropout, or from resampled or flipped inputs.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from scipy.optimize import linear_sum_assignment

from scanpick.arrays import Float64Array, Int64Array
from scanpick.errors import ScanpickError
from scanpick.geometry.rotated_iou import bev_iou
from scanpick.structures import Detections


def disagreement(members: Sequence[Detections], *, least_score: float = 0.1) -> tuple[Float64Array, Float64Array]:
    """How much the members differ about each object.

    Every two members are matched one to one, within each class, so that the sum of BEV IoU is largest. A matched pair
    disagrees by 1 - IoU * (1 - |difference of scores|); a box without a partner disagrees entirely, in proportion to
    its score: an unsure box that only one member sees counts for little.

    Args:
        members: Predictions of one frame, at least two, with scores from 0 to 1.
        least_score: Boxes with lower scores are not looked at.

    Returns:
        (K,) disagreements from 0 to 1 over all pairs of members, and (K,) the mean scores that belong to them.

    Raises:
        ScanpickError: There are fewer than two members, or they belong to different frames.
    """
    if len(members) < 2:
        raise ScanpickError(f"Disagreement needs two predictions of a frame or more, got {len(members)}.")
    frame_ids = {member.frame_id for member in members}
    if len(frame_ids) > 1:
        raise ScanpickError(f"Disagreement: expected predictions of one frame, got {', '.join(sorted(frame_ids))}.")
    parts = [_pair(_kept(a, least_score), _kept(b, least_score)) for a, b in combinations(members, 2)]
    values, scores = zip(*parts, strict=True)
    return np.concatenate(values), np.concatenate(scores)


def disagreement_of_boxes(detections: Detections, others: Sequence[Detections]) -> Float64Array:
    """(B,) how much others differ about each detection: the mean of 1 - IoU * (1 - |difference of scores|), 0 to 1.

    Each of the others is matched one to one, within each class, so that the sum of BEV IoU is largest; one that has
    no partner for a box differs entirely. What only the others see is not counted: it has no box here.

    Args:
        detections: Predictions of one frame, with scores from 0 to 1.
        others: Predictions of the same frame, at least one.

    Raises:
        ScanpickError: There are no others, or they are of another frame.
    """
    if not others or {other.frame_id for other in others} != {detections.frame_id}:
        got = ", ".join(sorted({other.frame_id for other in others})) or "none"
        raise ScanpickError(f"Disagreement: expected other predictions of frame '{detections.frame_id}', got {got}.")
    differs = np.ones((len(others), len(detections)))
    for row, other in enumerate(others):
        mine, theirs, overlap = _matched(detections, other)
        apart = np.abs(detections.scores[mine] - other.scores[theirs])
        differs[row, mine] = 1 - overlap * (1 - apart)
    return differs.mean(axis=0)


def _pair(a: Detections, b: Detections) -> tuple[Float64Array, Float64Array]:
    rows, columns, overlap = _matched(a, b)
    apart = np.abs(a.scores[rows] - b.scores[columns])
    alone = [np.delete(a.scores, rows), np.delete(b.scores, columns)]
    values = [1 - overlap * (1 - apart), *alone]
    scores = [(a.scores[rows] + b.scores[columns]) / 2, *(lonely / 2 for lonely in alone)]
    return np.concatenate(values), np.concatenate(scores)


def _matched(a: Detections, b: Detections) -> tuple[Int64Array, Int64Array, Float64Array]:
    """Rows of a and of b that belong together, and their BEV IoU."""
    overlap = bev_iou(a.boxes.array, b.boxes.array)
    overlap = overlap * (a.boxes.class_names[:, None] == b.boxes.class_names[None, :])
    rows, columns = linear_sum_assignment(-overlap)
    matched = overlap[rows, columns] > 0
    rows, columns = rows[matched], columns[matched]
    return rows, columns, overlap[rows, columns]


def _kept(detections: Detections, least_score: float) -> Detections:
    keep = detections.scores >= least_score
    return Detections(detections.frame_id, detections.boxes[keep], detections.scores[keep])
