"""How an encoder's adaptation went, drawn from its folder: losses over the steps, and frames kept out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError
from scanpick.reports.cells import Cells, read_cells
from scanpick.reports.figures import INK, MUTED, figure_style, new_figure, save_figure, series_styles

PICTURE = "adapting"
_NO_LOSSES = ("iteration", "learning_rate", "gradient_norm")
_SMOOTHED_STEPS = 40
"""Curves are means over a fortieth of the steps; the steps themselves are drawn faintly."""


def draw_adaptation(folder: Path) -> list[Path]:
    """Draw ``log.csv`` and ``held_out.csv`` of a folder made by ``scanpick adapt`` into ``adapting.png`` and ``.svg``.

    Raises:
        ScanpickError: A file is missing, or is no such table.
    """
    log, held_out = read_cells(folder / "log.csv"), read_cells(folder / "held_out.csv")
    if not log or "iteration" not in log[0].row or not held_out or not {"before", "after"} <= held_out[0].row.keys():
        raise ScanpickError(f"{folder}: expected log.csv and held_out.csv of `scanpick.adapt(...)`.")
    with figure_style():
        figure, axes = new_figure(9.0, 3.6, columns=2)
        _draw_losses(axes[0], {name: _column(log, name) for name in log[0].row})
        _draw_held_out(axes[1], _column(held_out, "before"), _column(held_out, "after"))
        return save_figure(figure, folder / PICTURE)


def _draw_losses(axes: Axes, log: dict[str, Float64Array]) -> None:
    names = [name for name in log if name not in _NO_LOSSES]
    width = max(1, len(log["iteration"]) // _SMOOTHED_STEPS)
    for name, style in series_styles(names).items():
        colour = style["color"]
        axes.plot(log["iteration"], log[name], color=colour, alpha=0.2, linewidth=0.8)
        steps, values = (_block_means(log[column], width) for column in ("iteration", name))
        axes.plot(steps, values, color=colour, label=name)
    if all((log[name] > 0).all() for name in names):
        axes.set_yscale("log")
    axes.set(xlabel="step", ylabel="weighted loss", title="Losses while training")
    axes.legend()


def _draw_held_out(axes: Axes, before: Float64Array, after: Float64Array) -> None:
    limits = [0.9 * min(before.min(), after.min()), 1.1 * max(before.max(), after.max())]
    axes.plot(limits, limits, color=MUTED, linewidth=1.0, linestyle="--")
    axes.plot(before, after, linestyle="none", marker="o", markersize=3.5, color=INK, alpha=0.6)
    if limits[0] > 0:
        axes.set(xscale="log", yscale="log")
    change = 100 * (after.mean() / before.mean() - 1)
    axes.set(
        xlabel="reconstruction loss before", ylabel="after", title=f"{len(before)} frames kept out: {change:+.1f}%"
    )


def _block_means(values: Float64Array, width: int) -> Float64Array:
    """Means of `width` values each; the last block may hold fewer."""
    starts = np.arange(0, len(values), width)
    return np.add.reduceat(values, starts) / np.diff(np.append(starts, len(values)))


def _column(lines: list[Cells], name: str) -> Float64Array:
    return np.array([line.number(name) for line in lines])
