"""Convolutions over rows against torch's over a map that is zero where no cell is, and their gradients."""

import numpy as np
import torch
import torch.nn.functional as F

from scanpick.encoders.ssl.cells import SIDE, Cells, heights_above_ground, make_cells
from scanpick.encoders.ssl.sparse import CellConv, Merge, hand_down
from tests.encoders.ssl.made_up import scene_points


def some_cells() -> Cells:
    points = scene_points(6)
    return make_cells(points, heights_above_ground(points))


def on_map(rows: torch.Tensor, cells: np.ndarray, level: int) -> torch.Tensor:
    side = SIDE >> level
    flat = rows.new_zeros(side * side, rows.shape[1])
    flat[torch.from_numpy(cells).long()] = rows
    return flat.view(1, side, side, -1).permute(0, 3, 1, 2)


def of_map(grid: torch.Tensor, cells: np.ndarray) -> torch.Tensor:
    return grid[0].flatten(1).T[torch.from_numpy(cells).long()]


def test_cell_convolution_and_its_gradients() -> None:
    level = some_cells().levels[3]
    torch.manual_seed(0)
    layer = CellConv(5, 7).double()
    rows = torch.randn(len(level), 5, dtype=torch.float64, requires_grad=True)
    dense = layer.weight.view(3, 3, 5, 7).permute(3, 2, 0, 1)
    expected = of_map(F.conv2d(on_map(rows, level.cells, 3), dense, padding=1), level.cells)
    found = layer(rows, torch.from_numpy(level.neighbours))
    torch.testing.assert_close(found, expected)
    upstream = torch.randn_like(found)
    wanted = torch.autograd.grad(expected, (rows, layer.weight), upstream)
    torch.testing.assert_close(torch.autograd.grad(found, (rows, layer.weight), upstream), wanted)


def test_merging_and_its_gradients() -> None:
    cells = some_cells()
    finer, coarser = cells.levels[2], cells.levels[3]
    torch.manual_seed(1)
    layer = Merge(4, 6).double()
    rows = torch.randn(len(finer), 4, dtype=torch.float64, requires_grad=True)
    dense = layer.weight.view(2, 2, 4, 6).permute(3, 2, 0, 1)
    expected = of_map(F.conv2d(on_map(rows, finer.cells, 2), dense, stride=2), coarser.cells)
    found = layer(rows, torch.from_numpy(coarser.children))
    torch.testing.assert_close(found, expected)
    upstream = torch.randn_like(found)
    wanted = torch.autograd.grad(expected, (rows, layer.weight), upstream)
    torch.testing.assert_close(torch.autograd.grad(found, (rows, layer.weight), upstream), wanted)


def test_handing_down_and_its_gradient() -> None:
    cells = some_cells()
    finer, coarser = cells.levels[2], cells.levels[3]
    rows = torch.randn(len(coarser), 3, dtype=torch.float64, requires_grad=True)
    expected = rows[torch.from_numpy(coarser.parents).long()]
    found = hand_down(rows, torch.from_numpy(coarser.children), len(finer))
    torch.testing.assert_close(found, expected)
    upstream = torch.randn_like(found)
    torch.testing.assert_close(
        torch.autograd.grad(found, rows, upstream), torch.autograd.grad(expected, rows, upstream)
    )


def test_narrow_numbers_stay_near() -> None:
    level = some_cells().levels[3]
    torch.manual_seed(2)
    layer, rows = CellConv(5, 7), torch.randn(len(level), 5, requires_grad=True)
    wide = layer(rows, torch.from_numpy(level.neighbours))
    with torch.autocast("cpu", torch.bfloat16):
        narrow = layer(rows, torch.from_numpy(level.neighbours))
    assert narrow.dtype == torch.float32
    torch.testing.assert_close(narrow, wide, rtol=0.05, atol=0.1)
    (gradient,) = torch.autograd.grad(narrow.sum(), rows)
    torch.testing.assert_close(gradient, torch.autograd.grad(wide.sum(), rows)[0], rtol=0.05, atol=0.1)
