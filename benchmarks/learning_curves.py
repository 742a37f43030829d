"""How well a detector does with how many labelled frames, for several budgets of training: one line for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from scanpick.errors import ScanpickError
from scanpick.reports.figures import COLOURS, MARKERS, new_figure
from scanpick.reports.study.folder import ALL, REFERENCE, START, Score, StudyFolder
from scanpick.reports.study.plots import Look
from scanpick.reports.study.tables import Table, mean_and_deviation
from scanpick.reports.study.words import amount, metric_words

PLAIN = (START, REFERENCE, ALL)
"""What a learning curve is drawn from: frames that no strategy chose."""


@dataclass(frozen=True, eq=False)
class LearningCurve:
    """One line.

    Attributes:
        name: What distinguishes it: iterations, detector, study.
        frames: (P,) labelled frames, ascending.
        values: For each of them the AP of every seed.
    """

    name: str
    frames: tuple[float, ...]
    values: tuple[tuple[float, ...], ...]


def learning_curves(studies: Sequence[StudyFolder]) -> list[LearningCurve]:
    """A line for each study, detector and number of iterations, from random frames and the whole pool.

    Raises:
        ScanpickError: The studies' metrics differ, or none has a score.
    """
    metrics = {study.metric for study in studies}
    if len(metrics) > 1:
        raise ScanpickError(f"Learning curves: expected studies of one metric, got {', '.join(sorted(metrics))}.")
    groups: dict[tuple[str, str, str], dict[float, list[float]]] = {}
    for study in studies:
        for score in study.scores:
            value = score.metrics.get(study.metric, np.nan)
            if score.arm.strategy in PLAIN and np.isfinite(value):
                key = (_iterations(score), score.texts.get("detector", ""), study.name)
                groups.setdefault(key, {}).setdefault(round(score.frames, 6), []).append(value)
    if not groups:
        raise ScanpickError("Learning curves: expected studies with scores of random frames, got none.")
    telling = [place for place in range(3) if len({key[place] for key in groups}) > 1] or [0]
    ordered = sorted(groups, key=lambda key: (key[1], key[2], int(key[0] or 0)))
    return [
        LearningCurve(
            ", ".join(_told(place, key[place]) for place in telling if key[place]),
            tuple(sorted(groups[key])),
            tuple(tuple(groups[key][frames]) for frames in sorted(groups[key])),
        )
        for key in ordered
    ]


def plot_learning_curves(studies: Sequence[StudyFolder]) -> Figure:
    """Draw them: mean as a line, every seed as a point. Call it within `figure_style`."""
    curves = learning_curves(studies)
    figure, (panel,) = new_figure(6.2, 4.0)
    for place, curve in enumerate(curves):
        colour, marker = COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)]
        means = [float(np.mean(values)) for values in curve.values]
        for frames, values in zip(curve.frames, curve.values, strict=True):
            panel.scatter([frames] * len(values), values, s=13, color=colour, alpha=0.45, linewidths=0)
        look: Look = {"color": colour, "marker": marker, "markeredgecolor": "white", "markersize": 6.5}
        panel.plot(curve.frames, means, label=curve.name, **look)
    panel.set_xscale("log")
    ticks = _ticks([frames for curve in curves for frames in curve.frames])
    panel.set_xticks(ticks, [amount(tick) for tick in ticks])
    panel.set_xticks([], minor=True)
    panel.set_xlabel("labelled frames, at random")
    panel.set_ylabel("AP in %: mean, seeds")
    panel.set_title(metric_words(studies[0].metric))
    longest = max(len(curve.name) for curve in curves)
    figure.legend(loc="outside lower center", ncols=3 if longest < 24 else 2)
    return figure


def cross_validation_table(studies: Sequence[StudyFolder]) -> Table:
    """Mean ± deviation over seeds of every metric, a row for each study, strategy, size and number of iterations."""
    metrics = list(dict.fromkeys(name for study in studies for name in study.metrics))
    groups: dict[tuple[str, str, str, float, str], list[Score]] = {}
    for study in studies:
        for score in study.scores:
            # A study without rounds is about its start: as a rule the whole pool.
            start = "start" if study.settings.get("rounds") or study.settings.get("strategies") else "what is labelled"
            name = {START: start, ALL: "whole pool"}.get(score.arm.strategy, str(score.arm))
            detector = score.texts.get("detector", "")
            key = (study.name, detector, name, round(score.frames, 6), _iterations(score))
            groups.setdefault(key, []).append(score)
    titles = ("Study", "Detector", "Trained on", "Frames", "Iterations")
    # What is the same in all rows is left out, but for what they were trained on.
    shown = [place for place in range(5) if place in (2, 3) or len({key[place] for key in groups}) > 1]
    rows = []
    for key, scores in groups.items():
        told = [str(key[0]), key[1], key[2], amount(round(key[3], 1)), key[4]]
        values = [np.array([score.metrics.get(metric, np.nan) for score in scores]) for metric in metrics]
        rows.append((*(told[place] for place in shown), str(len(scores)), *map(mean_and_deviation, values)))
    columns = [(titles[place], place >= 3) for place in shown] + [("Seeds", True)]
    return Table((*columns, *((metric_words(metric), True) for metric in metrics)), tuple(rows))


def _iterations(score: Score) -> str:
    return score.texts.get("iterations", "")


def _told(place: int, text: str) -> str:
    return f"{int(text):,} iterations" if place == 0 and text.isdigit() else text


def _ticks(frames: list[float]) -> list[float]:
    """The sizes themselves, those left out that would print over the one before."""
    ticks: list[float] = []
    for size in sorted(set(frames)):
        if not ticks or size >= ticks[-1] * 1.25:
            ticks.append(size)
    return ticks
