"""Who found whom: KITTI's matching of detections to ground truth, for one class, metric and difficulty.

Ground truth is taken in file order. To collect the scores of true positives, each takes the surest free detection that
overlaps it enough. To count at a score threshold, each takes the free one at or above the threshold that overlaps it
most; one too low in the image to be valid is taken only where nothing else is, and then the ground truth is neither
found nor missed. Detections that are left are false positives, unless a DontCare region covers them.

A frame's counts change only where the threshold passes the score of one of its detections. So each frame is matched
once per such score, and what changes there is kept: the counts at any threshold, of any weighting of the frames, are
sums.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.evaluation.comparison import Comparison
from scanpick.evaluation.settings import MATCHED_METRICS, ClassRule, Difficulty

VALID, IGNORED, NO_PART = 0, 1, -1
"""What a label or detection is: it counts, it may be matched but does not count, it plays no part."""

_LEAST_SCORE = -1e7  # the official tool's stand-in for "no detection"; nothing at or below it sets a threshold


@dataclass(frozen=True, eq=False)
class Roles:
    """What each label and detection is for one class and difficulty.

    Attributes:
        labels: (G,) `VALID`, `IGNORED` or `NO_PART`.
        detections: (D,) the same; those that are too low in the image are `IGNORED` whatever their class.
        excused: (D,) never a false positive.
    """

    labels: Int64Array
    detections: Int64Array
    excused: BoolArray


@dataclass(frozen=True, eq=False)
class Matches:
    """Everything that average precision needs of F frames.

    Attributes:
        ground_truths: (F,) objects that count.
        found_scores: (T,) scores of the true positives that thresholds are taken from, falling.
        found_frames: (T,) their frames.
        scores: (E,) thresholds at which some frame's counts change, falling.
        frames: (E,) that frame.
        true_positives: (E,) by how much its true positives change when the threshold falls to this score.
        false_positives: (E,) the same for false positives.
        similarity: (E,) the same for the sum of (1 + cos(difference of alpha)) / 2 over true positives.
    """

    ground_truths: Int64Array
    found_scores: Float64Array
    found_frames: Int64Array
    scores: Float64Array
    frames: Int64Array
    true_positives: Int64Array
    false_positives: Int64Array
    similarity: Float64Array


def roles(comparison: Comparison, rule: ClassRule, metric: str, difficulty: Difficulty) -> Roles:
    """KITTI's rules on what counts."""
    labels, detections = comparison.labels.objects, comparison.detections.objects
    height = labels.image_boxes[:, 3] - labels.image_boxes[:, 1]
    low = height < difficulty.min_height_px
    if not comparison.settings.height_limit_counts:
        low |= height == difficulty.min_height_px
    too_hard = low | (labels.occlusion > difficulty.max_occlusion) | (labels.truncation > difficulty.max_truncation)
    own, *neutral = (comparison.class_codes[name.lower()] for name in (rule.name, *rule.neutral))
    label_roles = np.where(comparison.label_codes == own, np.where(too_hard, IGNORED, VALID), NO_PART)
    label_roles[np.isin(comparison.label_codes, neutral)] = IGNORED

    # The height of a detection is looked at before its class: a low one of any class can absorb ground truth.
    detection_roles = np.where(comparison.detection_codes == own, VALID, NO_PART)
    low = np.abs(detections.image_boxes[:, 1] - detections.image_boxes[:, 3]) < difficulty.min_height_px
    detection_roles[low] = IGNORED
    column = MATCHED_METRICS.index(metric)
    return Roles(label_roles, detection_roles, comparison.stuff_overlaps[column] > rule.min_overlap[metric])


def match(comparison: Comparison, rule: ClassRule, metric: str, roles: Roles) -> Matches:
    """Match every frame at every threshold that changes something."""
    labels, detections = comparison.labels, comparison.detections
    scores = _scores(comparison)
    found, true_positives, false_positives, similarity = _match_frames(
        labels.offsets,
        detections.offsets,
        roles.labels,
        roles.detections,
        roles.excused,
        scores,
        labels.objects.alpha,
        detections.objects.alpha,
        comparison.pair_offsets,
        comparison.pair_detections,
        comparison.pair_overlaps[MATCHED_METRICS.index(metric)],
        rule.min_overlap[metric],
    )
    changing = np.flatnonzero((true_positives != 0) | (false_positives != 0) | (similarity != 0))
    changing = changing[np.argsort(-scores[changing], kind="stable")]
    found = found[np.argsort(-scores[found], kind="stable")]
    frames = detections.frame_of_rows
    valid = np.concatenate([[0], np.cumsum(roles.labels == VALID)])
    return Matches(
        ground_truths=np.diff(valid[labels.offsets]),
        found_scores=scores[found],
        found_frames=frames[found],
        scores=scores[changing],
        frames=frames[changing],
        true_positives=true_positives[changing],
        false_positives=false_positives[changing],
        similarity=similarity[changing],
    )


def match_at(comparison: Comparison, rule: ClassRule, metric: str, roles: Roles, threshold: float) -> Int64Array:
    """(G,) row of the detection that each label takes at this score threshold, -1 for none."""
    taken = np.full(len(comparison.labels), -1, dtype=np.int64)
    _assign(
        0,
        len(taken),
        roles.labels,
        roles.detections,
        _scores(comparison),
        comparison.pair_offsets,
        comparison.pair_detections,
        comparison.pair_overlaps[MATCHED_METRICS.index(metric)],
        rule.min_overlap[metric],
        threshold,
        True,
        np.zeros(len(comparison.detections), dtype=np.bool_),
        taken,
    )
    return taken


def _scores(comparison: Comparison) -> Float64Array:
    scores = comparison.detections.objects.scores
    assert scores is not None
    return scores


@njit(cache=True, nogil=True)
def _match_frames(
    label_offsets: Int64Array,
    detection_offsets: Int64Array,
    label_roles: Int64Array,
    detection_roles: Int64Array,
    excused: BoolArray,
    scores: Float64Array,
    label_alpha: Float64Array,
    detection_alpha: Float64Array,
    pair_offsets: Int64Array,
    pair_detections: Int64Array,
    overlaps: Float64Array,
    limit: float,
) -> tuple[Int64Array, Int64Array, Int64Array, Float64Array]:
    """Detections found for thresholds, and at each detection the change of TP, FP and similarity at its score."""
    tp_change = np.zeros(len(scores), dtype=np.int64)
    fp_change = np.zeros(len(scores), dtype=np.int64)
    similarity_change = np.zeros(len(scores))
    found = np.empty(len(label_roles), dtype=np.int64)
    found_count = 0
    taken = np.zeros(len(scores), dtype=np.bool_)
    taker = np.full(len(label_roles), -1, dtype=np.int64)
    contested = np.zeros(len(scores), dtype=np.bool_)
    rivals = np.empty(len(scores), dtype=np.int64)
    for frame in range(len(label_offsets) - 1):
        first, last = label_offsets[frame], label_offsets[frame + 1]

        # Detections that overlap some ground truth enough, by falling score.
        count = 0
        for g in range(first, last):
            if label_roles[g] == NO_PART:
                continue
            for pair in range(pair_offsets[g], pair_offsets[g + 1]):
                d = pair_detections[pair]
                if overlaps[pair] > limit and detection_roles[d] != NO_PART and not contested[d]:
                    contested[d] = True
                    place = count
                    while place > 0 and scores[rivals[place - 1]] < scores[d]:
                        rivals[place] = rivals[place - 1]
                        place -= 1
                    rivals[place] = d
                    count += 1
        for d in range(detection_offsets[frame], detection_offsets[frame + 1]):
            if detection_roles[d] == VALID and not contested[d] and not excused[d]:
                fp_change[d] = 1
        if count == 0:
            continue

        # Scores of true positives, for the thresholds.
        _assign(
            first, last, label_roles, detection_roles, scores, pair_offsets, pair_detections, overlaps, limit,
            -np.inf, False, taken, taker,
        )  # fmt: skip
        for g in range(first, last):
            if label_roles[g] == VALID and taker[g] >= 0 and detection_roles[taker[g]] == VALID:
                found[found_count] = taker[g]
                found_count += 1

        # Counts at each of the frame's scores.
        tp_before, fp_before, similarity_before = 0, 0, 0.0
        for rival in range(count):
            if rival + 1 < count and scores[rivals[rival + 1]] == scores[rivals[rival]]:
                continue
            for d in rivals[:count]:
                taken[d] = False
            threshold = scores[rivals[rival]]
            _assign(
                first, last, label_roles, detection_roles, scores, pair_offsets, pair_detections, overlaps, limit,
                threshold, True, taken, taker,
            )  # fmt: skip
            tp, fp, similarity = 0, 0, 0.0
            for g in range(first, last):
                if label_roles[g] == VALID and taker[g] >= 0 and detection_roles[taker[g]] == VALID:
                    tp += 1
                    similarity += (1.0 + np.cos(label_alpha[g] - detection_alpha[taker[g]])) / 2.0
            for d in rivals[: rival + 1]:
                if detection_roles[d] == VALID and not taken[d] and not excused[d]:
                    fp += 1
            tp_change[rivals[rival]] += tp - tp_before
            fp_change[rivals[rival]] += fp - fp_before
            similarity_change[rivals[rival]] += similarity - similarity_before
            tp_before, fp_before, similarity_before = tp, fp, similarity
        for d in rivals[:count]:
            taken[d] = contested[d] = False
    return found[:found_count], tp_change, fp_change, similarity_change


@njit(cache=True, nogil=True)
def _assign(
    first: int,
    last: int,
    label_roles: Int64Array,
    detection_roles: Int64Array,
    scores: Float64Array,
    pair_offsets: Int64Array,
    pair_detections: Int64Array,
    overlaps: Float64Array,
    limit: float,
    threshold: float,
    by_overlap: bool,
    taken: BoolArray,
    taker: Int64Array,
) -> None:
    """Let each label from `first` up to `last` take a detection: `taker` gets it or -1, `taken` is set."""
    for g in range(first, last):
        taker[g] = -1
        if label_roles[g] == NO_PART:
            continue
        best, best_score, best_overlap, best_is_low = -1, _LEAST_SCORE, 0.0, False
        for pair in range(pair_offsets[g], pair_offsets[g + 1]):
            d = pair_detections[pair]
            if not overlaps[pair] > limit or detection_roles[d] == NO_PART or taken[d] or scores[d] < threshold:
                continue
            if not by_overlap:
                if scores[d] > best_score:
                    best, best_score = d, scores[d]
            elif detection_roles[d] == VALID:
                if overlaps[pair] > best_overlap or best_is_low:
                    best, best_overlap, best_is_low = d, overlaps[pair], False
            elif best < 0:
                best, best_is_low = d, True
        if best >= 0:
            taker[g] = best
            taken[best] = True
