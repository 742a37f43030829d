"""KITTI's object evaluation: the official protocol from labels and detections to average precision.

Agrees with the official C++ tool on matching, thresholds and averages to the last digit that its overlap computation
allows: the tool rounds the corners of rotated boxes to a grid, here they are exact, so a match within 3e-7 of its
overlap limit may differ. A threshold at which nothing at all counts has precision 0 here and NaN there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scanpick.evaluation.average_precision import POSITIONS, Curve, curve
from scanpick.evaluation.comparison import Comparison, compare
from scanpick.evaluation.matching import Matches, match, roles
from scanpick.evaluation.settings import KITTI_2019_R40, METRICS, EvaluationSettings
from scanpick.formats.object_table import ObjectTable

CurveTable = Mapping[str, Mapping[str, Mapping[str, Curve | None]]]
"""Class -> metric -> difficulty -> curve, None where nothing was evaluated."""


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The result of one evaluation.

    Attributes:
        settings: The protocol.
        comparison: Labels, detections and overlaps, for breakdowns and inspection.
        matches: (class, matched metric, difficulty) -> matches, for intervals.
        curves: Class -> metric -> difficulty -> curve; None where the class was never detected in a form the metric can
            use, as in the official tool.
    """

    settings: EvaluationSettings
    comparison: Comparison
    matches: Mapping[tuple[str, str, str], Matches]
    curves: CurveTable

    def classes_without_matches(self) -> list[str]:
        """Classes that were never detected, or of which no detection matches in some metric."""
        return [
            name
            for name, metrics in self.curves.items()
            if any(
                all(curve is None or not len(curve.thresholds) for curve in levels.values())
                for metric, levels in metrics.items()
                if metric != "aos"
            )
        ]

    def warnings(self) -> list[str]:
        """What limits the numbers: too few objects for the sampled averages to reach 100."""
        found = []
        for name, metrics in self.curves.items():
            known = {level: one.ground_truths for levels in metrics.values() for level, one in levels.items() if one}
            counts = {level: known[level] for level in metrics["bbox"] if known.get(level, POSITIONS) < POSITIONS}
            if counts:
                listed = ", ".join(f"{count} {difficulty}" for difficulty, count in counts.items())
                found.append(
                    f"{name}: only {listed} objects. With fewer than {POSITIONS} even a perfect detector stays below "
                    f"100 in R40 and R11, since not every recall position can be reached; see AP_exact."
                )
        return found


def evaluate(labels: ObjectTable, detections: ObjectTable, settings: EvaluationSettings = KITTI_2019_R40) -> Evaluation:
    """Evaluate detections against labels of the same frames.

    Raises:
        ScanpickError: The frames differ, detections have no scores, or labels have some.
    """
    comparison = compare(labels, detections, settings)
    matches = {}
    curves: dict[str, dict[str, dict[str, Curve | None]]] = {}
    for rule in settings.classes:
        curves[rule.name] = {}
        for metric in METRICS:
            detected = comparison.detected(rule, metric)
            by_difficulty: dict[str, Curve | None] = dict.fromkeys(d.name for d in settings.difficulties)
            for difficulty in settings.difficulties if detected else ():
                key = (rule.name, "bbox" if metric == "aos" else metric, difficulty.name)
                if key not in matches:
                    role = roles(comparison, rule, key[1], difficulty)
                    matches[key] = match(comparison, rule, key[1], role)
                by_difficulty[difficulty.name] = curve(matches[key], oriented=metric == "aos")
            curves[rule.name][metric] = by_difficulty
    return Evaluation(settings, comparison, matches, curves)
