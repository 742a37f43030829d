"""The box head looks at chosen cells alone, and its second look sees points as the box does."""

import numpy as np
import torch
import torch.nn.functional as F

from scanpick.detectors.pillars.box_head import BoxHead, changed, neighbourhoods, points_in_frame
from scanpick.detectors.pillars.config import PILLAR_NANO
from scanpick.detectors.pillars.pillars import make_pillars, points_around
from scanpick.detectors.pillars.targets import decode_boxes, make_targets
from scanpick.detectors.point_layers import WITHIN
from scanpick.geometry.transforms import wrap_angle
from tests.detectors.scenes import car_scene

CELL_M = 2 * PILLAR_NANO.pillar_m


def test_neighbourhoods_are_what_a_dense_convolution_sees() -> None:
    torch.manual_seed(0)
    features = torch.randn(2, 5, 4, 6)
    cells = torch.arange(2 * 4 * 6)  # every cell: corners and borders too, and both frames
    # unfold gives channels first, then the nine places; here the places come first
    dense = F.unfold(features, 3, padding=1).view(2, 5, 9, 24).permute(0, 3, 2, 1).reshape(48, 45)
    torch.testing.assert_close(neighbourhoods(features, cells), dense)


def test_gradients_reach_the_neighbours_of_a_cell_only() -> None:
    features = torch.randn(1, 3, 5, 5, requires_grad=True)
    neighbourhoods(features, torch.tensor([12])).sum().backward()
    assert features.grad is not None
    expected = np.zeros((5, 5))
    expected[1:4, 1:4] = 1
    np.testing.assert_array_equal(features.grad[0, 0].numpy(), expected)


def test_points_in_the_frame_of_true_boxes_are_where_the_boxes_are() -> None:
    scene = car_scene(2, cars=6)
    pillars = make_pillars(scene.points, PILLAR_NANO)
    targets = make_targets(scene.boxes, pillars.cell_ground_m, PILLAR_NANO)
    values = torch.from_numpy(np.column_stack([targets.values, np.zeros(len(targets.cells), np.float32)]))
    around = torch.from_numpy(points_around(pillars, targets.cells, PILLAR_NANO))
    seen, inside = points_in_frame(around, values, CELL_M)
    for row, box in enumerate(targets.boxes):
        cell = targets.cells[row]
        columns = PILLAR_NANO.grid[1] // 2
        centre = (np.array([cell // columns, cell % columns]) + 0.5) * CELL_M
        centre += [PILLAR_NANO.x_range_m[0], PILLAR_NANO.y_range_m[0]]
        off = 2 * around[row, :, :2].numpy() + centre - box[:2]
        yaw = np.arctan2(np.sin(2 * box[6]), np.cos(2 * box[6])) / 2  # the axis; either end may be the front
        along = np.cos(yaw) * off[:, 0] + np.sin(yaw) * off[:, 1]
        across = np.cos(yaw) * off[:, 1] - np.sin(yaw) * off[:, 0]
        present = around[row, :, 4].numpy() == 1
        np.testing.assert_allclose(seen[row, present, 3:5], np.column_stack([along, across])[present], atol=1e-4)
        edge = np.maximum(abs(along) / box[3], abs(across) / box[4]) - WITHIN / 2
        clear = abs(edge) > 1e-4
        np.testing.assert_array_equal(inside[row, clear, 0] == 1, ((edge < 0) & present)[clear])
    assert inside.sum() > 20 * len(targets.cells)


def test_changes_are_made_in_the_frame_of_the_box() -> None:
    values = torch.tensor([[0.1, 0.2, 0.0, 1.4, 0.5, 0.4, np.cos(1.2), np.sin(1.2), -1.0]])  # yaw 0.6
    change = torch.tensor([[1.0, 0.5, 0.1, 0.2, 0.0, -0.1, 0.05]])
    ground = np.zeros((80, 88), np.float32)
    cell = np.array([40 * 88 + 44])
    before = decode_boxes(values.numpy(), cell, ground, PILLAR_NANO)[0]
    after = decode_boxes(changed(values, change, CELL_M).numpy(), cell, ground, PILLAR_NANO)[0]
    along = [np.cos(0.6) - 0.5 * np.sin(0.6), np.sin(0.6) + 0.5 * np.cos(0.6)]
    np.testing.assert_allclose(after[:2] - before[:2], along, atol=1e-5)
    np.testing.assert_allclose(after[3:6] / before[3:6], np.exp([0.2, 0, -0.1]), rtol=1e-5)
    np.testing.assert_allclose(after[2] - after[5] / 2 - (before[2] - before[5] / 2), 0.1, atol=1e-5)
    np.testing.assert_allclose(wrap_angle(after[6] - before[6]), 0.05, atol=1e-5)


def test_a_cell_without_points_and_no_cells_at_all_are_described() -> None:
    torch.manual_seed(0)
    head = BoxHead(4, PILLAR_NANO)
    for cells in (torch.zeros(0, dtype=torch.int64), torch.tensor([7])):
        around = torch.zeros(len(cells), PILLAR_NANO.around_points, 5)
        rough, mended, overlap = head(torch.randn(1, 4, 4, 4), cells, around)
        assert rough.shape == mended.shape == (len(cells), 9)
        assert overlap.shape == (len(cells),)
        assert torch.isfinite(mended).all()
