"""Small line charts as SVG: the geometry here, the drawing in ``templates/charts.html``, colours in the style sheet."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scanpick.arrays import Float64Array

WIDTH, HEIGHT = 520, 250
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 24, 12, 40


@dataclass(frozen=True)
class Series:
    """A line, with a band around it where there is a spread.

    Attributes:
        name: What the legend and the tooltip call it.
        style: Its CSS class: "ours" or "random".
        values: A value for each x.
        low: Lower edge of the band, or None.
        high: Upper edge of the band, or None.
    """

    name: str
    style: str
    values: Float64Array
    low: Float64Array | None = None
    high: Float64Array | None = None


@dataclass(frozen=True)
class Tick:
    """A mark on an axis: where, in the picture's units, and what it says."""

    place: float
    text: str


@dataclass(frozen=True)
class DrawnSeries:
    """A series in the picture's units: SVG path data, and points where there are too few for a line."""

    name: str
    style: str
    line: str
    band: str
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True)
class LineChart:
    """All that the template needs to draw a chart."""

    title: str
    x_label: str
    x_ticks: tuple[Tick, ...]
    y_ticks: tuple[Tick, ...]
    series: tuple[DrawnSeries, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = _LEFT
    right: int = WIDTH - _RIGHT
    top: int = _TOP
    bottom: int = HEIGHT - _BOTTOM


def line_chart(title: str, x_label: str, x: Sequence[float], series: Sequence[Series]) -> LineChart:
    """Lay out a chart with y from 0 to the largest value. Values that are not finite leave a gap."""
    largest = max([_largest(s.values) for s in series] + [_largest(s.high) for s in series if s.high is not None])
    y_marks = nice_ticks(0.0, largest if largest > 0 else 1.0)
    x_low, x_high = float(min(x)), float(max(x))
    x_marks = [
        mark for mark in nice_ticks(x_low, x_high, most=6) if x_low <= mark <= x_high and float(mark).is_integer()
    ]

    def across(value: float) -> float:
        share = (value - x_low) / (x_high - x_low) if x_high > x_low else 0.5
        return round(_LEFT + share * (WIDTH - _LEFT - _RIGHT), 1)

    def up(value: float) -> float:
        return round(HEIGHT - _BOTTOM - value / y_marks[-1] * (HEIGHT - _TOP - _BOTTOM), 1)

    drawn = []
    for one in series:
        points = [(across(a), up(b)) for a, b in zip(x, one.values, strict=True) if math.isfinite(b)]
        band = ""
        if one.low is not None and one.high is not None:
            edge = [(across(a), up(b)) for a, b in zip(x, one.high, strict=True) if math.isfinite(b)]
            back = [(across(a), up(b)) for a, b in zip(x, one.low, strict=True) if math.isfinite(b)]
            band = _path(edge + back[::-1]) + "Z" if edge else ""
        drawn.append(DrawnSeries(one.name, one.style, _path(points), band, tuple(points) if len(points) <= 24 else ()))
    return LineChart(
        title,
        x_label,
        tuple(Tick(across(mark), f"{mark:,.0f}") for mark in x_marks),
        tuple(Tick(up(mark), f"{mark:,.6g}") for mark in y_marks),
        tuple(drawn),
    )


def nice_ticks(low: float, high: float, *, most: int = 5) -> list[float]:
    """At most `most` + 1 round numbers, evenly spaced, that reach from `low` or below to `high` or above.

    Example:
        >>> nice_ticks(0, 0.83), nice_ticks(1, 10)
        ([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], [0.0, 2.0, 4.0, 6.0, 8.0, 10.0])
    """
    if not high > low:
        return [low]
    raw = (high - low) / most
    magnitude = 10 ** math.floor(math.log10(raw))
    for factor in (1, 2, 2.5, 5, 10, 20):
        step = factor * magnitude
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first <= most:
            break
    return [float(f"{place * step:.12g}") for place in range(first, last + 1)]


def _path(points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{x:g},{y:g}" for x, y in points) if points else ""


def _largest(values: Float64Array | None) -> float:
    return max((float(value) for value in values if math.isfinite(value)), default=0.0) if values is not None else 0.0
