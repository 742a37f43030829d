"""Builds the world of a drive: a street as its scenario draws it."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import Float64Array, Int64Array
from scanpick.datasets.simulated.builder import Builder
from scanpick.datasets.simulated.frontage import put_backdrop, put_boundary, put_buildings, put_rails
from scanpick.datasets.simulated.furniture import furnish, plant, put_odd_things, put_works
from scanpick.datasets.simulated.ground import Strip, cross_section, lay_ground
from scanpick.datasets.simulated.materials import Material
from scanpick.datasets.simulated.parking import park, park_anywhere, park_on_drives
from scanpick.datasets.simulated.road import Road
from scanpick.datasets.simulated.roadside import Roadside, Side
from scanpick.datasets.simulated.route import Route
from scanpick.datasets.simulated.scenarios import Street
from scanpick.datasets.simulated.traffic import Traffic
from scanpick.datasets.simulated.walkers import add_people
from scanpick.datasets.simulated.world import Weather, World

FROM_THE_KERB_OUTWARDS = (
    *(put_works, park, put_rails, furnish, park_on_drives, park_anywhere),
    *(put_buildings, put_boundary, plant, put_backdrop, put_odd_things),
)
"""In this order, since what comes first has the right of way."""

COMES_AND_GOES = (park, park_anywhere, put_odd_things)
"""What is drawn anew for each drive on a shared street, once all that stays has its place."""


def build_world(route: Route, rng: np.random.Generator, visit_rng: np.random.Generator | None = None) -> World:
    """Everything along a route.

    Args:
        route: The route.
        rng: Draws everything; where the street is driven several times, what stays.
        visit_rng: Where the street is driven several times: draws what comes and goes.
    """
    street, road = route.street, route.road
    left, right = Side.of(street, 1.0, street.parking_left), Side.of(street, -1.0, street.parking_right)
    # The ground, with a road across where there is one
    across, crossings = _draw_crossing(route, rng)
    ground = lay_ground(road, _section(street, left, right, rng), crossings, slope=street.slope, rng=rng)
    # Who drives
    passing = rng if visit_rng is None else visit_rng
    builder = Builder(road, ground, passing)
    weather = _draw_weather(street, passing)
    Traffic(builder, route, across, float(crossings[:, 4].sum()), weather.spray).build()
    # What stands on both sides
    for side in (left, right):
        site = Roadside(builder, route, side)
        if visit_rng is None:
            for fill in FROM_THE_KERB_OUTWARDS:
                fill(site)
            continue
        for fill in FROM_THE_KERB_OUTWARDS:
            if fill not in COMES_AND_GOES:
                builder.rng = site.rng = rng.spawn(1)[0]  # one each: a change of one does not move the others
                fill(site)
        builder.rng = site.rng = visit_rng
        for fill in COMES_AND_GOES:
            fill(site)
    # Who walks
    add_people(builder, route, (left.verge, right.verge), (left.walk, right.walk))
    return builder.world(route.ego, weather)


def _draw_crossing(route: Route, rng: np.random.Generator) -> tuple[Road | None, Float64Array]:
    """The road across, and its row in `GroundArrays.crossings`."""
    if route.crossing_s is None:
        return None, np.zeros((0, 6))
    half = rng.uniform(2.8, 4.0) if rng.random() < 0.6 else rng.uniform(4.5, 7.0)
    x, y, heading = (float(v) for v in route.road.at(route.crossing_s, 0.0))
    skew = rng.normal(0, 0.1) if rng.random() < 0.7 else rng.uniform(-0.6, 0.6)
    across = Road.straight(x, y, heading + np.pi / 2 + skew, 90.0)
    turn = across.heading[0]
    return across, np.array([[x, y, np.cos(turn), np.sin(turn), half, route.street.walk_m * route.street.kerb]])


def _draw_weather(street: Street, rng: np.random.Generator) -> Weather:
    if not (street.rain or street.wet):
        return Weather()
    rain = float(rng.uniform(0.01, 0.05)) if street.rain else 0.0
    return Weather(rain, wet=float(rng.uniform(0.4, 1.0)), spray=float(rng.uniform(0.3, 1.0)))


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
