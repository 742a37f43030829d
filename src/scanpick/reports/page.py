"""What ``report.html`` of a selection says: results in sentences, cards, tables and curves, ready for the template."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import numpy as np
from markupsafe import Markup
from matplotlib.ticker import MaxNLocator

from scanpick.errors import ScanpickError
from scanpick.files import without_places
from scanpick.reports.comparison import REPEATS, Coverage, Measure
from scanpick.reports.contact_sheet import FIRST_VIEWS, ContactSheet
from scanpick.reports.figures import COLOURS, STRATEGY_SLOTS, figure_style, inline_svg, new_figure
from scanpick.reports.html import Card
from scanpick.reports.numbers import count, percent, plural, significant
from scanpick.reports.picked_pool import PickedPool
from scanpick.reports.projection import umap_is_installed
from scanpick.reports.redundancy import NEAR_S
from scanpick.reports.set_aside import Reason
from scanpick.reports.tables import Table, flat_settings
from scanpick.reports.timeline import MOST_MARKS, Timeline

MOST_PICKS = 1000
"""Picks that are listed in the page."""

_SECTIONS = {
    "asked": "Asked",
    "map": "Map",
    "coverage": "Coverage",
    "time": "Time",
    "picks": "Picks",
    "aside": "Set aside",
    "settings": "Settings",
}
_LONG = ("labelled_ids", "set_aside")
"""Entries of settings that are told elsewhere, and are as long as the data set."""

_MOST_LISTED = 12
_CURVES = ("Cover radius", "Mean distance to the nearest chosen frame")
_MOST_MARKED_SIZES = 24


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


def page_of(results: Results) -> dict[str, Any]:
    """The names that the template uses."""
    pool, coverage, sheet = results.pool, results.coverage, results.sheet
    picked, labelled = len(pool.picks), int(pool.labelled.sum())
    return {
        "headline": f"{plural(picked, 'frame')} to label, out of {count(len(pool.records) - labelled)}",
        "subtitle": _subtitle(pool),
        "findings": _findings(results),
        "warnings": [],
        "cards": _cards(results),
        "nav": _SECTIONS.items(),
        "folder_kind": "workspace",
        "name": pool.name,
        "facts": _facts(pool),
        "notes": _notes(pool),
        "picked": picked,
        "labelled": labelled,
        "found": pool.found,
        "set_aside": len(pool.set_aside),
        "repeats": REPEATS,
        "map": results.embedding_map,
        "map_about": _map_about(results.embedding_map),
        "map_rule": _map_rule(results.embedding_map),
        "no_embedding": "The workspace has no embedding to draw. Make one with: scanpick embed.",
        "curves": _curves(coverage) if coverage else None,
        "curve_table": _curve_table(coverage) if coverage else Table((), ()),
        "measures": _measures(results),
        "coverage_notes": _coverage_notes(results),
        "timeline": results.timeline,
        "time_notes": _time_notes(results),
        "views": sheet.views,
        "first_views": FIRST_VIEWS,
        "review": _review_link(pool),
        "no_views": f"The frames cannot be drawn: {pool.dataset}" if isinstance(pool.dataset, ScanpickError) else "",
        "view_pixels": sheet.bev.shape[0],
        "labelled_boxes": sheet.labelled_boxes,
        "sheet_about": _sheet_about(sheet, picked),
        "picks": _pick_table(pool),
        "reasons": results.reasons,
        "settings_title": "Settings and versions",
        "settings": _settings(pool),
    }


REVIEW_PORT = 8640
"""Where `view` serves the review page, unless told otherwise."""


def _review_link(pool: PickedPool) -> str:
    """Leads to the review page, where it is served; the id of a frame follows."""
    said = {"data": pool.manifest.frames.table_sha256[:12], "selection": pool.name}
    return f"http://127.0.0.1:{REVIEW_PORT}/#{urlencode(said)}&frame="


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


def _facts(pool: PickedPool) -> list[tuple[str, str]]:
    """What was asked and what came of it, name and text. What a selection does not say is left out."""
    source, summary = pool.manifest.dataset, pool.selection.summary
    labelled = int(pool.labelled.sum())
    aside = f", {count(len(pool.set_aside))} set aside" if pool.set_aside else ""
    options = {k: v for k, v in summary.get("options", {}).items() if v not in (None, "", [], {})}
    rows = [
        ("Data set", without_places(source.specification)),
        ("Read as", source.description),
        ("Frames", f"{count(pool.found)} found, {count(len(pool.records))} usable{aside}"),
        ("Labelled already", plural(labelled, "frame") if labelled else "none"),
        ("Strategy", pool.selection.strategy),
        ("Options", ", ".join(f"{key} {text}" for key, text in flat_settings(options, most=_MOST_LISTED))),
        ("Embedding", _embedding(pool)),
        ("Budget", str(summary.get("budget", ""))),
        ("Spent", _spent(summary)),
        (
            "Constraints",
            ", ".join(
                f"{key} {text}" for key, text in flat_settings(summary.get("constraints", {}), most=_MOST_LISTED)
            ),
        ),
        ("Seed", str(summary.get("seed", ""))),
    ]
    return [(name, text) for name, text in rows if text]


def _curves(coverage: Coverage) -> Markup:
    """Cover radius and mean distance over the number of picks, with the span of the random selections."""
    sizes, ours, grey = coverage.ours.sizes, COLOURS[1], COLOURS[STRATEGY_SLOTS["random"]]
    dots = "o" if len(sizes) <= _MOST_MARKED_SIZES else ""
    with figure_style():
        figure, panels = new_figure(9.6, 3.3, columns=2)
        for panel, name, title in zip(panels, ("radius", "mean"), _CURVES, strict=True):
            random = np.array([getattr(curve, name) for curve in coverage.random])
            low, high, mean = random.min(axis=0), random.max(axis=0), random.mean(axis=0)
            panel.fill_between(sizes, low, high, color=grey, alpha=0.2, linewidth=0, label="random, lowest to highest")
            panel.plot(sizes, mean, dots, color=grey, linestyle="--", label=f"random, mean of {REPEATS}")
            panel.plot(sizes, getattr(coverage.ours, name), dots, color=ours, linestyle="-", label="this selection")
            panel.set(title=title, xlabel="number of picks", ylim=(0, None))
            panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
        return inline_svg(figure, "coverage", f"{' and '.join(_CURVES)} against number of picks")


def _curve_table(coverage: Coverage) -> Table:
    columns = [("Picks", True)]
    values = []
    for title, name in (("Cover radius", "radius"), ("Mean distance", "mean")):
        columns += [(title, True), ("Random, mean", True)]
        random = np.array([getattr(curve, name) for curve in coverage.random])
        values += [getattr(coverage.ours, name), random.mean(axis=0)]
    rows = zip(coverage.ours.sizes, *values, strict=True)
    return Table(columns, [[count(size), *map(significant, numbers)] for size, *numbers in rows])


def _pick_table(pool: PickedPool) -> Table:
    """The first `MOST_PICKS` picks."""
    selection = pool.selection
    columns = [("Rank", True), ("Frame", False), ("Sequence", False), ("No.", True), ("Gain", True)]
    columns += [("Nearest chosen", False), ("Distance", True)]
    with_costs = bool((selection.costs != 1).any())
    columns += [("Cost", True)] * with_costs + [(name, True) for name in selection.contributions]
    rows = []
    for rank, row in enumerate(pool.picks[:MOST_PICKS]):
        record, gain = pool.records[row], float(selection.gains[rank])
        cells = [str(rank + 1), record.frame_id, record.sequence, str(record.index_in_sequence)]
        cells += [significant(gain) if math.isfinite(gain) else ""]
        distance = float(selection.distances[rank])
        cells += [selection.nearest_selected[rank], significant(distance) if math.isfinite(distance) else ""]
        cells += [significant(float(selection.costs[rank]))] * with_costs
        cells += [significant(float(values[rank])) for values in selection.contributions.values()]
        rows.append(cells)
    return Table(columns, rows)


def _settings(pool: PickedPool) -> list[tuple[str, list[tuple[str, str]]]]:
    """Everything that the result depends on: group, then name and text of each entry."""
    source, frames, steps = pool.manifest.dataset, pool.manifest.frames, pool.manifest.steps
    data: dict[str, Any] = {"specification": source.specification, "reader": source.name, "options": source.options}
    data |= {"frames": frames.count, "usable": frames.usable, "data_sha256": frames.data_sha256}
    groups = [
        ("Selection", {"name": pool.name, "strategy": pool.selection.strategy, **pool.selection.summary}),
        ("Embedding", {} if pool.embedding is None else {"name": pool.embedding.name, **pool.embedding.meta}),
        ("Data", data),
        # Steps of other selections would change the page of this one
        *((f"Step {step}", of) for step, of in steps.items() if step.partition(" ")[2] in ("", pool.name)),
        ("Versions", pool.manifest.versions),
    ]
    return [
        (title, entries) for title, values in groups if (entries := flat_settings(_short(values), most=_MOST_LISTED))
    ]


def _short(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if key not in _LONG}


def _embedding(pool: PickedPool) -> str:
    if pool.embedding is None:
        return ""
    encoder = pool.embedding.meta.get("encoder", pool.embedding.name)
    made_by = "" if encoder == pool.embedding.name else f", made by {encoder}"
    return f"{pool.embedding.name}{made_by}, {plural(pool.embedding.values.shape[1], 'number')} a frame"


def _spent(summary: Mapping[str, Any]) -> str:
    if "spent" not in summary:
        return ""
    return f"{count(summary['spent'])} {summary.get('unit', '')}, {count(summary.get('left', 0))} left"


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


def _subtitle(pool: PickedPool) -> str:
    """Data set, strategy and embedding, in short."""
    parts = [pool.manifest.dataset.name, f"strategy {pool.selection.strategy}"]
    if pool.embedding is not None:
        parts.append(f"embedding {pool.embedding.name}")
    return " · ".join(parts)


def _findings(results: Results) -> list[str]:
    """What the page opens with: coverage and redundancy against random selections."""
    sentences = []
    if results.coverage:
        radius, mean = results.coverage.radius, results.coverage.mean
        farthest = float(results.coverage.distances.max())
        sentences.append(
            f"No frame of the pool is farther than {significant(farthest)} from a chosen one. "
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


def _notes(pool: PickedPool) -> list[str]:
    """What went another way than asked."""
    summary = pool.selection.summary
    lines = [str(summary["stopped_early"])] if summary.get("stopped_early") else []
    lines += map(str, summary.get("notes", []))
    return [text[:1].upper() + text[1:] for text in lines] + list(pool.notes)


def _map_about(drawn: dict[str, Any] | None) -> dict[str, str]:
    """How to read each map."""
    if drawn is None:
        return {"PCA": "", "UMAP": ""}
    first, second = drawn["explained"]
    absent = "" if umap_is_installed() else " For UMAP, which keeps neighbours together: pip install 'scanpick[umap]'."
    return {
        "PCA": f"PCA: the two directions of largest spread, {percent(first)} and {percent(second)} of the variance. "
        f"Frames that are far apart here are far apart in the embedding; near ones need not be near.{absent}",
        "UMAP": "UMAP (15 neighbours, fixed seed): keeps neighbours together. Distances between groups mean little.",
    }


def _map_rule(drawn: dict[str, Any] | None) -> str:
    """Which frames are on the map."""
    if drawn is None or len(drawn["frame_ids"]) == drawn["frames"]:
        return "Every frame is drawn."
    return (
        f"{count(len(drawn['frame_ids']))} of {count(drawn['frames'])} frames are drawn: picks first, then labelled "
        f"frames, and of the others as many as fit, evenly spaced in the order of the data set."
    )


def _coverage_notes(results: Results) -> list[str]:
    """How coverage was measured, and where it is worst."""
    pool, coverage = results.pool, results.coverage
    if coverage is None:
        why = "Nothing was picked" if pool.values is not None else "There is no embedding to measure in"
        return [f"{why}, so coverage is not measured."]
    notes = [
        f"Distances are Euclidean, in the embedding '{pool.embedding.name if pool.embedding else ''}'. Frames labelled "
        f"already count as chosen, for random selections too; these draw from the same frames (seed {pool.seed})."
    ]
    if pool.selection.summary.get("constraints"):
        notes.append("The random selections do not heed the constraints.")
    if pool.selection.summary.get("unit", "frames") != "frames":
        notes.append("The random selections have as many frames as this one, whatever they cost.")
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
    """How many picks are neighbours in time; or why that is not known."""
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
    """What the pictures show."""
    which = "all of them" if len(sheet.views) == picked else f"the first {len(sheet.views)}"
    return f"{which} from above, {sheet.bev.caption}"
