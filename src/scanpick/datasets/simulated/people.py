"""Shapes of people: walking, standing, sitting, on bicycles."""

from __future__ import annotations

import numpy as np

from scanpick.datasets.simulated.materials import Material
from scanpick.datasets.simulated.shapes import Row, Shape, box, cylinder, ellipsoid, span, tapered_box, wheel


def pedestrian(rng: np.random.Generator, stride: float | None = None) -> Shape:
    """Somebody on foot. `stride` is how far the feet are apart in metres, 0 for standing; drawn where not given."""
    tall = 1.15 + 0.4 * rng.random() if rng.random() < 0.08 else float(np.clip(rng.normal(1.76, 0.08), 1.5, 2.0))
    k = tall / 1.76
    stride = rng.uniform(0.0, 0.6) if stride is None else stride
    shoulder = rng.uniform(0.19, 0.25) * k
    arm = 0.35 * stride
    waist, chest = ((-0.13 * k, 0.14 * k), (-0.17 * k, 0.17 * k)), ((-0.11 * k, 0.11 * k), (-shoulder, shoulder))
    rows = []
    for s in (-1, 1):  # legs
        foot, hip = (s * stride / 2 * k - 0.09, s * stride / 2 * k + 0.13), span(s * 0.09, 0.08)
        rows.append(tapered_box(foot, span(s * 0.10, 0.06), (0.0, 0.84 * k), (-0.09, 0.09), hip, Material.CLOTH))
    rows += [
        tapered_box(*waist, (0.80 * k, 1.46 * k), *chest, Material.CLOTH),
        ellipsoid((-0.10 * k, 0.12 * k), (-0.08 * k, 0.08 * k), (1.50 * k, 1.76 * k), Material.SKIN),
        cylinder(0.0, 0.0, 0.06 * k, (1.40 * k, 1.55 * k), Material.SKIN),
    ]
    for s in (-1, 1):  # arms
        hand, top = (span(s * arm, 0.05), span(s * (shoulder + 0.05), 0.05)), span(s * shoulder, 0.05)
        rows.append(tapered_box(*hand, (0.80 * k, 1.42 * k), (-0.06, 0.06), top, Material.CLOTH))
    extra = rng.random()
    if extra < 0.12:  # a rucksack
        rows.append(box((-0.38 * k, -0.12 * k), (-0.16, 0.16), (0.95 * k, 1.45 * k), Material.CLOTH))
    elif extra < 0.18:  # a bag at the side
        rows.append(box((-0.15, 0.15), (0.24, 0.36), (0.35, 0.75), Material.CLOTH))
    length = max(0.55, stride * 0.9 + 0.35) * k
    return Shape.of(*rows, size=(length, 2 * shoulder + 0.2, tall))


def seated(rng: np.random.Generator) -> Shape:
    """Somebody sitting, without the bench."""
    tall = rng.uniform(1.2, 1.35)
    return Shape.of(
        box((-0.18, 0.10), (-0.21, 0.21), (0.45, 1.0), Material.CLOTH),
        box((-0.1, 0.42), (-0.19, 0.19), (0.40, 0.56), Material.CLOTH),
        box((0.30, 0.44), (-0.17, 0.17), (0.0, 0.42), Material.CLOTH),
        ellipsoid((-0.14, 0.08), (-0.09, 0.09), (tall - 0.27, tall), Material.SKIN),
        size=(0.9, 0.55, tall),
    )


def _bicycle(length: float) -> list[Row]:
    """Wheels, frame and handlebar of a bicycle."""
    radius = 0.33
    hub = length / 2 - radius
    return [
        *(wheel(x, (-0.025, 0.025), radius, Material.RUBBER, free_path=0.12) for x in (-hub, hub)),
        box((-hub, hub - 0.1), (-0.03, 0.03), (0.35, 0.75), Material.METAL, free_path=0.12),
        box((hub - 0.2, hub - 0.1), (-0.28, 0.28), (0.95, 1.02), Material.METAL),
        box((-hub - 0.1, -hub + 0.02), (-0.03, 0.03), (0.70, 0.76), Material.REFLECTOR),
    ]


def bicycle(rng: np.random.Generator) -> Shape:
    """A parked bicycle."""
    length = rng.uniform(1.6, 1.85)
    return Shape.of(*_bicycle(length), size=(length, 0.6, 1.05))


def cyclist(rng: np.random.Generator) -> Shape:
    """Somebody riding a bicycle."""
    length, tall = rng.uniform(1.6, 1.9), float(np.clip(rng.normal(1.74, 0.08), 1.5, 1.95))
    lean = rng.uniform(0.05, 0.35)
    rows = [
        *_bicycle(length),
        tapered_box((-0.3, 0.0), (-0.16, 0.16), (0.9, 1.45), (lean - 0.3, lean), (-0.22, 0.22), Material.CLOTH),
        ellipsoid((lean - 0.2, lean + 0.05), (-0.09, 0.09), (tall - 0.27, tall), Material.SKIN),
        *(box((-0.2, 0.15), span(s * 0.12, 0.06), (0.15 + 0.15 * (s + 1), 0.95), Material.CLOTH) for s in (-1, 1)),
    ]
    for s in (-1, 1):  # arms
        top = (lean - 0.15, lean - 0.05), span(s * 0.2, 0.04)
        rows.append(tapered_box((0.25, 0.42), span(s * 0.24, 0.04), (0.95, 1.4), *top, Material.CLOTH))
    return Shape.of(*rows, size=(length, 0.6, tall))
