"""Shapes of what has wheels: cars of many kinds, vans, trucks, buses, trams, trailers.

All sizes are drawn, so that no two cars of a drive need be alike. Car sizes follow KITTI's: 3.88 x 1.63 x 1.53 m with
deviations of .43, .10 and .14 m.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanpick.datasets.simulated.materials import Material
from scanpick.datasets.simulated.shapes import Row, Shape, Span, box, span, tapered_box, wheel


@dataclass(frozen=True)
class Body:
    """Proportions of a kind of car: how often it is met, mean and deviation of length and height in metres.

    The glass house and the roof go from rear to front, as shares of the length; the belt (lower edge of the windows),
    the bonnet and the boot are as high as these shares of the height.
    """

    share: float
    length: tuple[float, float]
    height: tuple[float, float]
    glass: Span
    roof: Span
    belt: float
    bonnet: float
    boot: float


PAINTS = (0.004, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5)

CAR_BODIES: dict[str, Body] = {
    "supermini": Body(0.22, (3.34, 0.20), (1.51, 0.07), (0.02, 0.80), (0.07, 0.58), 0.62, 0.58, 0.62),
    "hatchback": Body(0.32, (3.76, 0.22), (1.49, 0.07), (0.03, 0.77), (0.10, 0.56), 0.61, 0.56, 0.61),
    "sedan": Body(0.14, (4.30, 0.24), (1.42, 0.05), (0.10, 0.74), (0.24, 0.55), 0.62, 0.57, 0.64),
    "estate": Body(0.12, (4.25, 0.24), (1.46, 0.05), (0.02, 0.74), (0.06, 0.56), 0.61, 0.56, 0.61),
    "minivan": Body(0.10, (4.10, 0.25), (1.68, 0.08), (0.01, 0.86), (0.05, 0.64), 0.56, 0.54, 0.56),
    "suv": Body(0.10, (4.15, 0.25), (1.74, 0.08), (0.02, 0.75), (0.06, 0.58), 0.60, 0.57, 0.60),
    "coupe": Body(0.03, (4.05, 0.20), (1.30, 0.04), (0.08, 0.70), (0.28, 0.48), 0.64, 0.58, 0.66),
    "pickup": Body(0.01, (4.75, 0.20), (1.72, 0.06), (0.38, 0.76), (0.42, 0.60), 0.60, 0.57, 0.56),
}


def car(rng: np.random.Generator, kind: str | None = None) -> Shape:
    """A car. `kind` is a name in `CAR_BODIES`; without one it is drawn."""
    names = list(CAR_BODIES)
    shares = np.array([CAR_BODIES[name].share for name in names])
    body = CAR_BODIES[kind or names[rng.choice(len(names), p=shares / shares.sum())]]
    length = float(np.clip(rng.normal(*body.length), 2.6, 5.4))
    height = float(np.clip(rng.normal(*body.height), 1.2, 2.0))
    width = float(np.clip(rng.normal(1.63 + 0.10 * (length - 3.88), 0.09), 1.4, 1.95))
    body_rows = _car_body(rng, body, length, width, height)
    return Shape.of(*body_rows, *_wheels(rng, length, width), size=(length, width, height))


def _car_body(rng: np.random.Generator, body: Body, length: float, width: float, height: float) -> list[Row]:
    jitter = rng.normal(0, 0.012)

    def place(share: float) -> float:
        return (share + (jitter if 0.05 < share < 0.95 else 0.0) - 0.5) * length

    belt, bonnet, boot = (height * (part + rng.normal(0, 0.012)) for part in (body.belt, body.bonnet, body.boot))
    glass = (place(body.glass[0]), place(body.glass[1]))
    roof = (place(body.roof[0]), place(body.roof[1]))
    return [
        *_shell(rng, length, width / 2, glass, (belt, bonnet, boot)),
        *_cabin(rng, width / 2, glass, roof, (belt, height)),
        *_fittings(length, width / 2, glass[1], belt),
    ]


def _shell(
    rng: np.random.Generator, length: float, half: float, glass: Span, heights: tuple[float, float, float]
) -> list[Row]:
    """What is below the windows. Bumpers are rounded: towards both ends the body narrows in two steps."""
    belt, bonnet, boot = heights
    clearance = rng.uniform(0.15, 0.24)
    nose, tail = rng.uniform(0.10, 0.35), rng.uniform(0.08, 0.28)
    rear, front = -length / 2, length / 2
    core = (rear + tail, front - nose)
    full, waist = (-half, half), (-0.96 * half, 0.96 * half)
    middle = 0.72 * min(heights)
    behind = boot if glass[0] > rear + 0.25 else belt
    lean = rng.uniform(0.3, 0.9)  # how far bonnet and boot lean back above the bumpers
    before, back = (glass[1] - 0.1, core[1]), (core[0], glass[1])
    rows = [
        tapered_box(core, waist, (clearance, middle), core, full, Material.PAINT),
        tapered_box(before, full, (middle, bonnet), before, waist, Material.PAINT),
        tapered_box(back, full, (middle, belt), back, waist, Material.PAINT),
    ]
    for part, width in ((0.55, 0.94), (1.0, 0.82)):
        y = (-width * half, width * half)
        for end, way, reach, top in ((core[1], 1.0, nose, bonnet - 0.04), (core[0], -1.0, tail, behind)):
            tip = end + way * part * reach
            upper = end + way * part * reach * lean
            low, high = _ordered(end, tip), _ordered(end, upper)
            rows.append(box(low, y, (clearance + 0.06, middle), Material.PAINT))
            rows.append(tapered_box(low, y, (middle, top), high, y, Material.PAINT))
    return rows


def _cabin(rng: np.random.Generator, half: float, glass: Span, roof: Span, z: Span) -> list[Row]:
    """Windows, roof, pillars, and the seats that show through the windows."""
    belt, height = z
    low, top = (-0.95 * half, 0.95 * half), (-0.74 * half, 0.74 * half)
    roof_low, roof_top = (roof[0] - 0.04, roof[1] + 0.04), (roof[0] + 0.1, roof[1] - 0.1)
    wide, narrow, seat = (-0.76 * half, 0.76 * half), (-0.68 * half, 0.68 * half), (-0.6 * half, 0.6 * half)
    path = rng.uniform(0.12, 0.9)
    rows = [
        tapered_box(glass, low, (belt, height - 0.05), roof, top, Material.GLASS, free_path=path),
        tapered_box(roof_low, wide, (height - 0.09, height), roof_top, narrow, Material.PAINT),
        *(box((x, x + 0.15), seat, (belt, belt + 0.28), Material.PLASTIC) for x in (-0.1, -0.9)),
    ]
    # Front, middle and rear pillars on both sides, from the belt to the roof
    middle = (roof[0] + roof[1]) / 2
    for side in (-1.0, 1.0):
        foot, head = span(side * 0.93 * half, 0.04), span(side * 0.72 * half, 0.04)
        for x, x_top in (glass[1] - 0.05, roof[1] - 0.03), (middle, middle), (glass[0] + 0.12, roof[0] + 0.1):
            pillar = (belt, height - 0.05)
            rows.append(tapered_box(span(x, 0.05), foot, pillar, span(x_top, 0.05), head, Material.PAINT))
    return rows


def _fittings(length: float, half: float, screen: float, belt: float) -> list[Row]:
    """Number plates, lamps and mirrors."""
    rear, front = -length / 2, length / 2
    mirror = (screen - 0.35, screen - 0.22)
    rows = [
        box((rear, rear + 0.03), (-0.26, 0.26), (0.55, 0.67), Material.REFLECTOR),
        box((front - 0.03, front), (-0.26, 0.26), (0.40, 0.51), Material.REFLECTOR),
    ]
    for side in (-1, 1):
        rows.append(box((rear + 0.05, rear + 0.12), span(side * 0.74 * half, 0.1), (0.68, 0.84), Material.REFLECTOR))
        rows.append(box((front - 0.14, front - 0.06), span(side * 0.68 * half, 0.14), (0.58, 0.70), Material.PLASTIC))
        rows.append(box(mirror, span(side * (half + 0.06), 0.08), (belt, belt + 0.14), Material.PLASTIC))
    return rows


def _wheels(rng: np.random.Generator, length: float, width: float) -> list[Row]:
    radius = rng.uniform(0.28, 0.35)
    base, outer = length * rng.uniform(0.60, 0.64) / 2, width / 2 - 0.01
    return [
        wheel(place, _ordered(side * (outer - 0.2), side * outer), radius, Material.RUBBER)
        for place in (-base, base + 0.02 * length)
        for side in (-1, 1)
    ]


def draw_paint(rng: np.random.Generator) -> float:
    """Reflectivity of a paint; black and dark ones mirror the rays away."""
    return float(PAINTS[rng.integers(len(PAINTS))] * rng.uniform(0.7, 1.3))


def van(rng: np.random.Generator) -> Shape:
    """A delivery van or a minibus: one tall box with a short bonnet."""
    length = float(np.clip(rng.normal(5.0, 0.7), 4.2, 7.0))
    width = float(np.clip(rng.normal(1.90, 0.13), 1.65, 2.2))
    height = float(np.clip(rng.normal(2.15, 0.28), 1.8, 2.8))
    rear, front, half = -length / 2, length / 2, width / 2
    bonnet = rng.uniform(0.3, 0.9)
    belt = rng.uniform(0.95, 1.1)
    glazed = rng.random() < 0.4  # a minibus has windows all along
    screen = front - bonnet
    full, roof = (-half, half), (-0.9 * half, 0.9 * half)
    pane, load = (screen - 1.2, screen + 0.25), (rear, screen - 1.2)
    side, path = (Material.GLASS, 0.6) if glazed else (Material.PAINT, 0.0)
    rows = [
        tapered_box((rear, front), full, (0.25, belt), (rear, front - 0.1), full, Material.PAINT),
        tapered_box(
            pane, full, (belt, height - 0.25), (screen - 1.2, screen - 0.45), roof, Material.GLASS, free_path=0.7
        ),
        tapered_box(load, full, (belt, height), (rear + 0.05, screen - 1.2), roof, side, free_path=path),
        box((rear + 0.05, screen - 0.5), roof, (height - 0.2, height), Material.PAINT),
        box((rear, rear + 0.02), (-0.26, 0.26), (0.6, 0.72), Material.REFLECTOR),
        *(box((rear, rear + 0.03), span(s * 0.85 * half, 0.07), (0.8, 1.1), Material.REFLECTOR) for s in (-1, 1)),
    ]
    for s in (-1, 1):
        mirror = (screen - 0.3, screen - 0.15), span(s * (half + 0.1), 0.1)
        rows.append(box(*mirror, (belt, belt + 0.3), Material.PLASTIC))
    return Shape.of(*rows, *_wheels(rng, length, width), size=(length, width, height))


def truck(rng: np.random.Generator) -> Shape:
    """A lorry with a cab and a box, a tank, a flat bed or a tipper behind; sometimes articulated."""
    length = float(np.clip(rng.normal(9.0, 2.8), 5.5, 16.5))
    width, height = rng.uniform(2.25, 2.55), rng.uniform(2.8, 3.8)
    rear, front, half = -length / 2, length / 2, width / 2
    cab = rng.uniform(1.7, 2.3)
    cab_height = min(height, rng.uniform(2.6, 3.4))
    bed, gap = rng.uniform(0.9, 1.2), rng.uniform(0.2, 0.7)
    full = (-half, half)
    load_x = (rear, front - cab - gap)
    rows = [
        tapered_box((front - cab, front), full, (0.4, 1.5), (front - cab, front), full, Material.PAINT),
        tapered_box((front - cab, front), full, (1.5, cab_height), (front - cab, front - 0.25), full, Material.PAINT),
        box((front - 0.2, front + 0.0), (-0.85 * half, 0.85 * half), (1.6, min(2.3, cab_height)), Material.GLASS),
        box((rear, front - cab), (-0.4, 0.4), (0.6, bed), Material.METAL),
        box((rear, rear + 0.05), span(0, 0.9 * half), (0.45, 0.6), Material.REFLECTOR),
    ]
    load = rng.choice(4, p=[0.6, 0.15, 0.15, 0.1])
    if load == 0:
        rows.append(box(load_x, full, (bed, height), Material.PAINT))
    elif load == 1:
        rows.append(box(load_x, full, (bed, bed + 0.15), Material.WOOD))
        rows += [box(span(x, 0.6), (-0.9, 0.9), (bed, bed + rng.uniform(0.5, 1.5)), Material.WOOD)
                 for x in np.arange(load_x[0] + 1, load_x[1] - 1, 1.6)]  # fmt: skip
        height = max(cab_height, bed + 1.6)
    elif load == 2:
        inner = (load_x[0] + 0.4, load_x[1] - 0.2)
        rows.append(tapered_box(inner, (-0.7, 0.7), (bed, height - 0.3), load_x, full, Material.METAL))
        height = max(height, cab_height)
    else:
        rows.append(tapered_box(load_x, (-0.6, 0.6), (bed, bed + 0.5), load_x, full, Material.METAL))
        rows.append(tapered_box(load_x, full, (bed + 0.5, height), load_x, (-0.5, 0.5), Material.METAL))
        height = max(height, cab_height)
    axles = [front - 1.2, rear + 1.2, rear + 2.4] + ([rear + 3.6] if length > 11 else [])
    rows += [
        wheel(x, _ordered(s * (half - 0.35), s * (half - 0.02)), 0.5, Material.RUBBER) for x in axles for s in (-1, 1)
    ]
    return Shape.of(*rows, size=(length, width, height))


def bus(rng: np.random.Generator) -> Shape:
    """A city bus: windows all along, a low floor."""
    length, width, height = rng.uniform(9.5, 13.0), rng.uniform(2.45, 2.6), rng.uniform(2.9, 3.3)
    rear, front, half = -length / 2, length / 2, width / 2
    full = (-half, half)
    rows = [
        box((rear, front), full, (0.3, 1.1), Material.PAINT),
        box((rear, front), full, (1.1, height - 0.6), Material.GLASS, free_path=1.5),
        box((rear, front), full, (height - 0.6, height), Material.PAINT),
        *(box(span(x, 0.06), span(s * (half - 0.03), 0.03), (1.1, height - 0.6), Material.PAINT)
          for x in np.linspace(rear + 0.1, front - 0.1, 7) for s in (-1, 1)),
        *(box(span(x, 0.2), (-0.9, 0.9), (1.0, 1.6), Material.CLOTH) for x in np.arange(rear + 1, front - 2, 1.2)),
        *(wheel(x, _ordered(s * (half - 0.35), s * half), 0.48, Material.RUBBER) for x in (rear + 2.8, front - 2.6)
          for s in (-1, 1)),
    ]  # fmt: skip
    return Shape.of(*rows, size=(length, width, height))


def tram(rng: np.random.Generator) -> Shape:
    """A tram of two or three cars."""
    parts, part_length = int(rng.integers(2, 4)), rng.uniform(7.0, 10.0)
    length, width, height = parts * part_length, rng.uniform(2.4, 2.6), rng.uniform(3.4, 3.6)
    half = width / 2
    rows: list[Row] = []
    for part in range(parts):
        start = -length / 2 + part * part_length
        x = (start + 0.25, start + part_length - 0.25)
        rows += [
            box(x, (-half, half), (0.25, 1.2), Material.PAINT),
            box(x, (-half, half), (1.2, 2.6), Material.GLASS, free_path=1.2),
            box(x, (-half, half), (2.6, height), Material.PAINT),
        ]
    return Shape.of(*rows, size=(length, width, height))


def trailer(rng: np.random.Generator) -> Shape:
    """A parked trailer or caravan."""
    length, width = rng.uniform(2.5, 6.0), rng.uniform(1.5, 2.3)
    height, half = rng.uniform(1.0, 2.6), width / 2
    body = (-length / 2, length / 2 - 0.9)
    rows = [
        box(body, (-half, half), (0.5, height), Material.PAINT),
        box((body[1], length / 2), (-0.08, 0.08), (0.4, 0.52), Material.METAL),
        *(wheel(body[0] + 0.5 * (body[1] - body[0]), _ordered(s * (half - 0.2), s * half), 0.32, Material.RUBBER)
          for s in (-1, 1)),
        box((length / 2 - 0.2, length / 2 - 0.1), (-0.05, 0.05), (0.0, 0.4), Material.METAL),
    ]  # fmt: skip
    return Shape.of(*rows, size=(length, width, height))


def _ordered(a: float, b: float) -> Span:
    return (min(a, b), max(a, b))
