"""The figures of a study. Call them within `figure_style`; every axis has its unit, every seed is a point."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from scanpick.evaluation.study_statistics.estimates import Estimate
from scanpick.reports.figures import INK, MUTED, STRATEGY_SLOTS, new_figure, series_styles
from scanpick.reports.study.folder import REFERENCE, Arm
from scanpick.reports.study.results import ArmResult, GridResult, StudyResults
from scanpick.reports.study.scoreboard import AXES, Axis
from scanpick.reports.study.words import AXIS_NAMES, metric_words, points, signed

Look = dict[str, Any]
"""Keyword arguments of ``Axes.plot``."""

_SEED: Look = {"s": 15, "alpha": 0.55, "linewidth": 0, "zorder": 2}


def plot_strategies(results: StudyResults) -> Figure:
    """AP of each strategy beside its difference to random: means, deviations, intervals, and every seed as a point."""
    shown = [one for one in results.shown if one.ap.value is not None]
    rows = len(shown)
    figure, (left, right) = new_figure(9.2, 1.5 + 0.44 * max(rows, 2), columns=2)
    styles = arm_styles([one.arm for one in shown])
    for row, one in enumerate(shown):
        _seeds_and_mean(left, row, list(one.by_seed.values()), one.ap, styles[one.arm])
        if one.paired is not None and one.paired.difference.value is not None:
            differences = list(one.paired.differences.values())
            _seeds_and_mean(right, row, differences, one.paired.difference, styles[one.arm], interval=True)
    _reference_lines(left, {"start": results.start, "whole pool": results.full})
    right.axvline(0, color=INK, linewidth=1, zorder=1)
    right.set_xlim(*at_least_one_point(*right.get_xlim()))
    _rows(left, [_row_name(one) for one in shown])
    _rows(right, [""] * rows)
    board = results.board
    left.set_xlabel("AP in %: mean, deviation, seeds")
    right.set_xlabel("points of AP: mean, 95% interval, seeds")
    left.set_title(textwrap.fill(metric_words(board.folder.metric), 38), pad=28)
    right.set_title(f"Difference to {REFERENCE}, seed by seed", pad=28)
    return figure


def plot_curves(results: StudyResults, axes: Sequence[Axis] = AXES) -> Figure | None:
    """AP after each round against labelled frames, objects and cost, with bands of one standard error.

    Returns:
        None where no strategy has a curve.
    """
    board = results.board
    drawn = [axis for axis in axes if any(board.seeds_with_curve(one.arm, axis) for one in results.shown)]
    if "cost" in drawn and _same_as_frames(results):
        drawn.remove("cost")
    if not drawn:
        return None
    figure, panels = new_figure(0.4 + 3.5 * len(drawn), 4.1, columns=len(drawn))
    styles = arm_styles([one.arm for one in results.shown])
    for panel, axis in zip(panels, drawn, strict=True):
        for one in results.shown:
            _curve(panel, results, one, axis, styles[one.arm])
        panel.set_xlabel(axis_label(results, axis))
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=axis != "cost"))
        panel.margins(x=0.04)
    low, high = min(panel.get_ylim()[0] for panel in panels), max(panel.get_ylim()[1] for panel in panels)
    for place, panel in enumerate(panels):
        panel.set_ylim(*at_least_one_point(low, high))
        if place:
            panel.tick_params(labelleft=False)
    panels[0].set_ylabel("AP in %, mean ± standard error")
    panels[0].set_title(metric_words(board.folder.metric))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=min(4, len(labels)))
    return figure


def plot_grid(results: StudyResults, grid: GridResult) -> Figure:
    """AP of every variant of a strategy, with random beside it. A grid over one number has that number as axis."""
    board = results.board
    places, ticks, label = grid_axis(grid.variants)
    figure, (panel,) = new_figure(5.8, 3.6)
    style = series_styles([grid.strategy])[grid.strategy]
    of_arm = {one.arm: one for one in results.every}
    means: list[float] = []
    for place, arm in zip(places, grid.variants, strict=True):
        one = of_arm[arm]
        panel.scatter([place] * len(one.by_seed), list(one.by_seed.values()), color=style["color"], **_SEED)
        means.append(math.nan if one.ap.value is None else one.ap.value)
        if one.ap.value is not None and one.ap.deviation is not None:
            panel.errorbar(place, one.ap.value, one.ap.deviation, color=style["color"], capsize=3, linewidth=1.2)
    panel.plot(places, means, label=grid.strategy, zorder=3, **style | {"markersize": 6})
    best = grid.variants.index(grid.best)
    panel.plot(
        [places[best]], [means[best]], "o", markersize=13, markerfacecolor="none", markeredgecolor=INK, label="best"
    )
    random = results.reference
    if random is not None and random.ap.value is not None:
        grey = series_styles([REFERENCE])[REFERENCE]["color"]
        panel.axhline(random.ap.value, color=grey, linestyle=(0, (4, 3)), label=f"{REFERENCE}, mean ± deviation")
        if random.ap.deviation:
            low, high = random.ap.value - random.ap.deviation, random.ap.value + random.ap.deviation
            panel.axhspan(low, high, color=grey, alpha=0.12, linewidth=0)
    panel.set_xticks(places, ticks)
    panel.set_xlabel(label)
    panel.set_ylabel("AP in %")
    panel.set_ylim(*at_least_one_point(*panel.get_ylim()))
    panel.set_title(f"{grid.strategy}: {metric_words(board.folder.metric)}")
    figure.legend(loc="outside lower center", ncols=3)
    return figure


def plot_pool(
    positions: np.ndarray, picked: Mapping[Arm, np.ndarray], start: np.ndarray, notes: Mapping[Arm, str]
) -> Figure:
    """The pool's frames as a map, a panel for what each strategy picked, all with the same axes.

    Args:
        positions: (N, 2) places of the pool's frames.
        picked: Strategy -> rows that it picked.
        start: Rows labelled at first.
        notes: Strategy -> a line under its name.
    """
    columns = min(4, max(2, math.ceil(math.sqrt(len(picked)))))
    rows = math.ceil(len(picked) / columns)
    figure, panels = new_figure(2.35 * columns, 2.55 * rows + 0.45, columns=columns, rows=rows)
    styles = arm_styles(list(picked))
    x, y = positions.T
    for panel, (arm, chosen) in zip(panels, picked.items(), strict=False):
        panel.scatter(x, y, s=4, color="#8A97A6", alpha=0.5, linewidths=0, rasterized=True, label="pool")
        panel.scatter(x[start], y[start], s=13, marker="s", facecolors="none", edgecolors=MUTED, linewidths=0.8)
        panel.scatter(x[chosen], y[chosen], s=22, color=styles[arm]["color"], edgecolors="white", linewidths=0.5)
        panel.set_title("\n".join([*textwrap.wrap(str(arm), 26), notes.get(arm, "")]).rstrip(), fontsize=9)
        panel.set_xticks([])
        panel.set_yticks([])
        panel.grid(visible=False)
        panel.spines[["top", "right"]].set_visible(True)
        panel.set_aspect("equal", adjustable="datalim")
    for panel in panels[len(picked) :]:
        panel.set_visible(False)
    pool = panels[0].scatter([], [], s=10, color="#8A97A6", label="frame of the pool")
    first = panels[0].scatter([], [], s=16, marker="s", facecolors="none", edgecolors=MUTED, label="start")
    chosen_handle = panels[0].scatter([], [], s=24, color=INK, label="picked")
    figure.legend(handles=[pool, first, chosen_handle], loc="outside lower center", ncols=3)
    return figure


def arm_styles(arms: Sequence[Arm]) -> dict[Arm, Look]:
    """Colour and marker of each arm; a strategy keeps its own whatever its variant. A look that repeats is hollow."""
    styles = series_styles([arm.strategy for arm in arms])
    owner: dict[str, str] = {}
    for name, style in sorted(styles.items(), key=lambda entry: entry[0] not in STRATEGY_SLOTS):
        if owner.setdefault(style["color"], name) != name:
            style |= {"markerfacecolor": "white", "markeredgecolor": style["color"], "linestyle": (0, (3, 1.5))}
    return {arm: styles[arm.strategy] for arm in arms}


def at_least_one_point(low: float, high: float) -> tuple[float, float]:
    """Limits of an axis of AP that do not blow up differences of nothing."""
    middle = (low + high) / 2
    return (low, high) if high - low >= 1 else (middle - 0.5, middle + 0.5)


def axis_label(results: StudyResults, axis: Axis) -> str:
    """Name and unit of a budget axis."""
    unit = ""
    if axis == "cost":
        cost = results.board.folder.settings.get("cost")
        currency = cost.get("currency") if isinstance(cost, Mapping) else None
        unit = f" in {currency}" if currency else ""
    return AXIS_NAMES[axis] + unit


def grid_axis(variants: Sequence[Arm]) -> tuple[list[float], list[str], str]:
    """Places, tick texts and name of the axis of a grid: its number where it has one, else its texts in order."""
    pairs = [arm.variant.partition("=") for arm in variants]
    names = {name for name, _, _ in pairs}
    texts = [value or name for name, _, value in pairs]
    one_option = not any("," in arm.variant for arm in variants)
    if one_option and len(names) == 1 and all(value for _, _, value in pairs):
        try:
            numbers = [float(value) for value in texts]
        except ValueError:
            numbers = []
        if len(set(numbers)) == len(texts) and all(map(math.isfinite, numbers)):
            return numbers, texts, names.pop()
        return list(map(float, range(len(texts)))), texts, names.pop()
    return list(map(float, range(len(texts)))), [arm.variant.replace(",", "\n") for arm in variants], "variant"


def _row_name(one: ArmResult) -> str:
    best = f"\nbest of {one.variants}: {one.arm.variant}" if one.variants > 1 else f"\n{one.arm.variant}"
    return one.arm.strategy + (best if one.arm.variant else "")


def _rows(panel: Axes, names: Sequence[str]) -> None:
    panel.set_yticks(range(len(names)), names)
    panel.set_ylim(len(names) - 0.45, -0.55)
    panel.grid(visible=False, axis="y")
    panel.tick_params(axis="y", length=0, labelcolor=INK)
    panel.spines["left"].set_visible(False)


def _seeds_and_mean(
    panel: Axes,
    row: int,
    seeds: Sequence[float],
    estimate: Estimate,
    style: Look,
    *,
    interval: bool = False,
) -> None:
    value = estimate.value or 0.0
    panel.scatter(seeds, [row + 0.2] * len(seeds), color=style["color"], **_SEED)
    if interval and estimate.interval is not None:
        low, high = estimate.interval
        panel.plot([low, high], [row - 0.08] * 2, color=style["color"], linewidth=2.6, solid_capstyle="butt")
    elif not interval and estimate.deviation is not None:
        bar = {"color": style["color"], "capsize": 3, "linewidth": 1.3}
        panel.errorbar(value, row - 0.08, xerr=estimate.deviation, **bar)
    panel.plot([value], [row - 0.08], **style | {"markersize": 8.5, "zorder": 4, "markeredgewidth": 0.6})
    panel.annotate(
        signed(value) if interval else points(value),
        (value, row - 0.08),
        (0, 7),
        textcoords="offset points",
        ha="center",
        fontsize=8,
        color=INK,
        bbox={"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 0.6},
    )


def _reference_lines(panel: Axes, estimates: Mapping[str, Estimate]) -> None:
    """Upright lines with their names above; a name that would run into the one before stands higher."""
    dashes = [(0, (4, 3)), (0, (1, 2))]
    known = [(name, one, one.value) for name, one in estimates.items() if one.value is not None]
    for place, (_, one, value) in enumerate(known):
        panel.axvline(value, color=MUTED, linewidth=1.3, linestyle=dashes[place], zorder=1)
        if one.deviation:
            panel.axvspan(value - one.deviation, value + one.deviation, color=MUTED, alpha=0.1, linewidth=0, zorder=0)
    low, high = at_least_one_point(*panel.get_xlim())
    panel.set_xlim(low, high)
    for place, (name, _, value) in enumerate(known):
        near = place > 0 and abs(value - known[0][2]) < 0.35 * (high - low)
        panel.annotate(
            f"{name} {points(value)}",
            (value, 1.0),
            (0, 14 if near else 3),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            fontsize=8,
            color=MUTED,
            annotation_clip=False,
        )


def _curve(panel: Axes, results: StudyResults, one: ArmResult, axis: Axis, style: Look) -> None:
    seeds = results.board.seeds_with_curve(one.arm, axis)
    if not seeds:
        return
    x, y = results.board.curve(one.arm, axis, seeds)
    centre, across = y.mean(axis=0), x.mean(axis=0)
    if len(seeds) > 1:
        error = y.std(axis=0, ddof=1) / math.sqrt(len(seeds))
        panel.fill_between(across, centre - error, centre + error, color=style["color"], alpha=0.13, linewidth=0)
    panel.plot(across, centre, label=str(one.arm), **style | {"markersize": 5.5})


def _same_as_frames(results: StudyResults) -> bool:
    """Cost that is so much a frame says nothing that frames do not."""
    known = [s for s in results.board.folder.scores if s.frames and math.isfinite(s.cost)]
    rates = [score.cost / score.frames for score in known]
    return bool(rates) and max(rates) - min(rates) < 1e-9 * max(abs(rate) for rate in rates)
