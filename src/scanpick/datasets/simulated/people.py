"""Shapes of people: walking, standing, sitting, on bicycles."""

from __future__ import annotations

import numpy as np

from scanpick.datasets.simulated.materials import Material
from scanpick.datasets.simulated.shapes import Row, Shape, box, cylinder, ellipsoid, tapered_box, wheel


def pedestrian(rng: np.random.Generator, stride: float | None = None) -> Shape:
    """Somebody on foot. `stride` is how far the feet are apart in metres, 0 for standing; drawn where not given."""
    tall = 1.15 + 0.4 * rng.random() if rng.random() < 0.08 else float(np.clip(rng.normal(1.76, 0.08), 1.5, 2.0))
    k = tall / 1.76
    stride = rng.uniform(0.0, 0.6) if stride is None else stride
    shoulder = rng.uniform(0.19, 0.25) * k
    arm = 0.35 * stride
    rows = [
        *_legs(stride, k),
        tapered_box(
            (-0.13 * k, 0.14 * k),
            (-0.17 * k, 0.17 * k),
            (0.80 * k, 1.46 * k),
            (-0.11 * k, 0.11 * k),
            (-shoulder, shoulder),
            Material.CLOTH,
        ),
        ellipsoid((-0.10 * k, 0.12 * k), (-0.08 * k, 0.08 * k), (1.50 * k, 1.76 * k), Material.SKIN),
        cylinder(0.0, 0.0, 0.06 * k, (1.40 * k, 1.55 * k), Material.SKIN),
        *(
            tapered_box(
                (s * arm - 0.05, s * arm + 0.05),
                (s * (shoulder + 0.05) - 0.05, s * (shoulder + 0.05) + 0.05),
                (0.80 * k, 1.42 * k),
                (-0.06, 0.06),
                (s * shoulder - 0.05, s * shoulder + 0.05),
                Material.CLOTH,
            )
            for s in (-1, 1)
        ),
    ]
    extra = rng.random()
    if extra < 0.12:  # a rucksack
        rows.append(box((-0.38 * k, -0.12 * k), (-0.16, 0.16), (0.95 * k, 1.45 * k), Material.CLOTH))
    elif extra < 0.18:  # a bag at the side
        rows.append(box((-0.15, 0.15), (0.24, 0.36), (0.35, 0.75), Material.CLOTH))
    length = max(0.55, stride * 0.9 + 0.35) * k
    return Shape.of(rows, (length, 2 * shoulder + 0.2, tall))


def _legs(stride: float, k: float) -> list[Row]:
    return [
        tapered_box(
            (s * stride / 2 * k - 0.09, s * stride / 2 * k + 0.13),
            (s * 0.10 - 0.06, s * 0.10 + 0.06),
            (0.0, 0.84 * k),
            (-0.09, 0.09),
            (s * 0.09 - 0.08, s * 0.09 + 0.08),
            Material.CLOTH,
        )
        for s in (-1, 1)
    ]


def seated(rng: np.random.Generator) -> Shape:
    """Somebody sitting, without the bench."""
    tall = rng.uniform(1.2, 1.35)
    rows = [
        box((-0.18, 0.10), (-0.21, 0.21), (0.45, 1.0), Material.CLOTH),
        box((-0.1, 0.42), (-0.19, 0.19), (0.40, 0.56), Material.CLOTH),
        box((0.30, 0.44), (-0.17, 0.17), (0.0, 0.42), Material.CLOTH),
        ellipsoid((-0.14, 0.08), (-0.09, 0.09), (tall - 0.27, tall), Material.SKIN),
    ]
    return Shape.of(rows, (0.9, 0.55, tall))


def bicycle_rows(length: float) -> list[Row]:
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
    return Shape.of(bicycle_rows(length), (length, 0.6, 1.05))


def cyclist(rng: np.random.Generator) -> Shape:
    """Somebody riding a bicycle."""
    length, tall = rng.uniform(1.6, 1.9), float(np.clip(rng.normal(1.74, 0.08), 1.5, 1.95))
    lean = rng.uniform(0.05, 0.35)
    rows = [
        *bicycle_rows(length),
        tapered_box((-0.3, 0.0), (-0.16, 0.16), (0.9, 1.45), (lean - 0.3, lean), (-0.22, 0.22), Material.CLOTH),
        ellipsoid((lean - 0.2, lean + 0.05), (-0.09, 0.09), (tall - 0.27, tall), Material.SKIN),
        *(
            box((-0.2, 0.15), (s * 0.12 - 0.06, s * 0.12 + 0.06), (0.15 + 0.15 * (s + 1), 0.95), Material.CLOTH)
            for s in (-1, 1)
        ),
        *(
            tapered_box(
                (0.25, 0.42),
                (s * 0.24 - 0.04, s * 0.24 + 0.04),
                (0.95, 1.4),
                (lean - 0.15, lean - 0.05),
                (s * 0.2 - 0.04, s * 0.2 + 0.04),
                Material.CLOTH,
            )
            for s in (-1, 1)
        ),
    ]
    return Shape.of(rows, (length, 0.6, tall))
