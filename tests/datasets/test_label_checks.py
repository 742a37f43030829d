"""What looks wrong with labels that came back."""

import numpy as np

from scanpick.datasets.label_checks import NO_POINTS, SIZES, TWICE, check_frame, check_sizes
from scanpick.structures import Boxes3D, Frame, FrameRecord

CAR = [10.0, 0.0, 0.0, 4.0, 2.0, 1.5, 0.0]


def boxes(*rows: list[float], name: str = "Car") -> Boxes3D:
    return Boxes3D(np.array(rows).reshape(-1, 7), np.array([name] * len(rows)))


def test_a_box_that_is_right_is_passed() -> None:
    frame = Frame(FrameRecord("a", "drive", 0), np.array([[10, 0, 0, 0.5]], dtype=np.float32))
    assert list(check_frame("a", boxes(CAR), frame)) == []


def test_empty_doubled_and_absurd_boxes_are_named() -> None:
    frame = Frame(FrameRecord("a", "drive", 0), np.array([[0, 0, 0, 0.5]], dtype=np.float32))
    shifted = [10.1, *CAR[1:]]
    huge = [-30.0, 0, 0, 90, 2, 1.5, 0]
    kinds = [one.kind for one in check_frame("a", boxes(CAR, shifted, huge), frame)]
    assert kinds == [NO_POINTS, TWICE, SIZES]
    assert [one.kind for one in check_frame("a", boxes(CAR), None)] == []


def test_sizes_are_held_against_others_of_the_class() -> None:
    usual = {f"{number}": boxes(CAR) for number in range(9)}
    odd = boxes([10, 0, 0, 1.2, 2, 1.5, 0])
    (found,) = check_sizes(usual | {"odd": odd})
    assert found.frame_id == "odd"
    assert "4 x 2 x 1.5 m" in found.detail
    assert list(check_sizes({"few": odd})) == []
