"""How many mistakes a detector makes in each frame, for finding the frames that are worth looking at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scanpick.evaluation.average_precision import Curve
from scanpick.evaluation.inspection import inspect
from scanpick.evaluation.kitti import Evaluation


@dataclass(frozen=True)
class FrameErrors:
    """What a detector did in one frame, all classes together.

    Attributes:
        frame_id: The frame.
        found: Objects that were found.
        missed: Objects that were not.
        false: Detections that are of no object.
    """

    frame_id: str
    found: int
    missed: int
    false: int

    @property
    def errors(self) -> int:
        """Missed and false."""
        return self.missed + self.false


def frame_errors(
    evaluation: Evaluation, metric: str = "3d", difficulty: str = "moderate"
) -> tuple[list[FrameErrors], dict[str, float]]:
    """Mistakes of each frame at the scores that serve each class best.

    Returns:
        One entry a frame, in the order of the labels, and class -> the score from which on detections count, see
        `best_threshold`.
    """
    frame_ids = evaluation.comparison.labels.frame_ids
    counts = np.zeros((len(frame_ids), 3), dtype=np.int64)
    thresholds = {}
    for name in evaluation.curves:
        thresholds[name] = best_threshold(evaluation.curves[name][metric][difficulty])
        inspection = inspect(evaluation, name, metric, difficulty, thresholds[name])
        counts += np.array(list(inspection.frame_counts().values()), dtype=np.int64).reshape(-1, 3)
    rows = zip(frame_ids, counts.tolist(), strict=True)
    return [FrameErrors(name, found, missed, false) for name, (found, false, missed) in rows], thresholds


def best_threshold(curve: Curve | None) -> float:
    """The score at which F1, the harmonic mean of precision and recall, is greatest; infinite where nothing matches."""
    if curve is None or not len(curve.all_scores):
        return float("inf")
    total = curve.all_precision + curve.all_recall
    f1 = np.divide(2 * curve.all_precision * curve.all_recall, total, out=np.zeros_like(total), where=total > 0)
    return float(curve.all_scores[f1.argmax()]) if f1.max() > 0 else float("inf")


def best_and_worst(frames: Sequence[FrameErrors], most: int) -> tuple[list[FrameErrors], list[FrameErrors]]:
    """The best frames, fewest errors first and then most found, and the worst, most errors first.

    Frames without objects that count are not among the best: nothing can be seen in them. No frame is in both lists,
    and none without an error among the worst.
    """
    with_objects = [frame for frame in frames if frame.found]
    best = sorted(with_objects, key=lambda frame: (frame.errors, -frame.found, frame.frame_id))[:most]
    others = [frame for frame in frames if frame.errors and frame not in best]
    return best, sorted(others, key=lambda frame: (-frame.errors, frame.found, frame.frame_id))[:most]
