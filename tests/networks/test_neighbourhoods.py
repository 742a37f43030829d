"""Neighbours of a batch: through the grid and by comparing all pairs."""

import torch

from scanpick.geometry.ball_query import Ring
from scanpick.geometry.ball_query import ball_query as query_one
from scanpick.networks import neighbourhoods as module
from scanpick.networks.neighbourhoods import ball_query

RINGS = [Ring(0, 0.4, 4), Ring(0.4, 0.9, 16)]


def clouds():
    generator = torch.Generator().manual_seed(0)
    points = torch.rand(3, 700, 3, generator=generator) * 4
    centres = torch.cat([points[:, ::20], torch.rand(3, 9, 3, generator=generator) * 8], dim=1)  # some see nothing
    return points, centres


def test_clouds_lie_one_after_the_other():
    points, centres = clouds()
    for ring, found in zip(RINGS, ball_query(points, centres, RINGS), strict=True):
        for cloud in range(3):
            (alone,) = query_one(points[cloud].numpy(), centres[cloud].numpy(), [ring])
            first, last = found.starts[cloud * centres.shape[1]], found.starts[(cloud + 1) * centres.shape[1]]
            assert (found.rows[first:last] - cloud * 700).tolist() == alone.rows.tolist()
            assert found.repeats[first:last].tolist() == alone.repeats().tolist()


def test_other_devices_find_the_same(monkeypatch):
    monkeypatch.setattr(module, "TABLE_ENTRIES", 5000)  # several blocks
    points, centres = clouds()
    for ring, found in zip(RINGS, ball_query(points, centres, RINGS), strict=True):
        compared = module._compare_all(points, centres, ring)
        for name in ("rows", "starts", "repeats", "centres"):
            one, other = getattr(found, name), getattr(compared, name)
            assert one.dtype == other.dtype
            assert torch.equal(one, other)
