"""Vehicles that stand: in bays along the street, in the rows of a car park, on drives, anywhere on a yard."""

from __future__ import annotations

import numpy as np

from scanpick.datasets.simulated.roadside import AISLE_M, BAY_DEPTH_M, Roadside
from scanpick.datasets.simulated.vehicles import car, draw_paint, trailer, van

LONGEST_M = {"parallel": 8.0, "angled": 5.4, "perpendicular": 5.2}
"""What is longer does not fit into a bay."""


def park(site: Roadside) -> None:
    """Cars in the bays along the street; in a car park also in the rows behind."""
    parking, rng = site.side.parking, site.rng
    if parking == "none":
        return
    rows = [site.side.road + BAY_DEPTH_M[parking] / 2]
    if parking == "perpendicular":
        for row in range(1, site.street.extra_rows + 1):
            rows.append(rows[-1] + BAY_DEPTH_M[parking] + (AISLE_M if row % 2 == 0 else 0.0))
    lean = {"parallel": 0.0, "angled": rng.uniform(0.7, 1.1), "perpendicular": np.pi / 2}[parking]
    for away in rows:
        _fill_row(site, away, lean)


def _fill_row(site: Roadside, away: float, lean: float) -> None:
    """One row of bays whose cars are turned by `lean` from the direction of the road."""
    rng, parking = site.rng, site.side.parking
    phase = rng.uniform(0, 2 * np.pi)
    s = site.start + rng.uniform(0, 5)
    while s < site.end:
        shape, class_name = _draw(site)
        length, width, _ = site.builder.size(shape)
        if length > LONGEST_M[parking]:
            continue
        room = length + rng.uniform(0.5, 1.6) if lean == 0 else (width + rng.uniform(0.6, 0.9)) / np.sin(lean)
        # Full and empty stretches take turns.
        if rng.random() < site.street.occupancy + 0.25 * np.sin(s / 25.0 + phase):
            turn = lean * site.side.sign * -1.0 + rng.normal(0, 0.025)
            turn += np.pi * (rng.random() < (0.12 if lean == 0 else 0.4)) + (np.pi if site.side.sign > 0 else 0.0)
            # A long car sticks out of its bay towards the lane's far side.
            shift = rng.normal(0, 0.1) if lean == 0 else (length - 4.2) / 4 + rng.normal(0, 0.2)
            site.put(shape, s + room / 2, away + shift, turn, class_name, draw_paint(rng))
        s += room


def park_on_drives(site: Roadside) -> None:
    """Cars beside houses, nose or tail to the street."""
    for s in site.along(site.street.driveways):
        shape, class_name = _draw(site)
        turn = site.towards_road + np.pi * site.rng.integers(2) + site.rng.normal(0, 0.08)
        away = site.side.walk + site.builder.size(shape)[0] / 2 + site.rng.uniform(0.3, 5.0)
        if site.put(shape, s, away, turn, class_name, draw_paint(site.rng)):
            site.drives.append(s)


def park_anywhere(site: Roadside) -> None:
    """Cars that stand at random on yards, squares and meadows, and trailers."""
    for s in site.along(site.street.loose):
        shape, class_name = _draw(site)
        away = site.side.walk + 2.0 + site.rng.exponential(7.0)
        site.put(shape, s, away, site.rng.uniform(0, 2 * np.pi), class_name, draw_paint(site.rng))
    if site.street.trailer:
        away = site.side.road + 1.2 if site.side.parking == "parallel" else site.side.walk + 2.0
        shape = site.builder.variant(trailer)
        site.put(shape, site.near(), away, site.rng.normal(0, 0.05), "Misc")


def _draw(site: Roadside) -> tuple[int, str]:
    """A shape for a parked vehicle, and its class."""
    if site.rng.random() < 0.07:
        return site.builder.variant(van), "Van"
    return site.builder.shape(car(site.rng)), "Car"
