"""One side of a street, and how things are put there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.datasets.simulated.builder import Builder
from scanpick.datasets.simulated.route import Route
from scanpick.datasets.simulated.scenarios import Street
from scanpick.datasets.simulated.walkers import draw_person
from scanpick.datasets.simulated.world import SIGHT_M

BAY_DEPTH_M = {"none": 0.0, "parallel": 2.1, "angled": 4.6, "perpendicular": 4.9}
AISLE_M = 6.0


@dataclass(frozen=True)
class Side:
    """One side of the street: metres from the centre line to the outer edge of each strip.

    Attributes:
        sign: +1 on the left, -1 on the right.
        parking: How cars park there, a key of `BAY_DEPTH_M`.
        road, bays, verge, walk: Outer edges of the lanes, the parking bays, the grass and the pavement.
    """

    sign: float
    parking: str
    road: float
    bays: float
    verge: float
    walk: float

    @classmethod
    def of(cls, street: Street, sign: float, parking: str) -> Side:
        """The left (+1) or right (-1) side of a street."""
        half = street.lane_m / 2 if street.one_way else street.median_m / 2 + street.lanes * street.lane_m
        bays = half + BAY_DEPTH_M[parking]
        if parking == "perpendicular":
            bays += street.extra_rows * BAY_DEPTH_M[parking] + AISLE_M * ((street.extra_rows + 1) // 2)
        verge = bays + street.verge_m
        return cls(sign, parking, half, bays, verge, verge + street.walk_m)


class Roadside:
    """A side of the street to be filled; what comes first has the right of way."""

    def __init__(self, builder: Builder, route: Route, side: Side) -> None:
        self.builder, self.route, self.side = builder, route, side
        self.street, self.rng = route.street, builder.rng
        self.start, self.end = -SIGHT_M, route.length + SIGHT_M
        self.drives: list[float] = []
        """s in metres of the drives that lead to houses; fences leave them open."""

    @property
    def towards_road(self) -> float:
        """Yaw in radians, relative to the road, of something that looks at it."""
        return -self.side.sign * np.pi / 2

    def along(self, per_100_m: float) -> Float64Array:
        """Random places along the street, so many per 100 m on average."""
        count = self.rng.poisson(per_100_m * (self.end - self.start) / 100)
        return np.sort(self.rng.uniform(self.start, self.end, count))

    def near(self) -> float:
        """A random place along the street that the ego vehicle gets to see well."""
        return self.rng.uniform(8.0, self.route.length + 40.0)

    def put(
        self, shape: int, s: float, away: float, turn: float, class_name: str = "", paint: float | None = None
    ) -> bool:
        """Stand something `away` metres from the centre line, off the lanes; tells whether there was room."""
        d, keep = self.side.sign * float(away), self.side.road - 0.15
        return self.builder.stand(shape, float(s), d, float(turn), keep=keep, class_name=class_name, paint=paint)

    def put_person(self, s: float, away: float) -> None:
        """Somebody who stands there."""
        self.put(draw_person(self.builder)[1], s, away, self.rng.uniform(0, 2 * np.pi), "Pedestrian")
