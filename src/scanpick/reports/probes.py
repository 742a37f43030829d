"""What probes found: a picture with a panel for each probe, and tables for the terminal; with 95% intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from rich.markup import escape
from rich.table import Table

from scanpick.evaluation.probes import Probing, Score
from scanpick.probes.files import differences
from scanpick.probes.probing import ProbeRun
from scanpick.reports.figures import INK, MUTED, figure_style, new_figure, save_figure, series_styles
from scanpick.reports.tables import terminal_table

Key = tuple[str, str, str]


@dataclass(frozen=True)
class Column:
    """A score that tables and pictures show.

    Attributes:
        title: What it is called there.
        key: Probe, target and metric.
    """

    title: str
    key: Key


SUMMARY: tuple[Column, ...] = (
    Column("detection-related mean, R2", ("detection", "mean", "r2")),
    Column("mean of ridge, R2", ("detection", "mean of ridge", "r2")),
    Column("mean of kNN, R2", ("detection", "mean of knn", "r2")),
    Column("same drive, precision", ("retrieval", "same drive", "precision")),
    Column("near in time, precision", ("retrieval", "near in time", "precision")),
    Column("redundancy, average precision", ("redundancy", "near in time", "average precision")),
    Column("robustness, AUC", ("robustness", "mean", "auc")),
    Column("robustness, d'", ("robustness", "mean", "d-prime")),
)
"""One number for each thing that is probed."""


def shown_columns(probing: Probing) -> list[Column]:
    """The columns of `SUMMARY` that were measured for any embedding."""
    return [column for column in SUMMARY if any(probing.score(name, column.key) for name in probing.scores)]


def write_probe_figure(probing: Probing, stem: Path, title: str) -> list[Path]:
    """Draw the summary; writes ``stem.png`` and ``stem.svg``."""
    columns = shown_columns(probing)
    names = list(probing.scores)
    across = min(len(columns), 4)
    down = -(-len(columns) // across)
    with figure_style():
        figure, panels = new_figure(3.1 * across, down * (0.9 + 0.26 * len(names)), columns=across, rows=down)
        for place, (panel, column) in enumerate(zip(panels, columns, strict=False)):
            _draw(panel, column, [(name, probing.score(name, column.key)) for name in names])
            panel.set_yticks(range(len(names)), names if place % across == 0 else [])
        for panel in panels[len(columns) :]:
            panel.set_axis_off()
        figure.suptitle(title, x=0.01, ha="left", fontsize=10, color=INK)
    return save_figure(figure, stem)


def _draw(panel: Axes, column: Column, scores: Sequence[tuple[str, Score | None]]) -> None:
    styles = series_styles([name for name, _ in scores])
    for row, (name, score) in enumerate(scores):
        if score is None:
            continue
        low, high = score.interval
        panel.plot([low, high], [row, row], color=styles[name]["color"], linewidth=2.2)
        panel.plot([score.value], [row], linestyle="none", **styles[name])
    chance = next((score.chance for _, score in scores if score is not None), float("nan"))
    if np.isfinite(chance):
        panel.axvline(chance, color=MUTED, linewidth=1.0, linestyle=":")
    panel.set_title(column.title, fontsize=9)
    panel.set_ylim(len(scores) - 0.5, -0.5)


def score_table(run: ProbeRun) -> Table:
    """Scores by embeddings, with their intervals: one number for each thing that is probed, then every target."""
    probing = run.probing
    title = f"{run.data}; {len(run.frames.frame_ids)} frames"
    table = terminal_table(title, ["score", *probing.scores], texts=(0,), folded=(0,))
    for column in shown_columns(probing):
        scores = [probing.score(name, column.key) for name in probing.scores]
        chance = next((score.chance for score in scores if score is not None), 0.0)
        beside = f" [dim](chance {chance:.2f})[/]" if chance else ""
        table.add_row(f"[bold]{escape(column.title)}[/]{beside}", *map(_cell, scores))
    table.add_section()
    keys = dict.fromkeys(s.key for scores in probing.scores.values() for s in scores if s.probe in ("ridge", "knn"))
    for key in keys:
        cells = [_cell(probing.score(name, key)) for name in probing.scores]
        table.add_row(escape(f"{key[1]} by {key[0]}, {key[2]}"), *cells)
    return table


def difference_table(run: ProbeRun, baseline: str | None) -> Table | None:
    """Paired differences of the detection-related mean; None where there are none."""
    headers = ["one", "less other", "difference", "95% interval", "p"]
    table = terminal_table("Differences of the detection-related mean, paired", headers, texts=(0, 1))
    for one, other, score, found in differences(run, baseline):
        if score.key == ("detection", "mean", "r2"):
            low, high = found.interval
            numbers = (f"{found.value:+.3f}", f"{low:+.3f} to {high:+.3f}", f"{found.p_value:.3f}")
            table.add_row(escape(one), escape(other), *numbers)
    return table if table.row_count else None


def remarks(run: ProbeRun) -> list[str]:
    """What is missing, and what to know when reading the numbers."""
    lines = [*run.notes, *(f"Left out: {name}: {reason}." for name, reason in run.probing.left_out.items())]
    if run.set_aside:
        lines.append(f"{len(run.set_aside)} frames were set aside (probe.json names all):")
        lines += [f"  {frame_id}: {reason}" for frame_id, reason in list(run.set_aside.items())[:5]]
    return lines


def _cell(score: Score | None) -> str:
    if score is None:
        return "-"
    low, high = score.interval
    return f"{score.value:.3f}\n[dim]{low:.2f} to {high:.2f}[/]"
