"""What stands at the kerb and on the pavement, what grows there, and what is rarely met."""

from __future__ import annotations

import numpy as np

from scanpick.datasets.simulated import scenery
from scanpick.datasets.simulated.motion import Mover
from scanpick.datasets.simulated.people import bicycle, seated
from scanpick.datasets.simulated.road import Road
from scanpick.datasets.simulated.roadside import Roadside


def furnish(site: Roadside) -> None:
    """Lamps, signs, traffic lights, bins, bollards, bicycles, benches, a bus stop."""
    kerb, wall = site.side.bays + 0.35, site.side.walk - 0.4
    _put_lamps(site, kerb, wall)
    for s in site.along(site.street.signs):
        site.put(site.builder.variant(scenery.sign), s, kerb, site.rng.normal(0, 0.1))
    if site.route.crossing_s is not None and site.rng.random() < 0.7:
        for s in (site.route.crossing_s - 8.0, site.route.crossing_s + 8.0):
            site.put(site.builder.variant(scenery.traffic_light), s, kerb, np.pi)
    for s in site.along(site.street.clutter):
        place = kerb if site.rng.random() < 0.5 else wall
        _put_clutter(site, s, place)
    if site.street.bus_stop and site.side.sign < 0:
        s = site.near()
        site.put(site.builder.variant(scenery.shelter), s, site.side.walk - 0.3, site.towards_road + np.pi / 2)
        for _ in range(int(site.rng.integers(1, 7))):
            site.put_person(s + site.rng.normal(0, 3.0), site.side.bays + site.rng.uniform(0.5, 2.0))


def _put_lamps(site: Roadside, kerb: float, wall: float) -> None:
    if site.street.lamps > 0:
        spacing = 100.0 / site.street.lamps
        away = kerb if site.rng.random() < 0.7 else wall
        for s in np.arange(site.start + site.rng.uniform(0, spacing), site.end, spacing):
            site.put(site.builder.variant(scenery.lamp), s, away, site.towards_road - np.pi / 2)
    elif not site.street.kerb and site.rng.random() < 0.7:
        for s in np.arange(site.start, site.end, 25.0):
            site.put(site.builder.variant(scenery.delineator), s, site.side.bays + 0.5, 0.0)


def _put_clutter(site: Roadside, s: float, away: float) -> None:
    what = (scenery.bollard, scenery.bin_, bicycle, scenery.bench)[site.rng.integers(4)]
    turn = site.towards_road if what is scenery.bench else float(site.rng.choice([0.0, np.pi / 2]))
    stands = site.put(site.builder.variant(what), s, away, turn)
    if stands and what is scenery.bench and site.rng.random() < 0.2:
        # Whoever sits on the bench takes no room of its own, like those who move.
        x, y, heading = (float(v) for v in site.builder.road.at(s, site.side.sign * away))
        bench = Road.straight(x, y, heading + turn, 2.0)
        seat = Mover.still(bench, 0.0, site.rng.uniform(-0.5, 0.5))
        site.builder.move((site.builder.variant(seated),), seat, class_name="Person_sitting")


def plant(site: Roadside) -> None:
    """Trees, in a row or scattered, conifers, bushes, weeds."""
    street, rng = site.street, site.rng
    kerb = site.side.bays + 0.5 * max(street.verge_m, 0.8)
    avenue = rng.random() < 0.5
    for s in site.along(street.trees):
        in_row = avenue and rng.random() < 0.6
        away = kerb if in_row else site.side.walk + 1.0 + rng.exponential(8.0)
        _plant_one(site, scenery.tree, s, away)
    for s in site.along(0.25 * street.trees):
        _plant_one(site, scenery.conifer, s, site.side.walk + 2.5 + rng.exponential(8.0))
    for s in site.along(street.bushes):
        _plant_one(site, scenery.bush, s, site.side.walk + 0.8 + rng.exponential(8.0))
    for s in site.along(street.weeds):
        _plant_one(site, scenery.tall_grass, s, site.side.walk + 0.5 + rng.exponential(8.0))


def _plant_one(site: Roadside, make: scenery.Maker, s: float, away: float) -> None:
    site.put(site.builder.variant(make), s, min(away, 40.0), site.rng.uniform(0, 2 * np.pi))


def put_works(site: Roadside) -> None:
    """A construction site: cones, boards, machines, heaps, a container and people at work."""
    rng, builder = site.rng, site.builder
    # More often on the right than on the left, sometimes on both.
    if not site.street.works or rng.random() < (0.7 if site.side.sign > 0 else 0.2):
        return
    start = site.near() - 3.0
    end = start + rng.uniform(8.0, 35.0)
    edge = site.side.road + 0.2
    for s in np.arange(start, end, rng.uniform(1.5, 4.0)):
        site.put(builder.variant(scenery.cone), s, edge, 0.0)
    for s in (start - 1.0, end + 1.0):
        site.put(builder.variant(scenery.barrier), s, edge + 1.3, 0.0)
    inside = edge + 0.8
    for make in (scenery.excavator, scenery.earth_heap, scenery.container, scenery.earth_heap, scenery.box_pile):
        if rng.random() < 0.6:
            shape = builder.variant(make)
            away = inside + builder.size(shape)[1] / 2
            site.put(shape, rng.uniform(start, end), away, rng.normal(0, 0.2))
    for _ in range(int(rng.integers(0, 5))):
        site.put_person(rng.uniform(start, end), inside + rng.uniform(0, 3))


def put_odd_things(site: Roadside) -> None:
    """A lost load, a market, containers beside halls, bales on open land."""
    rng, builder, street = site.rng, site.builder, site.street
    near = site.near()
    if street.debris and site.side.sign < 0:
        builder.stand(builder.variant(scenery.box_pile), near, -site.side.road - 0.3)
    if street.market:
        for s in np.arange(near, near + rng.uniform(8.0, 40.0), 4.5):
            site.put(builder.variant(scenery.market_stall), s, site.side.walk + 1.5, 0.0)
    if street.building == "hall":
        for s in site.along(1.0):
            shape = builder.variant(scenery.container)
            site.put(shape, s, site.side.walk + 2.0 + rng.exponential(5.0), rng.choice([0.0, np.pi / 2]))
    if street.building == "none" and rng.random() < 0.15:
        for _ in range(int(rng.integers(2, 12))):
            away = site.side.walk + rng.uniform(6.0, 35.0)
            site.put(builder.variant(scenery.hay_bale), near + rng.normal(0, 25), away, rng.uniform(0, 3))
