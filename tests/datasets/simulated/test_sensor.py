"""The sensor: its beams, its noise, what it loses, what rain does."""

import numpy as np
import pytest

from scanpick.datasets.simulated.materials import Material
from scanpick.datasets.simulated.raycast import GROUND, NOTHING, Hits
from scanpick.datasets.simulated.sensor import COLUMNS, DROP_OUT, RANGE_NOISE_M, beam_elevations, fan, sweep
from scanpick.datasets.simulated.world import Weather

DRY = Weather()


def hits_at(rays, distance, material=Material.PLASTER, incidence=1.0) -> Hits:
    shape = rays.x.shape
    owner = np.full(shape, GROUND)
    return Hits(np.full(shape, distance), owner, np.full(shape, int(material)), np.full(shape, incidence))


def test_beams_are_those_of_the_sensor():
    degrees = np.degrees(beam_elevations())
    assert len(degrees) == 64
    assert (np.diff(degrees) > 0).all()
    assert (degrees[0], degrees[-1]) == (pytest.approx(-24.8), pytest.approx(2.0))
    assert np.diff(degrees)[-31:] == pytest.approx(1 / 3)


def test_fan_of_the_camera_is_a_part_of_the_turn():
    whole, part = fan(99, full=True), fan(99, full=False)
    assert len(whole.azimuths) == COLUMNS
    assert whole.counted.sum() == len(part.azimuths)
    assert np.array_equal(whole.x[whole.counted], part.x)
    assert np.array_equal(whole.numbers[whole.counted], part.numbers)
    assert np.degrees(np.abs(part.azimuths)).max() <= 42.0
    # Every frame's turn starts elsewhere.
    assert fan(98, full=False).azimuths[0] != part.azimuths[0]


def test_points_lie_on_their_rays_with_the_noise_of_the_sensor():
    rays = fan(1, full=False)
    points, owners = sweep(rays, hits_at(rays, 10.0), np.zeros(0), DRY)
    assert (owners == GROUND).all()
    assert len(points) == pytest.approx(rays.x.size * (1 - DROP_OUT), rel=0.01)
    horizontal = np.hypot(points[:, 0], points[:, 1])
    elevation = np.arctan2(points[:, 2], horizontal)
    nearest = np.abs(elevation[:, None] - beam_elevations()[None, :]).min(axis=1)
    assert np.degrees(nearest).max() < 0.15  # rough surfaces move points a little up or down
    off = (horizontal - 10.0) * np.sqrt(1 + np.tan(elevation) ** 2)
    assert off.std() == pytest.approx(RANGE_NOISE_M, rel=0.05)
    assert abs(off.mean()) < 0.001
    assert np.abs(points * 1000 - np.round(points * 1000)).max() < 0.01  # millimetres, as in KITTI's files


def test_beams_come_from_the_top_down():
    rays = fan(1, full=False)
    points, _ = sweep(rays, hits_at(rays, 10.0, Material.PAINT), np.array([0.5]), DRY)
    elevation = np.degrees(np.arctan2(points[:, 2], np.hypot(points[:, 0], points[:, 1])))
    assert (np.diff(elevation) < 0.05).all()


def test_nothing_comes_back_from_the_sky_and_from_afar():
    rays = fan(2, full=False)
    sky = hits_at(rays, 10.0)
    sky.owner[:] = NOTHING
    assert len(sweep(rays, sky, np.zeros(0), DRY)[0]) == 0
    assert len(sweep(rays, hits_at(rays, 80.1), np.zeros(0), DRY)[0]) == 0


def test_dark_slanted_and_far_surfaces_return_less():
    rays = fan(3, full=False)

    def share(distance, material, incidence=1.0, weather=DRY):
        hits = hits_at(rays, distance, material, incidence)
        return len(sweep(rays, hits, np.array([0.004]), weather)[0]) / rays.x.size

    assert share(30.0, Material.PLASTER) > 0.95
    assert share(70.0, Material.ASPHALT, 0.03) < share(30.0, Material.ASPHALT, 0.06) < 1.0
    assert share(30.0, Material.GLASS) < 0.6
    assert share(40.0, Material.ASPHALT, 0.04, Weather(wet=1.0)) < 0.5 * share(40.0, Material.ASPHALT, 0.04)


def test_rain_stops_its_share_of_rays_before_what_is_behind():
    rays = fan(4, full=False)
    points, owners = sweep(rays, hits_at(rays, 40.0), np.zeros(0), Weather(rain=0.05))
    drops = owners == NOTHING
    assert drops.sum() / rays.x.size == pytest.approx(0.05, abs=0.005)
    distance = np.linalg.norm(points[drops, :3], axis=1)
    assert distance.min() > 1.4
    assert np.median(distance) == pytest.approx(1.5 + 3 * np.log(2), rel=0.1)
    assert points[drops, 3].max() <= 0.06


def test_intensities_are_shares_and_plates_are_bright():
    rays = fan(5, full=False)
    plate, _ = sweep(rays, hits_at(rays, 15.0, Material.REFLECTOR), np.zeros(0), DRY)
    wall, _ = sweep(rays, hits_at(rays, 15.0, Material.BRICK), np.zeros(0), DRY)
    for points in (plate, wall):
        assert points[:, 3].min() >= 0
        assert points[:, 3].max() <= 0.99
    assert np.median(plate[:, 3]) > 0.7 > 0.5 > np.median(wall[:, 3]) > 0.2
