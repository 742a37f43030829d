"""The ground: cross sections, crossings, and a relief as steep as asked."""

import numpy as np
import pytest

from scanpick.datasets.simulated.ground import Strip, cross_section, ground_at, heights_at, lay_ground, places_at
from scanpick.datasets.simulated.materials import Material
from scanpick.datasets.simulated.road import Road

NO_CROSSING = np.zeros((0, 6))
SIDE = [
    Strip(3.0, Material.ASPHALT, -0.06),
    Strip(5.0, Material.PAVING, 0.08, step=0.12),
    Strip(15.0, Material.GRASS, 1.08),
]


def straight_ground(crossings=NO_CROSSING, slope=0.0):
    road = Road.straight(0.0, 0.0, 0.0, 60.0)
    section = cross_section(SIDE, SIDE, [(0.0, Material.DASHED_MARKING), (-2.9, Material.MARKING)])
    return lay_ground(road, section, crossings, slope=slope, rng=np.random.default_rng(1))


@pytest.mark.parametrize("side", [1, -1])
def test_cross_section_has_camber_kerb_and_bank(side):
    ground = straight_ground()
    for d, height, material in (
        (1.5, -0.03, Material.ASPHALT),
        (2.7, -0.054, Material.ASPHALT),
        (3.1, 0.061, Material.PAVING),
        (4.9, 0.079, Material.PAVING),
        (10.0, 0.58, Material.GRASS),
        (30.0, 1.08, Material.GRASS),
    ):
        found = ground_at(ground, 20.0, side * d)
        assert found[0] == pytest.approx(height, abs=0.006), d
        assert found[1] == material, d


def test_lines_are_painted_where_they_belong():
    ground = straight_ground()
    along = np.arange(-50.0, 50.0, 0.5)
    middle = [ground_at(ground, x, 0.0)[1] for x in along]
    assert 0.35 < np.mean(np.array(middle) == Material.MARKING) < 0.55
    assert set(middle) == {Material.MARKING, Material.ASPHALT}
    assert all(ground_at(ground, x, -2.9)[1] == Material.MARKING for x in along)
    assert ground_at(ground, 0.0, 2.9)[1] == Material.ASPHALT


def test_road_across_cuts_kerb_and_bank():
    ground = straight_ground(np.array([[20.0, 0.0, 0.0, 1.0, 4.0, 2.0]]))
    assert ground_at(ground, 21.0, 30.0) == (0.0, Material.ASPHALT)
    assert ground_at(ground, 21.0, 4.0) == (0.0, Material.ASPHALT)
    height, material = ground_at(ground, 25.0, 30.0)
    assert (height, material) == (pytest.approx(0.12), Material.PAVING)
    assert ground_at(ground, 40.0, 30.0)[0] == pytest.approx(1.08, abs=0.01)
    # On the ego vehicle's own road nothing changes beside the crossing.
    assert ground_at(ground, 25.0, 1.5)[1] == Material.ASPHALT


def test_places_know_their_distance_to_roads():
    ground = straight_ground(np.array([[20.0, 0.0, 0.0, 1.0, 4.0, 2.0]]))
    d, crossing = places_at(ground, np.array([0.0, 20.0, 30.0]), np.array([7.3, -2.2, 10.0]))
    assert d == pytest.approx([7.3, -2.2, 10.0], abs=1e-5)
    assert crossing == pytest.approx([16.0, -4.0, 6.0])


def test_relief_is_as_steep_as_asked_and_smooth():
    steep, flat = straight_ground(slope=0.04), straight_ground(slope=0.0)
    x = np.arange(-50.0, 50.0, 1.0)
    rise = np.diff(heights_at(steep, x, np.zeros(100)))
    assert 0.01 < np.abs(rise).max() < 0.12
    assert np.abs(np.diff(rise)).max() < 0.02
    assert np.abs(heights_at(flat, x, np.zeros(100))).max() < 1e-3  # the camber alone


def test_road_coordinates_follow_a_bend():
    """On a circle of 30 m, d is the distance to the circle, also between the grid's nodes."""
    s = np.arange(-20.0, 120.0)
    road = Road.from_curvature(-20.0, 1.0, np.full(len(s), 1 / 30.0))
    ground = lay_ground(road, cross_section(SIDE, SIDE, []), NO_CROSSING, slope=0.0, rng=np.random.default_rng(0))
    places, offsets = np.array([0.0, 13.7, 41.2, 77.7]), np.array([-6.3, 4.1, -12.0, 8.8])
    x, y, _ = road.at(places, offsets)
    d, _ = places_at(ground, x, y)
    assert d == pytest.approx(offsets, abs=0.1)


def test_road_goes_on_straight_beyond_its_ends():
    road = Road.straight(5.0, 1.0, np.pi / 2, 10.0)
    x, y, heading = road.at(np.array([-30.0, 0.0, 25.5]), np.array([0.0, 2.0, -1.0]))
    assert x == pytest.approx([5.0, 3.0, 6.0])
    assert y == pytest.approx([-29.0, 1.0, 26.5])
    assert heading == pytest.approx([np.pi / 2] * 3)
