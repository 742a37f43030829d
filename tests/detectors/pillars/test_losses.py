"""Losses of the pillar network against geometry that is computed another way."""

import numpy as np
import torch

from scanpick.detectors.pillars.config import PILLAR_NANO
from scanpick.detectors.pillars.losses import heatmap_loss, overlap_loss
from scanpick.detectors.pillars.pillars import make_pillars
from scanpick.detectors.pillars.targets import decode_boxes, make_targets
from scanpick.geometry.rotated_iou import iou_3d_of_pairs
from tests.detectors.scenes import car_scene


def test_overlap_loss_is_one_minus_the_overlap_plus_how_far_apart() -> None:
    scene = car_scene(3, cars=6)
    ground = make_pillars(scene.points, PILLAR_NANO).cell_ground_m
    targets = make_targets(scene.boxes, ground, PILLAR_NANO)
    rng = np.random.default_rng(0)
    predicted = np.column_stack([targets.values, np.where(targets.backwards > 0, 5.0, -5.0)])
    predicted[:, :6] += rng.normal(scale=0.2, size=(len(predicted), 6))  # but the heading
    predicted = predicted.astype(np.float32)
    boxes = decode_boxes(predicted, targets.cells, ground, PILLAR_NANO)
    iou = iou_3d_of_pairs(boxes, targets.boxes)
    one = torch.ones(1)
    for row in range(len(boxes)):
        shift = boxes[row, :3] - targets.boxes[row, :3]
        yaw = targets.boxes[row, 6]
        along = np.array(
            [np.cos(yaw) * shift[0] + np.sin(yaw) * shift[1], np.cos(yaw) * shift[1] - np.sin(yaw) * shift[0], shift[2]]
        )
        high = np.maximum(along + boxes[row, 3:6] / 2, targets.boxes[row, 3:6] / 2)
        low = np.minimum(along - boxes[row, 3:6] / 2, -targets.boxes[row, 3:6] / 2)
        expected = 1 - iou[row] + (along**2).sum() / ((high - low) ** 2).sum()
        loss = overlap_loss(
            torch.from_numpy(predicted[row : row + 1]),
            torch.from_numpy(targets.values[row : row + 1]),
            one,
            PILLAR_NANO,
        )
        np.testing.assert_allclose(loss.item(), expected, atol=2e-4)


def test_overlap_loss_of_nothing_is_zero() -> None:
    assert overlap_loss(torch.zeros(0, 9), torch.zeros(0, 8), torch.zeros(0), PILLAR_NANO).item() == 0


def test_heatmap_loss_is_the_published_formula_and_survives_large_logits() -> None:
    logits = torch.tensor([[[[-30.0, -2.0, 0.5, 200.0]]]], dtype=torch.float64)
    target = torch.tensor([[[[0.0, 0.3, 1.0, 1.0]]]], dtype=torch.float64)
    p = torch.sigmoid(logits[..., :3]).flatten().tolist()
    expected = -(p[0] ** 2 * np.log1p(-p[0]) + 0.7**4 * p[1] ** 2 * np.log1p(-p[1]) + (1 - p[2]) ** 2 * np.log(p[2]))
    np.testing.assert_allclose(heatmap_loss(logits, target, 2).item(), expected / 2)
