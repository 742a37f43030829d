import numpy as np

from scanpick.evaluation.pre_labels import right_boxes, score_for_pre_labels
from scanpick.structures import Boxes3D, Detections


def boxes(*places: float, name: str = "Car") -> Boxes3D:
    array = np.array([[x, 0, 0, 4, 2, 1.5, 0.3] for x in places]).reshape(-1, 7)
    return Boxes3D(array, np.full(len(array), name))


def test_a_label_makes_one_box_of_its_class_right_the_surest() -> None:
    found = Detections("a", boxes(0.1, 0.2, 20), np.array([0.5, 0.9, 0.8]))
    assert right_boxes(boxes(0), found).tolist() == [False, True, False]
    assert not right_boxes(boxes(0, name="Bus"), found).any()
    assert not right_boxes(Boxes3D.empty(), found).any()


def test_the_score_is_where_half_of_the_boxes_are_right() -> None:
    """Boxes of a score are right as often as the score says, so that the score found is near one half."""
    rng = np.random.default_rng(0)
    labels, detections = {}, {}
    for frame in range(100):
        scores = rng.uniform(0, 1, 40)
        places = np.arange(40) * 10.0
        there = rng.uniform(0, 1, 40) < scores
        labels[str(frame)] = boxes(*places[there])
        detections[str(frame)] = Detections(str(frame), boxes(*places), scores)
    choice = score_for_pre_labels(labels, detections)
    assert choice is not None
    assert abs(choice.score - 0.5) < 0.05
    assert abs(choice.precision - 0.75) < 0.03
    assert choice.boxes == 4000


def test_too_few_boxes_say_nothing_and_boxes_that_are_never_right_do_not_go() -> None:
    few = {"a": Detections("a", boxes(0), np.array([0.9]))}
    assert score_for_pre_labels({"a": boxes(0)}, few) is None
    assert score_for_pre_labels({}, few) is None
    wrong = {"a": Detections("a", boxes(*range(100, 500, 10)), np.linspace(0, 1, 40))}
    choice = score_for_pre_labels({"a": boxes(0)}, wrong)
    assert choice is not None
    assert choice.score > 1.0
