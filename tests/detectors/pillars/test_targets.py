"""What the heads are told decodes to the boxes that it was made from."""

import numpy as np
import pytest

from scanpick.detectors.pillars.config import PILLAR_NANO, PillarConfig
from scanpick.detectors.pillars.pillars import make_pillars
from scanpick.detectors.pillars.targets import decode_boxes, make_targets
from scanpick.errors import ScanpickError
from scanpick.geometry.transforms import wrap_angle
from scanpick.structures import Boxes3D
from tests.detectors.scenes import car_scene


@pytest.mark.parametrize("seed", range(5))
def test_decoding_inverts_the_targets_over_the_full_circle(seed: int) -> None:
    scene = car_scene(seed, cars=8)
    ground = make_pillars(scene.points, PILLAR_NANO).cell_ground_m
    targets = make_targets(scene.boxes, ground, PILLAR_NANO)
    values = np.column_stack([targets.values, np.where(targets.backwards > 0, 5.0, -5.0)]).astype(np.float32)
    decoded = decode_boxes(values, targets.cells, ground, PILLAR_NANO)
    np.testing.assert_allclose(decoded[:, :6], targets.boxes[:, :6], atol=1e-4)
    np.testing.assert_allclose(wrap_angle(decoded[:, 6] - targets.boxes[:, 6]), 0, atol=1e-5)


def test_each_object_has_one_peak_and_weights_that_sum_to_one() -> None:
    scene = car_scene(1, cars=7)
    ground = make_pillars(scene.points, PILLAR_NANO).cell_ground_m
    targets = make_targets(scene.boxes, ground, PILLAR_NANO)
    assert (targets.heatmap == 1).sum() == 7
    assert len(np.unique(targets.cells)) == len(targets.cells), "a cell is told of one box only"
    assert targets.weights.sum() == pytest.approx(7)


def test_boxes_outside_and_of_other_classes_are_left_out() -> None:
    boxes = Boxes3D(
        np.array([[-5.0, 0, 0, 4, 2, 1.5, 0], [20, 40, 0, 4, 2, 1.5, 0], [20, 0, 0, 4, 2, 1.5, 0]]),
        np.array(["Car", "Car", "Tram"]),
    )
    nx, ny = PILLAR_NANO.grid
    targets = make_targets(boxes, np.zeros((nx // 2, ny // 2), np.float32), PILLAR_NANO)
    assert targets.heatmap.max() == 0
    assert len(targets.cells) == 0


def test_classes_have_maps_of_their_own() -> None:
    config = PillarConfig(class_names=("Car", "Pedestrian"))
    boxes = Boxes3D(
        np.array([[10.0, 0, 0, 4, 2, 1.5, 0], [20, 5, 0, 0.8, 0.6, 1.7, 1]]), np.array(["Car", "Pedestrian"])
    )
    nx, ny = config.grid
    heatmap = make_targets(boxes, np.zeros((nx // 2, ny // 2), np.float32), config).heatmap
    assert [(plane == 1).sum() for plane in heatmap] == [1, 1]


def test_pillars_hold_every_point_once_and_point_at_their_cell() -> None:
    scene = car_scene(2)
    pillars = make_pillars(scene.points, PILLAR_NANO)
    assert pillars.starts[-1] == len(pillars.features)
    assert (np.diff(pillars.starts) > 0).all()
    assert (np.diff(pillars.cells) > 0).all()
    assert np.abs(pillars.features[:, :2]).max() <= 0.5 + 1e-4, "offsets to the centre stay within the pillar"
    inside = (np.abs(scene.points[:, 1]) < 28.16) & (scene.points[:, 0] < 51.2)
    assert len(pillars.features) == inside.sum()


def test_an_empty_cloud_gives_no_pillars() -> None:
    pillars = make_pillars(np.zeros((0, 4), np.float32), PILLAR_NANO)
    assert pillars.features.shape == (0, 10)
    assert pillars.starts.tolist() == [0]


def test_a_grid_that_cannot_be_halved_thrice_is_refused() -> None:
    with pytest.raises(ScanpickError, match="multiple of 8"):
        PillarConfig(x_range_m=(0.0, 50.0))
