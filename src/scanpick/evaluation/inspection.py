"""What became of each label and each detection at one score threshold, frame by frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scanpick.arrays import Float64Array, Int64Array, StringArray
from scanpick.errors import unknown_name
from scanpick.evaluation.comparison import Comparison
from scanpick.evaluation.kitti import Evaluation
from scanpick.evaluation.matching import IGNORED, NO_PART, VALID, match_at, roles
from scanpick.evaluation.settings import MATCHED_METRICS
from scanpick.formats.object_table import ObjectTable
from scanpick.texts import write_csv

FOUND, MISSED, LABEL_IGNORED = "found", "missed", "ignored"
TRUE_POSITIVE, FALSE_POSITIVE, DETECTION_IGNORED = "true positive", "false positive", "ignored"
NOT_COUNTED = ""
COLUMNS = ("frame_id", "kind", "class", "outcome", "score", "overlap", "x", "y", "z", "rotation_y")


@dataclass(frozen=True, eq=False)
class Inspection:
    """One class, metric and difficulty at one score threshold.

    Attributes:
        comparison: Labels and detections, in whose order the rest is.
        threshold: Detections with lower scores do not take part.
        labels: (G,) "found", "missed", "ignored" (harder than the difficulty, of a neutral class, or taken by a
            detection that is too low in the image), or "" for other classes.
        detections: (D,) "true positive", "false positive", "ignored" (on an ignored label, in a DontCare region, or
            too low in the image), or "" for other classes and lower scores.
        detection_of_label: (G,) row of the detection that each label took, -1 for none.
        overlap_of_label: (G,) their overlap, 0 for none.
    """

    comparison: Comparison
    threshold: float
    labels: StringArray
    detections: StringArray
    detection_of_label: Int64Array
    overlap_of_label: Float64Array

    def frame_counts(self) -> dict[str, tuple[int, int, int]]:
        """Frame id -> true positives, false positives, missed objects."""
        frames = len(self.comparison.labels.frame_ids)
        of_labels, of_detections = self.comparison.labels.frame_of_rows, self.comparison.detections.frame_of_rows
        columns = [
            np.bincount(of_detections[self.detections == TRUE_POSITIVE], minlength=frames),
            np.bincount(of_detections[self.detections == FALSE_POSITIVE], minlength=frames),
            np.bincount(of_labels[self.labels == MISSED], minlength=frames),
        ]
        counts = map(tuple, np.stack(columns, axis=1).tolist())
        return dict(zip(self.comparison.labels.frame_ids, counts, strict=True))


def inspect(
    evaluation: Evaluation, class_name: str, metric: str = "3d", difficulty: str = "hard", threshold: float = -np.inf
) -> Inspection:
    """Match once at a score threshold and tell what became of everything.

    Raises:
        ScanpickError: The class, metric or difficulty is unknown.
    """
    comparison, settings = evaluation.comparison, evaluation.settings
    rule = settings.of_class(class_name)
    if metric not in MATCHED_METRICS:
        raise unknown_name("metric to inspect", metric, MATCHED_METRICS)
    levels = {level.name: level for level in settings.difficulties}
    if difficulty not in levels:
        raise unknown_name("difficulty", difficulty, levels)
    role = roles(comparison, rule, metric, levels[difficulty])
    taker = match_at(comparison, rule, metric, role, threshold)
    has = taker >= 0
    scores = comparison.detections.objects.scores
    assert scores is not None

    takes_low = has & (np.append(role.detections, NO_PART)[taker] == IGNORED)
    labels = np.select(
        [role.labels == NO_PART, (role.labels == IGNORED) | takes_low, has],
        [NOT_COUNTED, LABEL_IGNORED, FOUND],
        default=MISSED,
    )
    on_valid, taken = np.zeros(len(scores), dtype=np.bool_), np.zeros(len(scores), dtype=np.bool_)
    taken[taker[has]] = True
    on_valid[taker[has & (role.labels == VALID)]] = True
    detections = np.select(
        [
            (role.detections == NO_PART) | (scores < threshold) | ((role.detections == IGNORED) & ~taken),
            (role.detections == IGNORED) | (taken & ~on_valid) | (~taken & role.excused),
            taken,
        ],
        [NOT_COUNTED, DETECTION_IGNORED, TRUE_POSITIVE],
        default=FALSE_POSITIVE,
    )
    overlap = np.zeros(len(taker))
    overlap[has] = _overlap(comparison, metric, np.flatnonzero(has), taker[has])
    return Inspection(comparison, threshold, labels, detections, taker, overlap)


def write_inspections(path: Path, inspections: Sequence[Inspection]) -> None:
    """Write one line a label and a detection that play a part, as CSV: frame by frame, for sorting and looking."""
    rows: list[tuple[int, list[str]]] = []
    for inspection in inspections:
        labels, detections = inspection.comparison.labels, inspection.comparison.detections
        overlap_of_detection = np.zeros(len(detections))
        has = inspection.detection_of_label >= 0
        overlap_of_detection[inspection.detection_of_label[has]] = inspection.overlap_of_label[has]
        rows += _rows("label", labels, inspection.labels, inspection.overlap_of_label)
        rows += _rows("detection", detections, inspection.detections, overlap_of_detection)
    rows.sort(key=lambda row: row[0])
    write_csv(path, COLUMNS, (dict(zip(COLUMNS, cells, strict=True)) for _, cells in rows))


def _rows(kind: str, table: ObjectTable, outcomes: StringArray, overlaps: Float64Array) -> list[tuple[int, list[str]]]:
    objects, frames = table.objects, table.frame_of_rows
    rows = []
    for row in np.flatnonzero(outcomes != NOT_COUNTED).tolist():
        score = "" if objects.scores is None else f"{objects.scores[row]:.6g}"
        place = [f"{number:.2f}" for number in (*objects.bottom_centres[row], objects.rotation_y[row])]
        what = [table.frame_ids[frames[row]], kind, str(objects.class_names[row]), str(outcomes[row])]
        rows.append((int(frames[row]), [*what, score, f"{overlaps[row]:.4f}", *place]))
    return rows


def _overlap(comparison: Comparison, metric: str, labels: Int64Array, detections: Int64Array) -> Float64Array:
    overlaps = comparison.pair_overlaps[MATCHED_METRICS.index(metric)]
    found = np.empty(len(labels))
    for i, (label, detection) in enumerate(zip(labels, detections, strict=True)):
        first, last = comparison.pair_offsets[label], comparison.pair_offsets[label + 1]
        found[i] = overlaps[first + np.searchsorted(comparison.pair_detections[first:last], detection)]
    return found
