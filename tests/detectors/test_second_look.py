"""The second look sees points as the box does, and knows which change would be right."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from scanpick.detectors.second_look import MOST_STRETCH, SecondLook, change_losses, changed, noisy_copies
from scanpick.detectors.ssd3d.config import SSD3D_NANO
from scanpick.detectors.ssd3d.decoding import decode, rough_boxes
from scanpick.detectors.ssd3d.model import Ssd3dModel
from scanpick.detectors.ssd3d.network import Ssd3dNetwork
from scanpick.errors import ScanpickError
from scanpick.geometry.transforms import wrap_angle
from tests.detectors.scenes import car_scene

TRUTH = torch.tensor([[10.0, 2.0, 0.8, 4.0, 1.6, 1.5, 0.6], [30.0, -8.0, 0.9, 3.5, 1.7, 1.6, -2.0]])
ROUGH = torch.tensor([[10.4, 1.7, 0.7, 4.4, 1.5, 1.6, 0.5], [29.5, -8.1, 1.0, 3.9, 1.6, 1.5, -2.1]])


LOOK = replace(SSD3D_NANO, second_look=8, second_look_width=16)
BOX = [0.5, 0.5, 0.6, 1.2, 0.9, 1.1, 0.2]


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
    look = SecondLook(4, LOOK)
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
    assert not predictions.mended.requires_grad  # changes learn from noisy copies of true boxes


def test_boxes_without_points_or_of_nan_get_finite_and_other_boxes_their_own_changes() -> None:
    torch.manual_seed(0)
    look = SecondLook(4, LOOK)
    torch.nn.init.normal_(look.change.weight, std=0.01)
    cloud, candidates = torch.rand(1, 50, 5), torch.randn(1, 3, 4)
    inside, away = [0.5, 0.5, 0.5, 1, 1, 1, 0.2], [90.0, 0, 0, 4, 2, 1.5, 0]
    mended, overlap = look(cloud, candidates, torch.tensor([[inside, away, [math.nan] * 7]]))
    assert torch.isfinite(mended[:, :2]).all()
    assert torch.isfinite(overlap[:, :2]).all()
    alone, _ = look(cloud, candidates[:, :1], torch.tensor([[inside]]))
    torch.testing.assert_close(alone[0, 0], mended[0, 0])


def test_noisy_copies_lie_around_their_box_as_far_as_said() -> None:
    boxes = TRUTH.double().numpy()
    copies = noisy_copies(np.repeat(boxes, 4000, axis=0), SSD3D_NANO, np.random.default_rng(0)).reshape(2, -1, 7)
    for box, around in zip(boxes, copies, strict=True):
        cos, sin = np.cos(box[6]), np.sin(box[6])
        x, y = (around[:, :2] - box[:2]).T
        bottom = around[:, 2] - around[:, 5] / 2 - (box[2] - box[5] / 2)
        off = [(cos * x + sin * y) / box[3], (cos * y - sin * x) / box[4], bottom / box[5]]
        off += [*np.log(around[:, 3:6] / box[3:6]).T, wrap_angle(around[:, 6] - box[6])]
        np.testing.assert_allclose(np.std(off, axis=1), SSD3D_NANO.copy_noise, rtol=0.03)
        np.testing.assert_allclose(np.mean(off, axis=1), 0, atol=0.003)


def test_labels_of_size_0_can_be_learned_from() -> None:
    flat = TRUTH[:1].double().numpy().copy()
    flat[0, 4] = 0
    noisy = torch.tensor(noisy_copies(flat, LOOK, np.random.default_rng(0)), dtype=torch.float32)
    losses = SecondLook(4, LOOK).losses(torch.rand(1, 50, 5), [noisy], [torch.tensor(flat, dtype=torch.float32)])
    assert all(torch.isfinite(value) for value in losses.values())


def objects_filled_with_points(count: int, rng: np.random.Generator) -> tuple[torch.Tensor, torch.Tensor]:
    """Clouds (n, 64, 4), each with one object of any height above the ground, and the boxes (n, 7)."""
    sizes = np.array([4, 1.6, 1.6]) * rng.uniform(0.9, 1.1, (count, 3))
    boxes = np.column_stack(
        [rng.uniform(-9, 9, (count, 2)), rng.uniform(-1, 1, count), sizes, rng.uniform(-3, 3, count)]
    )
    local = rng.uniform(-0.5, 0.5, (count, 64, 3)) * sizes[:, None]
    cos, sin = np.cos(boxes[:, 6:]), np.sin(boxes[:, 6:])
    x, y = cos * local[..., 0] - sin * local[..., 1], sin * local[..., 0] + cos * local[..., 1]
    points = np.stack([x, y, local[..., 2], np.zeros((count, 64))], axis=-1)
    points[..., :3] += boxes[:, None, :3]
    return torch.tensor(points, dtype=torch.float32), torch.tensor(boxes, dtype=torch.float32)


def test_it_learns_from_points_to_bring_boxes_back() -> None:
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    config = replace(LOOK, second_look=64, second_look_width=32)
    look = SecondLook(4, config)
    optimiser = torch.optim.AdamW(look.parameters(), 5e-3)

    def noisy(boxes: torch.Tensor) -> torch.Tensor:
        return torch.tensor(noisy_copies(boxes.double().numpy(), config, rng), dtype=torch.float32)

    for _ in range(250):
        clouds, boxes = objects_filled_with_points(8, rng)
        loss = sum(look.losses(clouds, [noisy(box[None]) for box in boxes], list(boxes[:, None])).values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    clouds, boxes = objects_filled_with_points(100, rng)
    copies = torch.stack([noisy(box[None]) for box in boxes])  # (100, 4, 7)
    mended, _ = look(clouds, torch.zeros(100, 4, 4), copies)
    off, off_before = ((some[..., :3] - boxes[:, None, :3]).norm(dim=-1).mean() for some in (mended, copies))
    assert off < 0.6 * off_before


def test_a_box_is_looked_at_again_from_where_the_first_look_left_it() -> None:
    torch.manual_seed(0)
    look = SecondLook(4, LOOK)
    torch.nn.init.normal_(look.change.weight, std=0.05)
    clouds, boxes = torch.rand(1, 50, 5), torch.tensor([BOX, [0.4, 0.6, 0.4, 1.0, 0.8, 0.9, -1.0]])

    def change(some: torch.Tensor) -> torch.Tensor:
        return look.change(look._seen(clouds, [some])).detach()

    once = changed(boxes, change(boxes))
    twice = changed(once, change(once))
    assert not torch.allclose(once, twice, atol=1e-3)
    torch.testing.assert_close(look(clouds, torch.zeros(1, 2, 4), boxes[None])[0][0], twice)
    weights, truth = torch.full((2,), 0.25), boxes + 0.1
    first, second = (change_losses(some, change(some), truth, weights) for some in (boxes, once))
    losses = look.losses(clouds, [boxes], [truth])
    for name, value in losses.items():
        torch.testing.assert_close(value, first[name] + second[name])


def test_each_copy_learns_from_its_own_box() -> None:
    config = replace(SSD3D_NANO, points=2048)
    torch.manual_seed(0)
    model = Ssd3dModel(config)
    scenes = [car_scene(0, cars=2), car_scene(1, cars=3)]
    samples = [model.sample(scene, np.random.default_rng(0), training=True) for scene in scenes]
    for sample in samples:
        assert len(sample.boxes) > 1
        copies = sample.noisy.reshape(len(sample.boxes), config.noisy_copies, 7)
        assert np.linalg.norm(copies[..., :2] - sample.boxes[:, None, :2], axis=-1).max() < 2
    assert model.losses(model.batch(samples, torch.device("cpu")))["mended"] < 0.6  # of others it is above 1
    assert model.sample(scenes[0], np.random.default_rng(0), training=False).noisy.shape == (0, 7)
    without = Ssd3dModel(replace(config, second_look=0))
    assert without.sample(scenes[0], np.random.default_rng(0), training=True).noisy.shape == (0, 7)


def test_no_boxes_cost_nothing_and_far_too_small_ones_ask_for_no_more_than_can_be_done() -> None:
    none = torch.zeros(0, 7)
    assert all(value == 0 for value in change_losses(none, none, none, torch.zeros(0)).values())
    tiny = TRUTH[:1].clone()
    tiny[:, 3:6] = 0.1
    tiny[:, 2] = TRUTH[0, 2] - TRUTH[0, 5] / 2 + 0.05
    most = torch.zeros(1, 7)
    most[:, 3:6] = MOST_STRETCH
    assert change_losses(tiny, most, TRUTH[:1], torch.ones(1))["change"] == pytest.approx(0, abs=1e-5)


def test_changes_learn_from_copies_and_overlaps_from_candidates() -> None:
    torch.manual_seed(0)
    look = SecondLook(4, LOOK)
    torch.nn.init.normal_(look.change.weight, std=0.01)
    clouds, boxes = torch.rand(2, 50, 5), torch.tensor([BOX] * 3)

    def learning() -> set[str]:
        found = {n for n, p in look.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
        look.zero_grad(set_to_none=True)
        return {name.split(".")[0] for name in found}

    losses = look.losses(clouds, [boxes, torch.zeros(0, 7)], [boxes + 0.01, torch.zeros(0, 7)])
    (losses["change"] + losses["mended"]).backward()
    assert learning() == {"of_box", "within", "norm", "mix", "change"}
    mended, overlap = look(clouds, torch.randn(2, 3, 4), torch.stack([boxes, boxes]))
    assert mended.shape == (2, 3, 7)
    assert overlap.shape == (2, 3)
    overlap.sum().backward()
    assert learning() == {"of_box", "within", "norm", "mix", "of_candidate", "of_seen", "overlap"}


def test_frames_without_objects_cost_nothing() -> None:
    losses = SecondLook(4, LOOK).losses(torch.rand(2, 50, 5), [torch.zeros(0, 7)] * 2, [torch.zeros(0, 7)] * 2)
    assert all(value == 0 for value in losses.values())


@pytest.mark.parametrize("wrong", [{"second_look_times": 0}, {"noisy_copies": 0}, {"copy_noise": (0.1,)}])
def test_options_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ScanpickError, match="a second look needs"):
        replace(SSD3D_NANO, **wrong)


def test_it_needs_an_estimate_of_overlaps() -> None:
    with pytest.raises(ScanpickError, match="estimates overlaps"):
        replace(SSD3D_NANO, overlap_exponent=0.0)
