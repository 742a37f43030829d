"""The checks every structure runs: shapes, types, finite values, ids that come once."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.structures.checks import as_array, check_finite, check_unique, name_some


def test_arrays_become_read_only_of_the_type_and_leave_their_source_alone() -> None:
    source = np.ones((2, 3), dtype=np.float32)
    array = as_array("points", source, np.float64, (None, 3))
    assert array.dtype == np.float64
    assert not array.flags.writeable
    same = as_array("points", source, np.float32, (2, None))
    assert np.shares_memory(same, source)
    assert source.flags.writeable


def test_an_empty_list_is_no_rows() -> None:
    assert as_array("boxes", [], np.float64, (None, 7)).shape == (0, 7)


@pytest.mark.parametrize("value", [np.ones((2, 4)), np.ones(3), np.ones((1, 2, 3))])
def test_other_shapes_are_told(value: np.ndarray) -> None:
    with pytest.raises(ScanpickError, match=r"points: expected shape \(any, 3\), got"):
        as_array("points", value, np.float64, (None, 3))


@pytest.mark.parametrize("value", ["text", [[1, 2], [3]], {"a": 1}])
def test_what_are_no_numbers_is_told(value: object) -> None:
    with pytest.raises(ScanpickError, match="points: expected"):
        as_array("points", value, np.float64, (None,))


def test_rows_that_are_not_finite_are_named() -> None:
    array = np.zeros((9, 2))
    check_finite("x", array)
    array[1:8, 1] = np.nan
    with pytest.raises(ScanpickError, match="in 1, 2, 3, 4, 5 and 2 more"):
        check_finite("x", array)


def test_ids_that_come_twice_are_named_once() -> None:
    check_unique("ids", ["a", "b"])
    with pytest.raises(ScanpickError, match="got duplicates: a, c"):
        check_unique("ids", ["a", "b", "a", "c", "a", "c"])


def test_many_names_are_cut() -> None:
    assert name_some([]) == ""
    assert name_some(list("abcde")) == "a, b, c, d, e"
    assert name_some(list("abcdefg"), most=2) == "a, b and 5 more"
