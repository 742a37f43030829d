"""An evaluation for machines and for the terminal; a diagnosis in lines to read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.markup import escape
from rich.table import Table

from scanpick.evaluation.average_precision import POSITIONS, Curve
from scanpick.evaluation.bootstrap import Cell, Difference, Interval
from scanpick.evaluation.diagnosis import Diagnosis
from scanpick.evaluation.kitti import Evaluation
from scanpick.evaluation.settings import METRICS
from scanpick.reports.tables import terminal_table

Parts = Mapping[Cell, Mapping[str, Curve | None]]


def evaluation_json(
    evaluation: Evaluation,
    intervals: Mapping[Cell, Interval] | None = None,
    parts: Mapping[str, Parts] | None = None,
    differences: Mapping[Cell, Difference] | None = None,
) -> dict[str, dict[str, dict[str, dict[str, Any]]]]:
    """Class -> metric -> difficulty -> numbers, every one None where nothing was evaluated.

    Args:
        evaluation: The result.
        intervals: 95% confidence intervals, as "ci95" (of R40) and "ci95_R11".
        parts: Name of a breakdown ("by_range") -> its curves.
        differences: To another detector, as "against".
    """
    found: dict[str, dict[str, dict[str, dict[str, Any]]]] = {}
    for name, metrics in evaluation.curves.items():
        found[name] = {}
        for metric, levels in metrics.items():
            found[name][metric] = {}
            for level, curve in levels.items():
                cell = (name, metric, level)
                leaf = _averages(curve)
                interval = (intervals or {}).get(cell)
                leaf["ci95"] = None if interval is None else list(interval.r40)
                leaf["ci95_R11"] = None if interval is None else list(interval.r11)
                leaf["precision"] = None if curve is None else curve.precision.tolist()
                leaf["thresholds"] = None if curve is None else curve.thresholds.tolist()
                for breakdown, curves in (parts or {}).items():
                    leaf[breakdown] = {part: _averages(result) for part, result in curves[cell].items()}
                if differences is not None:
                    leaf["against"] = _difference(differences.get(cell))
                found[name][metric][level] = leaf
    return found


def evaluation_table(evaluation: Evaluation, intervals: Mapping[Cell, Interval] | None = None) -> Table:
    """The averages with their 95% intervals: a block of rows for each class, a column for each difficulty."""
    levels = [level.name for level in evaluation.settings.difficulties]
    table = terminal_table(
        f"{evaluation.settings.name}, {len(evaluation.comparison.labels.frame_ids)} frames; AP in percent"
        + (", 95% interval" if intervals else ""),
        ["", "AP", *levels],
        texts=(0, 1),
    )
    for name, metrics in evaluation.curves.items():
        rule = evaluation.settings.of_class(name)
        table.add_row(f"[bold]{escape(name)}[/]", "", *(_objects(metrics, level) for level in levels))
        for metric in METRICS:
            limit = rule.min_overlap["bbox" if metric == "aos" else metric]
            curves = [metrics[metric][level] for level in levels]
            bounds = [(intervals or {}).get((name, metric, level)) for level in levels]
            rows: dict[str, list[str]] = {"R40": [], "R11": []}
            for curve, bound in zip(curves, bounds, strict=True):
                rows["R40"].append(_cell(None if curve is None else curve.ap_r40, None if bound is None else bound.r40))
                rows["R11"].append(_cell(None if curve is None else curve.ap_r11, None if bound is None else bound.r11))
            if any(curve is not None and 0 < curve.ground_truths < POSITIONS for curve in curves):
                rows["exact"] = [_cell(None if curve is None else curve.ap_exact) for curve in curves]
            for row, (average, cells) in enumerate(rows.items()):
                table.add_row(f"{metric} > {limit:g}" if row == 0 else "", average, *cells)
        table.add_section()
    return table


def parts_table(evaluation: Evaluation, title: str, parts: Parts) -> Table:
    """R40 of each part of the objects, and how many objects it has."""
    levels = [level.name for level in evaluation.settings.difficulties]
    table = terminal_table(f"R40 {title}, and number of objects", ["", "", *levels], texts=(0, 1))
    for name, metrics in evaluation.curves.items():
        table.add_row(f"[bold]{escape(name)}[/]", "", *[""] * len(levels))
        for metric in metrics:
            for row, part in enumerate(parts[name, metric, levels[0]]):
                curves = [parts[name, metric, level][part] for level in levels]
                cells = ["-" if curve is None else f"{curve.ap_r40:.2f} ({curve.ground_truths})" for curve in curves]
                table.add_row(metric if row == 0 else "", part, *cells)
        table.add_section()
    return table


def differences_table(differences: Mapping[Cell, Difference]) -> Table:
    """How much better than another detector, in points of R40."""
    table = terminal_table(
        "R40 less that of the other detector", ["", "", "", "difference", "95% interval", "p"], texts=(0, 1)
    )
    before = ""
    for (name, metric, level), difference in differences.items():
        if name != before:
            table.add_section()
        low, high = difference.interval
        numbers = (f"{difference.r40:+.2f}", f"{low:+.2f} to {high:+.2f}", f"{difference.p_value:.3f}")
        table.add_row(f"[bold]{escape(name)}[/]" if name != before else "", metric, level, *numbers)
        before = name
    return table


def diagnosis_lines(diagnosis: Diagnosis) -> list[str]:
    """Facts first, then what is wrong, one finding a line."""
    lines = [f"{diagnosis.class_name}: {diagnosis.labels} labels, {diagnosis.detections} detections."]
    if diagnosis.labels and diagnosis.detections:
        best = ", ".join(
            f"{metric} {overlap:.3f} (a match exceeds {diagnosis.min_overlap[metric]:g})"
            for metric, overlap in diagnosis.best_overlap.items()
        )
        lines.append(f"  Best overlap of a label with a detection: {best}.")
    offsets = diagnosis.offsets
    if offsets is not None:
        x, y, z = offsets.place_m
        height, width, length = offsets.size_ratios
        lines.append(
            f"  Median of {offsets.pairs} labels to their nearest detections, camera frame: {offsets.distance_m:.2f} m "
            f"apart; x {x:+.2f} m, y {y:+.2f} m, z {z:+.2f} m, rotation_y {offsets.rotation_rad:+.2f} rad; "
            f"height x {height:.2f}, width x {width:.2f}, length x {length:.2f}."
        )
    findings = diagnosis.findings or ("Nothing stands out.",)
    return lines + [f"  - {finding}" for finding in findings]


def _averages(curve: Curve | None) -> dict[str, Any]:
    if curve is None:
        return {"R40": None, "R11": None, "AP_exact": None, "objects": None}
    return {
        "R40": curve.ap_r40,
        "R11": curve.ap_r11,
        "AP_exact": curve.ap_exact,
        "objects": curve.ground_truths,
    }


def _difference(difference: Difference | None) -> dict[str, Any] | None:
    if difference is None:
        return None
    return {"R40": difference.r40, "ci95": list(difference.interval), "p_value": difference.p_value}


def _objects(metrics: Mapping[str, Mapping[str, Curve | None]], level: str) -> str:
    known = [levels[level] for levels in metrics.values()]
    return next((f"{curve.ground_truths} objects" for curve in known if curve is not None), "not evaluated")


def _cell(value: float | None, bounds: tuple[float, float] | None = None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" if bounds is None else f"{value:.2f} [dim]{bounds[0]:.1f}-{bounds[1]:.1f}[/]"
