"""Pillars on other devices are those of the kernels."""

import torch

from scanpick.geometry.voxels import PillarGrid
from scanpick.networks.voxels import _unique, pillars_of_points

GRID = PillarGrid((0, -4, -2), (8, 4, 1), (0.5, 0.25))


def test_other_devices_find_the_same():
    points = torch.rand(3000, 4, generator=torch.Generator().manual_seed(0)) * 12 - 4
    points[0, 0], points[1] = torch.nan, torch.tensor([0.0, -4, -2, 0])
    for some in (points, points[:0]):
        for one, other in zip(pillars_of_points(some, GRID), _unique(some, GRID), strict=True):
            assert one.dtype == other.dtype == torch.int64
            assert torch.equal(one, other)
