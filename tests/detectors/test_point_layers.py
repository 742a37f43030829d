"""Points that do not count change nothing, wherever they stand."""

import torch
import torch.nn.functional as F

from scanpick.detectors.aligned_overlap import aligned_overlap_loss
from scanpick.detectors.point_layers import PointLayers


def test_equals_the_largest_over_the_points_that_count() -> None:
    torch.manual_seed(0)
    layers = PointLayers(5, 8)
    points, counts = torch.randn(6, 4, 5), (torch.rand(6, 4, 1) < 0.5).float()
    counts[2] = 0
    each = F.relu(layers.second(F.relu(layers.first(points)))) * counts
    torch.testing.assert_close(layers(points, counts), layers.out(each.amax(dim=1)))
    assert layers(points, counts)[2].tolist() == [0] * 8


def test_no_boxes_at_all() -> None:
    assert PointLayers(5, 8)(torch.zeros(0, 4, 5), torch.zeros(0, 4, 1)).shape == (0, 8)


def test_overlap_loss_by_hand() -> None:
    size = torch.tensor([[4.0, 2, 1]] * 3)
    shift = torch.tensor([[0.0, 0, 0], [2, 0, 0], [9, 0, 0]])
    # Half in: 4 of 12 cubic metres shared; the hull is 6 x 2 x 1. Apart: nothing shared, a hull of 13 x 2 x 1.
    expected = [0, 1 - 1 / 3 + 4 / 41, 1 + 81 / 174]
    torch.testing.assert_close(aligned_overlap_loss(shift, size, size), torch.tensor(expected))
