"""Expressions do what they say, on whole columns, and nothing else: they are not Python."""

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scanpick.errors import ScanpickError
from scanpick.selection import Pool
from scanpick.selection.expressions import evaluate, matching, value_text

POOL = Pool(
    ("a1", "a2", "b1", "b2"),
    sequences=["a", "a", "b", "b"],
    times_s=[0.0, 0.1, np.nan, 0.3],
    scores={"entropy": np.array([0.1, 0.2, np.nan, 0.4])},
    metadata={
        "weather": np.array(["rain", "dry", "", "rain"]),
        "speed": np.array([1, 2, 3, 4]),
        "night": np.array([True, False, True, False]),
    },
    class_counts={"Car": np.array([0.0, 1.0, 2.0, 3.0])},
)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("weather == 'rain'", "1001"),
        ("weather != 'rain' and speed > 2", "0010"),
        ("not night or speed >= 3", "0111"),
        ("1 < speed <= 3", "0110"),
        ("speed in [1, 4.0]", "1001"),
        ("weather not in ('rain', 'snow')", "0110"),
        ("frame_id == 'a2'", "0100"),
        ("sequence == 'b' and missing(time_s)", "0010"),
        ("entropy > 0.15", "0101"),
        ("missing(entropy) or missing(weather)", "0010"),
        ("startswith(frame_id, 'b')", "0011"),
        ("endswith(frame_id, '1') and contains(weather, 'ai')", "1000"),
        ("speed * 2 - 1 == 5 or speed % 2 == 0", "0111"),
        ("abs(-speed) / 0 > 3", "1111"),
        ("count_Car >= 2", "0011"),
        ("night == True", "1010"),
        ("True", "1111"),
        ("2 > 3", "0000"),
        ("speed in []", "0000"),
    ],
)
def test_matching(expression, expected):
    assert "".join(str(int(value)) for value in matching(expression, POOL)) == expected


def test_values():
    assert evaluate("speed + 0.5", POOL).tolist() == [1.5, 2.5, 3.5, 4.5]
    assert evaluate("weather", POOL).tolist() == ["rain", "dry", "", "rain"]
    assert evaluate("7", POOL).tolist() == [7, 7, 7, 7]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("weathr == 'rain'", "Did you mean 'weather'"),
        ("weather == ", "Cannot read the expression"),
        ("weather > 3", "is text and '3' is a number"),
        ("speed", "gives a number, expected true or false"),
        ("speed and night", "'speed' is a number, expected true or false"),
        ("__import__('os').system('true')", "is not offered"),
        ("().__class__", "is not offered"),
        ("open('x')", "Unknown function"),
        ("[x for x in speed]", "is not offered"),
        ("lambda: 1", "is not offered"),
        ("speed ** 9", "is not offered"),
        ("'a' * 1000000000 == weather", "needs numbers"),
        ("speed is None", "Use == or !="),
        ("abs(speed, 2) > 1", "takes 1 arguments, got 2"),
        ("abs(weather) > 1", "needs numbers, got text"),
        ("contains(speed, 'x')", "needs text, got a number"),
        ("missing(speed)", "needs text, got a number"),
        ("weather in 'rain'", "expected a list after 'in'"),
        ("[1, 2] == speed", "can only stand after 'in'"),
        ("speed == b'1'", "is not offered"),
        ("speed == 1j", "is not offered"),
        ("f'{speed}' == '1'", "is not offered"),
        ("(" * 3000 + "1" + ")" * 3000, "at most 4000"),
        ("(" * 1500 + "1" + ")" * 1500, "Cannot read"),
        ("not " * 900 + "night", None),
        ("-" * 3900 + "1 < 2", None),
    ],
)
def test_what_is_not_offered_is_refused(expression, message):
    if message is None:  # deep, but either fine or refused: never a crash
        with contextlib.suppress(ScanpickError):
            matching(expression, POOL)
        return
    with pytest.raises(ScanpickError) as found:
        matching(expression, POOL)
    assert message in str(found.value)


@given(st.text(alphabet="speed nightwar()[]'=<>!+-*/%.,:0123456789_andornt", max_size=40))
@settings(max_examples=150, deadline=None)
def test_any_text_gives_a_result_or_an_error_of_ours(text):
    with contextlib.suppress(ScanpickError):
        assert len(evaluate(text, POOL)) == 4


def test_empty_pool():
    assert matching("frame_id == 'a'", Pool(())).shape == (0,)


@pytest.mark.parametrize(
    ("value", "text"),
    [(True, "true"), (np.bool_(False), "false"), (3, "3"), (np.float64(3), "3"), ("3", "3"), ("Night", "Night")],
)
def test_a_value_has_one_spelling(value, text):
    """In a column and as the key of a file alike."""
    assert value_text(value) == text
