"""What looks wrong with points, and what does not."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.arrays import Points
from scanpick.datasets import open_dataset
from scanpick.datasets.plausibility import doubts_about_points, doubts_about_sizes
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


def test_points_of_an_object_are_no_sweep() -> None:
    rng = np.random.default_rng(0)
    crop = rng.uniform([20, 5, -1.7], [24.4, 7, -0.2], (400, 3)).astype(np.float32)
    assert kinds(crop) == ["no sweep"]
    assert "within 4.4 m of each other" in details(crop)
    assert kinds(crop - [22, 6, -1]) == ["no sweep"]
    assert kinds(rng.uniform(-4, 4, (400, 3)) * [1, 1, 0.2]) == []  # a room


def test_frames_a_hundred_times_smaller_or_larger_than_the_others_are_doubted() -> None:
    sizes = np.array([3000, 29, 2900, 0, 3100, 31])
    assert {row: doubt.detail for row, doubt in doubts_about_sizes(sizes).items()} == {
        1: "29 points are few, where others have about 2950"
    }
    crops = np.array([3000] * 5 + [20] * 40)
    assert list(doubts_about_sizes(crops)) == list(range(5, 45))  # also where they are most
    with_map = np.array([200] * 150 + [1_000_000])
    assert doubts_about_sizes(with_map)[150].detail == "1000000 points are many, where others have about 200"
    assert doubts_about_sizes(np.array([10, 1000])) == {}
    assert doubts_about_sizes(np.zeros(3, dtype=np.int64)) == {}


@pytest.mark.parametrize("name", ["kitti", "kitti_tracking", "kitti_raw", "view_of_delft"])
def test_real_sweeps_raise_no_doubt(test_data: Path, name: str) -> None:
    dataset = open_dataset(str(test_data / name))
    for record in list(dataset.records)[::10]:
        points = dataset.read(record.frame_id).points
        assert (record.frame_id, kinds(points)) == (record.frame_id, [])
