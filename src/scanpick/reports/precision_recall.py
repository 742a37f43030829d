"""The picture of an evaluation: precision over recall, a panel for each class and metric."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes

from scanpick.errors import ScanpickError
from scanpick.evaluation.average_precision import POSITIONS, Curve
from scanpick.evaluation.kitti import Evaluation
from scanpick.evaluation.settings import METRICS
from scanpick.reports.figures import MUTED, figure_style, new_figure, save_figure, series_styles


def plot_precision_recall(evaluation: Evaluation, path: Path) -> Path:
    """Draw and write the picture; the file's ending says the format (.png, .svg, .pdf).

    Thin lines are precision at every score as it is; thick ones are what is averaged: monotone, at the sampled recall
    positions, every fourth of them marked.

    Raises:
        ScanpickError: The ending is missing or not a format of matplotlib.
    """
    if not path.suffix:
        raise ScanpickError(f"{path}: expected a file name with an ending that says the format, such as .png or .svg.")
    names = list(evaluation.curves)
    with figure_style():
        figure, axes = new_figure(2.6 * len(METRICS), 2.4 * len(names) + 0.3, columns=len(METRICS), rows=len(names))
        for place, panel in enumerate(axes):
            name, metric = names[place // len(METRICS)], METRICS[place % len(METRICS)]
            _draw(panel, evaluation, name, metric)
            if place % len(METRICS) == 0:
                panel.set_ylabel("precision")
            if place // len(METRICS) == len(names) - 1:
                panel.set_xlabel("recall")
    return save_figure(figure, path.with_suffix(""), formats=[path.suffix.lstrip(".").lower()])[0]


def _draw(panel: Axes, evaluation: Evaluation, name: str, metric: str) -> None:
    curves = evaluation.curves[name][metric]
    limit = evaluation.settings.of_class(name).min_overlap["bbox" if metric == "aos" else metric]
    panel.set_title(f"{name}, {metric} > {limit:g}")
    panel.set_xlim(0, 1)
    panel.set_ylim(0, 1.02)
    looks = series_styles(list(curves))
    drawn = {level: curve for level, curve in curves.items() if curve is not None}
    for level, curve in drawn.items():
        headline = curve.ap_r40 if evaluation.settings.headline == "R40" else curve.ap_r11
        label = f"{level} {headline:.1f}"
        recall, precision = _sampled(curve)
        panel.plot(curve.all_recall, curve.all_precision, color=looks[level]["color"], linewidth=0.7, alpha=0.6)
        panel.plot(recall, precision, label=label, markevery=4, markeredgewidth=0.5, **looks[level])
    if drawn:
        panel.legend(title=f"AP {evaluation.settings.headline}", title_fontsize=8.5, loc="lower left")
    else:
        panel.text(0.5, 0.5, "not evaluated", ha="center", va="center", color=MUTED)


def _sampled(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    reached = len(curve.thresholds)
    return np.arange(reached) / (POSITIONS - 1), curve.precision[:reached]
