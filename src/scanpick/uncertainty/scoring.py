"""Scores of all frames of a prediction, as a table that a selection takes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError
from scanpick.structures import Detections
from scanpick.structures.checks import as_array, check_unique
from scanpick.uncertainty.aggregation import aggregate
from scanpick.uncertainty.box_scores import BoxScore, objectness
from scanpick.uncertainty.disagreement import disagreement


@dataclass(frozen=True, eq=False)
class FrameScores:
    """One number per frame.

    Attributes:
        name: The score with its aggregation ("entropy mean").
        frame_ids: N ids.
        values: (N,) float64, higher is less sure.
        expected_boxes: (N,) float64: the sum of the objectness, what labelling the frame is expected to take.
    """

    name: str
    frame_ids: tuple[str, ...]
    values: Float64Array
    expected_boxes: Float64Array

    def __post_init__(self) -> None:
        check_unique(f"Scores '{self.name}'", self.frame_ids)
        for name in ("values", "expected_boxes"):
            array = as_array(f"FrameScores.{name}", getattr(self, name), np.float64, (len(self.frame_ids),))
            object.__setattr__(self, name, array)


def score_frames(
    predictions: Mapping[str, Detections],
    name: str,
    score: BoxScore,
    how: str = "mean",
    *,
    k: int = 5,
    empty: float = 0.0,
    logits: bool = False,
) -> FrameScores:
    """Score every frame of a prediction.

    Args:
        predictions: Frame id -> detections; frames without detections get `empty`.
        name: What the box score is called.
        score: The box score.
        how: Its aggregation, see `aggregate`.
        k: For the aggregation "top-k".
        empty: The value of frames without detections.
        logits: The detections' scores are logits: take their sigmoid first.
    """
    frames = [_probabilities(d) if logits else d for d in predictions.values()]
    values = [aggregate(score(d), objectness(d), how, k=k, empty=empty) for d in frames]
    expected = [float(objectness(d).sum()) for d in frames]
    return FrameScores(f"{name} {how}", tuple(d.frame_id for d in frames), np.array(values), np.array(expected))


def score_disagreement(
    members: Sequence[Mapping[str, Detections]],
    how: str = "mean",
    *,
    k: int = 5,
    empty: float = 0.0,
    logits: bool = False,
) -> FrameScores:
    """Score every frame by how much several predictions disagree. Arguments as for `score_frames`.

    Raises:
        ScanpickError: The predictions are not of the same frames.
    """
    if len(members) < 2:
        raise ScanpickError(f"The score 'disagreement' needs two predictions or more, got {len(members)}.")
    frame_ids = list(members[0])
    for number, other in enumerate(members[1:], start=2):
        differ = set(frame_ids) ^ set(other)
        if differ:
            raise ScanpickError(
                f"Prediction {number} is not of the same frames as the first: {len(differ)} are in one only, such as "
                f"'{min(differ)}'."
            )
    values, expected = [], []
    for frame_id in frame_ids:
        frames = [_probabilities(m[frame_id]) if logits else m[frame_id] for m in members]
        differences, scores = disagreement(frames)
        values.append(aggregate(differences, scores, how, k=k, empty=empty))
        expected.append(float(np.mean([objectness(d).sum() for d in frames])))
    return FrameScores(f"disagreement {how}", tuple(frame_ids), np.array(values), np.array(expected))


def _probabilities(detections: Detections) -> Detections:
    return replace(detections, scores=1 / (1 + np.exp(-np.clip(detections.scores, -500, 500))))
