"""Texts of flags: pairs and lists; what is wrong with one is said with its flag."""

import pytest

from scanpick.cli.options import parse_pairs, split_list
from scanpick.errors import ScanpickError
from tests.cli.running import error_of


def test_pairs() -> None:
    assert parse_pairs(["a=1", "b=x=y"]) == {"a": "1", "b": "x=y"}
    for texts in (["a"], ["=1"], ["a="]):
        with pytest.raises(ScanpickError, match="expected NAME=VALUE"):
            parse_pairs(texts)
    with pytest.raises(ScanpickError, match="'a' was given twice"):
        parse_pairs(["a=1", "a=2"])


@pytest.mark.parametrize("texts", ["a, b ,c", [" a", "b,c "], ["a,", "b", "c"], "a,b,c,"])
def test_lists(texts: str | list[str]) -> None:
    """Case 31: a blank after a comma made a class of another name."""
    assert split_list(texts) == ["a", "b", "c"]
    assert split_list(None) == split_list("") == []


def test_an_empty_item_would_shift_the_others() -> None:
    with pytest.raises(ScanpickError, match="expected names separated by commas, got an empty one"):
        split_list("Pedestrian,,Car")


def test_blanks_around_names_and_values_are_none() -> None:
    assert parse_pairs(["split = val", " a=1 "]) == {"split": "val", "a": "1"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--encoder-option", "rings"), "--encoder-option: expected NAME=VALUE, got 'rings'."),
        (("--strategy-option", "a=1", "--strategy-option", "a=2"), "--strategy-option: 'a' was given twice."),
        (("-o", "columns"), "--option: expected NAME=VALUE, got 'columns'."),
    ],
)
def test_what_is_said_names_the_flag(arguments, message):
    assert error_of("pick", "simulated:demo", "--budget", 1, "--out", "out", *arguments) == message
