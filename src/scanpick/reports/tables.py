"""The tables of a report on a selection: what was asked, every pick, all settings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from scanpick.files import without_places
from scanpick.reports.numbers import count, plural, significant
from scanpick.reports.picked_pool import PickedPool

MOST_PICKS = 1000
"""Picks that are listed in the page."""

_LONG = ("labelled_ids", "set_aside")
"""Entries that are told elsewhere, and are as long as the data set."""


def facts(pool: PickedPool) -> list[tuple[str, str]]:
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
        ("Options", ", ".join(f"{key} {text}" for key, text in _flat(options))),
        ("Embedding", _embedding(pool)),
        ("Budget", str(summary.get("budget", ""))),
        ("Spent", _spent(summary)),
        ("Constraints", ", ".join(f"{key} {text}" for key, text in _flat(summary.get("constraints", {})))),
        ("Seed", str(summary.get("seed", ""))),
    ]
    return [(name, text) for name, text in rows if text]


def pick_table(pool: PickedPool) -> tuple[list[tuple[str, bool]], list[list[str]]]:
    """The first `MOST_PICKS` picks: columns with whether they are numbers, and rows of texts."""
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
    return columns, rows


def settings(pool: PickedPool) -> list[tuple[str, list[tuple[str, str]]]]:
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
    return [(title, entries) for title, values in groups if (entries := _flat(without_places(values)))]


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


def _flat(values: Mapping[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    """Nested settings as dotted names with texts; empty ones are left out."""
    entries = []
    for key, value in values.items():
        if key in _LONG or value is None or value in ("", [], {}):
            continue
        if isinstance(value, Mapping):
            entries += _flat(value, f"{prefix}{key}.")
        else:
            entries.append((prefix + str(key), _text(value)))
    return entries


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.10g}"
    if isinstance(value, list | tuple):
        more = f" and {len(value) - 12} more" if len(value) > 12 else ""
        return ", ".join(_text(item) for item in value[:12]) + more
    return str(value)
