"""What ``report.html`` says: results in words, cards and tables, ready for the template."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from scanpick.errors import ScanpickError
from scanpick.reports import sentences
from scanpick.reports.card import Card
from scanpick.reports.charts import LineChart, Series, line_chart
from scanpick.reports.comparison import REPEATS, Coverage, Measure
from scanpick.reports.contact_sheet import View
from scanpick.reports.numbers import count, percent, plural, significant
from scanpick.reports.results import Results
from scanpick.reports.set_aside import Reason
from scanpick.reports.tables import facts, pick_table, settings
from scanpick.reports.timeline import Timeline


@dataclass(frozen=True)
class MeasureRow:
    """A line of the comparison with random selections."""

    key: str
    name: str
    meaning: str
    measure: Measure
    in_percent: bool = False

    def text(self, number: float) -> str:
        """One of the measure's numbers."""
        return percent(number) if self.in_percent else significant(number)

    @property
    def change(self) -> str:
        """By how much ours differs from random's mean."""
        return f"{100 * self.measure.change:+.0f}%" if math.isfinite(self.measure.change) else "n/a"


@dataclass(frozen=True)
class Page:
    """The names that the template uses."""

    name: str
    headline: str
    subtitle: str
    findings: list[str]
    cards: list[Card]
    facts: list[tuple[str, str]]
    notes: list[str]
    picked: int
    labelled: int
    found: int
    set_aside: int
    repeats: int
    map: dict[str, Any] | None
    map_about: dict[str, str]
    map_rule: str
    no_embedding: str
    charts: list[LineChart]
    curve_rows: list[list[str]]
    measures: list[MeasureRow]
    coverage_notes: list[str]
    timeline: Timeline | None
    time_notes: list[str]
    views: tuple[View, ...]
    no_views: str
    view_pixels: int
    labelled_boxes: int
    sheet_about: str
    pick_columns: list[tuple[str, bool]]
    pick_rows: list[list[str]]
    reasons: list[Reason]
    settings: list[tuple[str, list[tuple[str, str]]]]


def page_of(results: Results) -> Page:
    """Put results into words."""
    pool, coverage, sheet = results.pool, results.coverage, results.sheet
    picked, labelled = len(pool.picks), int(pool.labelled.sum())
    columns, rows = pick_table(pool)
    return Page(
        name=pool.name,
        headline=f"{plural(picked, 'frame')} to label, out of {count(len(pool.records) - labelled)}",
        subtitle=sentences.subtitle(pool),
        findings=sentences.findings(results),
        cards=_cards(results),
        facts=facts(pool),
        notes=sentences.notes(pool),
        picked=picked,
        labelled=labelled,
        found=pool.found,
        set_aside=len(pool.set_aside),
        repeats=REPEATS,
        map=results.embedding_map,
        map_about=sentences.map_about(results.embedding_map),
        map_rule=sentences.map_rule(results.embedding_map),
        no_embedding="The workspace has no embedding to draw. Make one with: scanpick embed.",
        charts=_charts(coverage) if coverage else [],
        curve_rows=_curve_rows(coverage) if coverage else [],
        measures=_measures(results),
        coverage_notes=sentences.coverage_notes(results),
        timeline=results.timeline,
        time_notes=sentences.time_notes(results),
        views=sheet.views,
        no_views=f"The frames cannot be drawn: {pool.dataset}" if isinstance(pool.dataset, ScanpickError) else "",
        view_pixels=sheet.bev.shape[0],
        labelled_boxes=sheet.labelled_boxes,
        sheet_about=sentences.sheet_about(sheet, picked),
        pick_columns=columns,
        pick_rows=rows,
        reasons=results.reasons,
        settings=settings(pool),
    )


def _cards(results: Results) -> list[Card]:
    pool = results.pool
    picked, labelled, usable = len(pool.picks), int(pool.labelled.sum()), len(pool.records)
    summary = pool.selection.summary
    budget = f"budget: {summary['budget']}" if "budget" in summary else ""
    found = "all that were found" if usable == pool.found else f"of {count(pool.found)} found"
    cards = [
        Card("picked", "Picked", count(picked), budget, picked),
        Card("usable", "Usable frames", count(usable), found, usable),
        Card(
            "labelled", "Labelled already", count(labelled), "count as chosen" if labelled else "none given", labelled
        ),
    ]
    if results.coverage:
        for key, label, measure in (
            ("radius", "Cover radius", results.coverage.radius),
            ("mean", "Mean distance", results.coverage.mean),
        ):
            cards.append(
                Card(key, label, significant(measure.ours), f"random: {significant(measure.mean)}", measure.ours)
            )
    if results.redundancy:
        share = results.redundancy
        cards.append(
            Card("redundant", "Picks next to a pick", percent(share.ours), f"random: {percent(share.mean)}", share.ours)
        )
    return cards


def _charts(coverage: Coverage) -> list[LineChart]:
    charts = []
    for title, name in (("Cover radius", "radius"), ("Mean distance to the nearest chosen frame", "mean")):
        values = np.array([getattr(curve, name) for curve in coverage.random])
        random = Series("random", "random", values.mean(axis=0), values.min(axis=0), values.max(axis=0))
        ours = Series("this selection", "ours", getattr(coverage.ours, name))
        charts.append(line_chart(title, "number of picks", coverage.ours.sizes.tolist(), [random, ours]))
    return charts


def _curve_rows(coverage: Coverage) -> list[list[str]]:
    radius = np.array([curve.radius for curve in coverage.random]).mean(axis=0)
    mean = np.array([curve.mean for curve in coverage.random]).mean(axis=0)
    columns = (coverage.ours.radius, radius, coverage.ours.mean, mean)
    return [
        [count(size), *(significant(float(column[row])) for column in columns)]
        for row, size in enumerate(coverage.ours.sizes)
    ]


def _measures(results: Results) -> list[MeasureRow]:
    rows = []
    if results.coverage:
        meaning = "largest distance of a frame to its nearest chosen frame"
        rows.append(MeasureRow("radius", "Cover radius", meaning, results.coverage.radius))
        meaning = "mean of these distances over all frames, chosen ones at 0"
        rows.append(MeasureRow("mean", "Mean distance", meaning, results.coverage.mean))
    if results.redundancy:
        meaning = "share of picks whose neighbour in time is picked too"
        rows.append(MeasureRow("redundant", "Redundancy", meaning, results.redundancy, in_percent=True))
    return rows
