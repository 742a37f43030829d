"""What a report says in words."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from scanpick.reports.comparison import REPEATS, Measure
from scanpick.reports.contact_sheet import ContactSheet
from scanpick.reports.numbers import count, percent, plural, significant
from scanpick.reports.picked_pool import PickedPool
from scanpick.reports.projection import umap_is_installed
from scanpick.reports.redundancy import NEAR_S
from scanpick.reports.results import Results
from scanpick.reports.timeline import MOST_MARKS


def subtitle(pool: PickedPool) -> str:
    """Data set, strategy and embedding, in short."""
    parts = [pool.manifest.dataset.name, f"strategy {pool.selection.strategy}"]
    if pool.embedding is not None:
        parts.append(f"embedding {pool.embedding.name}")
    return " · ".join(parts)


def findings(results: Results) -> list[str]:
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


def notes(pool: PickedPool) -> list[str]:
    """What went another way than asked."""
    summary = pool.selection.summary
    told = [str(summary["stopped_early"])] if summary.get("stopped_early") else []
    told += map(str, summary.get("notes", []))
    return [text[:1].upper() + text[1:] for text in told] + list(pool.notes)


def map_about(drawn: dict[str, Any] | None) -> dict[str, str]:
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


def map_rule(drawn: dict[str, Any] | None) -> str:
    """Which frames are on the map."""
    if drawn is None or len(drawn["frame_ids"]) == drawn["frames"]:
        return "Every frame is drawn."
    return (
        f"{count(len(drawn['frame_ids']))} of {count(drawn['frames'])} frames are drawn: picks first, then labelled "
        f"frames, and of the others as many as fit, evenly spaced in the order of the data set."
    )


def coverage_notes(results: Results) -> list[str]:
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


def time_notes(results: Results) -> list[str]:
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


def sheet_about(sheet: ContactSheet, picked: int) -> str:
    """What the pictures show."""
    which = "all of them" if len(sheet.views) == picked else f"the first {len(sheet.views)}"
    return f"{which} from above, {sheet.bev.caption}"
