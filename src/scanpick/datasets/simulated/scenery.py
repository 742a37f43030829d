"""Shapes that nobody labels: plants, buildings, street furniture, and the odd things that are rarely met."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scanpick.datasets.simulated.materials import Material
from scanpick.datasets.simulated.shapes import Row, Shape, Span, box, cylinder, ellipsoid, span, tapered_box, wheel

Maker = Callable[[np.random.Generator], Shape]

FOUNDATION_M = -2.0
"""Buildings reach below the ground, since it may fall away under them."""

_PLASTERED = (Material.PLASTER, Material.PLASTER, Material.BRICK)


def tree(rng: np.random.Generator) -> Shape:
    """A trunk and a crown of a few thin ellipsoids."""
    height, crown = rng.uniform(4.0, 12.0), rng.uniform(1.2, 3.2)
    foot = rng.uniform(1.4, 3.2)
    rows = [cylinder(0, 0, rng.uniform(0.08, 0.3), (FOUNDATION_M, foot + 1.0), Material.BARK)]
    for _ in range(int(rng.integers(2, 5))):
        x, y = rng.normal(0, 0.35 * crown, 2)
        z = rng.uniform(foot, max(foot + 0.5, height - crown))
        wide, tall = crown * rng.uniform(0.6, 1.0), crown * rng.uniform(0.6, 1.1)
        rows.append(_leaves(x, y, wide, (z, z + 2 * tall), rng.uniform(0.5, 1.8)))
    return Shape.of(*rows)


def conifer(rng: np.random.Generator) -> Shape:
    """A fir: a cone of twigs down to the ground."""
    height, wide = rng.uniform(3.0, 14.0), rng.uniform(0.9, 2.4)
    foot, tip = (-wide, wide), (-0.1, 0.1)
    cone = tapered_box(foot, foot, (0.3, height), tip, tip, Material.FOLIAGE, free_path=rng.uniform(0.4, 1.2))
    return Shape.of(cylinder(0, 0, 0.15, (FOUNDATION_M, 2.0), Material.BARK), cone)


def bush(rng: np.random.Generator) -> Shape:
    """A shrub, of one to three ellipsoids."""
    rows = []
    for _ in range(int(rng.integers(1, 4))):
        x, y = rng.normal(0, 0.6, 2)
        wide, tall = rng.uniform(0.4, 1.8), rng.uniform(0.5, 3.6)
        rows.append(_leaves(x, y, wide, (-0.3 * tall, tall), rng.uniform(0.15, 1.5)))
    return Shape.of(*rows)


def tall_grass(rng: np.random.Generator) -> Shape:
    """A tuft of grass, weeds or corn."""
    wide, tall = rng.uniform(0.5, 2.5), rng.uniform(0.3, 1.0)
    return Shape.of(_leaves(0, 0, wide, (-tall, tall), rng.uniform(0.5, 2.0)))


def _leaves(x: float, y: float, wide: float, z: Span, free_path: float) -> Row:
    return ellipsoid(span(x, wide), span(y, wide), z, Material.FOLIAGE, free_path=free_path)


def woods(length: float, rng: np.random.Generator) -> Shape:
    """The edge of a wood along x: thin foliage in bulges, trunks in between, and thick foliage behind."""
    half, rows = length / 2, []
    for x in np.arange(-half, half, 4.0):
        bulge, deep = rng.uniform(1.5, 4.0), rng.uniform(1.0, 3.5)
        z = (rng.choice([-1.0, 1.5]), rng.uniform(5.0, 12.0))
        path = rng.uniform(0.6, 2.5)
        rows.append(ellipsoid(span(x, bulge), (-deep, deep), z, Material.FOLIAGE, free_path=path))
        rows.append(cylinder(x + rng.normal(0, 1), 1.0, rng.uniform(0.1, 0.25), (FOUNDATION_M, 4.0), Material.BARK))
    behind = (FOUNDATION_M, rng.uniform(6.0, 12.0))
    return Shape.of(*rows, box((-half, half), (2.0, 9.0), behind, Material.FOLIAGE, free_path=2.0))


def hedge(length: float, rng: np.random.Generator) -> Shape:
    """A clipped hedge along x."""
    z, thick = (FOUNDATION_M, rng.uniform(0.8, 2.2)), rng.uniform(0.25, 0.6)
    path = rng.uniform(0.08, 0.3)
    return Shape.of(box((-length / 2, length / 2), (-thick, thick), z, Material.FOLIAGE, free_path=path))


def wall(length: float, rng: np.random.Generator) -> Shape:
    """A garden wall along x."""
    z = (FOUNDATION_M, rng.uniform(0.5, 2.0))
    material = (Material.BRICK, Material.PLASTER, Material.CONCRETE)[int(rng.integers(3))]
    return Shape.of(box((-length / 2, length / 2), (-0.12, 0.12), z, material))


def fence(length: float, rng: np.random.Generator) -> Shape:
    """A fence along x, of wire or of boards: rays pass between."""
    tall, free_path = rng.uniform(0.9, 1.9), rng.uniform(0.03, 0.3)
    x, material = (-length / 2, length / 2), (Material.WOOD, Material.METAL)[int(rng.integers(2))]
    posts = (box(span(at, 0.04), (-0.04, 0.04), (FOUNDATION_M, tall), material) for at in np.arange(*x, 2.0))
    return Shape.of(box(x, (-0.03, 0.03), (-0.5, tall), material, free_path=free_path), *posts)


def guard_rail(length: float, _: np.random.Generator) -> Shape:
    """A steel rail on posts along x."""
    x = (-length / 2, length / 2)
    posts = (box(span(at, 0.05), (-0.04, 0.04), (-0.5, 0.7), Material.METAL) for at in np.arange(*x, 2.0))
    return Shape.of(box(x, (-0.05, 0.05), (0.42, 0.75), Material.METAL), *posts)


def noise_barrier(length: float, rng: np.random.Generator) -> Shape:
    """A tall wall along x beside a fast road."""
    z = (FOUNDATION_M, rng.uniform(2.5, 5.0))
    return Shape.of(box((-length / 2, length / 2), (-0.1, 0.1), z, Material.CONCRETE))


def facade(length: float, rng: np.random.Generator) -> Shape:
    """A town house along x whose front is at y = 0 and whose depth is behind it (y > 0)."""
    depth, tall = rng.uniform(8.0, 12.0), rng.uniform(6.0, 16.0)
    material = (*_PLASTERED, Material.CONCRETE)[int(rng.integers(4))]
    half = length / 2
    rows = [box((-half, half), (0.12, depth), (FOUNDATION_M, tall), material)]
    opening, pitch = rng.uniform(0.8, 1.6), rng.uniform(2.0, 3.4)
    sill, top = rng.uniform(0.2, 1.2), rng.uniform(2.2, 2.8)
    edges = [-half]
    for centre in np.arange(-half + pitch / 2, half - opening / 2, pitch):
        window = span(centre, opening / 2)
        edges += list(window)
        rows.append(box(window, (0.10, 0.13), (sill, top), Material.GLASS))
        rows.append(box(window, (-0.0, 0.12), (FOUNDATION_M, sill), material))
    edges.append(half)
    # Walls between the windows stand out before the panes; above the windows all is flush.
    walls = zip(edges[::2], edges[1::2], strict=True)
    rows += [box(between, (0.0, 0.12), (FOUNDATION_M, top), material) for between in walls]
    rows.append(box((-half, half), (0.0, 0.12), (top, tall), material))
    if rng.random() < 0.3:
        x = rng.uniform(-half + 1, half - 1) if half > 1 else 0.0
        rows.append(box(span(x, 0.8), (-0.7, 0.0), (FOUNDATION_M, rng.uniform(0.3, 0.6)), Material.CONCRETE))
    if rng.random() < 0.25:
        rows.append(box((-half, half), (-1.2, 0.0), (2.6, 2.75), Material.METAL))
    return Shape.of(*rows)


def house(length: float, rng: np.random.Generator) -> Shape:
    """A detached house along x with a pitched roof, whose front is at y = 0; sometimes with a porch or a garage."""
    depth, eaves = rng.uniform(7.0, 11.0), rng.uniform(2.5, 5.5)
    half, tall = length / 2, eaves + rng.uniform(2.0, 4.5)
    material = (*_PLASTERED, Material.WOOD)[int(rng.integers(4))]
    roof, ridge = ((-half - 0.4, half + 0.4), (-0.5, depth + 0.5)), ((-half, half), span(depth / 2, 0.1))
    rows = [box((-half, half), (0.0, depth), (FOUNDATION_M, eaves), material)]
    rows.append(tapered_box(*roof, (eaves, tall), *ridge, Material.BRICK))
    for centre in np.arange(-half + 1.3, half - 0.6, rng.uniform(2.2, 3.5)):
        rows.append(box(span(centre, 0.5), (-0.02, 0.02), (0.9, 2.1), Material.GLASS))
    extra = rng.random()
    if extra < 0.3:
        rows.append(box((half, half + 3.2), (1.0, 7.0), (FOUNDATION_M, 2.6), material))
    elif extra < 0.5:
        rows.append(box((-1.2, 1.2), (-1.5, 0.0), (2.3, 2.5), Material.WOOD))
        rows += [cylinder(x, -1.4, 0.08, (FOUNDATION_M, 2.3), Material.WOOD) for x in (-1.1, 1.1)]
    return Shape.of(*rows)


def hall(length: float, rng: np.random.Generator) -> Shape:
    """A factory hall or a shop along x, with gates, whose front is at y = 0."""
    half, tall = length / 2, rng.uniform(4.5, 9.0)
    rows = [box((-half, half), (0.0, rng.uniform(15.0, 25.0)), (FOUNDATION_M, tall), Material.METAL)]
    for centre in np.arange(-half + 4, half - 3, rng.uniform(6.0, 12.0)):
        rows.append(box(span(centre, 1.8), (-0.12, 0.0), (FOUNDATION_M, 3.6), Material.PLASTIC))
    return Shape.of(*rows)


def lamp(rng: np.random.Generator) -> Shape:
    """A street lamp."""
    tall = rng.uniform(4.0, 8.0)
    post = cylinder(0, 0, rng.uniform(0.05, 0.1), (-0.5, tall), Material.METAL)
    return Shape.of(post, box((-0.15, 0.15), (-0.6, 0.6), (tall, tall + 0.2), Material.METAL))


def sign(rng: np.random.Generator) -> Shape:
    """A traffic sign, facing both ways along x."""
    wide, foot = rng.uniform(0.25, 0.45), rng.uniform(1.6, 2.3)
    plate = box((-0.02, 0.02), (-wide, wide), (foot, foot + 2 * wide * rng.uniform(0.6, 1.3)), Material.REFLECTOR)
    return Shape.of(cylinder(0, 0, 0.04, (-0.5, foot + 0.3), Material.METAL), plate)


def traffic_light(rng: np.random.Generator) -> Shape:
    """A traffic light on a post."""
    foot = rng.uniform(2.1, 2.6)
    post = cylinder(0, 0, 0.07, (-0.5, foot + 1), Material.METAL)
    return Shape.of(post, box((-0.2, 0.1), (-0.17, 0.17), (foot, foot + 0.9), Material.PLASTIC))


def delineator(_: np.random.Generator) -> Shape:
    """A reflector post beside a country road."""
    post = box((-0.06, 0.06), (-0.06, 0.06), (-0.5, 1.0), Material.PLASTIC)
    return Shape.of(post, box((-0.07, 0.07), (-0.04, 0.04), (0.7, 0.88), Material.REFLECTOR))


def bollard(rng: np.random.Generator) -> Shape:
    """A bollard."""
    return Shape.of(cylinder(0, 0, rng.uniform(0.05, 0.15), (-0.5, rng.uniform(0.6, 1.1)), Material.METAL))


def bin_(rng: np.random.Generator) -> Shape:
    """A dustbin, a letter box, a junction box."""
    x, y = rng.uniform(0.2, 0.5), rng.uniform(0.2, 0.7)
    return Shape.of(box((-x, x), (-y, y), (-0.5, rng.uniform(0.8, 1.5)), Material.PLASTIC))


def bench(_: np.random.Generator) -> Shape:
    """A bench along y, looking along x."""
    return Shape.of(
        box((-0.2, 0.25), (-0.8, 0.8), (0.4, 0.46), Material.WOOD),
        box((-0.25, -0.2), (-0.8, 0.8), (0.5, 0.85), Material.WOOD),
        *(box((-0.2, 0.2), span(y, 0.05), (0.0, 0.4), Material.METAL) for y in (-0.6, 0.6)),
    )


def shelter(_: np.random.Generator) -> Shape:
    """A bus shelter of glass."""
    return Shape.of(
        box((-2.0, 2.0), (-0.05, 0.0), (0.1, 2.2), Material.GLASS, free_path=0.05),
        box((-2.1, 2.1), (-1.4, 0.1), (2.3, 2.4), Material.METAL),
        *(cylinder(x, 0, 0.05, (-0.5, 2.3), Material.METAL) for x in (-2, 0, 2)),
        box((1.95, 2.0), (-1.2, 0.0), (0.1, 2.2), Material.PLASTIC),
    )


def container(rng: np.random.Generator) -> Shape:
    """A shipping container or a skip."""
    half, tall = rng.uniform(1.5, 6.0), rng.uniform(1.2, 2.6)
    return Shape.of(box((-half, half), (-1.2, 1.2), (0.05, tall), Material.METAL))


def box_pile(rng: np.random.Generator) -> Shape:
    """Boxes that fell off a lorry."""
    rows = []
    for _ in range(int(rng.integers(5, 14))):
        x, y = rng.normal(0, 1.0, 2)
        half, tall = rng.uniform(0.15, 0.5, 2), rng.uniform(0.2, 0.8)
        rows.append(box(span(x, half[0]), span(y, half[1]), (0.0, tall), Material.WOOD))
    return Shape.of(*rows)


def cone(rng: np.random.Generator) -> Shape:
    """A traffic cone."""
    tall = rng.uniform(0.5, 0.9)
    foot, tip = (-0.15, 0.15), (-0.03, 0.03)
    body = tapered_box(foot, foot, (0.0, tall), tip, tip, Material.PLASTIC)
    return Shape.of(body, box((-0.11, 0.11), (-0.11, 0.11), (0.5 * tall, 0.65 * tall), Material.REFLECTOR))


def barrier(rng: np.random.Generator) -> Shape:
    """A striped board on two feet, across x."""
    half = rng.uniform(0.4, 1.2)
    feet = (box((-0.25, 0.25), span(y, 0.03), (0.0, 0.9), Material.METAL) for y in (-half * 0.8, half * 0.8))
    return Shape.of(box((-0.03, 0.03), (-half, half), (0.75, 1.05), Material.REFLECTOR), *feet)


def excavator(rng: np.random.Generator) -> Shape:
    """An excavator, or something like it."""
    arm = rng.uniform(2.5, 4.0)
    return Shape.of(
        *(box((-1.6, 1.6), span(y, 0.25), (0.0, 0.8), Material.METAL) for y in (-1.0, 1.0)),
        box((-1.6, 1.0), (-1.2, 1.2), (0.9, 1.8), Material.PAINT),
        box((-0.4, 0.9), (0.1, 1.1), (1.8, 2.9), Material.GLASS, free_path=0.5),
        tapered_box((0.9, 1.3), (-0.3, 0.0), (1.2, 3.2), (arm - 0.3, arm), (-0.3, 0.0), Material.METAL),
        tapered_box((arm + 0.3, arm + 0.9), (-0.5, 0.2), (0.2, 3.0), (arm - 0.3, arm), (-0.3, 0.0), Material.METAL),
    )


def earth_heap(rng: np.random.Generator) -> Shape:
    """A heap of earth or gravel."""
    x, y, tall = rng.uniform(1.0, 3.0), rng.uniform(1.0, 2.5), rng.uniform(0.6, 1.8)
    return Shape.of(ellipsoid((-x, x), (-y, y), (-tall, tall), Material.SOIL))


def spray(rng: np.random.Generator) -> Shape:
    """The cloud of water behind a vehicle on a wet road."""
    length, wide, tall = rng.uniform(2.0, 6.0), rng.uniform(0.7, 1.1), rng.uniform(0.8, 1.8)
    path = rng.uniform(4.0, 20.0)
    return Shape.of(ellipsoid((-length, 0.5), (-wide, wide), (-tall, tall), Material.WATER, free_path=path))


def hay_bale(rng: np.random.Generator) -> Shape:
    """A round bale."""
    return Shape.of(wheel(0.0, (-0.6, 0.6), rng.uniform(0.55, 0.75), Material.GRASS))


def market_stall(rng: np.random.Generator) -> Shape:
    """A table under an awning on four posts."""
    half = rng.uniform(1.0, 2.0)
    return Shape.of(
        box((-half, half), (-0.5, 0.5), (0.6, 0.95), Material.WOOD),
        box((-half - 0.3, half + 0.3), (-1.2, 1.2), (2.2, 2.35), Material.CLOTH),
        *(cylinder(x, y, 0.03, (0.0, 2.2), Material.METAL) for x in (-half, half) for y in (-1.0, 1.0)),
    )


ALONG: dict[str, Callable[[float, np.random.Generator], Shape]] = {
    **{"hedge": hedge, "wall": wall, "fence": fence, "guard_rail": guard_rail, "noise_barrier": noise_barrier},
    **{"facade": facade, "house": house, "hall": hall, "woods": woods},
}
"""Shapes made to a length in metres along x."""
