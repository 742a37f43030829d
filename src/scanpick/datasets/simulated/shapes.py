r"""Solid shapes that rays are cast against, made of four kinds of primitives.

A primitive is one row of numbers (`COLUMNS`). It lies in its own box: a tapered box fills it, an upright or lying
cylinder and an ellipsoid touch it from inside. A shape stands on the ground at z = 0 with its footprint's centre at the
origin and looks along +x::

              z
              |   back_top ___________ front_top
              |          /             \
              |         /               \     back and front are x, right and left are y (right < left)
              |        /_________________\
              |   back                    front
              '-------------------------------> x
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.datasets.simulated.materials import Material

TAPERED_BOX, UPRIGHT_CYLINDER, LYING_CYLINDER, ELLIPSOID = range(4)

COLUMNS = (
    *("kind", "back", "front", "right", "left", "bottom", "top"),
    *("back_top", "front_top", "right_top", "left_top"),
    *("material", "free_path"),
)
"""Lengths in metres. ``free_path`` is 0 for a solid; else a ray is stopped inside after an exponentially distributed
way with this mean, or leaves on the other side: foliage, wire fences, car windows."""

KIND, BACK, FRONT, RIGHT, LEFT, BOTTOM, TOP, BACK_TOP, FRONT_TOP, RIGHT_TOP, LEFT_TOP, MATERIAL, FREE_PATH = range(13)

Row = tuple[float, ...]
Span = tuple[float, float]


def span(centre: float, half: float) -> Span:
    """From `half` before to `half` behind a place."""
    return (centre - half, centre + half)


def box(x: Span, y: Span, z: Span, material: Material, *, free_path: float = 0.0) -> Row:
    """An upright box."""
    return (TAPERED_BOX, *x, *y, *z, *x, *y, material, free_path)


def tapered_box(
    x: Span, y: Span, z: Span, x_top: Span, y_top: Span, material: Material, *, free_path: float = 0.0
) -> Row:
    """A box whose top is another rectangle than its bottom."""
    return (TAPERED_BOX, *x, *y, *z, *x_top, *y_top, material, free_path)


def cylinder(x: float, y: float, radius: float, z: Span, material: Material) -> Row:
    """An upright cylinder: a pole, a trunk."""
    sides = (*span(x, radius), *span(y, radius))
    return (UPRIGHT_CYLINDER, *sides, *z, *sides, material, 0.0)


def wheel(x: float, y: Span, radius: float, material: Material, *, free_path: float = 0.0) -> Row:
    """A cylinder that lies along y and touches the ground."""
    x_span = (x - radius, x + radius)
    return (LYING_CYLINDER, *x_span, *y, 0.0, 2 * radius, *x_span, *y, material, free_path)


def ellipsoid(x: Span, y: Span, z: Span, material: Material, *, free_path: float = 0.0) -> Row:
    """An ellipsoid: a crown, a head."""
    return (ELLIPSOID, *x, *y, *z, *x, *y, material, free_path)


@dataclass(frozen=True, eq=False)
class Shape:
    """Primitives that belong together, and the size an annotator would give them.

    Attributes:
        rows: (P, 13) float64, see `COLUMNS`.
        size: Length, width, height in metres of the label box, centred on the footprint. Mirrors stick out of it.
    """

    rows: Float64Array
    size: tuple[float, float, float]

    @classmethod
    def of(cls, *rows: Row, size: tuple[float, float, float] | None = None) -> Shape:
        """A shape of these primitives; without a size it is that of their common box."""
        array = np.array(rows, dtype=np.float64).reshape(-1, len(COLUMNS))
        if size is None:
            low, high = _bounds(array)
            reach = np.maximum(np.abs(low), np.abs(high))
            size = (float(2 * reach[0]), float(2 * reach[1]), float(high[2]))
        return cls(array, size)

    @cached_property
    def bounds(self) -> tuple[Float64Array, Float64Array]:
        """Lowest and highest x, y, z of all primitives."""
        return _bounds(self.rows)

    @cached_property
    def vertices(self) -> Float64Array:
        """(V, 3) corners of the primitives' boxes, for the outline in the image."""
        rows = self.rows
        x, y = rows[:, [BACK, FRONT, BACK_TOP, FRONT_TOP]], rows[:, [RIGHT, LEFT, RIGHT_TOP, LEFT_TOP]]
        corners = [
            np.stack([x[:, 2 * level + i], y[:, 2 * level + j], rows[:, BOTTOM + level]], axis=1)
            for level in (0, 1)
            for i in (0, 1)
            for j in (0, 1)
        ]
        return np.concatenate(corners)


def _bounds(rows: Float64Array) -> tuple[Float64Array, Float64Array]:
    low = [rows[:, [BACK, BACK_TOP]].min(), rows[:, [RIGHT, RIGHT_TOP]].min(), rows[:, BOTTOM].min()]
    high = [rows[:, [FRONT, FRONT_TOP]].max(), rows[:, [LEFT, LEFT_TOP]].max(), rows[:, TOP].max()]
    return np.array(low), np.array(high)
