"""Puts things into a world, where there is room for them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.datasets.simulated.ground import GroundArrays, places_at
from scanpick.datasets.simulated.motion import Mover
from scanpick.datasets.simulated.road import Road
from scanpick.datasets.simulated.shapes import Shape
from scanpick.datasets.simulated.world import ShapeTable, Thing, Weather, World

VARIANTS = 8
"""How many different shapes of one sort of scenery a drive has."""


class Builder:
    """A world under construction, along the ego vehicle's road; `rng` draws everything."""

    def __init__(self, road: Road, ground: GroundArrays, rng: np.random.Generator) -> None:
        self.road, self.ground, self.rng = road, ground, rng
        self._shapes: list[Shape] = []
        self._variants: dict[str, list[int]] = {}
        self._standing: list[Thing] = []
        self._poses: list[tuple[float, float, float]] = []
        self._moving: list[Thing] = []
        self._movers: list[Mover] = []
        self._occupied = np.zeros((0, 4, 2))  # footprints' corners
        self._centres = np.zeros((0, 3))  # x, y, radius

    def shape(self, shape: Shape) -> int:
        """Add a shape; gives its index."""
        self._shapes.append(shape)
        return len(self._shapes) - 1

    def variant(self, make: Callable[[np.random.Generator], Shape]) -> int:
        """One of this drive's shapes of a sort, made when first wanted."""
        known = self._variants.setdefault(make.__name__, [])
        choice = int(self.rng.integers(VARIANTS))
        if choice < len(known):
            return known[choice]
        known.append(self.shape(make(self.rng)))
        return known[-1]

    def size(self, shape: int) -> tuple[float, float, float]:
        """Length, width, height in metres of a shape."""
        return self._shapes[shape].size

    def stand(
        self,
        shape: int,
        s: float,
        d: float,
        turn: float = 0.0,
        *,
        keep: float | None = None,
        class_name: str = "",
        paint: float | None = None,
    ) -> bool:
        """Put something beside the road, unless something is there already; tells whether there was room.

        Args:
            shape: Its shape.
            s: Metres along the road.
            d: Metres to the left of the centre line.
            turn: Yaw in radians relative to the road.
            keep: Metres to the centre line that it has to keep, and off roads across; None to stand anywhere.
            class_name: See `Thing`.
            paint: See `Thing`; drawn where not given.
        """
        x, y, heading = (float(v) for v in self.road.at(s, d))
        yaw = heading + turn
        corners = _footprint(self._shapes[shape], x, y, yaw)
        middle = corners.mean(axis=0)
        radius = np.hypot(*(corners - middle).T).max()
        if (keep is not None and not self._off_road(corners, keep)) or not self._free(corners, middle, radius):
            return False
        self._occupied = np.concatenate([self._occupied, corners[None]])
        self._centres = np.concatenate([self._centres, [[*middle, radius]]])
        self._standing.append(Thing((shape,), self._paint(paint), class_name))
        self._poses.append((x, y, yaw))
        return True

    def move(self, shapes: tuple[int, ...], mover: Mover, *, class_name: str = "", paint: float | None = None) -> None:
        """Add something that moves; it changes from one of `shapes` to the next as it goes."""
        self._moving.append(Thing(shapes, self._paint(paint), class_name))
        self._movers.append(mover)

    def world(self, ego: Mover, weather: Weather) -> World:
        """The finished world."""
        bounce = (float(self.rng.uniform(0, 6.28)), float(self.rng.uniform(0, 6.28)))
        standing = np.array(self._poses, dtype=np.float64).reshape(-1, 3)
        things, table = (*self._standing, *self._moving), ShapeTable.of(self._shapes)
        return World(self.ground, table, things, standing, tuple(self._movers), ego, bounce, weather)

    def _paint(self, paint: float | None) -> float:
        return float(self.rng.uniform(0.15, 0.6)) if paint is None else paint

    def _off_road(self, corners: Float64Array, keep: float) -> bool:
        edges = np.concatenate([corners, (corners + np.roll(corners, 1, axis=0)) / 2])
        d, crossing = places_at(self.ground, edges[:, 0], edges[:, 1])
        return bool(np.abs(d).min() >= keep and crossing.min() > 0.3)

    def _free(self, corners: Float64Array, middle: Float64Array, radius: float) -> bool:
        gap = np.hypot(*(self._centres[:, :2] - middle).T) - self._centres[:, 2] - radius
        return not any(_overlap(corners, self._occupied[i]) for i in np.flatnonzero(gap < 0))


def _footprint(shape: Shape, x: float, y: float, yaw: float) -> Float64Array:
    """(4, 2) corners on the ground."""
    low, high = shape.bounds
    local = np.array([[high[0], low[1]], [high[0], high[1]], [low[0], high[1]], [low[0], low[1]]])
    cos, sin = np.cos(yaw), np.sin(yaw)
    return local @ np.array([[cos, sin], [-sin, cos]]) + (x, y)


def _overlap(a: Float64Array, b: Float64Array) -> bool:
    """Whether two rectangles, (4, 2) corners each, overlap: no edge separates them."""
    for first, second in ((a, b), (b, a)):
        for edge in (first[1] - first[0], first[3] - first[0]):
            along, other = first @ edge, second @ edge
            if along.max() <= other.min() or other.max() <= along.min():
                return False
    return True
