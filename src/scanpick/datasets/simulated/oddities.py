"""What is rarely met: construction sites, lost loads, markets, containers, bales on the fields."""

from __future__ import annotations

import numpy as np

from scanpick.datasets.simulated import scenery
from scanpick.datasets.simulated.roadside import Roadside


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
