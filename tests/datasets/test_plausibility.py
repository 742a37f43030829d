"""What looks wrong with points, and what does not."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.arrays import Points
from scanpick.datasets import open_dataset
from scanpick.datasets.plausibility import doubt_about_columns, doubts_about_points
from tests.datasets.samples import sweep


def kinds(points: Points) -> list[str]:
    return [doubt.kind for doubt in doubts_about_points(points)]


def details(points: Points) -> str:
    return "; ".join(doubt.detail for doubt in doubts_about_points(points))


def test_a_street_in_metres_raises_no_doubt() -> None:
    assert kinds(sweep()) == []


@pytest.mark.parametrize(
    ("scale", "shift", "guess"),
    [
        (1000, 0, "millimetres or centimetres"),
        (100, 0, "millimetres or centimetres"),
        (0.001, 0, "kilometres, or scaled to a unit sphere"),
        (1, 5_000_000, "map coordinates"),
    ],
)
def test_other_units_are_guessed(scale: float, shift: float, guess: str) -> None:
    points = sweep()
    points[:, :2] = points[:, :2] * scale + shift
    points[:, 2] *= scale
    assert kinds(points)[0] == "implausible units"
    assert guess in details(points)


def test_a_few_points_beyond_a_kilometre_are_counted() -> None:
    points = sweep()
    points[:3, 0] = 1500
    assert kinds(points) == ["implausible units"]
    assert "3 of 1200 points are more than 1000 m away, up to 1.5e+03 m" in details(points)


@pytest.mark.parametrize(
    ("axes", "guess"),
    [
        ([[0, -1, 0], [0, 0, -1], [1, 0, 0]], "is y up or down"),  # a camera's x right, y down, z forward
        ([[0, 0, 1], [0, 1, 0], [-1, 0, 0]], "is x up or down"),
        ([[1, 0, 0], [0, -1, 0], [0, 0, -1]], "is z down"),
    ],
)
def test_other_axes_are_guessed(axes: list[list[int]], guess: str) -> None:
    points = sweep()
    points[:, :3] = points[:, :3] @ np.array(axes, dtype=np.float32).T
    assert kinds(points) == ["implausible axes"]
    assert guess in details(points)


def test_few_points_are_not_judged_by_their_shape() -> None:
    points = sweep()[:50]
    points[:, 2] *= 50
    assert kinds(points) == []


def test_columns_that_look_like_another_number_are_doubted() -> None:
    five = np.column_stack([sweep(), np.arange(1200) % 32]).astype(np.float32)
    assert doubt_about_columns(sweep()) is None
    assert doubt_about_columns(five) is None
    doubt = doubt_about_columns(five.reshape(-1, 4))
    assert doubt is not None
    assert doubt.detail == "read as 4 columns, but the values look like 5"
    assert doubt_about_columns(sweep().reshape(-1, 5)) is not None
    assert doubt_about_columns(np.ones((500, 6), dtype=np.float32)) is None


@pytest.mark.parametrize("name", ["kitti", "kitti_tracking", "kitti_raw", "view_of_delft"])
def test_real_sweeps_raise_no_doubt(test_data: Path, name: str) -> None:
    dataset = open_dataset(str(test_data / name))
    for record in list(dataset.records)[::10]:
        points = dataset.read(record.frame_id).points
        assert (record.frame_id, kinds(points)) == (record.frame_id, [])
        assert doubt_about_columns(points) is None
