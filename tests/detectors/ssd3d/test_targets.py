"""Targets and losses against the reference, and by hand."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from scanpick.detectors.ssd3d.config import SSD3D
from scanpick.detectors.ssd3d.head import Predictions
from scanpick.detectors.ssd3d.losses import losses
from scanpick.detectors.ssd3d.targets import make_targets
from tests.detectors.ssd3d.golden_files import geometric, stored_predictions

NAMES = {
    "vote_offsets": "vote_targets",
    "positive": "positive_mask",
    "negative": "negative_mask",
    "centre_ness": "centerness_targets",
    "centre_offsets": "center_targets",
    "half_sizes": "size_res_targets",
    "direction_bins": "dir_class_targets",
    "direction_residuals": "dir_res_targets",
}


@pytest.mark.golden
def test_targets_and_losses_equal_the_reference(golden):
    folder = golden / "ssd3d"
    arrays, forward = np.load(folder / "losses.npz"), np.load(folder / "forward.npz")
    coder = np.load(folder / "box_coder.npz")
    order = corner_order(coder)
    told = json.loads((folder / "losses.json").read_text())
    runs = [name.removesuffix("/losses") for name in arrays if name.endswith("/losses")]
    assert len(runs) >= 4
    for run in runs:
        case = run.split("/")[0]
        boxes = [geometric(arrays[name]) for name in sorted(n for n in arrays if re.match(rf"{case}/gt_boxes_\d+$", n))]
        labels = [torch.zeros(len(each), dtype=torch.int64) for each in boxes]
        own = f"{run}/pred_center_offset" in arrays
        predictions = stored_predictions(arrays, f"{run}/") if own else stored_predictions(forward)
        targets = make_targets(predictions, boxes, labels, SSD3D)
        for ours, name in NAMES.items():
            expected = arrays[f"{run}/{name}"].astype(np.float64)
            np.testing.assert_allclose(getattr(targets, ours).double(), expected, atol=1e-5, err_msg=f"{run} {name}")
        np.testing.assert_allclose(targets.corners, arrays[f"{run}/corner3d_targets"][:, :, order], atol=1e-4)
        share = targets.votes_count / (targets.votes_count.sum() + 1e-6)
        np.testing.assert_allclose(share, arrays[f"{run}/vote_mask"], atol=1e-6)
        parts = losses(predictions, targets, SSD3D)
        assert len(parts) == len(told["loss_names"])
        np.testing.assert_allclose([part.item() for part in parts.values()], arrays[f"{run}/losses"], rtol=1e-5)


def corner_order(coder):
    """Where our corners stand among the reference's."""
    from scanpick.detectors.ssd3d.boxes import corners_of_boxes

    ours = corners_of_boxes(geometric(coder["corners_boxes"])).numpy()
    distances = np.linalg.norm(ours[:, :, None] - coder["corners"][:, None], axis=3)
    order = distances.argmin(axis=2)
    assert (order == order[0]).all()
    assert (np.sort(order[0]) == np.arange(8)).all()
    return order[0]


def predictions_at(votes, seeds=None, classes=1):
    votes = torch.tensor([votes], dtype=torch.float64)
    seeds = votes.clone() if seeds is None else torch.tensor([seeds], dtype=torch.float64)
    generator = torch.Generator().manual_seed(0)

    def some(width):
        return torch.randn(1, votes.shape[1], width, generator=generator).double().requires_grad_()

    return Predictions(seeds, some(3), votes, some(classes), some(3), some(3), some(12), some(12))


CAR = torch.tensor([[10.0, 5, 0, 4, 2, 1.5, np.pi / 2]])
"""Along y: x from 9 to 11, y from 3 to 7, z from -0.75 to 0.75."""


def test_centre_ness_by_hand():
    """In the centre 1; halfway to one face the cube root of a third; outside, 0."""
    votes = [[10, 5, 0], [10.5, 5, 0], [10, 5, 0.375], [10.5, 6, 0], [11.001, 5, 0], [20, 5, 0]]
    targets = make_targets(predictions_at(votes), [CAR], [torch.tensor([0])], SSD3D)
    third = (1 / 3) ** (1 / 3)
    np.testing.assert_allclose(targets.centre_ness[0, :, 0], [1, third, third, third**2, 0, 0], atol=1e-4)
    assert targets.positive[0].tolist() == [True] * 4 + [False] * 2
    assert targets.negative[0].tolist() == [False] * 4 + [True] * 2


def test_sides_are_outside_top_and_bottom_inside():
    box = torch.tensor([[10.0, 5, 0, 2, 4, 1.5, 0]])
    votes = [[11, 5, 0], [10, 7, 0], [10, 5, 0.75], [10, 5, -0.75]]
    targets = make_targets(predictions_at(votes), [box], [torch.tensor([0])], SSD3D)
    assert targets.negative[0].tolist() == [True, True, False, False]


def test_votes_far_from_the_top_of_a_long_box_are_neither_positive_nor_negative():
    long = torch.tensor([[0.0, 0, 0, 40, 3, 4, 0]])
    targets = make_targets(predictions_at([[9, 0, 2], [9, 0, -1.9], [11, 0, 0]]), [long], [torch.tensor([0])], SSD3D)
    assert targets.positive[0].tolist() == [True, True, False]  # the second is 9.8 m from the top's centre
    assert not targets.negative.any()


def test_seeds_below_a_box_vote_for_it_and_those_above_do_not():
    """The margin is lowered by itself once more: 0.1 m below, none above, 0.05 m at the sides."""
    seeds = [[10, 5, -0.84], [10, 5, -0.86], [10, 5, 0.76], [11.04, 5, 0], [11.06, 5, 0]]
    targets = make_targets(predictions_at(seeds, seeds), [CAR], [torch.tensor([0])], SSD3D)
    assert targets.votes_count[0].tolist() == [True, False, False, True, False]
    np.testing.assert_allclose(targets.vote_offsets[0, 0], [0, 0, 0.84], atol=1e-6)


def test_of_several_boxes_the_first_counts():
    boxes = torch.cat([CAR, CAR + torch.tensor([0.5, 0, 0, 1, 1, 1, 0])])
    targets = make_targets(predictions_at([[10, 5, 0], [11.2, 5, 0]]), [boxes], [torch.tensor([0, 0])], SSD3D)
    np.testing.assert_allclose(targets.half_sizes[0], [[2, 1, 0.75], [2.5, 1.5, 1.25]], atol=1e-6)


def test_each_class_has_its_own_centre_ness():
    config = replace(SSD3D, class_names=("Car", "Cyclist"))
    boxes = torch.cat([CAR, CAR + torch.tensor([20.0, 0, 0, 0, 0, 0, 0])])
    predictions = predictions_at([[10, 5, 0], [30, 5, 0], [50, 5, 0]], classes=2)
    targets = make_targets(predictions, [boxes], [torch.tensor([1, 0])], config)
    np.testing.assert_allclose(targets.centre_ness[0], [[0, 1], [1, 0], [0, 0]], atol=1e-6)
    assert all(torch.isfinite(part) for part in losses(predictions, targets, config).values())


def test_frames_without_objects_teach_only_that_there_is_none():
    """Also with a vote exactly at the origin, where the box of size 0 stands."""
    predictions = predictions_at([[0, 0, 0], [5, 5, 0]])
    targets = make_targets(predictions, [torch.zeros(0, 7)], [torch.zeros(0, dtype=torch.int64)], SSD3D)
    assert targets.negative.all()
    assert not targets.positive.any()
    assert not targets.votes_count.any()
    parts = losses(predictions, targets, SSD3D)
    assert [name for name, part in parts.items() if part != 0] == ["centre_ness"]
    sum(parts.values()).backward()
    assert torch.isfinite(predictions.class_logits.grad).all()


def test_a_box_of_size_zero_does_not_make_a_nan():
    targets = make_targets(
        predictions_at([[1, 1, 1]]), [torch.tensor([[1.0, 1, 1, 0, 0, 0, 0]])], [torch.tensor([0])], SSD3D
    )
    assert torch.isfinite(targets.centre_ness).all()


def test_the_centre_loss_moves_votes_and_the_corner_loss_does_not():
    predictions = predictions_at([[10, 5, 0.3]])
    votes = predictions.votes.requires_grad_()
    targets = make_targets(predictions, [CAR], [torch.tensor([0])], SSD3D)
    parts = losses(predictions, targets, SSD3D)
    (of_centre,) = torch.autograd.grad(parts["centre"], votes, retain_graph=True)
    assert of_centre.abs().max() > 0
    assert torch.autograd.grad(parts["corners"], votes, allow_unused=True)[0] is None
