"""What training sees of a scene: changed views of it, parts of them hidden, and what is to be told of both."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scanpick.arrays import BoolArray, Float32Array, Int32Array, Int64Array, Points
from scanpick.encoders.ssl.cells import COARSE, FINE, Cells, heights_above_ground, make_cells, places_of
from scanpick.encoders.ssl.clusters import CLUSTER_LEVEL, Clusters, find_clusters
from scanpick.encoders.ssl.weights import CHILDREN, PARTS


@dataclass(frozen=True)
class ViewSettings:
    """How far a view may be from the scene.

    Attributes:
        rotation_rad: Largest turn about the vertical axis, either way.
        scale: Largest relative change of size, either way.
        dropped: Largest share of points that is left out; how many is drawn, too.
        every_other_beam: Share of views in which every other row of beams is missing.
        jitter_m: Standard deviation of noise.
        intensity: Largest relative change of intensity, either way.
        no_intensity: Share of views without intensity: other sensors measure it otherwise, or not at all.
    """

    rotation_rad: float = np.pi
    scale: float = 0.05
    dropped: float = 0.5
    every_other_beam: float = 0.3
    jitter_m: float = 0.015
    intensity: float = 0.4
    no_intensity: float = 0.15


@dataclass(frozen=True, eq=False)
class Look:
    """A scene, or a view of it.

    Attributes:
        points: (P, 4) x, y, z, intensity.
        above: (P,) heights above the ground.
        thing_of_point: (P,) which thing each point belongs to, -1 for none.
        targets: (M, 5) float32 what is told of each thing of the whole scene, see `thing_targets`.
    """

    points: Points
    above: Float32Array
    thing_of_point: Int32Array
    targets: Float32Array


@dataclass(frozen=True, eq=False)
class Things:
    """Which cells of 0.64 m hold points of which thing: K pairs.

    Attributes:
        rows: (K,) int64 row of the cell.
        things: (K,) int64.
        counts: (K,) int64 points.
    """

    rows: Int64Array
    things: Int64Array
    counts: Int64Array


@dataclass(frozen=True, eq=False)
class Hidden:
    """Cells of 2.56 m that were hidden.

    Attributes:
        neighbours: (U, 9) int32 of the cells of the whole view.
        hidden: (U,) which of them are hidden; the others are those of the visible part, in the same order.
        content: (H, 64, 3) bool what is in each place of 0.32 m of the hidden ones, see `PARTS`.
    """

    neighbours: Int32Array
    hidden: BoolArray
    content: BoolArray


def look_at(points: Points) -> Look:
    """A whole scene of (P, C >= 4) points."""
    above = heights_above_ground(points)
    cells = make_cells(points, above)
    clusters = find_clusters(points, above, cells)
    xyzi = np.ascontiguousarray(points[:, :4])
    return Look(xyzi, above, clusters.of_point, thing_targets(clusters))


def thing_targets(clusters: Clusters) -> Float32Array:
    """(M, 5) what is to be told of things, each of the order of 1.

    Logarithms of length and width, top and bottom above the ground (halved), and how densely it was hit for its
    range: the logarithm of points times range^1.5 (over 4), which is less for what is hidden behind others.
    """
    length, width, top, bottom = clusters.sizes_m.T
    ranges = np.hypot(*clusters.centres_m.T)
    density = np.log(1 + clusters.counts * ranges**1.5) / 4
    heights = [np.clip(value, 0.0, 8.0) / 2 for value in (top, bottom)]
    return np.column_stack([np.log(np.maximum(length, 0.1)), np.log(np.maximum(width, 0.1)), *heights, density]).astype(
        np.float32
    )


def changed(look: Look, rng: np.random.Generator, settings: ViewSettings | None = None) -> Look:
    """A scene as it might have been seen otherwise: turned, mirrored, scaled, thinned, noisy."""
    s = settings or ViewSettings()
    keep = rng.random(len(look.points)) >= rng.uniform(0, s.dropped)
    if rng.random() < s.every_other_beam:
        x, y, z = look.points[:, :3].T
        keep &= np.floor(np.degrees(np.arctan2(z, np.hypot(x, y))) / 0.4).astype(np.int64) % 2 == rng.integers(2)
    angle, scale = rng.uniform(-s.rotation_rad, s.rotation_rad), 1 + rng.uniform(-s.scale, s.scale)
    mirror = 1.0 - 2.0 * rng.integers(2)
    cos, sin = np.cos(angle) * scale, np.sin(angle) * scale
    turn = np.array([[cos, sin, 0], [-sin * mirror, cos * mirror, 0], [0, 0, scale]], np.float32)
    points = look.points[keep].copy()
    points[:, :3] = points[:, :3] @ turn + rng.normal(0, s.jitter_m, (len(points), 3)).astype(np.float32)
    gain = 0.0 if rng.random() < s.no_intensity else 1 + rng.uniform(-s.intensity, s.intensity)
    points[:, 3] = np.clip(points[:, 3] * gain, 0, 1)
    above = look.above[keep] * np.float32(scale)
    return replace(look, points=points, above=above, thing_of_point=look.thing_of_point[keep])


def cells_of_things(cells: Cells, thing_of_point: Int32Array, count: int) -> Things:
    """Which cells hold which of `count` things, that each point belongs to."""
    rows = cells.rows_at(FINE)
    inside = (rows >= 0) & (thing_of_point >= 0)
    count = max(count, 1)
    pairs, counts = np.unique(rows[inside].astype(np.int64) * count + thing_of_point[inside], return_counts=True)
    return Things(pairs // count, pairs % count, counts)


def hide(look: Look, share: float, rng: np.random.Generator) -> tuple[Look, Cells, Hidden]:
    """Take the points of some of the cells of 2.56 m away; the rest, its cells, and what was hidden.

    At least one cell is hidden and, where there are two, one is left.
    """
    whole = make_cells(look.points, look.above)
    coarse = whole.levels[COARSE]
    hidden = np.zeros(len(coarse), np.bool_)
    hidden[rng.permutation(len(coarse))[: min(max(round(share * len(coarse)), 1), max(len(coarse) - 1, 1))]] = True
    row_of_point = whole.rows_at(COARSE)
    keep = (row_of_point >= 0) & ~np.append(hidden, True)[row_of_point]
    rest = replace(look, points=look.points[keep], above=look.above[keep], thing_of_point=look.thing_of_point[keep])
    return rest, make_cells(rest.points, rest.above), Hidden(coarse.neighbours, hidden, _content(whole)[hidden])


def _content(cells: Cells) -> BoolArray:
    """(U, 64, 3) what is in each place of 0.32 m of each cell of 2.56 m."""
    slices = np.concatenate([cells.features[:, :6] > 0, np.zeros((1, 6), np.bool_)])
    level = cells.levels[CLUSTER_LEVEL]
    held = np.any(slices[level.children], axis=1)  # (V, 6)
    parts = np.stack([np.ones(len(held), np.bool_), held[:, 1:5].any(axis=1), held[:, 5]], axis=1)
    row: Int32Array = np.arange(len(level), dtype=np.int32)
    for coarser in cells.levels[CLUSTER_LEVEL + 1 : COARSE + 1]:
        row = coarser.parents[row]
    i, j = places_of(level.cells, CLUSTER_LEVEL)
    across = 2 ** (COARSE - CLUSTER_LEVEL)
    content = np.zeros((len(cells.levels[COARSE]), CHILDREN, PARTS), np.bool_)
    content[row, i % across * across + j % across] = parts
    return content
