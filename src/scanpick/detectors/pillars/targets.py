"""What the heads should say of a scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from scanpick.arrays import BoxArray, Float32Array, Float64Array, Int64Array
from scanpick.detectors.pillars.config import PillarConfig
from scanpick.structures import Boxes3D

LEAST_OVERLAP = 0.5
"""The heatmap's radius is that at which a shifted box still overlaps the true one by so much."""


@dataclass(frozen=True, eq=False)
class PillarTargets:
    """Targets of one scene on the heads' grid (nx / 2, ny / 2).

    Attributes:
        heatmap: (classes, nx/2, ny/2) float32, 1 at the cells of centres, falling off around them.
        cells: (K,) int64 places in the flattened grid at which a box is regressed: each centre's cell and its
            neighbours that lie in the box.
        weights: (K,) float32, 1 at the centre's cell, less beside it; of one object they sum to 1.
        boxes: (K, 7) float64 the box for each, LiDAR frame.
        values: (K, 8) float32 what to regress: offset (2), bottom above ground, log sizes (3), cos and sin of 2 yaw.
        backwards: (K,) float32, 1 where the heading points against the axis that 2 yaw names.
    """

    heatmap: Float32Array
    cells: Int64Array
    weights: Float32Array
    boxes: BoxArray
    values: Float32Array
    backwards: Float32Array


def make_targets(boxes: Boxes3D, cell_ground_m: Float32Array, config: PillarConfig) -> PillarTargets:
    """Targets for the boxes of a scene whose centres lie in the network's area; others are left out."""
    shape = cell_ground_m.shape
    side = 2 * config.pillar_m
    classes = {name: index for index, name in enumerate(config.class_names)}
    known = np.array([classes.get(str(name), -1) for name in boxes.class_names], dtype=np.int64)
    place = (boxes.centres[:, :2] - [config.x_range_m[0], config.y_range_m[0]]) / side  # in cells
    inside = (known >= 0) & (place >= 0).all(axis=1) & (place < shape).all(axis=1)
    array, known, place = boxes.array[inside], known[inside], place[inside]

    heatmap = np.zeros((len(config.class_names), *shape), dtype=np.float32)
    radius = np.maximum(_radius(array[:, 3], array[:, 4]) / side, 1.0)
    _draw(heatmap, known, place, radius)
    row, cell, weight = _cells_to_regress(array, place, side, *shape)
    ground = cell_ground_m.reshape(-1)[cell]
    centre = np.column_stack([cell // shape[1], cell % shape[1]]) + 0.5
    chosen = array[row]
    doubled = 2 * chosen[:, 6]
    values = np.column_stack(
        [
            place[row] - centre,
            chosen[:, 2] - chosen[:, 5] / 2 - ground,
            np.log(np.maximum(chosen[:, 3:6], 0.05)),
            np.cos(doubled),
            np.sin(doubled),
        ]
    ).astype(np.float32)
    # The axis that decoding takes is half the angle of (cos, sin): from -90 to 90 degrees. Does the heading oppose it?
    backwards = (np.cos(chosen[:, 6]) < 0).astype(np.float32)
    return PillarTargets(heatmap, cell, weight, chosen, values, backwards)


def decode_boxes(
    values: Float32Array, cells: Int64Array, cell_ground_m: Float32Array, config: PillarConfig
) -> BoxArray:
    """(K, 7) LiDAR boxes of (K, 9) head values at these cells: the inverse of the targets."""
    side = 2 * config.pillar_m
    columns = cell_ground_m.shape[1]
    place = np.column_stack([cells // columns, cells % columns]) + 0.5 + values[:, :2]
    xy = place * side + [config.x_range_m[0], config.y_range_m[0]]
    sizes = np.exp(np.clip(values[:, 3:6].astype(np.float64), -3.0, 3.5))
    z = cell_ground_m.reshape(-1)[cells] + values[:, 2] + sizes[:, 2] / 2
    yaw = np.arctan2(values[:, 7], values[:, 6]).astype(np.float64) / 2
    yaw = np.where(values[:, 8] > 0, yaw + np.pi, yaw)
    return np.column_stack([xy, z, sizes, np.where(yaw > np.pi, yaw - 2 * np.pi, yaw)])


def _radius(length: Float64Array, width: Float64Array) -> Float64Array:
    """How far along both axes a box may be shifted and still overlap itself by `LEAST_OVERLAP` (metres)."""
    # (l - r)(w - r) / (2 l w - (l - r)(w - r)) = m  <=>  (l - r)(w - r) = 2 m l w / (1 + m)
    total, product = length + width, length * width * (1 - 2 * LEAST_OVERLAP / (1 + LEAST_OVERLAP))
    return (total - np.sqrt(np.maximum(total**2 - 4 * product, 0))) / 2


@njit(cache=True, nogil=True)
def _draw(heatmap: Float32Array, classes: Int64Array, place: Float64Array, radius: Float64Array) -> None:
    """A Gaussian hill around each box, of which the highest counts where several overlap."""
    _, nx, ny = heatmap.shape
    for b in range(len(classes)):
        ci, cj = int(place[b, 0]), int(place[b, 1])
        reach = int(np.ceil(radius[b]))
        sigma = (2 * radius[b] + 1) / 6
        for i in range(max(ci - reach, 0), min(ci + reach + 1, nx)):
            for j in range(max(cj - reach, 0), min(cj + reach + 1, ny)):
                value = np.exp(-((i - ci) ** 2 + (j - cj) ** 2) / (2 * sigma * sigma))
                if value > heatmap[classes[b], i, j]:
                    heatmap[classes[b], i, j] = value


@njit(cache=True, nogil=True)
def _cells_to_regress(
    boxes: BoxArray, place: Float64Array, side: float, nx: int, ny: int
) -> tuple[Int64Array, Int64Array, Float32Array]:
    """Box, cell and weight of each cell at which a box is regressed; of one object the weights sum to 1."""
    row = np.empty(9 * len(boxes), dtype=np.int64)
    cell = np.empty(9 * len(boxes), dtype=np.int64)
    weight = np.empty(9 * len(boxes), dtype=np.float32)
    owner = np.full(nx * ny, -1, dtype=np.int64)
    for b in range(len(boxes)):  # a centre's own cell is never taken by a neighbour
        owner[int(place[b, 0]) * ny + int(place[b, 1])] = b
    count = 0
    for b in range(len(boxes)):
        ci, cj = int(place[b, 0]), int(place[b, 1])
        cos, sin = np.cos(boxes[b, 6]), np.sin(boxes[b, 6])
        first, total = count, 0.0
        for i in range(max(ci - 1, 0), min(ci + 2, nx)):
            for j in range(max(cj - 1, 0), min(cj + 2, ny)):
                dx, dy = (i + 0.5 - place[b, 0]) * side, (j + 0.5 - place[b, 1]) * side
                own = i == ci and j == cj
                inside = abs(cos * dx + sin * dy) < boxes[b, 3] / 2 and abs(cos * dy - sin * dx) < boxes[b, 4] / 2
                free = owner[i * ny + j] == -1 or owner[i * ny + j] == b
                if (own and owner[i * ny + j] == b) or (inside and free):
                    owner[i * ny + j] = b
                    row[count] = b
                    cell[count] = i * ny + j
                    weight[count] = 1.0 if own else 0.3
                    total += weight[count]
                    count += 1
        for k in range(first, count):
            weight[k] /= total
    return row[:count], cell[:count], weight[:count]
