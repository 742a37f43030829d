"""Builds the world of a drive: a street as its scenario draws it, from the middle of the road outwards."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float64Array, Int64Array
from scanpick.datasets.simulated import scenery
from scanpick.datasets.simulated.builder import Builder
from scanpick.datasets.simulated.ground import Strip, cross_section, lay_ground
from scanpick.datasets.simulated.materials import Material
from scanpick.datasets.simulated.motion import Mover
from scanpick.datasets.simulated.people import bicycle, seated
from scanpick.datasets.simulated.road import Road
from scanpick.datasets.simulated.route import Route
from scanpick.datasets.simulated.scenarios import Street
from scanpick.datasets.simulated.traffic import Traffic
from scanpick.datasets.simulated.vehicles import car, draw_paint, trailer, van
from scanpick.datasets.simulated.walkers import add_people, draw_person
from scanpick.datasets.simulated.world import SIGHT_M, Weather, World

BAY_DEPTH_M = {"none": 0.0, "parallel": 2.1, "perpendicular": 4.9}
AISLE_M = 6.0


@dataclass(frozen=True)
class Side:
    """One side of the street: metres from the centre line to the outer edge of each strip."""

    sign: float
    parking: str
    road: float
    bays: float
    verge: float
    walk: float


def build_world(route: Route, rng: np.random.Generator) -> World:
    """Everything along a route."""
    street, road = route.street, route.road
    left, right = _side(street, 1.0, street.parking_left), _side(street, -1.0, street.parking_right)
    across = None
    crossings = np.zeros((0, 6))
    if route.crossing_s is not None:
        half = rng.uniform(2.8, 4.0) if rng.random() < 0.6 else rng.uniform(4.5, 7.0)
        x, y, heading = (float(v) for v in road.at(route.crossing_s, 0.0))
        across = Road.straight(x, y, heading + np.pi / 2 + rng.normal(0, 0.1), 90.0)
        turn = across.heading[0]
        crossings = np.array([[x, y, np.cos(turn), np.sin(turn), half, street.walk_m * street.kerb]])
    ground = lay_ground(road, _section(street, left, right, rng), crossings, slope=street.slope, rng=rng)
    builder = Builder(road, ground, rng)
    weather = _draw_weather(street, rng)
    Traffic(builder, route, across, float(crossings[0, 4]) if len(crossings) else 0.0, weather.spray).build()
    for side in (left, right):
        _Roadside(builder, route, side).build()
    add_people(builder, route, (left.verge, right.verge), (left.walk, right.walk))
    return builder.world(route.ego, weather)


def _draw_weather(street: Street, rng: np.random.Generator) -> Weather:
    if not (street.rain or street.wet):
        return Weather()
    rain = float(rng.uniform(0.01, 0.05)) if street.rain else 0.0
    return Weather(rain, wet=float(rng.uniform(0.4, 1.0)), spray=float(rng.uniform(0.3, 1.0)))


def _side(street: Street, sign: float, parking: str) -> Side:
    half = street.lane_m / 2 if street.one_way else street.median_m / 2 + street.lanes * street.lane_m
    bays = half + BAY_DEPTH_M[parking]
    if parking == "perpendicular":
        bays += street.extra_rows * BAY_DEPTH_M[parking] + AISLE_M * ((street.extra_rows + 1) // 2)
    verge = bays + street.verge_m
    return Side(sign, parking, half, bays, verge, verge + street.walk_m)


def _section(street: Street, left: Side, right: Side, rng: np.random.Generator) -> tuple[Float64Array, Int64Array]:
    paved = (Material.PAVING, Material.ASPHALT, Material.GRAVEL)[rng.choice(3, p=[0.6, 0.3, 0.1])]
    land = (Material.GRASS, Material.SOIL, Material.GRAVEL, Material.PAVING)[rng.choice(4, p=[0.6, 0.15, 0.1, 0.15])]
    kerb = rng.uniform(0.06, 0.16) if street.kerb else 0.0
    strips = []
    for side in (left, right):
        camber = -0.02 * side.road
        raised = camber + kerb
        bank = raised + street.bank_m * rng.uniform(0.2, 1.0)
        strips.append(
            [
                Strip(side.road, Material.ASPHALT, camber),
                Strip(side.bays, paved if rng.random() < 0.3 else Material.ASPHALT, camber),
                Strip(side.verge, Material.GRASS, raised, kerb if street.verge_m else 0.0),
                Strip(side.walk, paved, raised + 0.02, 0.0 if street.verge_m else kerb),
                Strip(side.walk + 3.0, land, raised + 0.05),
                Strip(side.walk + rng.uniform(6.0, 20.0), land, bank),
            ]
        )
    return cross_section(strips[0], strips[1], _markings(street, left, right))


def _markings(street: Street, left: Side, right: Side) -> list[tuple[float, Material]]:
    if street.one_way or street.lane_m < 2.7:
        return []
    lines = [(0.0, Material.DASHED_MARKING)] if street.median_m == 0 else []
    for sign in (1.0, -1.0):
        inner = street.median_m / 2
        lines += [(sign * (inner + i * street.lane_m), Material.DASHED_MARKING) for i in range(1, street.lanes)]
        if not street.kerb:
            lines.append((sign * ((left if sign > 0 else right).road - 0.15), Material.MARKING))
        if inner:
            lines.append((sign * (inner + 0.15), Material.MARKING))
    return lines


class _Roadside:
    """Fills one side of the street, from the kerb outwards; what comes first has the right of way."""

    def __init__(self, builder: Builder, route: Route, side: Side) -> None:
        self.builder, self.route, self.street, self.side = builder, route, route.street, side
        self.rng = builder.rng
        self.start, self.end = -SIGHT_M, route.length + SIGHT_M
        self.drives: list[float] = []

    def build(self) -> None:
        """Put everything there."""
        self._works()
        self._park()
        self._rail()
        self._furniture()
        self._drives()
        self._buildings()
        self._boundary()
        self._plants()
        self._backdrop()
        self._odd_things()

    def _park(self) -> None:
        """Cars in bays along the road; in a car park also in the rows behind."""
        if self.side.parking == "none":
            return
        across = self.side.parking == "perpendicular"
        rows = [self.side.road + BAY_DEPTH_M[self.side.parking] / 2]
        for row in range(1, self.street.extra_rows + 1 if across else 1):
            rows.append(rows[-1] + BAY_DEPTH_M["perpendicular"] + (AISLE_M if row % 2 == 0 else 0.0))
        for d in rows:
            # Full and empty stretches take turns.
            thick = self.rng.uniform(0, 2 * np.pi)
            s = self.start + self.rng.uniform(0, 5)
            while s < self.end:
                shape, class_name = self._draw_parked()
                length, width, _ = self.builder.size(shape)
                room = width + self.rng.uniform(0.6, 0.9) if across else length + self.rng.uniform(0.5, 1.6)
                chance = self.street.occupancy + 0.25 * np.sin(s / 25.0 + thick)
                if length > (5.2 if across else 8.0):
                    continue
                if self.rng.random() < chance:
                    turn = self.rng.normal(0, 0.025) + (np.pi / 2 if across else 0.0)
                    turn += np.pi * (self.rng.random() < (0.5 if across else 0.12))
                    turn += np.pi if self.side.sign > 0 else 0.0
                    place = d + self.rng.normal(0, 0.1 if not across else 0.25)
                    if across:
                        place += (length - 4.2) / 2 * 0.5
                    self._vehicle(shape, class_name, s + room / 2, place, turn)
                s += room

    def _draw_parked(self) -> tuple[int, str]:
        """A shape for a parked vehicle, and its class."""
        if self.rng.random() < 0.05:
            return self.builder.variant(van), "Van"
        return self.builder.shape(car(self.rng)), "Car"

    def _vehicle(self, shape: int, class_name: str, s: float, away: float, turn: float) -> bool:
        return self.builder.stand(
            *(shape, s, self.side.sign * away, turn),
            keep=self.side.road - 0.15,
            class_name=class_name,
            paint=draw_paint(self.rng),
            follows_slope=True,
        )

    def _along(self, per_100_m: float) -> Float64Array:
        """Places along the street, so many per 100 m."""
        count = self.rng.poisson(per_100_m * (self.end - self.start) / 100)
        return np.sort(self.rng.uniform(self.start, self.end, count))

    def _rail(self) -> None:
        if self.street.rail != "none":
            self._pieces(self.street.rail, self.side.bays + max(self.street.verge_m, 0.6) - 0.3, 1.0)
        if self.street.median_m > 0 and self.side.sign > 0:
            self._pieces("guard_rail", 0.0, 1.0)

    def _furniture(self) -> None:
        """Lamps, signs and what else stands at the kerb or on the pavement."""
        kerb, walk = self.side.bays + 0.35, self.side.walk - 0.4
        if self.street.lamps > 0:
            spacing, place = 100.0 / self.street.lamps, kerb if self.rng.random() < 0.7 else walk
            for s in np.arange(self.start + self.rng.uniform(0, spacing), self.end, spacing):
                self._put(self.builder.variant(scenery.lamp), s, place, self._towards_road() - np.pi / 2)
        elif self.street.kerb is False and self.rng.random() < 0.7:
            for s in np.arange(self.start, self.end, 25.0):
                self._put(self.builder.variant(scenery.delineator), s, self.side.bays + 0.5, 0.0)
        for s in self._along(self.street.signs):
            self._put(self.builder.variant(scenery.sign), s, kerb, self.rng.normal(0, 0.1))
        if self.route.crossing_s is not None and self.rng.random() < 0.7:
            for s in (self.route.crossing_s - 8.0, self.route.crossing_s + 8.0):
                self._put(self.builder.variant(scenery.traffic_light), s, kerb, np.pi)
        for s in self._along(self.street.clutter):
            what = (scenery.bollard, scenery.bin_, bicycle, scenery.bench)[self.rng.integers(4)]
            place = kerb if self.rng.random() < 0.5 else walk
            turn = self._towards_road() if what is scenery.bench else self.rng.choice([0.0, np.pi / 2])
            if self._put(self.builder.variant(what), s, place, turn) and what is scenery.bench:
                self._sitter(s, place, turn)
        if self.street.bus_stop and self.side.sign < 0:
            s = self.rng.uniform(10.0, self.route.length + 40.0)
            self._put(self.builder.variant(scenery.shelter), s, self.side.walk - 0.3, self._towards_road() + np.pi / 2)
            for _ in range(int(self.rng.integers(1, 7))):
                self._person(s + self.rng.normal(0, 3.0), self.side.bays + self.rng.uniform(0.5, 2.0))

    def _sitter(self, s: float, place: float, turn: float) -> None:
        if self.rng.random() < 0.2:
            shape = self.builder.variant(seated)
            # On the bench, so the bench does not count as an obstacle.
            x, y, heading = self.builder.road.at(s, self.side.sign * place)
            spot = Road.straight(float(x), float(y), float(heading) + turn, 2.0)
            seat = Mover.still(spot, 0.0, float(self.rng.uniform(-0.5, 0.5)))
            self.builder.move((shape,), seat, class_name="Person_sitting")

    def _drives(self) -> None:
        """Cars on drives beside houses, nose or tail to the street."""
        if self.street.building not in ("house", "hall") and self.street.driveways < 0.5:
            return
        for s in self._along(self.street.driveways):
            shape, class_name = self._draw_parked()
            turn = self._towards_road() + np.pi * self.rng.integers(2) + self.rng.normal(0, 0.06)
            away = self.side.walk + self.builder.size(shape)[0] / 2 + self.rng.uniform(0.3, 5.0)
            if self._vehicle(shape, class_name, s, away, turn):
                self.drives.append(s)

    def _buildings(self) -> None:
        if self.street.building == "none":
            return
        make = scenery.ALONG[self.street.building]
        line = self.side.walk + self.street.setback_m
        turn = 0.0 if self.side.sign > 0 else np.pi  # their backs are away from the street
        s = self.start
        while s < self.end:
            low, high = {"facade": (8.0, 22.0), "house": (8.0, 14.0), "hall": (20.0, 50.0)}[self.street.building]
            length = self.rng.uniform(low, high)
            if self.rng.random() < self.street.building_share:
                step_back = abs(self.rng.normal(0, 0.3 if self.street.building == "facade" else 1.5))
                shape = self.builder.shape(make(length, self.rng))
                self.builder.stand(shape, s + length / 2, self.side.sign * (line + step_back), turn, keep=line - 0.5)
            s += length + self.rng.uniform(*((0.05, 0.3) if self.street.building == "facade" else (1.5, 8.0)))

    def _boundary(self) -> None:
        if self.street.boundary != "none":
            self._pieces(self.street.boundary, self.side.walk + 0.5, self.street.boundary_share)

    def _pieces(self, what: str, away: float, share: float) -> None:
        """Something along the road, in straight pieces with gaps."""
        length = 6.0
        shapes = [self.builder.shape(scenery.ALONG[what](length, self.rng)) for _ in range(3)]
        keep = None if away < self.side.road else self.side.road
        stretch = shapes[0]
        for s in np.arange(self.start, self.end, length):
            if self.rng.random() < 0.25:
                stretch = shapes[self.rng.integers(3)]
            if self.rng.random() < share and not any(abs(s + length / 2 - drive) < 4.0 for drive in self.drives):
                crossing = self.route.crossing_s
                if keep is None and crossing is not None and abs(s - crossing) < 12.0:
                    continue
                self.builder.stand(stretch, s + length / 2, self.side.sign * away, keep=keep)

    def _backdrop(self) -> None:
        """What closes the view farther away: a second row of houses, halls, the edge of a wood."""
        if self.street.backdrop == "none":
            return
        make, turn = scenery.ALONG[self.street.backdrop], 0.0 if self.side.sign > 0 else np.pi
        away = self.side.walk + self.street.setback_m + self.rng.uniform(14.0, 30.0)
        s = self.start
        while s < self.end + 30.0:
            length = self.rng.uniform(10.0, 24.0)
            away = float(np.clip(away + self.rng.normal(0, 3.0), self.side.walk + 8.0, 60.0))
            if self.rng.random() < self.street.backdrop_share:
                shape = self.builder.shape(make(length, self.rng))
                turned = turn + self.rng.normal(0, 0.1)
                self.builder.stand(shape, s + length / 2, self.side.sign * away, turned, keep=self.side.walk + 4.0)
            s += length + self.rng.uniform(0.0, 6.0)

    def _plants(self) -> None:
        kerb = self.side.bays + 0.5 * max(self.street.verge_m, 0.8)
        avenue = self.rng.random() < 0.5
        for per_100_m, make, inner in (
            (self.street.trees, scenery.tree, kerb if avenue else self.side.walk + 1.0),
            (self.street.trees * 0.25, scenery.conifer, self.side.walk + 2.5),
            (self.street.bushes, scenery.bush, self.side.walk + 0.8),
            (self.street.weeds, scenery.tall_grass, self.side.walk + 0.5),
        ):
            for s in self._along(per_100_m):
                row = avenue and make is scenery.tree and self.rng.random() < 0.6
                away = inner if row else inner + self.rng.exponential(8.0)
                self._put(self.builder.variant(make), s, min(away, 40.0), self.rng.uniform(0, 2 * np.pi))

    def _works(self) -> None:
        """A construction site: cones, boards, machines, heaps, a container and people at work."""
        if not self.street.works or (self.side.sign > 0) == (self.rng.random() < 0.7):
            return
        start = self.rng.uniform(5.0, self.route.length + 30.0)
        end = start + self.rng.uniform(8.0, 35.0)
        edge = self.side.road + 0.2
        for s in np.arange(start, end, self.rng.uniform(1.5, 4.0)):
            self._put(self.builder.variant(scenery.cone), s, edge, 0.0)
        for s in (start - 1.0, end + 1.0):
            self._put(self.builder.variant(scenery.barrier), s, edge + 1.3, 0.0)
        inside = edge + 0.8
        for make in (scenery.excavator, scenery.earth_heap, scenery.container, scenery.earth_heap, scenery.box_pile):
            if self.rng.random() < 0.6:
                shape = self.builder.variant(make)
                away = inside + self.builder.size(shape)[1] / 2
                self._put(shape, self.rng.uniform(start, end), away, self.rng.normal(0, 0.2))
        for _ in range(int(self.rng.integers(0, 5))):
            self._person(self.rng.uniform(start, end), inside + self.rng.uniform(0, 3))

    def _odd_things(self) -> None:
        near = self.rng.uniform(8.0, self.route.length + 40.0)
        if self.street.debris and self.side.sign < 0:
            self.builder.stand(self.builder.variant(scenery.box_pile), near, -self.side.road - 0.3)
        if self.street.trailer:
            shape = self.builder.variant(trailer)
            away = self.side.road + 1.2 if self.side.parking == "parallel" else self.side.walk + 2.0
            self.builder.stand(shape, near, self.side.sign * away, self.rng.normal(0, 0.05), keep=self.side.road,
                               class_name="Misc", follows_slope=True)  # fmt: skip
        if self.street.market:
            for s in np.arange(near, near + self.rng.uniform(8.0, 40.0), 4.5):
                self._put(self.builder.variant(scenery.market_stall), s, self.side.walk + 1.5, 0.0)
        if self.street.building == "none" and self.rng.random() < 0.15:
            for _ in range(int(self.rng.integers(2, 12))):
                away = self.side.walk + self.rng.uniform(6.0, 35.0)
                shape = self.builder.variant(scenery.hay_bale)
                self._put(shape, near + self.rng.normal(0, 25), away, self.rng.uniform(0, 3))

    def _person(self, s: float, away: float) -> None:
        self.builder.stand(
            draw_person(self.builder)[1], s, self.side.sign * away, self.rng.uniform(0, 2 * np.pi), keep=self.side.road,
            class_name="Pedestrian",
        )  # fmt: skip

    def _put(self, shape: int, s: float, away: float, turn: float) -> bool:
        return self.builder.stand(shape, float(s), self.side.sign * float(away), float(turn), keep=self.side.road)

    def _towards_road(self) -> float:
        return -self.side.sign * np.pi / 2
