"""What suppressed boxes say of those that are kept, by hand."""

import numpy as np

from scanpick.detectors.clusters import cluster_overlaps, merge, spread


def boxes(*x: float, yaw: float = 0.0) -> np.ndarray:
    return np.array([[value, 0, 0, 4, 2, 1.5, yaw] for value in x])


def test_boxes_belong_to_the_best_one_of_their_class_that_suppressed_them() -> None:
    some = boxes(0, 1, 2, 10, 1)
    labels = np.array([0, 0, 0, 0, 1])
    overlaps = cluster_overlaps(some, labels, np.array([0, 2, 3, 4]), 0.1)
    np.testing.assert_allclose(overlaps, [[0, 0.6, 0, 0, 0], *np.zeros((3, 5))])
    np.testing.assert_allclose(spread(overlaps), [0.4, 0, 0, 0])


def test_merging_moves_a_box_towards_what_it_suppressed() -> None:
    some = boxes(0, 1)
    overlaps = cluster_overlaps(some, np.zeros(2, int), np.array([0]), 0.1)
    merged = merge(some, np.array([0.8, 0.4]), np.array([0]), overlaps)
    weight = 0.4 * 0.6
    np.testing.assert_allclose(merged, boxes(weight / (0.8 + weight)))


def test_the_best_box_says_which_way_and_others_turn_it() -> None:
    some = np.concatenate([boxes(0, yaw=3.1), boxes(0, yaw=3.1 - np.pi + 0.2)])
    overlaps = cluster_overlaps(some, np.zeros(2, int), np.array([0]), 0.1)
    (merged,) = merge(some, np.array([1.0, 1.0]), np.array([0]), overlaps)
    turned = (merged[6] - 3.1 + np.pi) % (2 * np.pi) - np.pi
    assert 0 < turned < 0.1


def test_other_objects_do_not_pull() -> None:
    some = boxes(0, 2.5)  # IoU 0.23: suppressed, but hardly the same car
    overlaps = cluster_overlaps(some, np.zeros(2, int), np.array([0]), 0.1)
    np.testing.assert_allclose(merge(some, np.array([0.9, 0.8]), np.array([0]), overlaps), boxes(0))


def test_no_boxes() -> None:
    nothing = np.zeros((0, 7))
    overlaps = cluster_overlaps(nothing, np.zeros(0, int), np.zeros(0, int), 0.1)
    assert spread(overlaps).shape == (0,)
    assert merge(nothing, np.zeros(0), np.zeros(0, int), overlaps).shape == (0, 7)
