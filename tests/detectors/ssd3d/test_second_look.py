"""The second look sees points as the box does, and knows which change would be right."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from scanpick.detectors.ssd3d.config import SSD3D_NANO
from scanpick.detectors.ssd3d.decoding import decode, rough_boxes
from scanpick.detectors.ssd3d.network import Ssd3dNetwork
from scanpick.detectors.ssd3d.second_look import (
    MOST_STRETCH,
    NOISE,
    NOISY_COPIES,
    SecondLook,
    change_losses,
    changed,
    noisy_copies,
)
from scanpick.errors import ScanpickError
from scanpick.geometry.transforms import wrap_angle

TRUTH = torch.tensor([[10.0, 2.0, 0.8, 4.0, 1.6, 1.5, 0.6], [30.0, -8.0, 0.9, 3.5, 1.7, 1.6, -2.0]])
ROUGH = torch.tensor([[10.4, 1.7, 0.7, 4.4, 1.5, 1.6, 0.5], [29.5, -8.1, 1.0, 3.9, 1.6, 1.5, -2.1]])


def right_change() -> torch.Tensor:
    """By hand: the true box in the frame of the rough one."""
    change = []
    for truth, rough in zip(TRUTH.double().numpy(), ROUGH.double().numpy(), strict=True):
        cos, sin = np.cos(rough[6]), np.sin(rough[6])
        x, y = truth[:2] - rough[:2]
        bottom = truth[2] - truth[5] / 2 - (rough[2] - rough[5] / 2)
        turn = truth[6] - rough[6]
        change.append([cos * x + sin * y, cos * y - sin * x, bottom, *np.log(truth[3:6] / rough[3:6]), turn])
    return torch.tensor(np.array(change), dtype=torch.float32)


def test_the_right_change_makes_the_true_box_and_costs_nothing() -> None:
    torch.testing.assert_close(changed(ROUGH, right_change()), TRUTH, atol=1e-5, rtol=1e-5)
    weights = torch.tensor([0.25, 0.75])
    losses = change_losses(ROUGH, right_change(), TRUTH, weights)
    assert losses["change"] == pytest.approx(0, abs=1e-6)
    assert losses["mended"] == pytest.approx(0, abs=1e-5)
    assert all(value > 0.01 for value in change_losses(ROUGH, torch.zeros(2, 7), TRUTH, weights).values())


def test_a_box_that_points_the_other_way_needs_no_turn() -> None:
    opposite = TRUTH.clone()
    opposite[:, 6] -= math.pi
    losses = change_losses(opposite, torch.zeros(2, 7), TRUTH, torch.tensor([0.5, 0.5]))
    assert losses["change"] == pytest.approx(0, abs=1e-6)


def test_headings_stay_within_half_a_turn() -> None:
    box = torch.tensor([[0.0, 0, 0, 4, 2, 1.5, 3.1], [0.0, 0, 0, 4, 2, 1.5, -3.1]])
    turn = torch.zeros(2, 7)
    turn[:, 6] = torch.tensor([0.2, -0.2 - 2 * math.pi])
    torch.testing.assert_close(changed(box, turn)[:, 6], torch.tensor([3.3 - 2 * math.pi, 2 * math.pi - 3.3]))


def test_points_are_seen_from_the_box() -> None:
    look = SecondLook(4, 16, points=8)
    front = [10 + 2 * math.cos(0.6), 2 + 2 * math.sin(0.6), 0.3, 0.5, 0.3]  # the middle of the front, 0.25 m above
    cloud = torch.tensor([front, [10, 2, 2.9, 0.1, 2.9], [16.0, 2, 0.5, 0.2, 0.5]])
    seen, inside = look._look(cloud, TRUTH[:1])
    assert inside[0, :, 0].tolist() == [1, 1, 0, 0, 0, 0, 0, 0]
    torch.testing.assert_close(seen[0, 0], torch.tensor([0.5, 0, 0.25 / 1.5, 2, 0, 0.25, 0.5, 1]), atol=1e-5, rtol=0)
    torch.testing.assert_close(seen[0, 1, 3:6], torch.tensor([0.0, 0, 2.85]), atol=1e-5, rtol=0)


def test_nothing_changes_before_training_and_boxes_without_points_are_described() -> None:
    torch.manual_seed(0)
    network = Ssd3dNetwork(SSD3D_NANO).eval()
    cloud = torch.rand(1, SSD3D_NANO.points, 5) * torch.tensor([40.0, 30, 2, 1, 2])
    predictions = network(cloud)
    boxes, scores = decode(predictions, SSD3D_NANO)
    torch.testing.assert_close(boxes, rough_boxes(predictions, SSD3D_NANO).detach(), atol=1e-5, rtol=1e-5)
    assert torch.isfinite(scores).all()
    assert not predictions.rough.requires_grad  # the rough boxes learn by losses of their own
    assert not predictions.mended.requires_grad  # and the changes from noisy copies of true boxes


def test_boxes_without_points_or_of_nan_get_finite_and_other_boxes_their_own_changes() -> None:
    torch.manual_seed(0)
    look = SecondLook(4, 16, points=8)
    torch.nn.init.normal_(look.change.weight)
    cloud, candidates = torch.rand(1, 50, 5), torch.randn(1, 3, 4)
    inside, away = [0.5, 0.5, 0.5, 1, 1, 1, 0.2], [90.0, 0, 0, 4, 2, 1.5, 0]
    mended, overlap = look(cloud, candidates, torch.tensor([[inside, away, [math.nan] * 7]]))
    assert torch.isfinite(mended[:, :2]).all()
    assert torch.isfinite(overlap[:, :2]).all()
    alone, _ = look(cloud, candidates[:, :1], torch.tensor([[inside]]))
    torch.testing.assert_close(alone[0, 0], mended[0, 0])


def test_noisy_copies_lie_around_their_box_as_far_as_said() -> None:
    boxes = TRUTH.double().numpy()
    copies = noisy_copies(np.repeat(boxes, 4000, axis=0), np.random.default_rng(0)).reshape(2, -1, 7)
    for box, around in zip(boxes, copies, strict=True):
        cos, sin = np.cos(box[6]), np.sin(box[6])
        x, y = (around[:, :2] - box[:2]).T
        bottom = around[:, 2] - around[:, 5] / 2 - (box[2] - box[5] / 2)
        off = [(cos * x + sin * y) / box[3], (cos * y - sin * x) / box[4], bottom / box[5]]
        off += [*np.log(around[:, 3:6] / box[3:6]).T, wrap_angle(around[:, 6] - box[6])]
        np.testing.assert_allclose(np.std(off, axis=1), NOISE, rtol=0.03)
        np.testing.assert_allclose(np.mean(off, axis=1), 0, atol=0.003)
    assert noisy_copies(np.zeros((0, 7)), np.random.default_rng(0)).shape == (0, 7)


def test_it_learns_to_bring_noisy_boxes_back() -> None:
    """Each frame holds one object that is filled with points, but the last one none."""
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    look = SecondLook(4, 32, points=32)
    optimiser = torch.optim.AdamW(look.parameters(), 3e-3)
    course = []
    for _ in range(200):
        sizes = np.array([4, 1.6, 1.6]) * rng.uniform(0.9, 1.1, (8, 3))
        boxes = np.column_stack([rng.uniform(-9, 9, (8, 2)), sizes[:, 2] / 2, sizes, rng.uniform(-3, 3, 8)])
        local = rng.uniform(-0.5, 0.5, (8, 64, 3)) * sizes[:, None]
        cos, sin = np.cos(boxes[:, 6:]), np.sin(boxes[:, 6:])
        turned = [cos * local[..., 0] - sin * local[..., 1], sin * local[..., 0] + cos * local[..., 1], local[..., 2]]
        points = np.stack([*turned, np.zeros((8, 64))], axis=-1)
        points[..., :3] += boxes[:, None, :3]
        clouds = torch.tensor(np.concatenate([points, np.zeros((1, 64, 4))]), dtype=torch.float32)
        noisy = [torch.tensor(noisy_copies(box[None], rng), dtype=torch.float32) for box in boxes]
        truth = torch.tensor(np.repeat(boxes, NOISY_COPIES, axis=0), dtype=torch.float32)
        loss = sum(look.losses(clouds, [*noisy, torch.zeros(0, 7)], truth).values())
        course.append(loss.item())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert course[-1] < 0.75 * course[0]
    no_objects = look.losses(clouds, [torch.zeros(0, 7)] * 9, torch.zeros(0, 7))
    assert all(value == 0 for value in no_objects.values())


def test_no_boxes_cost_nothing_and_far_too_small_ones_ask_for_no_more_than_can_be_done() -> None:
    none = torch.zeros(0, 7)
    assert all(value == 0 for value in change_losses(none, none, none, torch.zeros(0)).values())
    tiny = TRUTH[:1].clone()
    tiny[:, 3:6] = 0.1
    tiny[:, 2] = TRUTH[0, 2] - TRUTH[0, 5] / 2 + 0.05
    most = torch.zeros(1, 7)
    most[:, 3:6] = MOST_STRETCH
    assert change_losses(tiny, most, TRUTH[:1], torch.ones(1))["change"] == pytest.approx(0, abs=1e-5)


def test_gradients_reach_the_second_look() -> None:
    torch.manual_seed(0)
    look = SecondLook(4, 16, points=8)
    torch.nn.init.normal_(look.change.weight)
    cloud, noisy = torch.rand(2, 50, 5), [torch.tensor([[0.5, 0.5, 0.5, 1, 1, 1, 0.2]] * 3), torch.zeros(0, 7)]
    losses = look.losses(cloud, noisy, noisy[0] + 0.01)
    mended, overlap = look(cloud, torch.randn(2, 3, 4), torch.stack([noisy[0], noisy[0]]))
    assert mended.shape == (2, 3, 7)
    assert overlap.shape == (2, 3)
    (losses["change"] + losses["mended"] + overlap.sum()).backward()
    assert all(parameter.grad is not None for parameter in look.parameters())


def test_it_needs_an_estimate_of_overlaps() -> None:
    with pytest.raises(ScanpickError, match="estimates overlaps"):
        replace(SSD3D_NANO, overlap_exponent=0.0)
