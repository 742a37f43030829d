"""The nearest points of a batch: through buckets and by sorting."""

import torch

from scanpick.networks import nearest_neighbours as module


def test_other_devices_find_the_same(monkeypatch):
    """With ties, in several blocks of queries."""
    monkeypatch.setattr(module, "TABLE_ENTRIES", 5000)
    generator = torch.Generator().manual_seed(0)
    for points in (torch.rand(2, 300, 3, generator=generator), torch.randint(0, 3, (2, 300, 3)).float()):
        queries = points[:, ::9] + 0.5
        ours, sorted_all = (find(points, queries, 12) for find in (module.nearest_neighbours, module._sort_all))
        for one, other in zip(ours, sorted_all, strict=True):
            assert one.shape == (2, 34, 12)
            assert torch.equal(one, other)
