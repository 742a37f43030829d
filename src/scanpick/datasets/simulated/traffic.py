"""Vehicles that drive: before the ego vehicle, beside it, towards it, and across."""

from __future__ import annotations

import numpy as np

from scanpick.datasets.simulated import scenery, vehicles
from scanpick.datasets.simulated.builder import Builder
from scanpick.datasets.simulated.motion import Course, Mover, ego_course
from scanpick.datasets.simulated.road import Road
from scanpick.datasets.simulated.route import Route
from scanpick.datasets.simulated.world import SIGHT_M

SWAY_M = 0.12
SPRAY_SPEED_MPS = 8.0
"""From this speed on a vehicle throws up spray."""


class Traffic:
    """Fills the lanes of a route, and those of a road across, whose half width is `across_half` metres.

    `spray` is the share of fast vehicles with a cloud of water behind them.
    """

    def __init__(self, builder: Builder, route: Route, across: Road | None, across_half: float, spray: float) -> None:
        self.builder, self.route, self.across, self.across_half, self.spray = builder, route, across, across_half, spray
        self.street, self.rng = route.street, builder.rng
        self.tram = route.street.tram

    def build(self) -> None:
        """Fill every lane."""
        self._before_ego()
        for d in self._lanes():
            if abs(-d - self.route.ego.d) >= 0.1:
                self._beside(-d)
            self._oncoming(d)
        if self.across is not None:
            self._crossing(self.across)

    def _lanes(self) -> list[float]:
        if self.street.one_way:
            return []
        return [self.street.median_m / 2 + (lane + 0.5) * self.street.lane_m for lane in range(self.street.lanes)]

    def _before_ego(self) -> None:
        """Vehicles ahead in the ego vehicle's lane; it follows them."""
        course, start = self.route.ego.course, self.route.ego.offset
        speed = max(self.street.speed_mps, 2.0)
        mean_gap = 1000.0 / max(self.street.ahead_per_km, 0.1)
        # Where it waits for its turn, the queue before it ends at the stop line; in a jam it may be longer.
        goes_on = self.route.goes_on
        count = 8 if goes_on else self.route.queue if self.route.waits else 2 * self.route.queue
        lag, place, length = 0.0, self.rng.uniform(0.0, 4.0), 4.2
        for _ in range(count):
            shape, class_name = self._draw()
            behind, length = length, self.builder.size(shape)[0]
            place += (behind + length) / 2 + self.rng.uniform(1.5, 3.5)
            lag += self.rng.uniform(1.0, 2.2)
            if goes_on:
                lag += self.rng.exponential(max(mean_gap / speed - 1.5, 0.3))
            if start + course.distance(lag) + place > SIGHT_M + self.route.length:
                return
            self._drive(shape, class_name, self.builder.road, course, lag, start + place, 1, self.route.ego.d)

    def _beside(self, d: float) -> None:
        """Vehicles in another lane in the same direction."""
        stop_line = self._stop_line(1)
        course = self.route.ego.course
        if stop_line is None:
            course = Course.steady(self.street.speed_mps * self.rng.uniform(0.85, 1.15))
        self._stream(course, 1, d, self.street.ahead_per_km, stop_line)

    def _oncoming(self, d: float) -> None:
        stop_line, speed = self._stop_line(-1), self.street.speed_mps
        if stop_line is None:
            course = Course.steady(speed * self.rng.uniform(0.75, 1.2))
        else:
            course = ego_course(self.street.manner, speed, self.route.duration, self.rng)
        self._stream(course, -1, d, self.street.oncoming_per_km, stop_line)

    def _stop_line(self, direction: int) -> float | None:
        """Where the vehicles of a direction stand before the road across, in metres; None where they do not."""
        if self.route.crossing_s is None or not self.route.waits:
            return None
        return self.route.crossing_s - direction * self.across_half - direction * 4.0

    def _stream(self, course: Course, direction: int, d: float, per_km: float, stop_line: float | None) -> None:
        """Vehicles one after the other in a lane.

        With a stop line the first comes to stand there, or starts from there, and the others behind it; without one
        they are spread over all that is seen during the drive.
        """
        if stop_line is None:
            start = self.route.length + SIGHT_M if direction > 0 else -SIGHT_M
        else:
            waiting = self.route.duration + 60.0 if self.street.manner == "stop" else 0.0
            start = stop_line - direction * course.distance(waiting)
        speed = max(float(course.speeds.max()), 2.0)
        span = self.route.length + 2 * SIGHT_M + course.distance(self.route.duration)
        mean_gap = 1000.0 / max(per_km, 0.1)
        gap, lag, back, length = self.rng.uniform(0, mean_gap), 0.0, 0.0, 0.0
        while back - lag * speed < span:
            shape, class_name = self._draw(oncoming=direction < 0)
            before, length = length, self.builder.size(shape)[0]
            space = (before + length) / 2 + self.rng.uniform(1.5, 3.5)
            if stop_line is None:
                back += gap + space
            elif before == 0:
                back += length / 2
            else:
                lag, back = lag - gap / speed, back + space
            place = start - direction * back
            self._drive(shape, class_name, self.builder.road, course, lag, place, direction, d)
            gap = max(self.rng.exponential(mean_gap) - space, 0.5 * speed)

    def _crossing(self, across: Road) -> None:
        """Traffic on the road across: it flows while the ego vehicle waits, and waits while that goes."""
        flows = self.route.waits and self.street.manner != "start"
        lanes = self._lanes()
        edge = 4.5 + (lanes[-1] if lanes else 0.0) + self.street.lane_m / 2
        for direction in (1, -1):
            d = -direction * self.across_half / 2
            if flows:
                course = Course.steady(self.rng.uniform(6.0, 12.0))
                reach = SIGHT_M + course.distance(self.route.duration)
                place = SIGHT_M
            else:
                course, place = Course.steady(0.0), -edge
                reach = edge + 12.0 * self.rng.integers(3)
            while place > -reach:
                shape, class_name = self._draw()
                length = self.builder.size(shape)[0]
                self._drive(shape, class_name, across, course, 0.0, direction * (place - length / 2), direction, d)
                place -= length + (self.rng.exponential(25.0) + 4.0 if flows else self.rng.uniform(1.5, 3.0))

    def _draw(self, *, oncoming: bool = False) -> tuple[int, str]:
        """A shape for a vehicle, and its class."""
        if oncoming and self.tram:
            self.tram = False
            return self.builder.variant(vehicles.tram), "Tram"
        if self.rng.random() >= self.street.heavy_share:
            return self.builder.shape(vehicles.car(self.rng)), "Car"
        kind = self.rng.choice(3, p=[0.5, 0.4, 0.1])
        make, class_name = [(vehicles.van, "Van"), (vehicles.truck, "Truck"), (vehicles.bus, "Truck")][kind]
        return self.builder.variant(make), class_name

    def _drive(
        self,
        shape: int,
        class_name: str,
        path: Road,
        course: Course,
        lag: float,
        place: float,
        direction: int,
        d: float,
    ) -> None:
        phase = self.rng.uniform(0, 2 * np.pi)
        mover = Mover(path, course, lag, place, direction, d, SWAY_M, phase)
        paint = vehicles.draw_paint(self.rng)
        self.builder.move((shape,), mover, class_name=class_name, paint=paint)
        if course.speeds.max() > SPRAY_SPEED_MPS and self.rng.random() < self.spray:
            behind = place - direction * self.builder.size(shape)[0] / 2
            cloud = Mover(path, course, lag, behind, direction, d, SWAY_M, phase)
            self.builder.move((self.builder.variant(scenery.spray),), cloud)
