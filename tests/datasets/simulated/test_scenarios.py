"""Scenarios are complete, and streets are drawn from their ranges."""

import numpy as np
import pytest

from scanpick.datasets.simulated import scenery
from scanpick.datasets.simulated.roadside import BAY_DEPTH_M
from scanpick.datasets.simulated.scenarios import draw_street, scenario_names, scenario_shares
from scanpick.errors import ScanpickError


def test_every_scenario_draws_streets():
    for name in scenario_names():
        for seed in range(20):
            street = draw_street(name, np.random.default_rng(seed))
            assert street.lanes >= 1
            assert street.lane_m > 2.0
            assert street.manner in ("cruise", "slow", "stop", "start", "stand")
            assert {street.parking_left, street.parking_right} <= set(BAY_DEPTH_M)
            assert {street.boundary, street.building, street.backdrop, street.rail} <= {"none", *scenery.ALONG}


def test_there_is_much_to_choose_from():
    assert len(scenario_names()) >= 10
    assert {"country_road", "highway", "junction", "car_park", "parking_street"} <= set(scenario_names())
    assert min(scenario_shares().values()) > 0


def test_streets_of_one_scenario_differ():
    streets = [draw_street("suburb", np.random.default_rng(seed)) for seed in range(20)]
    assert len({street.lane_m for street in streets}) == 20
    assert len({street.manner for street in streets}) > 2


def test_unknown_scenario_is_refused():
    with pytest.raises(ScanpickError, match=r"Unknown scenario 'suburbs'\. Did you mean 'suburb'"):
        draw_street("suburbs", np.random.default_rng(0))
