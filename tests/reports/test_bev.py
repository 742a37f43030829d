"""A bird's-eye picture shows x up and y left, the highest point of each pixel, and boxes where they are."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.reports.bev import (
    BACKGROUND,
    PREDICTED_BOX,
    TRUE_BOX,
    BevView,
    bev_image,
    box_outlines,
    fitting_view,
)
from scanpick.structures import Boxes3D

VIEW = BevView((-10.0, 30.0), (-20.0, 20.0), 0.5)


def painted(picture):
    return {(int(r), int(c)) for r, c in np.argwhere((picture != BACKGROUND).any(axis=2))}


def without_vehicle(points, **options):
    """Pixels that differ from those of an empty frame."""
    empty = bev_image(np.zeros((0, 4), np.float32), VIEW, ring_step_m=0)
    full = bev_image(np.array(points, np.float32), VIEW, ring_step_m=0, **options)
    return {(int(r), int(c)) for r, c in np.argwhere((full != empty).any(axis=2))}


def test_forward_is_up_and_left_is_left():
    assert without_vehicle([[29.9, 19.9, 0]]) == {(0, 0)}
    assert without_vehicle([[29.9, -19.9, 0]]) == {(0, 79)}
    assert without_vehicle([[-9.9, 19.9, 0]]) == {(79, 0)}
    assert bev_image(np.zeros((0, 3), np.float32), VIEW).shape == (*VIEW.shape, 3) == (80, 80, 3)


def test_points_out_of_view_or_not_finite_are_left_out():
    nan, inf = float("nan"), float("inf")
    out = [
        [30.1, 0, 0],
        [-10.1, 0, 0],
        [0, 20.1, 0],
        [0, -20.1, 0],
        [nan, 5, 0],
        [9, inf, 0],
        [9, 9, nan],
        [1e38, 1, 1],
    ]
    assert without_vehicle(out) == set()


def test_the_highest_point_wins_and_height_is_brightness():
    heights = np.linspace(0, 3, 7)
    brightness = []
    for z in heights:
        points = np.array([[20.1, 10.1, z], [20.1, 10.1, -1.0]], np.float32)
        pictures = [bev_image(p, VIEW, height_range_m=(0, 3), ring_step_m=0) for p in (points, points[::-1])]
        assert np.array_equal(*pictures)
        (row, column) = np.argwhere((pictures[0] != bev_image(points[:0], VIEW, ring_step_m=0)).any(axis=2))[0]
        brightness.append(pictures[0][row, column] @ np.array([0.2126, 0.7152, 0.0722]))
    assert (np.diff(brightness) > 0).all()


def test_rings_lie_at_their_range():
    picture = bev_image(np.zeros((0, 4), np.float32), VIEW, ring_step_m=10)
    row, column = np.floor(VIEW.pixels(np.array([10.0, 0.0]))[::-1]).astype(int)
    assert tuple(picture[row, column]) != BACKGROUND
    assert tuple(picture[row - 5, column]) == BACKGROUND


def test_boxes_are_drawn_in_their_colours_around_their_place():
    boxes = Boxes3D(np.array([[15.0, 8.0, 0, 8, 4, 2, 0.3]]), np.array(["Car"]))
    for name, colour in (("true_boxes", TRUE_BOX), ("predicted_boxes", PREDICTED_BOX)):
        picture = bev_image(np.zeros((0, 4), np.float32), VIEW, ring_step_m=0, **{name: boxes})
        near = np.abs(picture.astype(int) - colour).sum(axis=2) < 60
        rows, columns = np.nonzero(near)
        middle = VIEW.pixels(boxes.centres[0, :2])
        assert len(rows) > 20
        assert np.hypot(columns + 0.5 - middle[0], rows + 0.5 - middle[1]).max() < 0.5 * np.hypot(8, 4) / 0.5 + 2


def test_outline_starts_at_the_front_and_visits_the_corners():
    turned = box_outlines(Boxes3D(np.array([[1.0, 2, 0, 4, 2, 1, np.pi / 2]]), np.array(["Car"])))[0]
    expected = [[1, 4], [0, 4], [0, 0], [2, 0], [2, 4], [1, 4], [1, 2]]
    np.testing.assert_allclose(turned, expected, atol=1e-12)
    assert box_outlines(Boxes3D.empty()).shape == (0, 7, 2)


def test_the_fitting_view_looks_ahead_only_for_frames_cut_to_a_camera():
    rng = np.random.default_rng(0)
    around = rng.normal(0, 25, size=(2000, 4)).astype(np.float32)
    ahead = np.abs(around)
    assert fitting_view([around]).x_range_m[0] == -fitting_view([around]).x_range_m[1]
    assert fitting_view([ahead]).x_range_m[0] > -5
    for clouds in ([], [np.zeros((0, 4), np.float32)], [np.full((5, 4), np.nan, np.float32)], [around, ahead]):
        height, width = fitting_view(clouds, pixels=200).shape
        assert (height, width) == (200, 200)


def test_views_that_show_nothing_are_an_error():
    for wrong in ({"x_range_m": (5, 5)}, {"metres_per_pixel": 0}, {"metres_per_pixel": -1}, {"y_range_m": (0, np.inf)}):
        with pytest.raises(ScanpickError, match="at least one pixel"):
            BevView(**wrong)
