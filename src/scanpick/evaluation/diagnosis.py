"""Why a class scores 0: names that differ, boxes nowhere near, a wrong frame, swapped axes, half sizes, degrees.

Each label of the class is paired with the nearest detection of the class in its frame. What the pairs have in common,
in the median, betrays a mistake of convention: those are systematic, errors of a detector are not.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numba import njit

from scanpick.arrays import Float64Array, Int64Array
from scanpick.evaluation.comparison import Comparison, columns_of, overlaps_of_two
from scanpick.evaluation.conventions import Offsets, broken_conventions, nearest_pairs, offsets_of
from scanpick.evaluation.implausible_values import implausible_values
from scanpick.evaluation.kitti import Evaluation
from scanpick.evaluation.settings import MATCHED_METRICS, ClassRule


@dataclass(frozen=True)
class Diagnosis:
    """What is known about one class.

    Attributes:
        class_name: The class.
        labels: How many objects of it are labelled.
        detections: How many of its detections there are.
        best_overlap: Metric -> greatest overlap of any label with any detection of the class.
        min_overlap: Metric -> what a match must exceed.
        offsets: Of nearest pairs; None where there are none.
        findings: What is wrong, in words; empty where nothing stands out.
    """

    class_name: str
    labels: int
    detections: int
    best_overlap: Mapping[str, float]
    min_overlap: Mapping[str, float]
    offsets: Offsets | None
    findings: tuple[str, ...]


def diagnose(evaluation: Evaluation, class_name: str) -> Diagnosis:
    """Look for the reason why a class finds little or nothing.

    Raises:
        ScanpickError: The class is not one of the evaluation.
    """
    comparison, rule = evaluation.comparison, evaluation.settings.of_class(class_name)
    code = comparison.class_codes[rule.name.lower()]
    label_rows = np.flatnonzero(comparison.label_codes == code)
    detection_rows = np.flatnonzero(comparison.detection_codes == code)
    best = _best_overlaps(comparison, label_rows, detection_rows)
    findings = _names(comparison, rule, label_rows, detection_rows)
    findings += implausible_values(comparison.labels, label_rows, "labels", evaluation.settings)
    findings += implausible_values(comparison.detections, detection_rows, "detections", evaluation.settings)
    offsets = None
    if len(label_rows) and len(detection_rows):
        findings += _scores(comparison, detection_rows)
        findings += _overlaps(rule, best)
        pairs, reading = nearest_pairs(comparison, label_rows, detection_rows)
        if not len(pairs):
            findings.append(f"No frame has both a label and a detection of {rule.name}: are the frames the same?")
        else:
            offsets = offsets_of(comparison, pairs)
            findings += broken_conventions(comparison, pairs, reading, offsets)
    return Diagnosis(
        class_name=rule.name,
        labels=len(label_rows),
        detections=len(detection_rows),
        best_overlap=best,
        min_overlap=rule.min_overlap,
        offsets=offsets,
        findings=tuple(findings),
    )


def _names(comparison: Comparison, rule: ClassRule, labels: Int64Array, detections: Int64Array) -> list[str]:
    findings = []
    for rows, what, table in ((labels, "labels", comparison.labels), (detections, "detections", comparison.detections)):
        if len(rows):
            continue
        names = Counter(table.objects.class_names.tolist())
        listed = ", ".join(f"{name} ({count})" for name, count in names.most_common(8)) or "none at all"
        close = difflib.get_close_matches(rule.name.lower(), [name.lower() for name in names], n=1)
        hint = f" Is '{close[0]}' meant?" if close else ""
        findings.append(f"No {rule.name} among the {len(table)} {what}; there are: {listed}.{hint}")
    if len(labels) and not len(detections) and len(comparison.detections):
        every = np.arange(len(comparison.detections))
        pairs, _ = nearest_pairs(comparison, labels, every, try_readings=False)
        g, d = comparison.labels.objects.bottom_centres, comparison.detections.objects.bottom_centres
        near = pairs[np.linalg.norm(g[pairs[:, 0]] - d[pairs[:, 1]], axis=1) < 1.0]
        if len(near) >= 0.2 * len(pairs) and len(near):
            names = Counter(comparison.detections.objects.class_names[near[:, 1]].tolist())
            name, count = names.most_common(1)[0]
            findings.append(
                f"{count} of {len(pairs)} {rule.name} labels have a detection called '{name}' within 1 m: "
                f"class names differ. Rename them, or evaluate that class."
            )
    return findings


def _scores(comparison: Comparison, detections: Int64Array) -> list[str]:
    scores = comparison.detections.objects.scores
    assert scores is not None
    values = np.unique(scores[detections])
    if len(values) > 1 or len(detections) == 1:
        return []
    return [f"All {len(detections)} scores are {values[0]:g}: precision has one value, and the curve is one point."]


def _overlaps(rule: ClassRule, best: Mapping[str, float]) -> list[str]:
    names = {"bbox": "in the image", "bev": "from above", "3d": "in space"}
    return [
        f"No overlap {names[metric]} at all."
        if best[metric] == 0
        else f"Best overlap {names[metric]} is {best[metric]:.3f}; a match must exceed {rule.min_overlap[metric]:g}."
        for metric in MATCHED_METRICS
        if best[metric] <= rule.min_overlap[metric]
    ]


def _best_overlaps(comparison: Comparison, labels: Int64Array, detections: Int64Array) -> dict[str, float]:
    best = _best_of_frames(
        columns_of(comparison.labels.objects[labels]),
        comparison.labels.frame_of_rows[labels],
        columns_of(comparison.detections.objects[detections]),
        comparison.detections.frame_of_rows[detections],
    )
    return dict(zip(MATCHED_METRICS, best.tolist(), strict=True))


@njit(cache=True, nogil=True)
def _best_of_frames(
    labels: Float64Array, label_frames: Int64Array, detections: Float64Array, detection_frames: Int64Array
) -> Float64Array:
    best = np.zeros(3)
    first = np.searchsorted(detection_frames, label_frames)
    for g in range(len(labels)):
        for d in range(first[g], len(detections)):
            if detection_frames[d] != label_frames[g]:
                break
            for metric, overlap in enumerate(overlaps_of_two(detections[d], labels[g], False)):
                best[metric] = max(best[metric], overlap)
    return best
