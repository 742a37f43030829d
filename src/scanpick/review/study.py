"""A study for the page: what each strategy reached for what was labelled, as its report has it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scanpick.reports.study.folder import read_study
from scanpick.reports.study.results import ArmResult, StudyResults, study_results
from scanpick.reports.study.scoreboard import AXES, AXIS_PLURAL, Axis


def shown_study(folder: Path) -> dict[str, Any]:
    """What the page draws of a study, finished or running.

    Raises:
        ScanpickError: A table of the study is missing or damaged.
    """
    results = study_results(read_study(folder))
    head = ["strategy", "AP", "gain", "against random", "p, corrected", *(AXIS_PLURAL[axis] for axis in AXES)]
    charts = [(axis, _curves(results, axis)) for axis in AXES]
    seeds = len(results.board.seeds)
    return {
        "title": folder.resolve().name,
        "about": f"Round {results.board.shown_round}, means over {seeds} seeds; the report has intervals and tests.",
        "charts": [
            {"title": f"AP over {AXIS_PLURAL[axis]}", "lines": lines, "across": AXIS_PLURAL[axis], "up": "AP"}
            for axis, lines in charts
            if lines
        ],
        "table": {"head": head, "rows": [_row(one) for one in results.shown]},
    }


def _curves(results: StudyResults, axis: Axis) -> list[dict[str, Any]]:
    lines = []
    for one in results.shown:
        seeds = results.board.seeds_with_curve(one.arm, axis)
        if seeds:
            across, up = results.board.curve(one.arm, axis, seeds)
            points = [[float(x), float(y)] for x, y in zip(across.mean(axis=0), up.mean(axis=0), strict=True)]
            lines.append({"name": str(one.arm), "points": points})
    return lines


def _row(one: ArmResult) -> list[Any]:
    paired = one.paired
    versus, corrected = (None, None) if paired is None else (paired.difference.value, paired.corrected_p)
    return [str(one.arm), one.ap.value, one.gain.value, versus, corrected, *(one.added[axis].value for axis in AXES)]
