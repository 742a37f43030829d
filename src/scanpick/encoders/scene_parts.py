"""A scene cut into parts about as large as objects, without labels: what stands on the ground, and pieces of walls."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from scanpick.arrays import BoolArray, Float32Array, Int64Array, Points
from scanpick.geometry.ground import GroundSettings, estimate_ground
from scanpick.geometry.touching import pieces_within, touching_clusters

_GROUND_CELL_M = 1.28


class PartSettings(BaseModel):
    """How a scene is cut.

    Attributes:
        max_range_m: Points farther than this, horizontally, belong to no part.
        sensor_height_m: The first guess of how far the ground is below the sensor; right to about a metre.
        above_ground_m: Points from this height above the ground ...
        top_m: ... up to this one are cut: what overhangs, such as trees, would join what is below it.
        cell_m: Points are joined into a cluster whose cells of this size touch, seen from above.
        whole_up_to_m: A cluster whose longer side, along x or y, is up to this is a part as it is. A longer one, such
            as a wall or cars in a row, is cut into pieces.
        piece_radius_m: Points of a piece are so near to its centre, horizontally.
        min_points: Smaller clusters and pieces are left out.
        most: Parts of a frame at most: whole clusters before pieces, those with more points first.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_range_m: float = Field(70.0, gt=1, le=500)
    sensor_height_m: float = Field(1.73, allow_inf_nan=False)
    above_ground_m: float = Field(0.25, ge=0)
    top_m: float = Field(3.0, gt=0)
    cell_m: float = Field(0.4, ge=0.05, le=5)
    whole_up_to_m: float = Field(8.0, gt=0)
    piece_radius_m: float = Field(2.5, gt=0.1)
    min_points: int = Field(16, ge=1)
    most: int = Field(32, ge=1, le=1000)


@dataclass(frozen=True, eq=False)
class SceneParts:
    """m parts of a scene of P points.

    Attributes:
        rows: m arrays with the rows of the points of a part, rising.
        whole: (m,) which are whole clusters; the others are pieces.
        boxes: (m, 6) float32 centre and extents of the box around the points, metres, LiDAR frame, along its axes.
    """

    rows: list[Int64Array]
    whole: BoolArray
    boxes: Float32Array

    def __len__(self) -> int:
        return len(self.rows)


def cut_into_parts(points: Points, settings: PartSettings) -> SceneParts:
    """Remove the ground, join what touches, cut what is too long, and keep the parts with the most points.

    The order of the points does not matter, up to ties.

    Args:
        points: (P, C >= 3) float32, LiDAR frame.
        settings: See there.
    """
    standing = _standing(points, settings)
    xy = points[standing, :2].astype(np.float64)
    found: list[tuple[bool, Int64Array]] = []
    for cluster in _members(touching_clusters(xy, settings.cell_m), settings.min_points):
        if np.ptp(xy[cluster], axis=0).max() <= settings.whole_up_to_m:
            found.append((True, cluster))
            continue
        pieces = pieces_within(xy[cluster], settings.piece_radius_m)
        found += [(False, cluster[piece]) for piece in _members(pieces, settings.min_points)]
    found.sort(key=lambda part: (not part[0], -len(part[1]), *xy[part[1]].min(axis=0)))
    found = found[: settings.most]
    rows = [standing[part] for _, part in found]
    boxes = np.array([_box(points[part, :3]) for part in rows], np.float32).reshape(-1, 6)
    return SceneParts(rows, np.array([whole for whole, _ in found], dtype=bool), boxes)


def _standing(points: Points, settings: PartSettings) -> Int64Array:
    """The rows of the points within reach that are above the ground and not too high."""
    near = np.flatnonzero(np.hypot(points[:, 0], points[:, 1]) < settings.max_range_m)
    cells = int(np.ceil(settings.max_range_m / _GROUND_CELL_M))
    side = (-cells * _GROUND_CELL_M, cells * _GROUND_CELL_M)
    area = GroundSettings(side, side, _GROUND_CELL_M, settings.sensor_height_m)
    cloud = points[near]
    height = cloud[:, 2] - estimate_ground(cloud, area).height_at(cloud[:, :2])
    return near[(height >= settings.above_ground_m) & (height < settings.top_m)]


def _members(labels: Int64Array, least: int) -> list[Int64Array]:
    """For each label with at least so many members, their rows, rising."""
    if len(labels) == 0:
        return []
    order = np.argsort(labels, kind="stable")
    counts = np.bincount(labels)
    groups = np.split(order, np.cumsum(counts)[:-1])
    return [group for group in groups if len(group) >= least]


def _box(xyz: Float32Array) -> Float32Array:
    low, high = xyz.min(axis=0), xyz.max(axis=0)
    return np.concatenate([(low + high) / 2, high - low])
