"""Where the ego vehicle drives."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scanpick.datasets.simulated.motion import Course, Mover, ego_course
from scanpick.datasets.simulated.road import Road
from scanpick.datasets.simulated.scenarios import Street, draw_street
from scanpick.datasets.simulated.world import SIGHT_M


@dataclass(frozen=True, eq=False)
class Route:
    """Where and how the ego vehicle drives; light enough to be built for every drive of a set.

    It drives in `duration` seconds along a street of `length` metres, as far as it drives, or the longest of several
    drives; a road may go across at `crossing_s`, where `queue` vehicles wait before it.
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
        return self.street.manner in ("cruise", "slow", "stop and go")

    @property
    def stands_at(self) -> float:
        """S in metres where the ego vehicle stands, if it does."""
        stop = self.ego.course.distance(self.duration + 60.0) if self.street.manner == "stop" else 0.0
        return self.ego.offset + stop

    @property
    def waits(self) -> bool:
        """Whether the ego vehicle stands before the road across."""
        return self.crossing_s is not None and not self.goes_on


@dataclass(frozen=True)
class Visit:
    """One of several drives on a street.

    Attributes:
        rng: Draws what differs from drive to drive; the street itself is drawn as for all of them.
        longest: Seconds of the longest drive on this street.
    """

    rng: np.random.Generator
    longest: float


def plan_route(scenario: str, duration: float, rng: np.random.Generator, visit: Visit | None = None) -> Route:
    """Draw a street and the ego vehicle's way along it over `duration` seconds.

    Args:
        scenario: What the street is like.
        duration: Seconds.
        rng: Draws the street, and the drive where the street is driven once.
        visit: Where the street is driven several times: which drive this is.
    """
    if visit is not None:
        return _plan_visit(scenario, duration, rng, visit)
    street = draw_street(scenario, rng)
    bend = street.bend and not street.crossing
    speed = min(street.speed_mps, 7.0) if bend else street.speed_mps
    course = ego_course(street.manner, speed, duration, rng)
    length = course.distance(duration)
    road = _draw_road(street, length, bend, rng)
    ego = _draw_ego(street, road, course, 0.0, speed, rng)
    queue = _draw_queue(rng)
    crossing = None
    if street.crossing:
        stop = course.distance(duration + 60.0) if street.manner == "stop" else 0.0
        waits = street.manner not in ("cruise", "slow")
        crossing = stop + _before_crossing(queue) if waits else rng.uniform(15.0, length + 40.0)
    return Route(street, road, ego, length, duration, crossing, queue)


def _plan_visit(scenario: str, duration: float, rng: np.random.Generator, visit: Visit) -> Route:
    """The same road each time, with the road across at its end; where on it, how fast and among whom, as drawn."""
    street = draw_street(scenario, rng).at_another_time(draw_street(scenario, visit.rng))
    bend = street.bend and not street.crossing
    speed = min(street.speed_mps, 7.0) if bend else street.speed_mps
    length = 1.1 * speed * visit.longest
    road = _draw_road(street, length, bend, rng)
    crossing = length + rng.uniform(13.0, 20.0) if street.crossing else None
    if duration > LONG_S and street.manner in ("cruise", "slow"):
        street = replace(street, manner="stop and go")
    course = ego_course(street.manner, speed, duration, visit.rng)
    queue = _draw_queue(visit.rng)
    start = visit.rng.uniform(0.0, max(length - course.distance(duration), 0.0))
    if crossing is not None and street.manner in ("stop", "stand", "start"):
        stop = course.distance(duration + 60.0) if street.manner == "stop" else 0.0
        start = crossing - _before_crossing(queue) - stop
    ego = _draw_ego(street, road, course, start, speed, visit.rng)
    return Route(street, road, ego, length, duration, crossing, queue)


LONG_S = 12.0
"""Whoever drives longer than this comes to a stand now and then."""


def _draw_ego(
    street: Street, road: Road, course: Course, start: float, speed: float, rng: np.random.Generator
) -> Mover:
    d = 0.0 if street.one_way else -(street.median_m / 2 + (rng.integers(street.lanes) + 0.5) * street.lane_m)
    sway = 0.0 if speed == 0 else rng.uniform(0.05, 0.25)
    return Mover(road, course, 0.0, start, 1, d, sway, rng.uniform(0, 2 * np.pi))


def _draw_queue(rng: np.random.Generator) -> int:
    return int(rng.choice([0, 1, 2, 3], p=[0.45, 0.25, 0.2, 0.1]))


def _before_crossing(queue: int) -> float:
    """Metres from the ego vehicle to the middle of the road across, where it waits behind so many others."""
    return 13.0 + 7.0 * queue


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
