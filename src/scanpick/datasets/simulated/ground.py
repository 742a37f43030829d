"""The ground: gentle relief, and the cross sections of roads laid over it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numba import njit

from scanpick.arrays import Float32Array, Float64Array, Int64Array
from scanpick.datasets.simulated.materials import Material
from scanpick.datasets.simulated.road import Road

CELL_M = 2.0
SECTION_STEP_M = 0.05
SECTION_REACH_M = 45.0
REACH_M = 90.0
"""How far the ground is laid out beside the road; everything beyond continues the border."""

_ASPHALT, _MARKING, _DASHED, _PAVING = (
    *(int(Material.ASPHALT), int(Material.MARKING)),
    *(int(Material.DASHED_MARKING), int(Material.PAVING)),
)


class GroundArrays(NamedTuple):
    """The ground as arrays.

    The relief and the road coordinates are smooth and lie on a coarse grid; kerbs and markings are sharp and are looked
    up by d.

    Attributes:
        x, y: World position of the grid's first node in metres.
        nodes: (R, Q, 3) height, d and s in metres; rows along y, columns along x, `CELL_M` apart.
        section_height, section_material: (T,) profile across the road from -`SECTION_REACH_M` (right) to the left.
        crossings: (K, 6) straight roads across: x, y, cos, sin of the heading, half width, width of the pavement.
    """

    x: float
    y: float
    nodes: Float32Array
    section_height: Float64Array
    section_material: Int64Array
    crossings: Float64Array


@njit(cache=True, nogil=True)
def ground_at(ground: GroundArrays, x: float, y: float) -> tuple[float, int]:
    """Height in metres and `Material` at a place in the world."""
    nodes = ground.nodes
    u = min(max((x - ground.x) / CELL_M, 0.0), nodes.shape[1] - 1.001)
    v = min(max((y - ground.y) / CELL_M, 0.0), nodes.shape[0] - 1.001)
    i, j = int(u), int(v)
    u, v = u - i, v - j
    w00, w01, w10, w11 = (1 - u) * (1 - v), u * (1 - v), (1 - u) * v, u * v
    height = w00 * nodes[j, i, 0] + w01 * nodes[j, i + 1, 0] + w10 * nodes[j + 1, i, 0] + w11 * nodes[j + 1, i + 1, 0]
    d = w00 * nodes[j, i, 1] + w01 * nodes[j, i + 1, 1] + w10 * nodes[j + 1, i, 1] + w11 * nodes[j + 1, i + 1, 1]
    section = min(max(int((d + SECTION_REACH_M) / SECTION_STEP_M), 0), len(ground.section_height) - 1)
    rise, material = ground.section_height[section], ground.section_material[section]
    if material == _DASHED:
        s = w00 * nodes[j, i, 2] + w01 * nodes[j, i + 1, 2] + w10 * nodes[j + 1, i, 2] + w11 * nodes[j + 1, i + 1, 2]
        material = _MARKING if s % 9.0 < 4.0 else _ASPHALT
    for k in range(len(ground.crossings)):
        crossing = ground.crossings[k]
        across = abs(-(x - crossing[0]) * crossing[3] + (y - crossing[1]) * crossing[2])
        if across < crossing[4]:
            if material != _ASPHALT or rise > 0:
                along = (x - crossing[0]) * crossing[2] + (y - crossing[1]) * crossing[3]
                material = _MARKING if across < 0.08 and along % 9.0 < 4.0 else _ASPHALT
            rise = 0.0
        elif across < crossing[4] + crossing[5] and (material != _ASPHALT and material != _MARKING):
            rise, material = 0.12, _PAVING
    return height + rise, material


@njit(cache=True, nogil=True)
def heights_at(ground: GroundArrays, x: Float64Array, y: Float64Array) -> Float64Array:
    """Heights in metres at (N,) places."""
    out = np.empty(len(x))
    for i in range(len(x)):
        out[i] = ground_at(ground, x[i], y[i])[0]
    return out


class Strip(NamedTuple):
    """Ground beside the road, from where the strip nearer to the road ends to `outer` metres.

    The ground rises evenly to `height` metres above the road at the outer edge; `step` metres of it come at once, at
    the inner edge: a kerb.
    """

    outer: float
    material: Material
    height: float
    step: float = 0.0


def cross_section(left: Sequence[Strip], right: Sequence[Strip], marks: Sequence[tuple[float, Material]]) -> tuple[
    Float64Array, Int64Array
]:  # fmt: skip
    """Heights and materials across the road: strips of both sides from the centre outwards, and painted lines.

    A line is its d in metres and its material.
    """
    d = np.arange(-SECTION_REACH_M, SECTION_REACH_M, SECTION_STEP_M) + SECTION_STEP_M / 2
    height, material = np.zeros_like(d), np.full(len(d), int(Material.GRASS), dtype=np.int64)
    for side, strips in ((1.0, left), (-1.0, right)):
        inner, base = 0.0, 0.0
        for strip in strips:
            here = (side * d >= inner) & (side * d < strip.outer)
            part = (side * d[here] - inner) / max(strip.outer - inner, SECTION_STEP_M)
            start = base + strip.step
            height[here] = start + part * (strip.height - start)
            material[here] = int(strip.material)
            inner, base = strip.outer, strip.height
        height[side * d >= inner] = base
    for place, paint in marks:
        material[np.abs(d - place) <= 0.075] = int(paint)
    return height, material


def lay_ground(
    road: Road,
    section: tuple[Float64Array, Int64Array],
    crossings: Float64Array,
    *,
    slope: float,
    rng: np.random.Generator,
) -> GroundArrays:
    """Lay the cross section along the road over a relief of long waves, whose steepness is about `slope`."""
    x_low, y_low = road.x.min() - REACH_M, road.y.min() - REACH_M
    columns = math.ceil((road.x.max() + REACH_M - x_low) / CELL_M) + 1
    rows = math.ceil((road.y.max() + REACH_M - y_low) / CELL_M) + 1
    x, y = x_low + CELL_M * np.arange(columns), y_low + CELL_M * np.arange(rows)
    relief = np.zeros((rows, columns))
    for _ in range(6):
        wavelength, direction = rng.uniform(50.0, 250.0), rng.uniform(0, 2 * np.pi)
        number = 2 * np.pi / wavelength
        phase_x = np.exp(1j * (number * np.cos(direction) * x + rng.uniform(0, 2 * np.pi)))
        phase_y = np.exp(1j * number * np.sin(direction) * y)
        relief += slope / number / np.sqrt(3) * (phase_y[:, None] * phase_x[None, :]).imag
    s, d = _road_coordinates(x, y, road.x, road.y, road.heading, road.start, road.step)
    nodes = np.stack([relief.astype(np.float32), d, s], axis=-1)
    return GroundArrays(x_low, y_low, nodes, *section, crossings)


@njit(cache=True, nogil=True)
def _road_coordinates(
    x: Float64Array,
    y: Float64Array,
    road_x: Float64Array,
    road_y: Float64Array,
    heading: Float64Array,
    start: float,
    step: float,
) -> tuple[Float32Array, Float32Array]:
    """S and d of every grid node: the foot of the perpendicular on the nearest sample's tangent."""
    s = np.empty((len(y), len(x)), dtype=np.float32)
    d = np.empty((len(y), len(x)), dtype=np.float32)
    for j in range(len(y)):
        for i in range(len(x)):
            nearest, best = 0, 1e18
            # Every eighth sample first, then those around the best.
            for k in range(0, len(road_x), 8):
                square = (x[i] - road_x[k]) ** 2 + (y[j] - road_y[k]) ** 2
                if square < best:
                    nearest, best = k, square
            for k in range(max(nearest - 8, 0), min(nearest + 9, len(road_x))):
                square = (x[i] - road_x[k]) ** 2 + (y[j] - road_y[k]) ** 2
                if square < best:
                    nearest, best = k, square
            cos, sin = math.cos(heading[nearest]), math.sin(heading[nearest])
            dx, dy = x[i] - road_x[nearest], y[j] - road_y[nearest]
            s[j, i] = start + nearest * step + dx * cos + dy * sin
            d[j, i] = -dx * sin + dy * cos
    return s, d


@njit(cache=True, nogil=True)
def places_at(ground: GroundArrays, x: Float64Array, y: Float64Array) -> tuple[Float64Array, Float64Array]:
    """D in metres of (N,) places, and their distance to the edge of the nearest road across (negative: on it)."""
    rows, columns = ground.nodes.shape[:2]
    d, crossing = np.empty(len(x)), np.full(len(x), 1e9)
    for n in range(len(x)):
        i = int(min(max(round((x[n] - ground.x) / CELL_M), 0), columns - 1))
        j = int(min(max(round((y[n] - ground.y) / CELL_M), 0), rows - 1))
        d[n] = ground.nodes[j, i, 1]
        # From the nearest node on, d grows as the distance along the gradient of d.
        i1, j1 = min(i + 1, columns - 1), min(j + 1, rows - 1)
        d[n] += (ground.nodes[j, i1, 1] - d[n]) * ((x[n] - ground.x) / CELL_M - i)
        d[n] += (ground.nodes[j1, i, 1] - ground.nodes[j, i, 1]) * ((y[n] - ground.y) / CELL_M - j)
        for k in range(len(ground.crossings)):
            road = ground.crossings[k]
            across = abs(-(x[n] - road[0]) * road[3] + (y[n] - road[1]) * road[2])
            crossing[n] = min(crossing[n], across - road[4])
    return d, crossing
