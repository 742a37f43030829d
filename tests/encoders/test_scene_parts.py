"""A scene is cut into what stands on the ground; walls become pieces, and limits are kept."""

import numpy as np
import pytest
from numpy.typing import NDArray

from scanpick.datasets import open_dataset
from scanpick.encoders.scene_parts import PartSettings, cut_into_parts
from scanpick.geometry.points_in_boxes import box_of_points

Cloud = NDArray[np.float32]


def ground(rng: np.random.Generator) -> Cloud:
    """A plane that rises by 2%, seen all around."""
    xy = rng.uniform(-40, 40, (6000, 2))
    return np.column_stack([xy, -1.73 + 0.02 * xy[:, 0], np.zeros(len(xy))]).astype(np.float32)


def box(rng: np.random.Generator, x: float, y: float, size: tuple[float, float, float], points: int) -> Cloud:
    """Points in a box that stands on the ground."""
    offset = rng.uniform(-0.5, 0.5, (points, 3)) * size
    centre = (x, y, -1.73 + 0.02 * x + size[2] / 2)
    return np.column_stack([offset + centre, np.zeros(points)]).astype(np.float32)


@pytest.fixture
def scene() -> Cloud:
    """Ground, two cars, a pedestrian, a wall of 20 m, and a crown of a tree above the second car."""
    rng = np.random.default_rng(0)
    return np.concatenate(
        [
            ground(rng),
            box(rng, 10, 3, (4, 1.8, 1.5), 400),
            box(rng, 20, -4, (4, 1.8, 1.5), 200),
            box(rng, -8, 2, (0.6, 0.6, 1.7), 60),
            box(rng, 5, 15, (20, 0.4, 2.5), 2000),
            box(rng, 20, -4, (9, 9, 1), 800) + np.array([0, 0, 4, 0], np.float32),
        ]
    )


def test_each_thing_is_a_part(scene: Cloud) -> None:
    parts = cut_into_parts(scene, PartSettings())
    assert parts.whole.tolist() == [True] * 3 + [False] * (len(parts) - 3)
    np.testing.assert_allclose(parts.boxes[:3, :2], [[10, 3], [20, -4], [-8, 2]], atol=0.2)
    np.testing.assert_allclose(parts.boxes[:3, 3:5], [[4, 1.8], [4, 1.8], [0.6, 0.6]], atol=0.2)
    assert all(len(rows) > 0.75 * points for rows, points in zip(parts.rows[:3], (400, 200, 60), strict=True))
    assert (scene[np.concatenate(parts.rows[:3]), 2] > -1.73).all(), "no ground"


def test_a_wall_is_cut_into_pieces(scene: Cloud) -> None:
    parts = cut_into_parts(scene, PartSettings())
    pieces = parts.boxes[~parts.whole]
    assert 4 <= len(pieces) <= 10
    assert (pieces[:, 3] <= 5.0).all(), "no farther than the radius from a centre"
    np.testing.assert_allclose(pieces[:, 1], 15, atol=0.3)
    whole = cut_into_parts(scene, PartSettings(whole_up_to_m=25))
    assert whole.whole.all()
    assert len(whole) == 4


def test_parts_are_disjoint_and_limits_are_kept(scene: Cloud) -> None:
    parts = cut_into_parts(scene, PartSettings(most=5, min_points=100))
    assert len(parts) == 5
    assert parts.whole[:2].all(), "things before pieces, though these have more points"
    assert not parts.whole[2:].any()
    rows = np.concatenate(parts.rows)
    assert len(np.unique(rows)) == len(rows)
    assert min(len(part) for part in parts.rows) >= 100
    for part, around in zip(parts.rows, parts.boxes, strict=True):
        assert (np.abs(scene[part, :3] - around[:3]) <= around[3:] / 2 + 1e-4).all()


def test_order_of_points_does_not_matter(scene: Cloud) -> None:
    order = np.random.default_rng(1).permutation(len(scene))
    one, two = cut_into_parts(scene, PartSettings()), cut_into_parts(scene[order], PartSettings())
    np.testing.assert_array_equal(one.boxes, two.boxes)
    for mine, theirs in zip(one.rows, two.rows, strict=True):
        np.testing.assert_array_equal(mine, np.sort(order[theirs]))


def test_an_empty_road_has_no_parts() -> None:
    parts = cut_into_parts(ground(np.random.default_rng(0)), PartSettings())
    assert len(parts) == 0
    assert parts.boxes.shape == (0, 6)
    assert len(cut_into_parts(np.zeros((0, 4), np.float32), PartSettings())) == 0
    far = np.full((50, 4), 3e7, np.float32)
    assert len(cut_into_parts(far, PartSettings())) == 0


def test_most_cars_nearby_are_a_part_by_themselves() -> None:
    """Of labelled simulated frames: the points of a part and of a car's box overlap by more than half."""
    dataset = open_dataset("simulated:demo")
    overlaps = []
    for record in dataset.records[:: len(dataset.records) // 8]:
        points = dataset.read(record.frame_id).points
        boxes = dataset.labels(record.frame_id).boxes
        part_of = np.full(len(points), -1)
        parts = cut_into_parts(points, PartSettings())
        for number, rows in enumerate(parts.rows):
            part_of[rows] = number
        near = (boxes.class_names == "Car") & (np.hypot(boxes.array[:, 0], boxes.array[:, 1]) < 30)
        for box in boxes.array[near]:
            inside = box_of_points(points[:, :3], box[None]) == 0
            if inside.sum() >= 16:
                shared = np.bincount(part_of[inside & (part_of >= 0)], minlength=len(parts))
                sizes = np.array([len(rows) for rows in parts.rows])
                overlaps.append((shared / (inside.sum() + sizes - shared)).max())
    assert len(overlaps) >= 10
    assert (np.array(overlaps) > 0.5).mean() >= 0.75


def test_what_is_out_of_reach_is_left_out(scene: Cloud) -> None:
    near = cut_into_parts(scene, PartSettings(max_range_m=12))
    assert (np.hypot(near.boxes[:, 0], near.boxes[:, 1]) < 12).all()
    assert 0 < len(near) < len(cut_into_parts(scene, PartSettings()))
