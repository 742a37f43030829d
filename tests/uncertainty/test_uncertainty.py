"""Box scores, aggregations and disagreement, checked by hand."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.structures import Boxes3D, Detections
from scanpick.uncertainty import (
    AGGREGATIONS,
    SCORES,
    aggregate,
    disagreement,
    disagreement_of_boxes,
    score_disagreement,
    score_frames,
)

COLUMNS = ("heading_entropy", "box_spread", "dropout_disagreement", "input_disagreement")


def _frame(scores: list[float], frame_id: str = "a", x: list[float] | None = None, **further: object) -> Detections:
    count = len(scores)
    boxes = np.tile([0.0, 0, 0, 4, 2, 1.5, 0], (count, 1))
    boxes[:, 0] = np.arange(count) * 10 if x is None else x
    return Detections(frame_id, Boxes3D(boxes, np.full(count, "Car")), np.array(scores), **further)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("least_confidence", [1.0, 0.75, 0.5, 0.0]),
        ("entropy", [0.0, 0.8112781244591328, 1.0, 0.0]),
        ("margin", [0.0, 0.5, 1.0, 0.0]),
        ("ambiguous", [0.0, 0.0, 1.0, 0.0]),
    ],
)
def test_box_scores_by_hand(name: str, expected: list[float]) -> None:
    np.testing.assert_allclose(SCORES.load(name)(_frame([0.0, 0.25, 0.5, 1.0])), expected, atol=1e-12)


def test_the_ambiguous_band_holds_its_ends_and_nothing_beyond() -> None:
    found = SCORES.load("ambiguous")(_frame([0.29, 0.3, 0.31, 0.69, 0.7, 0.71]))
    assert found.tolist() == [0, 1, 1, 1, 1, 0]


def test_class_entropy_is_relative_to_a_uniform_guess() -> None:
    probabilities = np.array([[0.5, 0.5, 0.0, 0.0], [0.25, 0.25, 0.25, 0.25], [1.0, 0, 0, 0], [0, 0, 0, 0]])
    frame = _frame([1.0] * 4, class_probabilities=probabilities, probability_classes=("a", "b", "c", "d"))
    np.testing.assert_allclose(SCORES.load("class_entropy")(frame), [0.5, 1.0, 0.0, 0.0], atol=1e-12)


@pytest.mark.parametrize("name", ["class_entropy", *COLUMNS])
def test_missing_columns_are_named(name: str) -> None:
    with pytest.raises(ScanpickError, match=r"needs (a column|probabilities)"):
        SCORES.load(name)(_frame([0.5]))


def test_logits_are_told_from_probabilities() -> None:
    frames = {"a": _frame([-2.0, 3.0])}
    with pytest.raises(ScanpickError, match="`logits=True`"):
        score_frames(frames, "margin", SCORES.load("margin"))
    scores = score_frames(frames, "margin", SCORES.load("margin"), logits=True)
    assert 0 < scores.values[0] < 1


@pytest.mark.filterwarnings("error")
def test_logits_become_probabilities_however_large_they_are() -> None:
    """The sum of the objectness is that of the sigmoids, also where exp alone would overflow."""
    sure = score_frames({"a": _frame([-20.0, -1000.0])}, "margin", SCORES.load("margin"), logits=True)
    np.testing.assert_allclose(sure.expected_boxes, [1 / (1 + np.exp(20))], rtol=1e-9)
    even = score_frames({"a": _frame([0.0, 20.0, 1000.0])}, "margin", SCORES.load("margin"), "sum", logits=True)
    np.testing.assert_allclose(even.values, [1 + 2 / (1 + np.exp(20))], rtol=1e-12)


def test_aggregations_by_hand() -> None:
    values, objectness = np.array([0.1, 0.5, 0.9, 0.3]), np.array([0.9, 0.9, 0.1, 0.1])
    expected = {"mean": 0.45, "max": 0.9, "sum": 1.8, "top-k": 0.7, "per-box": 0.9}
    for how in AGGREGATIONS:
        assert aggregate(values, objectness, how, k=2) == pytest.approx(expected[how]), how
        assert aggregate(np.zeros(0), np.zeros(0), how, empty=0.25) == 0.25
    assert aggregate(values, objectness, "top-k", k=99) == pytest.approx(0.45)
    assert aggregate(values[:2], np.array([0.1, 0.1]), "per-box") == pytest.approx(0.6), "never per less than one box"


def test_unknown_aggregation_and_bad_k() -> None:
    with pytest.raises(ScanpickError, match="Did you mean 'mean'"):
        aggregate(np.ones(1), np.ones(1), "meen")
    with pytest.raises(ScanpickError, match="at least 1"):
        aggregate(np.ones(1), np.ones(1), "top-k", k=0)


def test_members_that_agree_do_not_disagree() -> None:
    frame = _frame([0.9, 0.5])
    values, scores = disagreement([frame, frame, frame])
    np.testing.assert_allclose(values, 0, atol=1e-12)
    assert len(values) == len(scores) == 6  # two objects in each of three pairs


def test_disagreement_by_hand() -> None:
    """One pair shifted by half a length (IoU 1/3), scores 0.9 and 0.7; one box that only the first sees."""
    values, scores = disagreement([_frame([0.9, 0.6], x=[0, 50]), _frame([0.7], x=[2])])
    np.testing.assert_allclose(values, [1 - 1 / 3 * 0.8, 0.6])
    np.testing.assert_allclose(scores, [0.8, 0.3])


def test_boxes_of_a_tenth_count_in_disagreement_and_lesser_ones_do_not() -> None:
    values, scores = disagreement([_frame([0.9, 0.1, 0.3], x=[0, 50, 90]), _frame([0.9, 0.09], x=[0, 70])])
    np.testing.assert_allclose(values, [0, 0.1, 0.3], atol=1e-12)
    np.testing.assert_allclose(scores, [0.9, 0.05, 0.15])


def test_disagreement_of_frames() -> None:
    first = {"a": _frame([0.9]), "b": Detections.empty("b")}
    second = {"a": _frame([0.9], x=[1.0]), "b": Detections.empty("b")}
    scores = score_disagreement([first, second], empty=0.5)
    np.testing.assert_allclose(scores.values, [0.4, 0.5])
    np.testing.assert_allclose(scores.expected_boxes, [0.9, 0.0])
    with pytest.raises(ScanpickError, match="not of the same frames"):
        score_disagreement([first, {"a": second["a"]}])
    with pytest.raises(ScanpickError, match="two predictions or more"):
        score_disagreement([first])


def test_disagreement_of_boxes_by_hand() -> None:
    """Half a metre aside and a lower score; not seen at all by the other; and what only the other sees is left out."""
    found = _frame([0.9, 0.6], x=[0.0, 20.0])
    aside, alone = _frame([0.7, 0.8], x=[1.0, 50.0]), _frame([0.9, 0.6], x=[0.0, 20.0])
    np.testing.assert_allclose(disagreement_of_boxes(found, [aside]), [1 - 0.6 * 0.8, 1.0])
    np.testing.assert_allclose(disagreement_of_boxes(found, [alone]), [0, 0], atol=1e-12)
    np.testing.assert_allclose(disagreement_of_boxes(found, [aside, alone]), [(1 - 0.6 * 0.8) / 2, 0.5])
    assert disagreement_of_boxes(Detections.empty("a"), [aside]).shape == (0,)


def test_disagreement_of_boxes_needs_others_of_the_frame() -> None:
    with pytest.raises(ScanpickError, match="got none"):
        disagreement_of_boxes(_frame([0.5]), [])
    with pytest.raises(ScanpickError, match="frame 'a', got b"):
        disagreement_of_boxes(_frame([0.5]), [_frame([0.5], frame_id="b")])
