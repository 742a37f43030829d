"""People who move: on the pavements, in groups, across the street, on bicycles."""

from __future__ import annotations

import numpy as np

from scanpick.datasets.simulated import people
from scanpick.datasets.simulated.builder import Builder
from scanpick.datasets.simulated.motion import Course, Mover
from scanpick.datasets.simulated.road import Road
from scanpick.datasets.simulated.route import Route
from scanpick.datasets.simulated.shapes import Shape
from scanpick.datasets.simulated.world import SIGHT_M

GAITS_M = (0.05, 0.35, 0.6, 0.35)
"""How far the feet are apart, one after the other in a step."""


def draw_person(builder: Builder) -> tuple[int, ...]:
    """The shapes of somebody on foot, one for each of `GAITS_M`, all of the same size."""
    seed = int(builder.rng.integers(2**32))
    gaits = [people.pedestrian(np.random.default_rng(seed), stride) for stride in GAITS_M]
    size = max(shape.size for shape in gaits)
    return tuple(builder.shape(Shape(shape.rows, size)) for shape in gaits)


def add_people(builder: Builder, route: Route, kerbs: tuple[float, float], walks: tuple[float, float]) -> None:
    """Fill the pavements: from `kerbs` to `walks` metres from the centre line, left and right."""
    street, rng = route.street, builder.rng
    start, end = -SIGHT_M, route.length + SIGHT_M
    for sign, kerb, walk in zip((1, -1), kerbs, walks, strict=True):
        for _ in range(rng.poisson(street.pedestrians * (end - start) / 100)):
            _walk(builder, rng.uniform(start, end), sign * rng.uniform(kerb, walk), int(rng.choice([-1, 1])), None)
    if street.crowd:
        _group(builder, route, kerbs, walks)
    if street.parking_left == street.parking_right == "none":
        for _ in range(rng.poisson(street.cyclists * (end - start) / 100)):
            _cycle(builder, rng.uniform(start, end), kerbs[0] - 0.6, kerbs[1] - 0.6)
    if not route.goes_on and rng.random() < 0.1 + 0.06 * min(street.pedestrians, 10.0):
        _cross(builder, route)


def _walk(builder: Builder, s: float, d: float, direction: int, speed: float | None) -> None:
    rng = builder.rng
    speed = rng.uniform(0.7, 1.8) if speed is None else speed
    mover = Mover(builder.road, Course.steady(speed), 0.0, s, direction, d, 0.15, rng.uniform(0, 2 * np.pi))
    builder.move(draw_person(builder), mover, class_name="Pedestrian")


def _group(builder: Builder, route: Route, kerbs: tuple[float, float], walks: tuple[float, float]) -> None:
    rng = builder.rng
    side, speed = int(rng.integers(2)), rng.uniform(0.0, 1.4)
    middle, sign = rng.uniform(8.0, route.length + 35.0), (1, -1)[side]
    for _ in range(int(rng.integers(4, 14))):
        d = sign * rng.uniform(kerbs[side], walks[side] + 1.0)
        _walk(builder, middle + rng.normal(0, 2.5), d, 1, max(speed + rng.normal(0, 0.05), 0.0))


def _cycle(builder: Builder, s: float, left: float, right: float) -> None:
    rng = builder.rng
    direction = int(rng.choice([-1, 1]))
    d = left if direction < 0 else -right
    course = Course.steady(rng.uniform(3.0, 7.0))
    mover = Mover(builder.road, course, 0.0, s, direction, d, 0.1, rng.uniform(0, 2 * np.pi))
    builder.move((builder.variant(people.cyclist),), mover, class_name="Cyclist")


def _cross(builder: Builder, route: Route) -> None:
    """People who cross before the ego vehicle while it stands."""
    rng, manner = builder.rng, route.street.manner
    x, y, heading = (float(v) for v in builder.road.at(route.stands_at + rng.uniform(5.0, 8.0), 0.0))
    path = Road.straight(x, y, heading + np.pi / 2, 30.0)
    for _ in range(int(rng.integers(1, 4))):
        direction, speed = int(rng.choice([-1, 1])), rng.uniform(0.9, 1.6)
        # When each is in the middle of the road: before the vehicle starts, after it has come to a stand.
        early, late = {"start": (-6.0, -2.0), "stop": (0.8, 1.4), "stand": (0.0, 1.0)}[manner]
        moment = rng.uniform(early, late) * (1.0 if manner == "start" else route.duration)
        mover = Mover(path, Course.steady(speed), 0.0, -direction * speed * moment, direction, rng.normal(0, 0.6))
        builder.move(draw_person(builder), mover, class_name="Pedestrian")
