"""What a study's ``report.html`` says and shows, ready for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from scanpick.reports.html import Card
from scanpick.reports.numbers import plural
from scanpick.reports.study import sentences, tables
from scanpick.reports.study.pool import StudyPool
from scanpick.reports.study.pool_map import PoolMap
from scanpick.reports.study.redundancy import Redundancy
from scanpick.reports.study.results import GridResult, StudyResults
from scanpick.reports.study.viewer import Viewer
from scanpick.reports.study.words import metric_words, points, with_interval
from scanpick.reports.tables import flat_settings

_SECTIONS = {
    "scores": "Scores",
    "statistics": "Statistics",
    "prices": "Price",
    "budget": "Budget",
    "grids": "Grids",
    "pool": "Pool",
    "frames": "Frames",
    "settings": "Settings",
}


def study_page(
    results: StudyResults,
    pool: StudyPool,
    pool_map: PoolMap | None,
    measured: Sequence[Redundancy],
    viewer: Viewer,
    figures: Mapping[str, Markup],
    files: list[str],
) -> dict[str, Any]:
    """Put results into words, tables and figures: the names that the template uses."""
    folder, prices = results.board.folder, tables.price_table(results)
    grids = [(figures.get(grid_name(grid)), sentences.grid_sentences(grid, results)) for grid in results.grids]
    absent = ({"grids"} if not grids else set()) | ({"statistics", "prices", "budget"} if not prices.rows else set())
    return {
        "headline": f"Study {folder.name}",
        "subtitle": f"{metric_words(folder.metric)} · {sentences.subtitle(results)}",
        "findings": sentences.findings(results),
        "warnings": results.board.notices(),
        "cards": _cards(results),
        "nav": [(name, text) for name, text in _SECTIONS.items() if name not in absent],
        "folder_kind": "study",
        "strategies": figures.get("strategies"),
        "ap": tables.ap_table(results),
        "metrics": tables.metrics_table(results),
        "differences": tables.difference_table(results),
        "every_difference": tables.difference_table(results, every=True) if grids else None,
        "difference_sentences": sentences.difference_sentences(results),
        "method_notes": sentences.method_notes(results),
        "prices": prices,
        "price_sentences": sentences.price_sentences(results),
        "curves": figures.get("curves"),
        "budget": tables.budget_table(results),
        "savings": sentences.saving_sentences(results),
        "grids": grids,
        "map": figures.get("pool"),
        "map_about": map_about(pool_map),
        "pool_notes": pool.missing,
        "redundancy": tables.redundancy_table(measured),
        "viewer": viewer,
        "settings_title": "Settings, versions and files",
        "settings": [("", flat_settings(folder.settings))],
        "files": files,
    }


def grid_name(grid: GridResult) -> str:
    """Name of a grid's figure."""
    return "grid-" + "".join(letter if letter.isalnum() else "-" for letter in grid.strategy)


def map_about(drawn: PoolMap | None) -> str:
    """What the map shows."""
    if drawn is None:
        return ""
    how = (
        "UMAP (15 neighbours, fixed seed): near dots look alike to the encoder, distances between groups mean little"
        if drawn.kind == "UMAP"
        else "PCA, as there are too few frames for UMAP, or it is not installed: far dots look different to the encoder"
    )
    some = "" if drawn.shown == drawn.frames else f" {drawn.shown:,} of {drawn.frames:,} frames are drawn."
    fold = f", fold {drawn.fold}" if drawn.fold else ""
    return f"{how}. Seed {drawn.seed}{fold}, all rounds; every panel has the same axes.{some}"


def _cards(results: StudyResults) -> list[Card]:
    board, cards = results.board, []
    note = plural(results.start.seeds, "seed")
    if results.start.value is not None:
        cards.append(Card("start", "Start", points(results.start.value), f"AP in %, {note}", results.start.value))
    random = results.reference
    if random is not None and random.ap.value is not None:
        cards.append(Card("random", "Random", points(random.ap.value), "AP in %", random.ap.value))
    known = [one for one in results.shown if one.ap.value is not None and one is not random]
    best = max(known, key=lambda one: one.ap.value or 0.0, default=None)
    if best is not None and best.ap.value is not None:
        cards.append(Card("best", "Highest mean", points(best.ap.value), str(best.arm), best.ap.value))
        paired = best.paired
        if paired is not None and paired.difference.value is not None:
            value = f"{paired.difference.value:+.1f}"
            cards.append(Card("difference", "Its difference to random", value, paired.verdict, paired.difference.value))
    if results.full.value is not None:
        cards.append(Card("full", "Whole pool", points(results.full.value), "AP in %", results.full.value))
    added = random.added["frames"] if random is not None else None
    if added is not None and added.value is not None:
        note = f"in {plural(board.shown_round, 'round')}"
        cards.append(
            Card("frames", "Frames added", with_interval(added, lambda v: f"{v:g}").split(" (")[0], note, added.value)
        )
    return cards
