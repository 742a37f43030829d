"""How a study's report names metrics and writes numbers with their intervals."""

from __future__ import annotations

import math
from collections.abc import Callable

from scanpick.evaluation.study_statistics.estimates import Estimate
from scanpick.reports.numbers import count, significant
from scanpick.reports.study.scoreboard import Axis

AXIS_NAMES: dict[Axis, str] = {"frames": "labelled frames", "boxes": "labelled objects", "cost": "annotation cost"}

_MATCHED = {"3d": "3D", "bev": "bird's-eye view", "bbox": "2D", "aos": "orientation"}


def metric_words(metric: str) -> str:
    """A metric's name for people.

    Example:
        >>> metric_words("Car_3d_moderate_R40_0.7")
        'Car, 3D AP, moderate, R40, IoU > 0.7'
        >>> metric_words("Car_3d_moderate_R40_0.7@natural")
        'Car, 3D AP, moderate, R40, IoU > 0.7, on natural'
    """
    metric, _, evaluation_set = metric.partition("@")
    if evaluation_set:
        return f"{metric_words(metric)}, on {evaluation_set}"
    parts = metric.rsplit("_", 4)
    if len(parts) < 5 or parts[1] not in _MATCHED:
        return metric
    name, matched, difficulty, average, overlap = parts
    return f"{name}, {_MATCHED[matched]} AP, {difficulty}, {average}, IoU > {overlap}"


def points(value: float) -> str:
    """An AP in percent."""
    return f"{value:.1f}" if math.isfinite(value) else "n/a"


def signed(value: float) -> str:
    """A difference in points.

    Example:
        >>> signed(1.25), signed(-0.01)
        ('+1.2', '0.0')
    """
    text = f"{value:+.1f}"
    return text.lstrip("+-") if float(text) == 0 else text


def signed_percent(value: float) -> str:
    """A relative difference.

    Example:
        >>> signed_percent(0.123), signed_percent(-0.001)
        ('+12%', '0%')
    """
    text = f"{100 * value:+.0f}%"
    return "0%" if text in ("+0%", "-0%") else text


def amount(value: float) -> str:
    """A number of things: whole where it is.

    Example:
        >>> amount(40.0), amount(2.345)
        ('40', '2.35')
    """
    return count(value) if float(value).is_integer() else significant(value)


def interval_text(bounds: tuple[float, float] | None, form: Callable[[float], str], beyond: str = "unbounded") -> str:
    """An interval, "" where there is none; `beyond` stands for an end that is not finite."""
    if bounds is None:
        return ""
    low, high = (form(end) if math.isfinite(end) else beyond for end in bounds)
    return f"{low} to {high}"


def with_interval(estimate: Estimate, form: Callable[[float], str]) -> str:
    """The value with its interval, or why there is none.

    Example:
        >>> with_interval(Estimate(1.5, (1.0, 2.0), 0.2, 5), points)
        '1.5 (1.0 to 2.0)'
    """
    if estimate.value is None:
        return "not defined" if estimate.note.startswith("not defined") else "-"
    interval = interval_text(estimate.interval, form)
    return f"{form(estimate.value)} ({interval})" if interval else form(estimate.value)


def p_text(value: float) -> str:
    """A p-value.

    Example:
        >>> p_text(0.03125), p_text(0.00002), p_text(1.0)
        ('0.031', '< 0.001', '1')
    """
    if not math.isfinite(value):
        return "-"
    if value < 0.001:
        return "< 0.001"
    return f"{value:.3f}".rstrip("0").rstrip(".")
