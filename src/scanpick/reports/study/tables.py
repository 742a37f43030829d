"""The tables of a study: for the page, as markdown for documents, and as CSV with every digit."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from scanpick.evaluation.study_statistics.estimates import Estimate
from scanpick.reports.numbers import count, percent, significant
from scanpick.reports.study.folder import REFERENCE
from scanpick.reports.study.redundancy import MEASURES, SHARES, Redundancy
from scanpick.reports.study.results import ArmResult, StudyResults
from scanpick.reports.study.scoreboard import AXES, AXIS_PLURAL
from scanpick.reports.study.words import (
    amount,
    interval_text,
    p_text,
    points,
    signed,
    signed_percent,
    with_interval,
)
from scanpick.reports.tables import Table
from scanpick.texts import format_csv

Row = dict[str, Any]


def ap_table(results: StudyResults) -> Table:
    """AP of the start, of each strategy and of the whole pool, with the improvement."""
    rows = [_plain_row("start", results.start)] if results.start.value is not None else []
    rows += [
        (
            _name(one),
            str(one.ap.seeds),
            _value(one.ap, points),
            _deviation(one.ap),
            with_interval(one.gain, signed),
            "" if one.arm.strategy == REFERENCE else with_interval(one.relative, signed_percent),
        )
        for one in results.shown
    ]
    rows += [_plain_row("whole pool", results.full)] if results.full.value is not None else []
    columns = ("Strategy", "Seeds", "AP", "± deviation", "Improvement over the start", "Relative to random's")
    return Table(_columns(*columns), tuple(rows))


def price_table(results: StudyResults) -> Table:
    """What was labelled beyond the start, and how much of it a point of AP took."""
    classes = results.board.classes
    rows = []
    for one in results.shown:
        added = [_value(one.added[axis], amount) for axis in AXES]
        by_class = ", ".join(
            f"{name} {_value(one.added_of[name], amount)}" for name in classes if one.added_of[name].value
        )
        per_point = [with_interval(one.per_point[axis], amount) for axis in ("boxes", "frames", "cost")]
        rows.append((_name(one), *added, by_class, *per_point))
    columns = ("Strategy", "Frames added", "Objects added", "Cost added", "Objects by class")
    return Table(
        _columns(*columns, "Objects per +1% AP", "Frames per +1% AP", "Cost per +1% AP", texts=("Objects by class",)),
        tuple(rows),
    )


def difference_table(results: StudyResults, *, every: bool = False) -> Table:
    """Differences to random with their interval, p-values and what follows; of every variant if asked."""
    rows = []
    for one in results.every if every else results.shown:
        paired = one.paired
        if paired is None or not paired.differences:
            continue
        rows.append(
            (
                str(one.arm) if every else _name(one),
                str(len(paired.differences)),
                _value(paired.difference, signed),
                interval_text(paired.difference.interval, signed) or paired.difference.note,
                p_text(paired.p_value),
                p_text(paired.corrected_p),
                p_text(paired.holm_p),
                paired.verdict,
                "-" if paired.seeds_needed is None else count(paired.seeds_needed),
            )
        )
    columns = ("Strategy", "Pairs", "Difference", "95% interval", "p", "corrected", "Holm")
    return Table(_columns(*columns, "Verdict", "Seeds needed", texts=("Verdict",)), tuple(rows))


def budget_table(results: StudyResults) -> Table:
    """Mean AP over the budget, which is the area under a label-budget curve by its width, and that less random's."""
    axes = [axis for axis in AXES if any(one.area[axis].value is not None for one in results.shown)]
    rows = []
    for one in results.shown:
        cells = []
        for axis in axes:
            reference = one.arm.strategy == REFERENCE
            cells.append(_value(one.area[axis], points))
            cells.append("" if reference else with_interval(one.area_differences[axis], signed))
        rows.append((_name(one), *cells))
    names = [name for axis in axes for name in (f"Mean AP over {AXIS_PLURAL[axis]}", "less random's")]
    return Table(_columns("Strategy", *names), tuple(rows) if axes else ())


def redundancy_table(measured: Sequence[Redundancy]) -> Table:
    """How alike the picks of each strategy are. Measures that are not known for any strategy are left out."""
    known = [name for name in MEASURES if any(one.measures[name].value is not None for one in measured)]
    forms: dict[str, Callable[[float], str]] = {name: percent if name in SHARES else significant for name in MEASURES}
    rows = [(str(one.arm), *(with_interval(one.measures[name], forms[name]) for name in known)) for one in measured]
    return Table(_columns("Strategy", *(MEASURES[name].capitalize() for name in known)), tuple(rows))


def metrics_table(results: StudyResults) -> Table:
    """Mean and deviation of every metric of the study, in the round shown."""
    board = results.board
    rows = []
    arms: list[tuple[str, list[Mapping[str, float]]]] = []
    for name in ("start", *(str(one.arm) for one in results.shown), "all"):
        number = None if name == "all" else 0 if name == "start" else board.shown_round
        lines = [s.metrics for s in board.folder.scores if str(s.arm) == name and number in (None, s.round)]
        arms.append(("whole pool" if name == "all" else name, lines))
    for name, lines in arms:
        if lines:
            values = [np.array([line[metric] for line in lines]) for metric in board.folder.metrics]
            rows.append((name, *(mean_and_deviation(array) for array in values)))
    return Table(_columns("Strategy", *board.folder.metrics), tuple(rows))


def mean_and_deviation(values: np.ndarray) -> str:
    """Mean and standard deviation of what is finite; "-" where nothing is.

    Example:
        >>> mean_and_deviation(np.array([1.0, 3.0, np.nan])), mean_and_deviation(np.array([4.0]))
        ('2.0 ± 1.4', '4.0')
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return "-"
    return points(values.mean()) + (f" ± {values.std(ddof=1):.1f}" if len(values) > 1 else "")


def summary_rows(results: StudyResults) -> list[Row]:
    """Everything about every strategy and variant in the round shown, with all digits."""
    return [_summary_row(results, one) for one in results.every]


def curve_rows(results: StudyResults) -> list[Row]:
    """The label-budget curves: mean and deviation of AP and of what was labelled, after each round."""
    board, rows = results.board, []
    for one in results.every:
        for number in board.rounds:
            values = np.array(list(board.ap(one.arm, number).values()))
            if not len(values):
                continue
            row: Row = {"strategy": one.arm.strategy, "variant": one.arm.variant, "round": number, "seeds": len(values)}
            row |= {"ap": float(values.mean()), "ap_deviation": float(values.std(ddof=1)) if len(values) > 1 else ""}
            for axis in AXES:
                labelled = list(board.labelled(one.arm, number, axis).values())
                row[axis] = float(np.mean(labelled)) if labelled else ""
            rows.append(row)
    return rows


def difference_rows(results: StudyResults) -> list[Row]:
    """Every paired difference to random, seed by seed."""
    random = results.reference
    return [
        {
            "strategy": one.arm.strategy,
            "variant": one.arm.variant,
            "seed": seed,
            "ap": one.by_seed[seed],
            "ap_random": random.by_seed[seed],
            "difference": difference,
        }
        for one in results.every
        if one.paired is not None and random is not None
        for seed, difference in one.paired.differences.items()
    ]


def redundancy_rows(measured: Sequence[Redundancy]) -> list[Row]:
    """The redundancy measures with all digits."""
    return [
        {"strategy": one.arm.strategy, "variant": one.arm.variant, "seeds": one.measures["objects"].seeds}
        | {key: value for name in MEASURES for key, value in _estimate(name, one.measures[name]).items()}
        for one in measured
    ]


def csv_text(rows: Sequence[Row]) -> str:
    """Rows as CSV; the first row's keys are the columns."""
    return format_csv(list(rows[0]) if rows else [], rows)


def _summary_row(results: StudyResults, one: ArmResult) -> Row:
    row: Row = {"strategy": one.arm.strategy, "variant": one.arm.variant, "round": results.board.shown_round}
    row |= {"shown": int(one in results.shown), "seeds": one.ap.seeds}
    row |= _estimate("ap", one.ap) | _estimate("improvement", one.gain)
    row |= _estimate("relative_improvement_over_random", one.relative)
    for axis in AXES:
        row |= _estimate(f"{axis}_added", one.added[axis])
    for name, added in one.added_of.items():
        row |= _estimate(f"{name}_added", added)
    for axis in AXES:
        row |= _estimate(f"{axis}_per_point", one.per_point[axis])
    paired, pairs = one.paired, one.paired.differences if one.paired else {}
    row |= _estimate("difference", paired.difference if paired else Estimate(None, None, None, 0))
    row |= {
        "pairs": len(pairs),
        "p": paired.p_value if paired and pairs else "",
        "p_corrected": paired.corrected_p if paired and pairs else "",
        "p_holm": paired.holm_p if paired and pairs else "",
        "verdict": paired.verdict if paired and pairs else "",
        "seeds_needed": "" if paired is None or paired.seeds_needed is None else paired.seeds_needed,
    }
    for axis in AXES:
        row |= _estimate(f"mean_ap_over_{axis}", one.area[axis])
        row |= _estimate(f"mean_ap_over_{axis}_to_random", one.area_differences[axis])
        needed = one.needed[axis]
        low, high = (needed.interval_of_added if needed else None) or ("", "")
        row |= {
            f"{axis}_needed": needed.value if needed else "",
            f"{axis}_needed_by_random": needed.reference if needed else "",
            f"{axis}_saved_of_all": needed.saved if needed else "",
            f"{axis}_saved_of_added": needed.saved_of_added if needed else "",
            f"{axis}_saved_of_added_low": low,
            f"{axis}_saved_of_added_high": high,
            f"{axis}_reached_share": needed.reached if needed else "",
        }
    return row


def _estimate(name: str, estimate: Estimate) -> Row:
    low, high = estimate.interval or ("", "")
    return {
        name: "" if estimate.value is None else estimate.value,
        f"{name}_low": low,
        f"{name}_high": high,
        f"{name}_deviation": "" if estimate.deviation is None else estimate.deviation,
        f"{name}_note": estimate.note,
    }


def _plain_row(name: str, estimate: Estimate) -> tuple[str, ...]:
    return name, str(estimate.seeds), _value(estimate, points), _deviation(estimate), "", ""


def _columns(*names: str, texts: Sequence[str] = ()) -> tuple[tuple[str, bool], ...]:
    return tuple((name, place > 0 and name not in texts) for place, name in enumerate(names))


def _name(one: ArmResult) -> str:
    return f"{one.arm}, best of {one.variants}" if one.variants > 1 else str(one.arm)


def _value(estimate: Estimate, form: Callable[[float], str]) -> str:
    return "-" if estimate.value is None else form(estimate.value)


def _deviation(estimate: Estimate) -> str:
    return "" if estimate.deviation is None else points(estimate.deviation)
