"""Sampling on other devices picks what the kernels pick."""

import torch

from scanpick.networks.point_sampling import _scan, sample_by_feature, sample_by_place, take_rows


def test_scan_by_place_equals_the_kernel_with_ties():
    for points in (torch.rand(2, 500, 3), torch.randint(0, 4, (2, 300, 3)).float(), torch.ones(1, 20, 3)):
        assert torch.equal(_scan(points, 20), sample_by_place(points, 20))


def test_scan_by_feature_equals_the_kernel():
    generator = torch.Generator().manual_seed(0)
    points, features = (torch.rand(2, 400, width, generator=generator).double() for width in (3, 9))
    expected = _scan(torch.cat([points, features], dim=2), 60)
    assert torch.equal(sample_by_feature(points, features.requires_grad_(), 60), expected)


def test_rows_are_taken_cloud_by_cloud():
    values = torch.arange(12.0).view(2, 3, 2)
    assert take_rows(values, torch.tensor([[2], [0]])).tolist() == [[[4, 5]], [[6, 7]]]
