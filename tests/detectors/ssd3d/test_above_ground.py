"""3DSSD with heights from the ground, overlap estimates, rotated suppression and merging: what our small one adds."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from scanpick.detectors.prediction import predict
from scanpick.detectors.scene import Scene
from scanpick.detectors.ssd3d.boxes import encode_axis
from scanpick.detectors.ssd3d.config import SSD3D
from scanpick.detectors.ssd3d.losses import losses
from scanpick.detectors.ssd3d.model import Ssd3dModel
from scanpick.detectors.ssd3d.targets import make_targets
from scanpick.errors import ScanpickError
from scanpick.structures import Boxes3D
from tests.detectors.scenes import GROUND_Z, car_scene
from tests.detectors.ssd3d.test_model import TINY

GROUNDED = replace(
    TINY,
    least=(0.0, -40.96, 0.2),
    greatest=(53.76, 40.96, 3.0),
    above_ground=True,
    overlap_exponent=0.5,
    nms="rotated",
    regression_beta=0.1,
    heading="axis",
    direction_bins=2,
)


def grounded(**changes) -> Ssd3dModel:
    torch.manual_seed(0)
    return Ssd3dModel(replace(GROUNDED, **changes))


def raised(scene: Scene, slope: float, lift: float) -> Scene:
    points, boxes = scene.points.copy(), scene.boxes.array.copy()
    points[:, 2] += (slope * points[:, 0] + lift).astype(np.float32)
    boxes[:, 2] += slope * boxes[:, 0] + lift
    return replace(scene, points=points, boxes=Boxes3D(boxes, scene.boxes.class_names))


def test_heights_are_those_above_the_ground_and_a_feature() -> None:
    sample = grounded().sample(car_scene(0), np.random.default_rng(0), training=True)
    assert sample.cloud.shape == (1024, 5)
    np.testing.assert_array_equal(sample.cloud[:, 4], sample.cloud[:, 2])
    assert sample.cloud[:, 2].min() > 0.2, "the ground itself is left out"
    np.testing.assert_allclose(sample.boxes[:, 2] - sample.boxes[:, 5] / 2, 0, atol=0.08)
    assert GROUND_Z < -1


def test_a_slope_and_the_sensors_height_make_little_difference() -> None:
    model, scene = grounded(), car_scene(0)
    level = model.sample(scene, np.random.default_rng(0), training=True)
    sloping = model.sample(raised(scene, 0.03, 0.2), np.random.default_rng(0), training=True)
    np.testing.assert_allclose(sloping.boxes, level.boxes, atol=0.1)


def test_boxes_come_back_in_the_lidar_frame() -> None:
    model = grounded()
    (found,) = predict(model, [car_scene(0)])
    sample = model.sample(car_scene(0), np.random.default_rng([0, 3]), training=False)
    batch = model.batch([sample], torch.device("cpu"))
    with torch.inference_mode():
        heights = model.network(batch.cloud).centres[0, :, 2].numpy()
    ground = sample.ground.height_at(found.boxes.centres[:, :2])
    for height in found.boxes.centres[:, 2] - ground:
        assert np.abs(heights - height).min() < 1e-4


def test_the_estimate_learns_the_overlap_of_its_box_and_counts_in_the_score() -> None:
    model = grounded()
    sample = model.sample(car_scene(0), np.random.default_rng(0), training=True)
    batch = model.batch([sample], torch.device("cpu"))
    named = model.losses(batch)
    assert "overlap" in named
    named["overlap"].backward()
    assert model.network.bbox_head.conv_pred.conv_reg.weight.grad[-1].abs().sum() >= 0
    predictions = model.network.eval()(batch.cloud)
    assert predictions.overlap_logits.shape == predictions.class_logits.shape[:2]
    only = predict(grounded(overlap_exponent=1e-9), [car_scene(0)])[0].scores
    assert not np.array_equal(only, predict(model, [car_scene(0)])[0].scores[: len(only)])


def test_small_errors_keep_their_weight_with_a_small_beta() -> None:
    """At an error of 5 cm the slope of the loss is half of the largest, where the published one has a twentieth."""
    values = {}
    for beta in (1.0, 0.1):
        model = grounded(regression_beta=beta)
        batch = model.batch([model.sample(car_scene(0), np.random.default_rng(0), training=True)], torch.device("cpu"))
        predictions = model.network(batch.cloud)
        boxes = [torch.from_numpy(batch.samples[0].boxes.astype(np.float32))]
        labels = [torch.from_numpy(batch.samples[0].labels)]
        targets = make_targets(predictions, boxes, labels, model.config)
        off = replace(predictions, half_sizes=targets.half_sizes + 0.05)
        targets = replace(targets, positive=torch.ones_like(targets.positive))
        values[beta] = losses(off, targets, model.config)["size"].item()
    np.testing.assert_allclose([values[1.0], values[0.1]], [3 * 0.05**2 / 2, 3 * 0.05**2 / 0.2], rtol=1e-3)


def test_axes_need_two_bins() -> None:
    with pytest.raises(ScanpickError, match="expected 2 direction bins, got 12"):
        replace(GROUNDED, direction_bins=12)


def test_an_axis_is_told_apart_from_its_opposite_by_the_bin_alone() -> None:
    """A box that is right but for front and rear has no loss of corners, and the largest of the bin."""
    model = grounded()
    batch = model.batch([model.sample(car_scene(0), np.random.default_rng(0), training=True)], torch.device("cpu"))
    predictions = model.network(batch.cloud)
    boxes = [torch.from_numpy(batch.samples[0].boxes.astype(np.float32))]
    targets = make_targets(predictions, boxes, [torch.from_numpy(batch.samples[0].labels)], model.config)
    targets = replace(targets, positive=torch.ones_like(targets.positive))
    bins, doubled = encode_axis(targets.boxes[..., 6])
    right = replace(
        predictions,
        centre_offsets=targets.centre_offsets,
        half_sizes=targets.half_sizes,
        direction_residuals=3 * doubled,  # of any length
        direction_logits=20.0 * (1 - torch.nn.functional.one_hot(bins, 2)),
    )
    named = losses(right, targets, model.config)
    assert named["corners"].item() < 1e-4
    assert named["direction_bin"].item() > 19


def test_merging_moves_boxes_and_nothing_else() -> None:
    large = {"least_size_m": 12.0, "nms_iou": 0.3}  # boxes of a network without training are small and would not touch
    (plain,) = predict(grounded(**large), [car_scene(0)])
    (merged,) = predict(grounded(merging=True, **large), [car_scene(0)])
    np.testing.assert_array_equal(plain.scores, merged.scores)
    assert (plain.boxes.array != merged.boxes.array).any()
    np.testing.assert_array_equal(plain.extras["box_spread"], merged.extras["box_spread"])


def test_the_published_configuration_has_none_of_it() -> None:
    assert (SSD3D.above_ground, SSD3D.overlap_exponent, SSD3D.nms, SSD3D.merging) == (False, 0, "extents", False)
    assert SSD3D.regression_beta == 1
    assert SSD3D.point_features == 1
