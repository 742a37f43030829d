"""An evaluation for the page: averages, curves, parts, and the frames with most mistakes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from scanpick.evaluation.average_precision import Curve
from scanpick.evaluation.frame_errors import frame_errors
from scanpick.evaluation.kitti import Evaluation
from scanpick.reports.evaluation import Parts

_MOST_FRAMES = 200
_CURVE_POINTS = 120
_METRICS = ("3d", "bev")


def shown_evaluation(evaluation: Evaluation, parts: Mapping[str, Parts]) -> dict[str, Any]:
    """What the page draws: tables as rows of cells, curves as points.

    Args:
        evaluation: The result.
        parts: Name of a breakdown ("by_range") -> its curves.
    """
    levels = list(next(iter(evaluation.curves.values()))["3d"]) if evaluation.curves else []
    columns = [f"{metric} {level}" for metric in _METRICS for level in levels]
    averages = [
        [name, *(_average(metrics[metric][level]) for metric in _METRICS for level in levels)]
        for name, metrics in evaluation.curves.items()
    ]
    curves = [
        {"name": name, "points": _points(curve)}
        for name, metrics in evaluation.curves.items()
        if (curve := metrics["3d"]["moderate"]) is not None and len(curve.all_recall)
    ]
    frames, _ = frame_errors(evaluation)
    worst = sorted(frames, key=lambda one: (-one.errors, one.frame_id))[:_MOST_FRAMES]
    return {
        "columns": columns,
        "averages": averages,
        "curves": curves,
        "breakdowns": [_breakdown(name, of) for name, of in parts.items()],
        "frames": [[one.frame_id, one.found, one.missed, one.false] for one in worst],
    }


def _average(curve: Curve | None) -> float | None:
    return None if curve is None else curve.ap_r40


def _points(curve: Curve) -> list[list[float]]:
    shown = np.unique(np.linspace(0, len(curve.all_recall) - 1, _CURVE_POINTS).astype(np.int64))
    return np.column_stack([curve.all_recall[shown], curve.all_precision[shown]]).tolist()


def _breakdown(name: str, parts: Parts) -> dict[str, Any]:
    """3D average precision at the hardest level, which holds all objects: a row a class, a column a part."""
    of_class = {cell[0]: by_part for cell, by_part in parts.items() if cell[1] == "3d"}  # the last level stays
    heads = list(dict.fromkeys(part for by_part in of_class.values() for part in by_part))
    rows = [[kind, *(_average(by_part.get(part)) for part in heads)] for kind, by_part in of_class.items()]
    return {"title": f"3D average precision {name.replace('_', ' ')}", "head": ["class", *heads], "rows": rows}
