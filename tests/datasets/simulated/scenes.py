"""Small worlds made by hand, and a slow ray caster in plain numpy to compare with."""

import numpy as np

from scanpick.datasets.simulated import shapes
from scanpick.datasets.simulated.ground import GroundArrays
from scanpick.datasets.simulated.materials import Material
from scanpick.datasets.simulated.motion import Mover
from scanpick.datasets.simulated.raycast import Objects, Rays
from scanpick.datasets.simulated.road import Road
from scanpick.datasets.simulated.shapes import Shape, box
from scanpick.datasets.simulated.world import ShapeTable, Thing, Weather, World


def flat_ground(slope: float = 0.0) -> GroundArrays:
    """Asphalt that rises by `slope` metres a metre along x."""
    x = -200.0 + 2.0 * np.arange(201)
    nodes = np.zeros((201, 201, 3), dtype=np.float32)
    nodes[:, :, 0] = slope * x[None, :]
    section = np.zeros(1800), np.full(1800, int(Material.ASPHALT))
    return GroundArrays(-200.0, -200.0, nodes, *section, np.zeros((0, 6)))


def car_box(length: float = 4.0, width: float = 1.6, height: float = 1.5) -> Shape:
    """A car as one solid box."""
    return Shape.of(box((-length / 2, length / 2), (-width / 2, width / 2), (0.0, height), Material.CLOTH))


def world_of(*standing: tuple[Shape, float, float, float, str], slope: float = 0.0) -> World:
    """Things at x, y, yaw with a class, seen by a sensor that stands at the origin and looks along x."""
    ego = Mover.still(Road.straight(0.0, 0.0, 0.0, 50.0), 0.0, 0.0)
    table = ShapeTable.of([shape for shape, *_ in standing] or [car_box()])
    things = tuple(Thing((i,), 0.3, name) for i, (*_, name) in enumerate(standing))
    poses = np.array([place for _, *place, _ in standing], dtype=np.float64).reshape(-1, 3)
    return World(flat_ground(slope), table, things, poses, (), ego, (0.0, 0.0), Weather())


def fan_of(azimuths: np.ndarray, elevations: np.ndarray, step: float = 0.01) -> Rays:
    """Rays in columns `step` apart from each other; every one counts."""
    x, y = np.cos(azimuths)[:, None], np.sin(azimuths)[:, None]
    ones = np.ones((1, len(elevations)))
    numbers = np.arange(len(azimuths))
    counted = np.ones(len(azimuths), dtype=np.bool_)
    return Rays(azimuths, step, np.tan(elevations), x * ones, y * ones, numbers, counted, np.uint64(7))


def objects_of(*placed: tuple[Shape, float, float, float, float], slope: tuple[float, float] = (0.0, 0.0)) -> Objects:
    """Shapes at x, y, z, yaw in the sensor frame."""
    table = ShapeTable.of([shape for shape, *_ in placed])
    x, y, z, yaw = np.array([place for _, *place in placed], dtype=np.float64).T
    slopes = np.tile(np.array(slope), (len(placed), 1))
    labelled = np.ones(len(placed), dtype=np.bool_)
    bounds = (table.low, table.high, table.first, table.count, table.primitives)
    return Objects(x, y, z, np.cos(yaw), np.sin(yaw), slopes[:, 0].copy(), slopes[:, 1].copy(), *bounds, labelled)


def march(objects: Objects, rays: Rays, reach: float = 30.0, step: float = 0.015) -> tuple[np.ndarray, np.ndarray]:
    """Distance to and owner of the first solid along every ray, by small steps: (C, B) each, `reach` and -2 if none.

    A plain twin of the ray caster: it only asks whether a point is inside of a primitive.
    """
    r = np.arange(step / 2, reach, step)[:, None, None]
    points = np.stack(np.broadcast_arrays(r * rays.x, r * rays.y, r * rays.tangents), axis=-1)
    first = np.full(rays.x.shape, reach)
    owner = np.full(rays.x.shape, -2)
    for o in range(len(objects.x)):
        local = _to_object(points, objects, o)
        hit = np.zeros(points.shape[:3], dtype=np.bool_)
        for row in objects.primitives[objects.first[o] : objects.first[o] + objects.rows[o]]:
            hit |= _inside(local, row)
        distance = np.where(hit.any(axis=0), r[hit.argmax(axis=0), 0, 0], reach)
        owner = np.where(distance < first, o, owner)
        first = np.minimum(first, distance)
    return first, owner


def _to_object(points: np.ndarray, objects: Objects, o: int) -> np.ndarray:
    dx, dy = points[..., 0] - objects.x[o], points[..., 1] - objects.y[o]
    x = objects.cos[o] * dx + objects.sin[o] * dy
    y = -objects.sin[o] * dx + objects.cos[o] * dy
    z = points[..., 2] - objects.z[o] - objects.slope_x[o] * x - objects.slope_y[o] * y
    return np.stack([x, y, z], axis=-1)


def _inside(points: np.ndarray, row: np.ndarray) -> np.ndarray:
    x, y, z = np.moveaxis(points, -1, 0)
    part = (z - row[shapes.BOTTOM]) / (row[shapes.TOP] - row[shapes.BOTTOM])
    in_height = (part >= 0) & (part <= 1)
    if row[shapes.KIND] == shapes.TAPERED_BOX:
        back, front, right, left = (
            row[low] + part * (row[high] - row[low])
            for low, high in (
                (shapes.BACK, shapes.BACK_TOP),
                (shapes.FRONT, shapes.FRONT_TOP),
                (shapes.RIGHT, shapes.RIGHT_TOP),
                (shapes.LEFT, shapes.LEFT_TOP),
            )
        )
        return in_height & (back <= x) & (x <= front) & (right <= y) & (y <= left)
    u = 2 * (x - row[shapes.BACK]) / (row[shapes.FRONT] - row[shapes.BACK]) - 1
    v = 2 * (y - row[shapes.RIGHT]) / (row[shapes.LEFT] - row[shapes.RIGHT]) - 1
    w = 2 * part - 1
    if row[shapes.KIND] == shapes.UPRIGHT_CYLINDER:
        return (u * u + v * v <= 1) & (np.abs(w) <= 1)
    if row[shapes.KIND] == shapes.LYING_CYLINDER:
        return (u * u + w * w <= 1) & (np.abs(v) <= 1)
    return u * u + v * v + w * w <= 1
