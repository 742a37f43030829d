"""Numbers are written with the digits that matter."""

import doctest

import pytest

from scanpick.reports import bev, coverage, embedding_map, numbers, redundancy, set_aside


@pytest.mark.parametrize("module", [bev, coverage, embedding_map, numbers, redundancy, set_aside])
def test_examples(module):
    result = doctest.testmod(module)
    assert result.attempted > 0
    assert result.failed == 0


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.9996, "1.00"), (999.6, "1,000"), (99.95, "100"), (-0.5, "-0.500"), (123456.0, "123,456"), (1e12, "1.00e+12")],
)
def test_rounding_up_to_the_next_power_keeps_three_digits(value, text):
    assert numbers.significant(value) == text


def test_what_is_no_number_is_said():
    assert numbers.significant(float("inf")) == "n/a"
    assert numbers.percent(float("nan")) == "n/a"
    assert numbers.percent(0.0) == "0%"
