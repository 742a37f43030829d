"""Charts start at zero, carry round ticks, and keep every point inside the frame."""

import re

import numpy as np
import pytest

from scanpick.reports.charts import Series, line_chart, nice_ticks


@pytest.mark.parametrize(("low", "high"), [(0, 1e-9), (0, 0.83), (1, 10), (3, 1e7), (0, 5), (1, 2), (0, 99.9), (7, 7)])
def test_ticks_are_round_and_cover_the_range(low, high):
    ticks = nice_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert len(ticks) <= 6
    assert np.allclose(np.diff(ticks), np.diff(ticks)[:1])


def test_lines_stay_inside_and_up_is_more():
    values = np.array([4.0, 2.0, np.nan, 1.0])
    random = Series("random", "random", values + 1, values + 0.5, values + 1.5)
    chart = line_chart("t", "x", [1, 2, 3, 4], [random, Series("ours", "ours", values)])
    ours = chart.series[1]
    assert len(ours.points) == 3  # no point for what is not a number
    x, y = zip(*ours.points, strict=True)
    assert list(y) == sorted(y)  # smaller values lie lower, where y is larger
    for series in chart.series:
        numbers = [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+),([\d.]+)", series.line + series.band)]
        assert all(chart.left <= a <= chart.right and chart.top <= b <= chart.bottom for a, b in numbers)
    assert x == (chart.left, pytest.approx(chart.left + (chart.right - chart.left) / 3, abs=0.1), chart.right)


def test_a_single_or_empty_or_zero_curve():
    for values in ([0.0], [np.nan], [3.0]):
        chart = line_chart("t", "x", [1], [Series("ours", "ours", np.array(values))])
        assert chart.y_ticks[0].text == "0"
