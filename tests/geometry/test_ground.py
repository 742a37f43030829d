"""The ground estimate: analytic surfaces, objects on them, and real boxes that stand on the ground."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.formats.kitti_text import read_calibration, read_objects
from scanpick.geometry.ground import GroundSettings, estimate_ground
from scanpick.geometry.transforms import camera_boxes_to_lidar


def _surface(height, count: int = 20000, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    xy = np.column_stack([rng.uniform(0, 51, count), rng.uniform(-28, 28, count)])
    return np.column_stack([xy, height(xy[:, 0], xy[:, 1]), np.zeros(count)]).astype(np.float32)


def _error(ground, height, seed: int = 1) -> np.ndarray:
    where = _surface(height, 2000, seed)
    inside = (where[:, 0] > 3) & (where[:, 0] < 48) & (np.abs(where[:, 1]) < 25)
    return ground.height_at(where[inside, :2]) - where[inside, 2]


def test_a_tilted_plane_is_found() -> None:
    def plane(x, y):
        return -1.7 + 0.03 * x - 0.01 * y

    # The low point of a cell lies below its mean by up to half a cell of slope.
    assert np.abs(_error(estimate_ground(_surface(plane)), plane)).max() < 0.05


def test_a_hill_is_followed() -> None:
    def hill(x, y):
        return -1.7 + 0.4 * np.sin(x / 12)

    assert np.median(np.abs(_error(estimate_ground(_surface(hill)), hill))) < 0.05


def test_objects_do_not_lift_it() -> None:
    """Walls and cars hide a third of the cells: the ground stays under them."""

    def level(x, y):
        return np.full_like(x, -1.7)

    points = _surface(level)
    hidden = (np.floor(points[:, 0] / 4) + np.floor(points[:, 1] / 4)) % 3 == 0
    points[hidden, 2] += np.random.default_rng(2).uniform(0.3, 2.0, hidden.sum()).astype(np.float32)
    assert np.abs(_error(estimate_ground(points), level)).max() < 0.08


def test_single_reflections_below_the_road_do_not_lower_it() -> None:
    points = _surface(lambda x, y: np.full_like(x, -1.7))
    points[::2000, 2] -= 3
    assert np.abs(_error(estimate_ground(points), lambda x, y: np.full_like(x, -1.7))).max() < 0.05


@pytest.mark.parametrize("count", [0, 1, 5])
def test_too_few_points_mean_level_ground_below_the_sensor(count: int) -> None:
    ground = estimate_ground(_surface(lambda x, y: np.full_like(x, -1.0), 10)[:count])
    np.testing.assert_allclose(ground.height_at(np.array([[10.0, 3.0]])), -1.73, atol=1e-9)


def test_an_area_without_a_cell_is_an_error() -> None:
    with pytest.raises(ScanpickError, match="at least one cell"):
        estimate_ground(np.zeros((0, 4), np.float32), GroundSettings(x_range_m=(0.0, 0.1)))


def test_real_boxes_stand_on_it(test_data: Path) -> None:
    """Median distance of the bottoms of labelled cars to the estimate: about 4 cm."""
    folder = test_data / "kitti" / "training"
    errors = []
    for path in sorted((folder / "velodyne_reduced").glob("*.bin")):
        objects = read_objects(folder / "label_2" / f"{path.stem}.txt")
        objects = objects[objects.class_names == "Car"]
        calibration = read_calibration(folder / "calib" / f"{path.stem}.txt")
        boxes = camera_boxes_to_lidar(objects.bottom_centres, objects.sizes_hwl, objects.rotation_y, calibration)
        boxes = boxes[(boxes[:, 0] < 51.2) & (np.abs(boxes[:, 1]) < 28.16)]
        ground = estimate_ground(np.fromfile(path, np.float32).reshape(-1, 4))
        errors.append(boxes[:, 2] - boxes[:, 5] / 2 - ground.height_at(boxes[:, :2]))
    assert np.median(np.abs(np.concatenate(errors))) < 0.05
