"""Points to pillars on any device: see `scanpick.geometry.voxels`."""

import torch
from torch import Tensor

from scanpick.geometry.voxels import PillarGrid
from scanpick.geometry.voxels import pillars_of_points as pillars_on_cpu


def pillars_of_points(points: Tensor, grid: PillarGrid) -> tuple[Tensor, Tensor, Tensor]:
    """Sort (P, >= 3) points into pillars.

    Returns:
        (V,) int64 cells that hold points, rising; (P,) int64 row of each point's pillar among them, -1 outside the
        grid; (V,) int64 number of points. On every device the same.
    """
    points = points.detach()
    if points.device.type == "cpu":
        pillars = pillars_on_cpu(points.numpy(), grid)
        found = pillars.cells, pillars.pillar_of_point, pillars.counts
        cells, pillar_of_point, counts = (torch.from_numpy(part) for part in found)
        return cells, pillar_of_point, counts
    return _unique(points, grid)


def _unique(points: Tensor, grid: PillarGrid) -> tuple[Tensor, Tensor, Tensor]:
    places = points[:, :3].double()
    least, greatest = places.new_tensor(grid.least), places.new_tensor(grid.greatest)
    inside = ((places >= least) & (places < greatest)).all(dim=1)
    size, last = places.new_tensor(grid.size), torch.tensor(grid.shape, device=points.device) - 1
    columns = torch.minimum(((places[inside, :2] - least[:2]) / size).long(), last)
    cells, inverse, counts = torch.unique(
        columns[:, 0] * grid.shape[1] + columns[:, 1], return_inverse=True, return_counts=True
    )
    pillar_of_point = torch.full((len(points),), -1, dtype=torch.int64, device=points.device)
    pillar_of_point[inside] = inverse
    return cells, pillar_of_point, counts
