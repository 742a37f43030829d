"""Dropout and variations: several answers about one frame."""

import numpy as np
import pytest
import torch
from torch import nn

from scanpick.detectors.prediction import KEPT, dropout_after, mirrored, variation
from scanpick.errors import ScanpickError
from scanpick.structures import Detections
from tests.detectors.scenes import car_scene


def test_dropout_leaves_out_a_share_and_keeps_the_mean() -> None:
    layer, ones = nn.Identity(), torch.ones(200, 200)
    with dropout_after([layer], 0.25, seed=0):
        first, second = layer(ones), layer(ones)
    np.testing.assert_allclose(first.unique(), [0.0, 1 / 0.75])
    assert first.mean().item() == pytest.approx(1, abs=0.02)
    assert (first != second).any()
    with dropout_after([layer], 0.25, seed=0):
        assert torch.equal(layer(ones), first)
    assert torch.equal(layer(ones), ones), "over after the block"


def test_dropout_ends_after_an_error() -> None:
    layer = nn.Identity()
    with pytest.raises(KeyError), dropout_after([layer], 0.9, seed=0):
        raise KeyError
    assert torch.equal(layer(torch.ones(9)), torch.ones(9))


@pytest.mark.parametrize("rate", [-0.1, 1.0, 7])
def test_rates_are_checked(rate: float) -> None:
    with pytest.raises(ScanpickError, match="rate"), dropout_after([], rate, seed=0):
        pass


def test_variations_keep_some_points_and_mirror_every_other() -> None:
    scene = car_scene(0)
    plain, turned = variation(scene, 0, seed=1), variation(scene, 1, seed=1)
    for varied, sign in ((plain, 1), (turned, -1)):
        assert len(varied.points) == pytest.approx(KEPT * len(scene.points), rel=0.05)
        assert len(varied.boxes) == 0, "labels are not looked at"
        rows = {tuple(row) for row in scene.points.tolist()}
        assert {(x, sign * y, z, i) for x, y, z, i in varied.points.tolist()} <= rows
    assert len(plain.points) != len(turned.points) or (plain.points[:, 0] != turned.points[:, 0]).any()


def test_boxes_go_back_where_they_came_from() -> None:
    scene = car_scene(0)
    boxes = scene.boxes.array * [1, -1, 1, 1, 1, 1, -1]
    found = Detections(scene.frame_id, type(scene.boxes)(boxes, scene.boxes.class_names), np.ones(3))
    np.testing.assert_array_equal(mirrored(found).boxes.array, scene.boxes.array)
