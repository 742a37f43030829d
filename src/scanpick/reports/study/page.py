"""What a study's ``report.html`` says and shows, ready for the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from scanpick.files import without_places
from scanpick.reports.card import Card
from scanpick.reports.numbers import plural
from scanpick.reports.study import sentences, tables
from scanpick.reports.study.pool import StudyPool
from scanpick.reports.study.pool_map import PoolMap
from scanpick.reports.study.redundancy import Redundancy
from scanpick.reports.study.results import GridResult, StudyResults
from scanpick.reports.study.tables import Table
from scanpick.reports.study.viewer import Viewer
from scanpick.reports.study.words import metric_words, points, with_interval


@dataclass(frozen=True)
class GridView:
    """One strategy's grid: its figure and sentences."""

    strategy: str
    figure: Markup
    sentences: list[str]


@dataclass(frozen=True)
class StudyPage:
    """The names that the template uses."""

    name: str
    metric: str
    subtitle: str
    findings: list[str]
    notices: list[str]
    cards: list[Card]
    strategies: Markup | None
    ap: Table
    prices: Table
    price_sentences: list[str]
    differences: Table
    every_difference: Table | None
    difference_sentences: list[str]
    method_notes: list[str]
    curves: Markup | None
    budget: Table
    savings: list[str]
    grids: list[GridView]
    map: Markup | None
    map_about: str
    pool_notes: list[str]
    redundancy: Table
    viewer: Viewer
    metrics: Table
    settings: list[tuple[str, str]]
    files: list[str]


def study_page(
    results: StudyResults,
    pool: StudyPool,
    pool_map: PoolMap | None,
    measured: Sequence[Redundancy],
    viewer: Viewer,
    figures: Mapping[str, Markup],
    files: list[str],
) -> StudyPage:
    """Put results into words, tables and figures."""
    folder = results.board.folder
    return StudyPage(
        name=folder.name,
        metric=metric_words(folder.metric),
        subtitle=sentences.subtitle(results),
        findings=sentences.findings(results),
        notices=results.board.notices(),
        cards=_cards(results),
        strategies=figures.get("strategies"),
        ap=tables.ap_table(results),
        prices=tables.price_table(results),
        price_sentences=sentences.price_sentences(results),
        differences=tables.difference_table(results),
        every_difference=tables.difference_table(results, every=True) if results.grids else None,
        difference_sentences=sentences.difference_sentences(results),
        method_notes=sentences.method_notes(results),
        curves=figures.get("curves"),
        budget=tables.budget_table(results),
        savings=sentences.saving_sentences(results),
        grids=[
            GridView(grid.strategy, figures.get(grid_name(grid), Markup()), sentences.grid_sentences(grid, results))
            for grid in results.grids
        ],
        map=figures.get("pool"),
        map_about=map_about(pool_map),
        pool_notes=list(pool.missing),
        redundancy=tables.redundancy_table(measured),
        viewer=viewer,
        metrics=tables.metrics_table(results),
        settings=flat_settings(folder.settings),
        files=files,
    )


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
        else "PCA, since there are too few frames for UMAP: far dots look different to the encoder"
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


def flat_settings(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as dotted names with texts, without places on this machine; frames set aside are counted."""
    entries = []
    for key, value in values.items():
        name = prefix + str(key)
        if key == "set_aside" and isinstance(value, Mapping):
            entries.append((name, plural(len(value), "frame")))
        elif isinstance(value, Mapping):
            entries += flat_settings(value, f"{name}.")
        elif isinstance(value, list) and any(isinstance(one, Mapping) for one in value):
            for place, one in enumerate(value):
                inner = one if isinstance(one, Mapping) else {"": one}
                entries += flat_settings(inner, f"{name}.{place + 1}.")
        elif value not in (None, "", [], {}):
            shown = without_places(value)
            entries.append((name.rstrip("."), ", ".join(map(str, shown)) if isinstance(shown, list) else str(shown)))
    return entries
