"""How things move: speeds over time, and who follows whom.

Traffic follows Newell's simplified model (2002): a vehicle drives the course of the one before it, later in time and
behind in space. So a mover is a course with a lag and an offset, its place at any time is closed-form, and queues form
and dissolve without simulating step by step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.datasets.simulated.road import Road


@dataclass(frozen=True, eq=False)
class Course:
    """A speed over time, linear between knots and constant outside of them.

    Attributes:
        times: (K,) seconds, ascending.
        speeds: (K,) m/s.
    """

    times: Float64Array
    speeds: Float64Array

    @classmethod
    def steady(cls, speed: float) -> Course:
        """Always the same speed."""
        return cls(np.array([0.0, 1.0]), np.array([speed, speed]))

    def speed(self, time: float) -> float:
        """m/s at a time."""
        return float(np.interp(time, self.times, self.speeds))

    def distance(self, time: float) -> float:
        """Metres driven since time 0."""
        return self._since_first_knot(time) - self._since_first_knot(0.0)

    def _since_first_knot(self, time: float) -> float:
        times, speeds = self.times, self.speeds
        if time <= times[0]:
            return float((time - times[0]) * speeds[0])
        inside = times < time
        knots = np.concatenate([times[inside], [time]])
        values = np.concatenate([speeds[inside], [self.speed(time)]])
        return float(((values[1:] + values[:-1]) / 2 * np.diff(knots)).sum())


def ego_course(manner: str, speed: float, duration: float, rng: np.random.Generator) -> Course:
    """The ego vehicle's course over `duration` seconds, with `speed` m/s when it goes.

    A manner is ``cruise``, ``slow`` (down and on again), ``stop`` (and stand), ``start`` (after standing), ``stand`` or
    ``stop and go`` (again and again, as in town).
    """
    braking, pulling = speed / rng.uniform(1.5, 2.8), speed / rng.uniform(1.2, 2.0)
    when = rng.uniform(0.1, 0.6) * duration
    if manner == "stand":
        return Course.steady(0.0)
    if manner == "stop":
        return Course(np.array([when, when + braking]), np.array([speed, 0.0]))
    if manner == "start":
        return Course(np.array([when, when + pulling]), np.array([0.0, speed]))
    if manner == "slow":
        low = speed * rng.uniform(0.25, 0.6)
        times = np.cumsum([when, 0.7 * braking, rng.uniform(0.5, 2.0), 0.7 * pulling])
        return Course(times, np.array([speed, low, low, speed]))
    if manner == "stop and go":
        knots = [(rng.uniform(0.0, 8.0), speed * int(rng.integers(2)))]
        while knots[-1][0] < duration:
            time, goes = knots[-1][0], knots[-1][1] > 0
            time += braking if goes else pulling
            then = 0.0 if goes else speed * rng.uniform(0.5, 1.0)
            knots += [(time, then), (time + (rng.exponential(9.0) if goes else 2.0 + rng.exponential(12.0)), then)]
        return Course(*np.array(knots).T)
    times = np.arange(0.0, duration + 20.0, 4.0)
    return Course(times, speed * rng.uniform(0.88, 1.08, len(times)))


@dataclass(frozen=True, eq=False)
class Mover:
    """Something that moves along a road.

    Attributes:
        path: The road it keeps to.
        course: How it drives; it is the course of the first vehicle of its queue.
        lag: Seconds it is ahead of that (negative: behind).
        offset: s in metres where it would be after a distance of 0.
        direction: +1 along the road's s, -1 against it.
        d: Metres to the left of the centre line.
        sway: Amplitude in metres of its slow way to and fro across the lane.
        phase: Of the sway, radians.
    """

    path: Road
    course: Course
    lag: float
    offset: float
    direction: int
    d: float
    sway: float = 0.0
    phase: float = 0.0

    @classmethod
    def still(cls, path: Road, s: float, d: float) -> Mover:
        """One that stays where it is."""
        return cls(path, Course.steady(0.0), 0.0, s, 1, d)

    def travelled(self, time: float) -> float:
        """Metres since time 0."""
        return self.course.distance(time + self.lag) - self.course.distance(self.lag)

    def at(self, time: float) -> tuple[float, float, float]:
        """World x, y in metres and yaw in radians."""
        distance = self.course.distance(time + self.lag)
        wave = distance / 15.0 + self.phase
        d = self.d + self.sway * np.sin(wave)
        x, y, heading = self.path.at(self.offset + self.direction * distance, d)
        yaw = heading + self.sway / 15.0 * np.cos(wave) * self.direction
        return float(x), float(y), float(yaw) + (0.0 if self.direction > 0 else np.pi)
