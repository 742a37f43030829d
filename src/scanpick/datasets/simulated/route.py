"""Where the ego vehicle drives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanpick.datasets.simulated.motion import Mover, ego_course
from scanpick.datasets.simulated.road import Road
from scanpick.datasets.simulated.scenarios import Street, draw_street
from scanpick.datasets.simulated.world import SIGHT_M


@dataclass(frozen=True, eq=False)
class Route:
    """Where and how the ego vehicle drives; light enough to be built for every drive of a set.

    It drives `length` metres in `duration` seconds; a road may go across at `crossing_s`, where `queue` vehicles wait
    before it.
    """

    street: Street
    road: Road
    ego: Mover
    length: float
    duration: float
    crossing_s: float | None
    queue: int

    @property
    def goes_on(self) -> bool:
        """Whether the ego vehicle never stands."""
        return self.street.manner in ("cruise", "slow")

    @property
    def waits(self) -> bool:
        """Whether the ego vehicle stands before the road across."""
        return self.crossing_s is not None and not self.goes_on


def plan_route(scenario: str, duration: float, rng: np.random.Generator) -> Route:
    """Draw a street and the ego vehicle's way along it over `duration` seconds."""
    street = draw_street(scenario, rng)
    bend = street.bend and not street.crossing
    speed = min(street.speed_mps, 7.0) if bend else street.speed_mps
    course = ego_course(street.manner, speed, duration, rng)
    length = course.distance(duration)
    road = _draw_road(street, length, bend, rng)
    d = 0.0 if street.one_way else -(street.median_m / 2 + (rng.integers(street.lanes) + 0.5) * street.lane_m)
    sway = 0.0 if speed == 0 else rng.uniform(0.05, 0.25)
    ego = Mover(road, course, 0.0, 0.0, 1, d, sway, rng.uniform(0, 2 * np.pi))
    queue = int(rng.choice([0, 1, 2, 3], p=[0.45, 0.25, 0.2, 0.1]))
    crossing = None
    if street.crossing:
        stop = course.distance(duration + 60.0) if street.manner == "stop" else 0.0
        waits = street.manner not in ("cruise", "slow")
        crossing = stop + 13.0 + 7.0 * queue if waits else rng.uniform(15.0, length + 40.0)
    return Route(street, road, ego, length, duration, crossing, queue)


def _draw_road(street: Street, length: float, bend: bool, rng: np.random.Generator) -> Road:
    start, step = -SIGHT_M - 10.0, 1.0
    s = np.arange(start, length + SIGHT_M + 15.0, step)
    curvature = np.zeros_like(s)
    for _ in range(2):
        wave = 2 * np.pi * s / rng.uniform(120.0, 500.0) + rng.uniform(0, 2 * np.pi)
        curvature += street.curvature / 2 * np.sin(wave)
    if bend:
        radius, angle = rng.uniform(10.0, 18.0), rng.uniform(0.9, 1.6) * rng.choice([-1, 1])
        here = np.abs(s - rng.uniform(0.3 * length + 5.0, length + 35.0)) < abs(angle) * radius / 2
        curvature[here] = np.sign(angle) / radius
    return Road.from_curvature(start, step, curvature)
