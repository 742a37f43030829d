"""A pillar network whose second look learns from noisy copies of true boxes."""

from dataclasses import replace

import numpy as np
import torch

from scanpick.detectors.pillars.config import PILLAR_FEMTO
from scanpick.detectors.pillars.model import PillarModel
from scanpick.detectors.pillars.pillars import AROUND_LOWEST_M, make_pillars, points_around
from scanpick.detectors.pillars.targets import decode_boxes
from scanpick.detectors.scene import Scene
from scanpick.structures import Boxes3D
from tests.detectors.scenes import car_scene

CPU = torch.device("cpu")


def model_of(**changes: object) -> PillarModel:
    torch.manual_seed(0)
    return PillarModel(replace(PILLAR_FEMTO, **changes))  # type: ignore[arg-type]


def test_every_object_has_its_copies_above_the_ground() -> None:
    scene = car_scene(0, cars=4)
    sample = model_of(copy_noise=(0.0,) * 7).sample(scene, np.random.default_rng(0), training=True)
    assert sample.copies is not None
    np.testing.assert_allclose(sample.copies.noisy, np.repeat(sample.copies.truth, 8, axis=0), atol=1e-6)
    order = np.lexsort(sample.copies.truth.T[:1])
    expected = scene.boxes.array[np.lexsort(scene.boxes.array.T[:1])]
    np.testing.assert_allclose(sample.copies.truth[order][:, [0, 1, 3, 4, 5, 6]], expected[:, [0, 1, 3, 4, 5, 6]])
    bottoms = sample.copies.truth[:, 2] - sample.copies.truth[:, 5] / 2
    np.testing.assert_allclose(bottoms, 0, atol=0.1)  # they stand on it
    assert (sample.cloud[:, 2] > AROUND_LOWEST_M).all()


def test_gradients_reach_every_layer_and_scenes_without_objects_cost_nothing() -> None:
    model = model_of()
    rng = np.random.default_rng(0)
    empty = Scene("empty", car_scene(1).points, Boxes3D.empty())
    samples = [model.sample(scene, rng, training=True) for scene in (car_scene(0), empty)]
    losses = model.losses(model.batch(samples, CPU))
    torch.stack(list(losses.values())).sum().backward()
    # the change begins at 0, so that the layers before it learn from the second step on
    reached = {name for name, p in model.network.named_parameters() if p.grad is not None and p.grad.abs().sum() > 0}
    assert {"second_look.change.weight", "second_look.overlap.weight", "what.values.weight"} <= reached
    alone = model.losses(model.batch([samples[1]], CPU))
    assert {name: value.item() for name, value in alone.items() if name != "heatmap"} == dict.fromkeys(
        losses.keys() - {"heatmap"}, 0.0
    )


def test_before_training_boxes_are_the_rough_ones_on_the_ground() -> None:
    model = model_of()
    model.network.eval()
    sample = model.sample(car_scene(0), np.random.default_rng(0), training=False)
    assert sample.copies is None
    cells = np.array([5, 400, 1000])
    with torch.inference_mode():
        _, features = model._maps(model.batch([sample], CPU))
        boxes, overlap = model._described(sample, torch.from_numpy(cells), features)
        around = torch.from_numpy(points_around(sample.pillars, cells, model.config))
        values, _ = model.network.what.first(features, torch.from_numpy(cells), around)
    expected = decode_boxes(values.numpy(), cells, sample.pillars.cell_ground_m, model.config)
    np.testing.assert_allclose(boxes, expected, atol=1e-4)
    assert overlap.shape == (3,)


def test_a_frame_of_road_alone_is_described() -> None:
    model = model_of(score_threshold=0.0)
    road = np.column_stack([*np.random.default_rng(0).uniform([1, -20], [50, 20], (3000, 2)).T, np.full(3000, -1.7)])
    scene = Scene("road", np.column_stack([road, np.zeros(3000)]).astype(np.float32), Boxes3D.empty())
    sample = model.sample(scene, np.random.default_rng(0), training=False)
    assert len(sample.cloud) == 0
    model.network.eval()
    with torch.inference_mode():
        (found,) = model.detections(model.batch([sample], CPU))
    assert np.isfinite(found.boxes.array).all()


def test_one_point_of_the_road_in_four_is_looked_at_and_every_other_point() -> None:
    points = car_scene(0).points
    every, some = (make_pillars(points, replace(PILLAR_FEMTO, road_every=count)).points for count in (1, 4))
    above = every[:, 2] > AROUND_LOWEST_M
    assert (some[:, 2] > AROUND_LOWEST_M).sum() == above.sum()
    assert abs((some[:, 2] <= AROUND_LOWEST_M).sum() - (~above).sum() / 4) < 0.05 * (~above).sum()
