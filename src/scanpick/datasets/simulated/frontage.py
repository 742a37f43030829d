"""What lines a street: rails, fences and hedges, buildings, and what closes the view behind them."""

from __future__ import annotations

import numpy as np

from scanpick.datasets.simulated import scenery
from scanpick.datasets.simulated.roadside import Roadside

PIECE_M = 6.0
LENGTHS_M = {"facade": (8.0, 22.0), "house": (8.0, 14.0), "hall": (20.0, 50.0)}
GAPS_M = {"facade": (0.05, 0.3), "house": (1.5, 8.0), "hall": (2.0, 12.0)}
SETBACK_NOISE_M = {"facade": 0.3, "house": 1.5, "hall": 1.5}


def put_rails(site: Roadside) -> None:
    """Guard rails and noise barriers, also in the middle."""
    if site.street.rail != "none":
        _put_pieces(site, site.street.rail, site.side.bays + max(site.street.verge_m, 0.6) - 0.3, 1.0)
    if site.street.median_m > 0 and site.side.sign > 0:
        _put_pieces(site, "guard_rail", 0.0, 1.0)


def put_boundary(site: Roadside) -> None:
    """Hedges, walls or fences behind the pavement."""
    if site.street.boundary != "none":
        _put_pieces(site, site.street.boundary, site.side.walk + 0.5, site.street.boundary_share)


def _put_pieces(site: Roadside, what: str, away: float, share: float) -> None:
    """Something along the road, in straight pieces with gaps, open at drives and at the road across."""
    shapes = [site.builder.shape(scenery.ALONG[what](PIECE_M, site.rng)) for _ in range(3)]
    keep = None if away < site.side.road else site.side.road
    crossing = site.route.crossing_s
    stretch = shapes[0]
    for s in np.arange(site.start, site.end, PIECE_M):
        if site.rng.random() < 0.25:
            stretch = shapes[site.rng.integers(3)]
        missing = site.rng.random() >= share
        at_drive = any(abs(s + PIECE_M / 2 - drive) < 4.0 for drive in site.drives)
        at_crossing = crossing is not None and keep is None and abs(s - crossing) < 12.0
        if not (missing or at_drive or at_crossing):
            site.builder.stand(stretch, s + PIECE_M / 2, site.side.sign * away, keep=keep)


def put_buildings(site: Roadside) -> None:
    """A row of buildings whose fronts look at the street."""
    kind = site.street.building
    if kind == "none":
        return
    line = site.side.walk + site.street.setback_m
    s = site.start
    while s < site.end:
        length = site.rng.uniform(*LENGTHS_M[kind])
        if site.rng.random() < site.street.building_share:
            shape = site.builder.shape(scenery.ALONG[kind](length, site.rng))
            away = line + abs(site.rng.normal(0, SETBACK_NOISE_M[kind]))
            place = site.side.sign * away
            site.builder.stand(shape, s + length / 2, place, _back_from_road(site), keep=line - 0.5)
        s += length + site.rng.uniform(*GAPS_M[kind])


def put_backdrop(site: Roadside) -> None:
    """What closes the view farther away: a second row of houses, halls, the edge of a wood."""
    kind = site.street.backdrop
    if kind == "none":
        return
    away = site.side.walk + site.street.setback_m + site.rng.uniform(14.0, 30.0)
    s = site.start
    while s < site.end + 30.0:
        length = site.rng.uniform(10.0, 24.0)
        away = float(np.clip(away + site.rng.normal(0, 3.0), site.side.walk + 8.0, 60.0))
        if site.rng.random() < site.street.backdrop_share:
            shape = site.builder.shape(scenery.ALONG[kind](length, site.rng))
            turn = _back_from_road(site) + site.rng.normal(0, 0.1)
            site.builder.stand(shape, s + length / 2, site.side.sign * away, turn, keep=site.side.walk + 4.0)
        s += length + site.rng.uniform(0.0, 6.0)


def _back_from_road(site: Roadside) -> float:
    """Shapes along x have their depth on their left; this turns it away from the street."""
    return 0.0 if site.side.sign > 0 else np.pi
