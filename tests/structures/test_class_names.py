"""A class is found without regard to case, and spelled as it was asked for."""

import pytest

from scanpick.errors import ScanpickError
from scanpick.structures.class_names import as_asked, check_any_of, count_of


def test_names_are_spelled_as_asked() -> None:
    assert as_asked(["car", "CAR", "Van", "Cyclist"], ("Car", "Cyclist")).tolist() == ["Car", "Car", "", "Cyclist"]
    assert as_asked([], ("Car",)).tolist() == []


def test_classes_that_differ_in_case_alone_are_kept_apart() -> None:
    assert as_asked(["car", "Car", "CAR"], ("Car", "car")).tolist() == ["car", "Car", "car"]


def test_counts() -> None:
    assert count_of({"car": 2, "Car": 1, "Van": 5}, ("Car",)) == 3
    check_any_of({"car": 1}, ("Car",), "the frames")
    with pytest.raises(
        ScanpickError, match=r"No object of the classes Car in the frames; there are: bus \(4\), Van \(2\)"
    ):
        check_any_of({"Van": 2, "bus": 4}, ("Car",), "the frames")
    with pytest.raises(ScanpickError, match="there are: no objects at all"):
        check_any_of({}, ("Car",), "the frames")
