"""The oracle reveals each frame once and keeps an honest account."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.labels import CostModel, Oracle, count_objects
from scanpick.structures import Boxes3D, Labels

COUNTS = {"a": {"Car": 2, "Van": 1}, "b": {}, "c": {"Car": 1, "Pedestrian": 4}}


def _oracle() -> Oracle:
    return Oracle(COUNTS, ("Car", "Pedestrian"), CostModel(per_frame=0.5, per_box=0.1, currency="EUR"))


def test_frames_boxes_and_cost_are_counted() -> None:
    oracle = _oracle()
    first = oracle.reveal(["c", "b"])
    assert (first.frames, first.boxes, first.boxes_by_class) == (2, 5, {"Car": 1, "Pedestrian": 4})
    assert first.cost == pytest.approx(2 * 0.5 + 5 * 0.1)
    oracle.reveal(["a"])
    whole = oracle.bill()
    assert (whole.frames, whole.boxes) == (3, 7)
    # What annotators were not asked for is told, and not paid for.
    assert whole.boxes_by_class == {"Car": 3, "Pedestrian": 4, "Van": 1}
    assert whole.cost == pytest.approx(3 * 0.5 + 7 * 0.1)
    assert oracle.revealed == ["c", "b", "a"]


def test_the_price_of_a_frame_reveals_nothing() -> None:
    oracle = _oracle()
    assert oracle.price("a").boxes == 2
    assert oracle.revealed == []


@pytest.mark.parametrize(
    ("frames", "message"),
    [(["a", "a"], "expected each id once"), (["b"], "labelled already: b"), (["x", "a"], "no labels of 1 frames: x")],
)
def test_a_frame_is_labelled_once_and_must_have_labels(frames: list[str], message: str) -> None:
    oracle = _oracle()
    oracle.reveal(["b"])
    with pytest.raises(ScanpickError, match=message):
        oracle.reveal(frames)
    assert oracle.revealed == ["b"]


def test_objects_are_counted_by_class() -> None:
    boxes = Boxes3D(np.ones((3, 7)), np.array(["Van", "Car", "Van"]))
    assert count_objects(Labels(boxes)) == {"Car": 1, "Van": 2}
    assert count_objects(Labels(Boxes3D.empty())) == {}


@pytest.mark.parametrize("price", [-1.0, float("nan"), float("inf")])
def test_prices_are_numbers_of_zero_or_more(price: float) -> None:
    with pytest.raises(ScanpickError, match=r"CostModel\.per_box"):
        CostModel(per_box=price)
