"""One drive's world: its ground, what stands on it, what moves, and how the ego vehicle goes through it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.datasets.simulated.ground import GroundArrays, heights_at
from scanpick.datasets.simulated.motion import Mover
from scanpick.datasets.simulated.raycast import Objects, View
from scanpick.datasets.simulated.shapes import Shape

SENSOR_HEIGHT_M = 1.73
SIGHT_M = 85.0


@dataclass(frozen=True)
class Weather:
    """What the air and the road do to the sweeps.

    Attributes:
        rain: Share of rays that end at a drop.
        wet: 0 dry to 1 wet: a wet road mirrors rays away.
        spray: Density of the spray behind fast vehicles, 0 for none.
    """

    rain: float = 0.0
    wet: float = 0.0
    spray: float = 0.0


@dataclass(frozen=True, eq=False)
class Thing:
    """Something with a shape: scenery, or an object with a class.

    Attributes:
        shapes: Index of its shape; several where it changes while it walks.
        paint: Reflectivity of its painted parts.
        class_name: KITTI's class, "" for scenery.
    """

    shapes: tuple[int, ...]
    paint: float
    class_name: str

    @property
    def leans(self) -> bool:
        """Whether it leans with the ground, as all do that have wheels."""
        return self.class_name not in ("", "Pedestrian", "Person_sitting")


@dataclass(frozen=True, eq=False)
class ShapeTable:
    """All shapes of a world, their (P, 13) primitives in one array: where each shape's rows are, and (S, 3) bounds."""

    shapes: tuple[Shape, ...]
    primitives: Float64Array
    first: Int64Array
    count: Int64Array
    low: Float64Array
    high: Float64Array

    @classmethod
    def of(cls, shapes: Sequence[Shape]) -> ShapeTable:
        """Lay the shapes' rows end to end."""
        count = np.array([len(shape.rows) for shape in shapes], dtype=np.int64)
        bounds = [shape.bounds for shape in shapes]
        return cls(
            tuple(shapes),
            np.concatenate([shape.rows for shape in shapes]),
            np.cumsum(count) - count,
            count,
            np.array([low for low, _ in bounds]),
            np.array([high for _, high in bounds]),
        )


@dataclass(frozen=True, eq=False)
class Snapshot:
    """The world at one time, in the sensor frame.

    Attributes:
        view: Where the sensor is.
        objects: What may be seen, for the ray caster; the nearest first.
        things: (O,) index into `World.things` of each object. It serves as its track id.
        shape: (O,) index of its shape at this time.
        paint: (O,) reflectivity of its painted parts.
        yaw: (O,) radians in the sensor frame.
    """

    view: View
    objects: Objects
    things: Int64Array
    shape: Int64Array
    paint: Float64Array
    yaw: Float64Array


@dataclass(frozen=True, eq=False)
class World:
    """Everything about a drive that does not depend on the frame.

    Attributes:
        ground: The ground.
        table: All shapes.
        things: Standing things first, then one for each of `movers`.
        standing: (T, 3) world x, y, yaw of the standing things.
        movers: How the others move.
        ego: How the ego vehicle moves.
        bounce: Phases of the ego vehicle's swinging on its springs, radians.
        weather: What is in the air.
    """

    ground: GroundArrays
    table: ShapeTable
    things: tuple[Thing, ...]
    standing: Float64Array
    movers: tuple[Mover, ...]
    ego: Mover
    bounce: tuple[float, float]
    weather: Weather

    def view(self, time: float) -> View:
        """Where the sensor is at a time in seconds, tilted with the ground under the wheels and by the springs."""
        x, y, yaw = self.ego.at(time)
        cos, sin = float(np.cos(yaw)), float(np.sin(yaw))
        ahead, aside = np.array([1.4, -1.4, 0.0, 0.0]), np.array([0.0, 0.0, 0.8, -0.8])
        wheels = heights_at(self.ground, x + ahead * cos - aside * sin, y + ahead * sin + aside * cos)
        going = min(self.ego.course.speed(time) / 8.0, 1.0)
        pitch = (wheels[0] - wheels[1]) / 2.8 + 0.004 * going * np.sin(2 * np.pi * 1.1 * time + self.bounce[0])
        roll = (wheels[2] - wheels[3]) / 1.6 + 0.003 * going * np.sin(2 * np.pi * 0.9 * time + self.bounce[1])
        return View(x, y, cos, sin, float(wheels.mean()) + SENSOR_HEIGHT_M, float(pitch), float(roll))

    def snapshot(self, time: float) -> Snapshot:
        """What may be seen at a time in seconds."""
        view = self.view(time)
        poses = np.concatenate([self.standing, np.array([m.at(time) for m in self.movers]).reshape(-1, 3)])
        shape = np.array([thing.shapes[0] for thing in self.things], dtype=np.int64)
        for row, mover in enumerate(self.movers, start=len(self.standing)):
            shapes = self.things[row].shapes
            shape[row] = shapes[int(mover.travelled(time) / 0.35) % len(shapes)]
        dx, dy = poses[:, 0] - view.x, poses[:, 1] - view.y
        reach = np.hypot(*np.maximum(np.abs(self.table.low[shape, :2]), np.abs(self.table.high[shape, :2])).T)
        distance = np.hypot(dx, dy) - reach
        things = np.flatnonzero(distance < SIGHT_M)
        things = things[np.argsort(distance[things], kind="stable")]
        return self._snapshot_of(view, things, shape[things], poses[things])

    def _snapshot_of(self, view: View, things: Int64Array, shape: Int64Array, poses: Float64Array) -> Snapshot:
        dx, dy = poses[:, 0] - view.x, poses[:, 1] - view.y
        x, y = view.cos * dx + view.sin * dy, -view.sin * dx + view.cos * dy
        yaw = poses[:, 2] - np.arctan2(view.sin, view.cos)
        cos, sin = np.cos(yaw), np.sin(yaw)
        height = heights_at(self.ground, poses[:, 0], poses[:, 1])
        z = height - view.z - view.pitch * x - view.roll * y
        leans = np.array([self.things[i].leans for i in things], dtype=np.bool_)
        slope_x, slope_y = self._slopes(poses, leans)
        # Upright things stay upright; what leans does so in the tilted sensor frame.
        slope_x = np.where(leans, slope_x - view.pitch * cos - view.roll * sin, 0.0)
        slope_y = np.where(leans, slope_y + view.pitch * sin - view.roll * cos, 0.0)
        table = self.table
        objects = Objects(
            *(x, y, z, cos, sin, slope_x, slope_y),
            *(table.low[shape], table.high[shape], table.first[shape], table.count[shape], table.primitives),
            np.array([self.things[i].class_name != "" for i in things], dtype=np.bool_),
        )
        return Snapshot(view, objects, things, shape, np.array([self.things[i].paint for i in things]), yaw)

    def _slopes(self, poses: Float64Array, leans: BoolArray) -> tuple[Float64Array, Float64Array]:
        """Rise of the ground along and across each leaning thing, over a wheel base."""
        slopes = np.zeros((2, len(poses)))
        x, y, yaw = poses[leans].T
        for axis, (turn, reach) in enumerate(((0.0, 1.2), (np.pi / 2, 0.7))):
            along_x, along_y = reach * np.cos(yaw + turn), reach * np.sin(yaw + turn)
            rise = heights_at(self.ground, x + along_x, y + along_y) - heights_at(self.ground, x - along_x, y - along_y)
            slopes[axis, leans] = rise / (2 * reach)
        return slopes[0], slopes[1]
