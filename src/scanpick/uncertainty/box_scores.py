"""Box scores: how unsure each detection of a frame is, from 0 (sure) to 1."""

from collections.abc import Callable

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError
from scanpick.structures import Detections

BoxScore = Callable[[Detections], Float64Array]
"""Detections of one frame -> (B,) numbers from 0 to 1."""

AMBIGUOUS_BAND = (0.3, 0.7)
"""Objectness between these is neither a clear yes nor a clear no."""


def least_confidence(detections: Detections) -> Float64Array:
    """1 - p of the objectness p: the score of the original study."""
    return 1 - objectness(detections)


def entropy(detections: Detections) -> Float64Array:
    """Binary entropy of the objectness in bits: 1 at p = 0.5, 0 at 0 and 1."""
    p = objectness(detections)
    return _entropy(np.column_stack([p, 1 - p])) / np.log(2)


def margin(detections: Detections) -> Float64Array:
    """1 - |p - (1 - p)|: how near the two answers, object or none, are to each other."""
    return 1 - np.abs(2 * objectness(detections) - 1)


def ambiguous(detections: Detections) -> Float64Array:
    """1 where the objectness lies in the ambiguous band, else 0: its mean is the share of such boxes."""
    p = objectness(detections)
    return ((p >= AMBIGUOUS_BAND[0]) & (p <= AMBIGUOUS_BAND[1])).astype(np.float64)


def class_entropy(detections: Detections) -> Float64Array:
    """Entropy of the class probabilities, relative to that of a uniform guess.

    Raises:
        ScanpickError: The detections have no class probabilities, or fewer than two classes.
    """
    if detections.class_probabilities is None or len(detections.probability_classes) < 2:
        if len(detections) == 0:
            return np.zeros(0)
        raise ScanpickError(
            f"Frame '{detections.frame_id}': the score 'class_entropy' needs probabilities of two classes or more "
            f"(columns p_<class> of the predictions table), got {len(detections.probability_classes)}."
        )
    shares = detections.class_probabilities / np.maximum(
        detections.class_probabilities.sum(axis=1, keepdims=True), np.finfo(float).tiny
    )
    return _entropy(shares) / np.log(len(detections.probability_classes))


def heading_entropy(detections: Detections) -> Float64Array:
    """The detector's own column `heading_entropy`: entropy over heading bins, relative to that of a uniform guess."""
    return _column(detections, "heading_entropy")


def box_spread(detections: Detections) -> Float64Array:
    """The detector's own column `box_spread`: 1 - mean BEV IoU of a box with those that it suppressed in NMS."""
    return _column(detections, "box_spread")


def dropout_disagreement(detections: Detections) -> Float64Array:
    """The column that `scanpick.predict` adds with `passes`: how much passes with dropout differ about a box."""
    return _column(detections, "dropout_disagreement")


def input_disagreement(detections: Detections) -> Float64Array:
    """The column that `scanpick.predict` adds with `variations`: how much varied inputs differ about a box."""
    return _column(detections, "input_disagreement")


def objectness(detections: Detections) -> Float64Array:
    """(B,) the detections' scores, which must be probabilities.

    Raises:
        ScanpickError: Some lie outside of 0 to 1.
    """
    scores = detections.scores
    if len(scores) and (scores.min() < 0 or scores.max() > 1):
        raise ScanpickError(
            f"Frame '{detections.frame_id}': expected scores from 0 to 1, got {scores.min():.3g} to "
            f"{scores.max():.3g}. If they are logits, pass `logits=True`, which takes their sigmoid."
        )
    return scores


def _column(detections: Detections, name: str) -> Float64Array:
    if len(detections) == 0:
        return np.zeros(0)
    if name not in detections.extras:
        raise ScanpickError(
            f"Frame '{detections.frame_id}': the score '{name}' needs a column '{name}' in the predictions, got: "
            f"{', '.join(sorted(detections.extras)) or 'no further columns'}."
        )
    return np.clip(detections.extras[name], 0, 1)


def _entropy(shares: Float64Array) -> Float64Array:
    """(B,) entropy of (B, C) shares in nats; 0 log 0 is 0."""
    logs = np.log(np.where(shares > 0, shares, 1.0))
    return np.maximum(-(shares * logs).sum(axis=1), 0.0)
