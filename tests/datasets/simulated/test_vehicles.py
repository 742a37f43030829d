"""Vehicles and people have the sizes they are labelled with."""

import numpy as np
import pytest

from scanpick.datasets.simulated import people, vehicles
from scanpick.datasets.simulated.vehicles import CAR_BODIES


def test_cars_are_as_large_as_kittis():
    sizes = np.array([vehicles.car(np.random.default_rng(seed)).size for seed in range(600)])
    assert sizes.mean(axis=0) == pytest.approx([3.88, 1.63, 1.53], abs=0.06)
    assert sizes.std(axis=0) == pytest.approx([0.43, 0.10, 0.14], abs=0.05)


@pytest.mark.parametrize("kind", CAR_BODIES)
def test_every_kind_of_car_fills_its_label(kind):
    """All but the mirrors is inside of the box, and the box is no larger than the car."""
    for seed in range(20):
        shape = vehicles.car(np.random.default_rng(seed), kind)
        low, high = shape.bounds
        length, width, height = shape.size
        assert (high[0], -low[0]) == (pytest.approx(length / 2, abs=0.06), pytest.approx(length / 2, abs=0.06))
        assert high[2] == pytest.approx(height, abs=0.01)
        assert low[2] == pytest.approx(0.0)
        assert width / 2 - 0.02 <= high[1] <= width / 2 + 0.15


@pytest.mark.parametrize("name", ["van", "truck", "bus", "tram", "trailer"])
def test_other_vehicles_stand_on_the_ground_inside_of_their_label(name):
    for seed in range(20):
        shape = getattr(vehicles, name)(np.random.default_rng(seed))
        low, high = shape.bounds
        length, width, height = shape.size
        assert max(high[0], -low[0]) <= length / 2 + 0.02
        assert max(high[1], -low[1]) <= width / 2 + 0.25  # mirrors
        assert high[2] <= height + 0.01
        assert 0.0 <= low[2] <= 0.3


@pytest.mark.parametrize("make", [people.pedestrian, people.seated, people.cyclist], ids=lambda make: make.__name__)
def test_people_fit_their_label(make):
    for seed in range(20):
        shape = make(np.random.default_rng(seed))
        low, high = shape.bounds
        assert high[2] == pytest.approx(shape.size[2], abs=0.02)
        assert low[2] == pytest.approx(0.0, abs=0.01)
        assert max(high[0], -low[0]) <= shape.size[0] / 2 + 0.12
        assert shape.size[1] < 1.0


def test_primitives_are_not_inside_out():
    for seed in range(30):
        rng = np.random.default_rng(seed)
        for make in (vehicles.car, vehicles.van, vehicles.truck, people.pedestrian, people.cyclist):
            rows = make(rng).rows
            for low, high in ((1, 2), (3, 4), (5, 6), (7, 8), (9, 10)):
                assert (rows[:, low] <= rows[:, high] + 1e-9).all(), make.__name__
