"""Boxes: checked when built, chosen by index, joined."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.structures import Boxes3D

ROW = [1.0, 2, 3, 4, 2, 1.5, 0.3]


def test_columns_have_names() -> None:
    boxes = Boxes3D(np.array([ROW, ROW]), np.array(["Car", "Van"]))
    np.testing.assert_array_equal(boxes.centres[0], ROW[:3])
    np.testing.assert_array_equal(boxes.sizes[0], ROW[3:6])
    assert boxes.yaws.tolist() == [0.3, 0.3]


def test_chosen_and_joined() -> None:
    boxes = Boxes3D(np.array([ROW, ROW, ROW]), np.array(["Car", "Van", "Cyclist"]))
    chosen = boxes[np.array([True, False, True])]
    assert chosen.class_names.tolist() == ["Car", "Cyclist"]
    assert Boxes3D.concatenate([chosen, Boxes3D.empty(), boxes[1:2]]).class_names.tolist() == ["Car", "Cyclist", "Van"]
    assert len(Boxes3D.concatenate([])) == len(Boxes3D.empty()) == 0


@pytest.mark.parametrize(
    ("array", "names", "message"),
    [
        ([ROW[:6]], ["Car"], r"expected shape \(any, 7\), got \(1, 6\)"),
        ([ROW], ["Car", "Van"], r"class_names: expected shape \(1\), got \(2,\)"),
        ([[np.nan, *ROW[1:]]], ["Car"], "expected finite numbers"),
        ([[*ROW[:3], -1, *ROW[4:]]], ["Car"], "expected sizes >= 0, got negative ones in row 0"),
    ],
)
def test_wrong_boxes_are_refused(array: list[list[float]], names: list[str], message: str) -> None:
    with pytest.raises(ScanpickError, match=message):
        Boxes3D(np.array(array), np.array(names))
