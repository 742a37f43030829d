"""Rays end where geometry says: closed forms, and a caster in plain numpy that walks in small steps."""

import numpy as np
import pytest

from scanpick.datasets.simulated.materials import Material
from scanpick.datasets.simulated.raycast import GROUND, NOTHING, Hits, View, cast_ground, cast_objects, random_unit
from scanpick.datasets.simulated.shapes import Shape, box, cylinder, ellipsoid, tapered_box, wheel
from tests.datasets.simulated.scenes import car_box, fan_of, flat_ground, march, objects_of

LEVEL = View(0.0, 0.0, 1.0, 0.0, 1.73, 0.0, 0.0)


def nothing(rays) -> Hits:
    shape = rays.x.shape
    return Hits(np.full(shape, 1e9), np.full(shape, NOTHING), np.zeros(shape, dtype=np.int64), np.zeros(shape))


def test_ground_is_met_where_a_plane_is():
    rays = fan_of(np.linspace(-0.7, 0.7, 57), np.radians(np.linspace(-24.8, 2.0, 64)))
    hits = cast_ground(flat_ground(), LEVEL, rays, 80.0)
    expected = 1.73 / -rays.tangents
    reached = (rays.tangents < 0) & (expected < 79)
    assert np.allclose(hits.distance[:, reached], expected[reached], rtol=1e-6)
    assert (hits.owner[:, reached] == GROUND).all()
    assert (hits.owner[:, rays.tangents >= 0] == NOTHING).all()
    assert np.allclose(hits.incidence[:, reached], np.sin(np.arctan(-rays.tangents[reached])), atol=1e-6)


def test_ground_rises_with_its_slope():
    rays = fan_of(np.array([0.0, np.pi]), np.radians([-10.0, -5.0]))
    hits = cast_ground(flat_ground(slope=0.05), LEVEL, rays, 80.0)
    for column, way in enumerate((1, -1)):
        assert hits.distance[column] == pytest.approx(1.73 / (0.05 * way - rays.tangents), rel=1e-3)


def test_tilt_of_the_vehicle_is_that_of_the_ground_in_its_frame():
    rays = fan_of(np.array([-0.4, 0.0, 0.5]), np.radians([-12.0, -6.0, -2.0]))
    tilted = cast_ground(flat_ground(), LEVEL._replace(pitch=-0.05), rays, 80.0)
    column_slope = 0.05 * np.cos(rays.azimuths)
    assert np.allclose(tilted.distance, 1.73 / (column_slope[:, None] - rays.tangents), rtol=1e-3)


def test_wall_is_met_at_its_distance():
    rays = fan_of(np.linspace(-0.3, 0.3, 61), np.radians([-2.0, 0.0, 1.0]))
    wall = Shape.of(box((0.0, 1.0), (-50.0, 50.0), (-5.0, 5.0), Material.BRICK))
    hits = nothing(rays)
    cast_objects(objects_of((wall, 20.0, 0.0, 0.0, 0.0)), rays, hits)
    assert np.allclose(hits.distance, 20.0 / np.cos(rays.azimuths)[:, None])
    assert (hits.material == Material.BRICK).all()
    direction = np.stack(np.broadcast_arrays(rays.x, rays.y, rays.tangents))
    assert np.allclose(hits.incidence, rays.x / np.linalg.norm(direction, axis=0))


def test_ball_and_pole_are_met_where_quadratics_say():
    rays = fan_of(np.array([-0.02, 0.0, 0.02]), np.radians([0.0, 1.0]))
    ball = Shape.of(ellipsoid((-1.0, 1.0), (-1.0, 1.0), (-1.0, 1.0), Material.SKIN))
    pole = Shape.of(cylinder(0.0, 0.0, 1.0, (-9.0, 9.0), Material.METAL))
    direction = np.stack(np.broadcast_arrays(rays.x, rays.y, rays.tangents))  # (3, C, B)
    for shape, axes in ((ball, 3), (pole, 2)):
        hits = nothing(rays)
        cast_objects(objects_of((shape, 10.0, 0.0, 0.0, 0.3)), rays, hits)
        a, b = (direction[:axes] ** 2).sum(axis=0), -10.0 * direction[0]
        assert np.allclose(hits.distance, (-b - np.sqrt(b * b - a * 99.0)) / a)


def random_scene(rng: np.random.Generator):
    placed = []
    for _ in range(12):
        x0, y0, z0 = -rng.uniform(0.3, 2.0, 3)
        x1, y1, z1 = rng.uniform(0.3, 2.0, 3)
        kind = rng.integers(5)
        if kind == 0:
            row = box((x0, x1), (y0, y1), (z0, z1), Material.WOOD)
        elif kind == 1:
            top = (x0 * rng.uniform(0, 1), x1 * rng.uniform(0, 1)), (y0 * rng.uniform(0, 1), y1 * rng.uniform(0, 1))
            row = tapered_box((x0, x1), (y0, y1), (z0, z1), *top, Material.WOOD)
        elif kind == 2:
            row = cylinder(0.2, -0.1, x1, (z0, z1), Material.BARK)
        elif kind == 3:
            row = wheel(0.1, (y0, y1), x1, Material.RUBBER)
        else:
            row = ellipsoid((x0, x1), (y0, y1), (z0, z1), Material.SOIL)
        two = Shape.of(row, box((-0.2, 0.2), (-0.2, 0.2), (z1, z1 + 0.5), Material.METAL))
        angle, distance = rng.uniform(-np.pi, np.pi), rng.uniform(5.0, 25.0)
        placed.append((two, distance * np.cos(angle), distance * np.sin(angle), rng.uniform(-1, 1), rng.uniform(0, 6)))
    return objects_of(*placed, slope=tuple(rng.uniform(-0.1, 0.1, 2)))


@pytest.mark.parametrize("seed", range(3))
def test_random_scenes_agree_with_a_walk_in_small_steps(seed):
    objects = random_scene(np.random.default_rng(seed))
    step = 2 * np.pi / 60
    rays = fan_of(-np.pi + step * np.arange(60), np.radians(np.linspace(-16, 8, 9)), step)
    hits = nothing(rays)
    cast_objects(objects, rays, hits)
    distance, owner = march(objects, rays)
    met = hits.owner != NOTHING
    assert met.sum() > 50
    # A walk misses what it grazes for less than a step.
    assert (met == (owner != NOTHING)).mean() > 0.99
    both = met & (owner != NOTHING)
    close = np.abs(hits.distance - distance)[both] < 0.03
    assert close.mean() > 0.99
    assert (hits.owner == owner)[both].mean() > 0.99


def test_part_of_the_turn_sees_what_the_whole_turn_sees_there():
    """Rays that are left out change nothing for the others, also where the turn closes behind."""
    objects = random_scene(np.random.default_rng(5))
    step = 2 * np.pi / 360
    azimuths = -np.pi + step * np.arange(360)
    elevations = np.radians(np.linspace(-15, 5, 11))
    whole = fan_of(azimuths, elevations, step)
    all_hits = nothing(whole)
    cast_objects(objects, whole, all_hits)
    for start, stop in ((0, 40), (100, 220), (300, 360)):
        part = fan_of(azimuths[start:stop], elevations, step)
        hits = nothing(part)
        cast_objects(objects, part, hits)
        assert np.array_equal(hits.distance, all_hits.distance[start:stop])


def test_rays_are_counted_for_objects_as_if_each_stood_alone():
    rays = fan_of(np.linspace(-0.3, 0.3, 601), np.radians(np.linspace(-10, 2, 40)), 0.001)
    near, far = (car_box(), 12.0, 0.0, -1.7, 1.57), (car_box(), 20.0, 0.5, -1.7, 0.2)
    both = cast_objects(objects_of(near, far), rays, nothing(rays))
    alone = [cast_objects(objects_of(one), rays, nothing(rays))[0] for one in (near, far)]
    assert both.tolist() == alone
    assert min(alone) > 50
    reversed_order = cast_objects(objects_of(far, near), rays, nothing(rays))
    assert reversed_order.tolist() == alone[::-1]


def test_foliage_stops_rays_after_an_exponential_way():
    rays = fan_of(np.linspace(-0.2, 0.2, 401), np.radians(np.linspace(-3, 3, 61)), 0.001)
    leaves = Shape.of(box((0.0, 3.0), (-30.0, 30.0), (-30.0, 30.0), Material.FOLIAGE, free_path=1.5))
    hits = nothing(rays)
    cast_objects(objects_of((leaves, 10.0, 0.0, 0.0, 0.0)), rays, hits)
    stretch = np.sqrt(1 + rays.tangents**2) / rays.x
    stopped = hits.owner == 0
    through = np.exp(-3.0 * stretch / 1.5).mean()
    assert 1 - stopped.mean() == pytest.approx(through, abs=0.01)
    depth = ((hits.distance * rays.x - 10.0) * stretch)[stopped]
    expected = 1.5 - 3.0 * np.exp(-2.0) / (1 - np.exp(-2.0))  # mean of an exponential that is cut off at 3
    assert depth.mean() == pytest.approx(expected, rel=0.03)


def test_sensor_inside_of_a_primitive_sees_out():
    rays = fan_of(np.linspace(-3.0, 3.0, 61), np.radians([-5.0, 0.0]), 0.1)
    hits = nothing(rays)
    cast_objects(objects_of((car_box(), 0.5, 0.0, -1.0, 0.4)), rays, hits)
    assert (hits.owner == NOTHING).all()


def test_random_numbers_depend_on_their_place_alone():
    values = [[random_unit(np.uint64(3), c, b, 6) for b in range(64)] for c in range(100)]
    assert values == [[random_unit(np.uint64(3), c, b, 6) for b in range(64)] for c in range(100)]
    flat = np.array(values).ravel()
    assert len(np.unique(flat)) == flat.size
    assert flat.mean() == pytest.approx(0.5, abs=0.02)
    assert np.abs(np.corrcoef(flat[:-1], flat[1:])[0, 1]) < 0.03
    assert random_unit(np.uint64(4), 0, 0, 6) != values[0][0]
