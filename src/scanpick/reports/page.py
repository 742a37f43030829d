"""What ``report.html`` says: results in words, cards and tables, ready for the template."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from scanpick.errors import ScanpickError
from scanpick.reports.charts import LineChart, Series, line_chart
from scanpick.reports.comparison import REPEATS, Coverage, Measure
from scanpick.reports.contact_sheet import ContactSheet, View
from scanpick.reports.numbers import count, percent, plural, significant
from scanpick.reports.picked_pool import PickedPool
from scanpick.reports.redundancy import NEAR_S
from scanpick.reports.set_aside import Reason
from scanpick.reports.tables import facts, pick_table, settings
from scanpick.reports.timeline import MOST_MARKS, Timeline


@dataclass(frozen=True, eq=False)
class Results:
    """All that was computed for a report; None where the workspace lacks what it needs."""

    pool: PickedPool
    coverage: Coverage | None
    redundancy: Measure | None
    embedding_map: dict[str, Any] | None
    timeline: Timeline | None
    sheet: ContactSheet
    reasons: list[Reason]


@dataclass(frozen=True)
class Card:
    """A number at the top of the page; `key` and `exact` are for machines."""

    key: str
    label: str
    value: str
    note: str
    exact: float


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
        subtitle=_subtitle(pool),
        findings=_findings(results),
        cards=_cards(results),
        facts=facts(pool),
        notes=_notes(pool),
        picked=picked,
        labelled=labelled,
        found=pool.found,
        set_aside=len(pool.set_aside),
        repeats=REPEATS,
        map=results.embedding_map,
        map_about=_map_about(results.embedding_map),
        map_rule=_map_rule(results.embedding_map),
        no_embedding="The workspace has no embedding to draw. Make one with: scanpick embed.",
        charts=_charts(coverage) if coverage else [],
        curve_rows=_curve_rows(coverage) if coverage else [],
        measures=_measures(results),
        coverage_notes=_coverage_notes(results),
        timeline=results.timeline,
        time_notes=_time_notes(results),
        views=sheet.views,
        no_views=f"The frames cannot be drawn: {pool.dataset}" if isinstance(pool.dataset, ScanpickError) else "",
        view_pixels=sheet.bev.shape[0],
        labelled_boxes=sheet.labelled_boxes,
        sheet_about=_sheet_about(sheet, picked),
        pick_columns=columns,
        pick_rows=rows,
        reasons=results.reasons,
        settings=settings(pool),
    )


def _subtitle(pool: PickedPool) -> str:
    parts = [pool.manifest.dataset.name, f"strategy {pool.selection.strategy}"]
    if pool.embedding is not None:
        parts.append(f"embedding {pool.embedding.name}")
    return " · ".join(parts)


def _findings(results: Results) -> list[str]:
    sentences = []
    if results.coverage:
        radius, mean = results.coverage.radius, results.coverage.mean
        sentences.append(
            f"No frame of the pool is farther than {significant(radius.ours)} from a chosen one. "
            f"{REPEATS} random selections of the same size leave {significant(radius.mean)} on average "
            f"({significant(radius.lowest)} to {significant(radius.highest)}){_so_ours_is(radius)}. "
            f"The mean distance is {significant(mean.ours)}; with random picks it is {significant(mean.mean)}."
        )
    if results.redundancy:
        share, picked = results.redundancy, len(results.pool.picks)
        sentences.append(
            f"{count(round(share.ours * picked))} of {plural(picked, 'pick')} ({percent(share.ours)}) "
            f"{'has' if round(share.ours * picked) == 1 else 'have'} a neighbour in time that is picked too; "
            f"of random picks, {percent(share.mean)}."
        )
    return sentences


def _so_ours_is(measure: Measure) -> str:
    if not math.isfinite(measure.change) or abs(measure.change) < 0.005:
        return ""
    return f": ours is {percent(abs(measure.change))} {'smaller' if measure.change < 0 else 'larger'}"


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


def _notes(pool: PickedPool) -> list[str]:
    summary = pool.selection.summary
    notes = [str(summary["stopped_early"])] if summary.get("stopped_early") else []
    return [text[:1].upper() + text[1:] for text in [*notes, *map(str, summary.get("notes", []))]] + list(pool.notes)


def _map_about(drawn: dict[str, Any] | None) -> dict[str, str]:
    if drawn is None:
        return {"PCA": "", "UMAP": ""}
    first, second = drawn["explained"]
    return {
        "PCA": f"PCA: the two directions of largest spread, {percent(first)} and {percent(second)} of the variance. "
        f"Frames that are far apart here are far apart in the embedding; near ones need not be near.",
        "UMAP": "UMAP (15 neighbours, fixed seed): keeps neighbours together. Distances between groups mean little.",
    }


def _map_rule(drawn: dict[str, Any] | None) -> str:
    if drawn is None or len(drawn["frame_ids"]) == drawn["frames"]:
        return "Every frame is drawn."
    return (
        f"{count(len(drawn['frame_ids']))} of {count(drawn['frames'])} frames are drawn: picks first, then labelled "
        f"frames, and of the others as many as fit, evenly spaced in the order of the data set."
    )


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


def _coverage_notes(results: Results) -> list[str]:
    pool, coverage = results.pool, results.coverage
    if coverage is None:
        why = "Nothing was picked" if pool.values is not None else "There is no embedding to measure in"
        return [f"{why}, so coverage is not measured."]
    notes = [
        f"Distances are Euclidean, in the embedding '{pool.embedding.name if pool.embedding else ''}'. Frames labelled "
        f"already count as chosen, for random selections too; these draw from the same frames (seed {pool.seed})."
    ]
    if coverage.measured < len(pool.records):
        notes.append(
            f"To save time the table and the curves are measured on {count(coverage.measured)} of "
            f"{count(len(pool.records))} frames, evenly spaced in the order of the data set, for all selections alike."
        )
    farthest = int(np.argmax(coverage.distances))
    if coverage.distances[farthest] > 0:
        notes.append(
            f"Least covered: frame {pool.records[farthest].frame_id}, "
            f"{significant(float(coverage.distances[farthest]))} from its nearest chosen frame."
        )
    return notes


def _time_notes(results: Results) -> list[str]:
    if results.timeline is None:
        return ["The data set does not say which frames follow each other: every frame is a sequence of its own."]
    if results.redundancy is None:
        return (
            [f"No frame has a neighbour in time, within {NEAR_S:g} s in its sequence."] if results.pool.records else []
        )
    share, picked = results.redundancy, len(results.pool.picks)
    marked = [] if picked <= MOST_MARKS else [f"The first {count(MOST_MARKS)} picks are marked."]
    return [
        f"{percent(share.ours)} of the picks have a neighbour in time that is picked too: the frame just before or "
        f"after in the same sequence, at most {NEAR_S:g} s away. With random picks it is {percent(share.mean)} "
        f"({percent(share.lowest)} to {percent(share.highest)}).",
        *marked,
    ]


def _sheet_about(sheet: ContactSheet, picked: int) -> str:
    (near, far), (right, left) = sheet.bev.x_range_m, sheet.bev.y_range_m
    which = "all of them" if len(sheet.views) == picked else f"the first {len(sheet.views)}"
    return (
        f"{which} from above, {far - near:.0f} m x {left - right:.0f} m, driving direction up, a ring every 20 m, "
        f"bright is high"
    )
