"""Courses are integrals of their speeds; followers drive what leaders drove."""

import numpy as np
import pytest

from scanpick.datasets.simulated.motion import Course, Mover, ego_course
from scanpick.datasets.simulated.road import Road


@pytest.mark.parametrize("manner", ["cruise", "slow", "stop", "start", "stand"])
def test_distance_is_the_integral_of_speed(manner):
    course = ego_course(manner, 10.0, 8.0, np.random.default_rng(2))
    times = np.linspace(-3.0, 20.0, 2301)
    speeds = np.array([course.speed(t) for t in times])
    assert (speeds >= 0).all()
    driven = np.array([course.distance(t) for t in times])
    assert driven[300] == pytest.approx(0.0, abs=1e-9)  # at time 0
    steps = (speeds[1:] + speeds[:-1]) / 2 * np.diff(times)
    assert np.diff(driven) == pytest.approx(steps, abs=2e-3)


def test_manners_do_what_they_say():
    rng = np.random.default_rng(3)
    stop, start, slow = (ego_course(manner, 10.0, 10.0, rng) for manner in ("stop", "start", "slow"))
    assert (stop.speed(0.0), stop.speed(60.0)) == (10.0, 0.0)
    assert (start.speed(0.0), start.speed(60.0)) == (0.0, 10.0)
    assert slow.speed(0.0) == slow.speed(60.0) == 10.0
    assert min(slow.speed(t) for t in np.arange(0, 30, 0.1)) < 7.0
    assert ego_course("stand", 10.0, 10.0, rng).distance(100.0) == 0.0


def test_queue_closes_up_and_keeps_its_order():
    """Vehicles before a stopping one, two seconds and seven metres each: far apart at speed, close at the end."""
    course = Course(np.array([4.0, 9.0]), np.array([12.0, 0.0]))
    road = Road.straight(0.0, 0.0, 0.0, 500.0)
    queue = [Mover(road, course, 2.0 * n, 7.0 * n, 1, 0.0) for n in range(5)]
    gaps = np.array([np.diff([mover.at(t)[0] for mover in queue]) for t in np.arange(0.0, 20.0, 0.5)])
    assert gaps.min() >= 7.0 - 1e-9
    assert gaps[0].max() == pytest.approx(31.0)
    assert gaps[-1] == pytest.approx([7.0] * 4)


def test_oncoming_mover_looks_where_it_drives():
    road = Road.from_curvature(-50.0, 1.0, np.full(200, 0.01))
    mover = Mover(road, Course.steady(8.0), 0.0, 60.0, -1, 3.0, sway=0.3, phase=1.0)
    before, now, after = (np.array(mover.at(t)) for t in (1.9, 2.0, 2.1))
    way = after - before
    assert np.hypot(*way[:2]) == pytest.approx(1.6, rel=0.05)
    turned = np.arctan2(way[1], way[0]) - now[2]
    assert np.abs(np.angle(np.exp(1j * turned))) < 0.02
