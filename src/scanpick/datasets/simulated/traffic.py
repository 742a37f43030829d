"""Vehicles on the road and people beside it."""

from __future__ import annotations

import numpy as np

from scanpick.datasets.simulated import people, vehicles
from scanpick.datasets.simulated.builder import Builder
from scanpick.datasets.simulated.motion import Course, Mover, ego_course
from scanpick.datasets.simulated.road import Road
from scanpick.datasets.simulated.route import Route
from scanpick.datasets.simulated.shapes import Shape
from scanpick.datasets.simulated.world import SIGHT_M

GAITS_M = (0.05, 0.35, 0.6, 0.35)
"""How far the feet are apart, one after the other in a step."""


def draw_parked(builder: Builder) -> tuple[int, str]:
    """A shape for a parked vehicle, and its class."""
    if builder.rng.random() < 0.05:
        return builder.variant(vehicles.van), "Van"
    return builder.shape(vehicles.car(builder.rng)), "Car"


def draw_driven(builder: Builder, heavy_share: float) -> tuple[int, str]:
    """A shape for a vehicle in traffic, and its class."""
    rng = builder.rng
    if rng.random() >= heavy_share:
        return builder.shape(vehicles.car(rng)), "Car"
    make, class_name = [(vehicles.van, "Van"), (vehicles.truck, "Truck"), (vehicles.bus, "Truck")][
        rng.choice(3, p=[0.55, 0.35, 0.1])
    ]
    return builder.variant(make), class_name


def draw_person(builder: Builder) -> tuple[int, ...]:
    """The shapes of somebody on foot, one for each of `GAITS_M`, all of the same size."""
    seed = int(builder.rng.integers(2**32))
    gaits = [people.pedestrian(np.random.default_rng(seed), stride) for stride in GAITS_M]
    size = max(shape.size for shape in gaits)
    return tuple(builder.shape(Shape(shape.rows, size)) for shape in gaits)


def add_traffic(builder: Builder, route: Route, across: Road | None, across_half: float) -> None:
    """Fill the lanes: the ego vehicle's, those beside it, the oncoming ones and those of a road across."""
    street, rng = route.street, builder.rng
    ego_course_ = route.ego.course
    waits = across is not None and street.manner in ("stop", "stand", "start")
    speed = street.speed_mps
    _queue_ahead(builder, route, waits)
    if not street.one_way:
        for lane in range(street.lanes):
            d = street.median_m / 2 + (lane + 0.5) * street.lane_m
            if abs(-d - route.ego.d) > 0.1:
                course = ego_course_ if waits else Course.steady(speed * rng.uniform(0.85, 1.15))
                _stream(builder, route, course, 1, -d, street.ahead_per_km)
            if waits and route.crossing_s is not None:
                course = ego_course(street.manner, speed, route.duration, rng)
                stop_line = route.crossing_s + across_half + 4.0
                _stream(builder, route, course, -1, d, street.oncoming_per_km, stop_line=stop_line)
            else:
                _stream(builder, route, Course.steady(speed * rng.uniform(0.75, 1.2)), -1, d, street.oncoming_per_km)
    if across is not None:
        _across(builder, route, across, across_half, flowing=waits and street.manner != "start")


def _queue_ahead(builder: Builder, route: Route, waits: bool) -> None:
    """Vehicles before the ego vehicle in its lane."""
    street, rng = route.street, builder.rng
    mean_gap = 1000.0 / max(street.ahead_per_km, 0.1)
    ahead, lag, place = route.queue if waits else 8, 0.0, 0.0
    length = 4.2
    for _ in range(ahead):
        shape, class_name = draw_driven(builder, street.heavy_share)
        behind, length = length, builder.size(shape)[0]
        space = (behind + length) / 2 + rng.uniform(1.5, 3.5)
        time = rng.uniform(0.9, 1.8)
        if not waits:
            time += rng.exponential(max(mean_gap / max(street.speed_mps, 2.0) - 1.5, 0.3))
        lag, place = lag + time, place + space
        if route.ego.course.distance(lag) + place > SIGHT_M + route.length:
            return
        mover = Mover(builder.road, route.ego.course, lag, place, 1, route.ego.d, 0.12, rng.uniform(0, 6.28))
        builder.move((shape,), mover, class_name=class_name, paint=_paint(rng), follows_slope=True)


def _stream(
    builder: Builder,
    route: Route,
    course: Course,
    direction: int,
    d: float,
    per_km: float,
    stop_line: float | None = None,
) -> None:
    """Vehicles one after the other in a lane that is not the ego vehicle's.

    With a stop line they come to stand behind it, or start from there; else they are spread over all that is seen.
    """
    street, rng = route.street, builder.rng
    span = route.length + 2 * SIGHT_M + course.distance(route.duration)
    if stop_line is None:
        # The first one is as far along as any could be.
        start = route.length + SIGHT_M if direction > 0 else -SIGHT_M
    else:
        start = stop_line + course.distance(route.duration + 60.0 if street.manner == "stop" else 0.0)
    lag, back, length = 0.0, 0.0, 0.0
    mean_gap = 1000.0 / max(per_km, 0.1)
    speed = max(float(course.speeds.max()), 2.0)
    gap = rng.uniform(0, mean_gap)
    first = True
    while True:
        shape, class_name = draw_driven(builder, street.heavy_share)
        if street.tram and direction < 0 and first and rng.random() < 0.7:
            shape, class_name = builder.variant(vehicles.tram), "Tram"
        before, length = length, builder.size(shape)[0]
        space = (before + length) / 2 + rng.uniform(1.5, 3.5)
        if stop_line is None:
            back += gap + space
        else:
            lag -= gap / speed if not first else 0.0
            back += space if not first else length / 2
        if back - lag * speed > span:
            return
        mover = Mover(builder.road, course, lag, start - direction * back, direction, d, 0.12, rng.uniform(0, 6.28))
        builder.move((shape,), mover, class_name=class_name, paint=_paint(rng), follows_slope=True)
        gap, first = max(rng.exponential(mean_gap) - space, 0.5 * speed), False


def _across(builder: Builder, route: Route, across: Road, half: float, *, flowing: bool) -> None:
    """Traffic on the road across: it flows while the ego vehicle waits, and waits while that goes."""
    street, rng = route.street, builder.rng
    edge = 2.5 + (street.lane_m / 2 if street.one_way else street.median_m / 2 + street.lanes * street.lane_m)
    for direction in (1, -1):
        d = -direction * half / 2
        course = Course.steady(rng.uniform(6.0, 12.0))
        place = SIGHT_M * direction if flowing else -direction * (edge + 2.0)
        end = SIGHT_M + course.distance(route.duration) if flowing else 40.0
        while abs(place) < end or place * direction > 0:
            shape, class_name = draw_driven(builder, street.heavy_share)
            length = builder.size(shape)[0]
            place -= direction * length / 2
            if not flowing and rng.random() < 0.35:
                break
            mover = Mover(across, course if flowing else Course.steady(0.0), 0.0, place, direction, d)
            builder.move((shape,), mover, class_name=class_name, paint=_paint(rng), follows_slope=True)
            place -= direction * (length / 2 + (rng.exponential(25.0) + 4.0 if flowing else rng.uniform(1.5, 3.0)))


def add_people(builder: Builder, route: Route, walks: tuple[float, float], width: float) -> None:
    """Walkers on the pavements, groups, people who cross, cyclists at the edge of the road."""
    street, rng = route.street, builder.rng
    start, end = -SIGHT_M, route.length + SIGHT_M
    for walk, sign in zip(walks, (1.0, -1.0), strict=True):
        for _ in range(rng.poisson(street.pedestrians * (end - start) / 100)):
            away = walk - rng.uniform(0.2, 0.85) * width
            _walker(builder, rng.uniform(start, end), sign * away, int(rng.choice([-1, 1])), rng.uniform(0.7, 1.8))
        for _ in range(rng.poisson(street.cyclists * (end - start) / 200)):
            shape = builder.variant(people.cyclist)
            d = -(walk - width - street.verge_m) + 0.6 if sign < 0 else walk - width - street.verge_m - 0.6
            course = Course.steady(rng.uniform(3.0, 7.0))
            mover = Mover(builder.road, course, 0.0, rng.uniform(start, end), int(-sign), d, 0.1, rng.uniform(0, 6.28))
            if street.parking_left == street.parking_right == "none":
                builder.move((shape,), mover, class_name="Cyclist", follows_slope=True)
    if street.crowd:
        middle, side, speed = rng.uniform(5.0, route.length + 35.0), rng.integers(2), rng.uniform(0.0, 1.4)
        sign = (1.0, -1.0)[side]
        for _ in range(int(rng.integers(4, 14))):
            away = walks[side] - rng.uniform(0.1, 1.0) * width
            _walker(builder, middle + rng.normal(0, 2.5), sign * away, 1, max(speed + rng.normal(0, 0.05), 0.0))
    if street.manner in ("stop", "stand", "start") and rng.random() < 0.15 + 0.05 * min(street.pedestrians, 10):
        _crossers(builder, route, max(walks))


def _crossers(builder: Builder, route: Route, walk: float) -> None:
    """People who cross before the ego vehicle while it stands."""
    rng = builder.rng
    stop = route.ego.course.distance(route.duration) if route.street.manner == "stop" else 0.0
    x, y, heading = (float(v) for v in builder.road.at(stop + rng.uniform(5.0, 8.0), 0.0))
    path = Road.straight(x, y, heading + np.pi / 2, 30.0)
    for _ in range(int(rng.integers(1, 4))):
        direction, speed = int(rng.choice([-1, 1])), rng.uniform(0.9, 1.6)
        # Somewhere on the way while the vehicle stands; those who would be late have passed before it starts.
        moment = rng.uniform(0.0, route.duration) if route.street.manner != "start" else rng.uniform(-6.0, -2.0)
        if route.street.manner == "stop":
            moment += route.duration
        offset = -direction * speed * moment
        mover = Mover(path, Course.steady(speed), 0.0, offset, direction, rng.normal(0, 0.6))
        builder.move(draw_person(builder), mover, class_name="Pedestrian")
    del walk


def _walker(builder: Builder, s: float, d: float, direction: int, speed: float) -> None:
    rng = builder.rng
    mover = Mover(builder.road, Course.steady(speed), 0.0, s, direction, d, 0.15, rng.uniform(0, 2 * np.pi))
    builder.move(draw_person(builder), mover, class_name="Pedestrian")


def _paint(rng: np.random.Generator) -> float:
    return float(rng.choice([0.06, 0.15, 0.3, 0.45, 0.6]) * rng.uniform(0.8, 1.2))
