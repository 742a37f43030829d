"""Whether points look like a sweep in metres, x forward, y left, z up, cut into the right number of columns.

The bounds are far from what real sweeps show (KITTI object, tracking and raw, View-of-Delft; 370 frames): all points
within 110 m, the 99th percentile of range between 21 and 79 m; heights spread at most 0.26 times as wide as the
narrower of x and y; the upper half of heights spread at least 0.78 times as wide as the lower half.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float64Array, Points
from scanpick.datasets.point_files.bin_columns import CANDIDATES, clearly_uneven, columns_unevenness

FARTHEST_M = 1000.0
NEAREST_M = 1.0
_FEWEST_POINTS = 100
"""Fewer points have no shape to judge."""
_POINTS_JUDGED = 10_000
"""About as many tell the shape as well as all."""

_BLOCK = math.lcm(*CANDIDATES)
"""Values that are whole points in any number of columns."""


@dataclass(frozen=True)
class Doubt:
    """What looks wrong: the kind of problem, and what was seen."""

    kind: str
    detail: str


def doubts_about_points(points: Points) -> Iterator[Doubt]:
    """What looks wrong with (P, >= 3) points: units, then axes."""
    ranges = np.linalg.norm(points[:, :3].astype(np.float64), axis=1)
    units = doubt_about_units(ranges)
    if units is not None:
        yield units
    if len(points) < _FEWEST_POINTS:
        return
    some = points[:: max(1, len(points) // _POINTS_JUDGED), :3]
    axes = doubt_about_axes(np.percentile(some.astype(np.float64), [5, 50, 95], axis=0))
    if axes is not None:
        yield axes


def doubt_about_units(ranges: Float64Array) -> Doubt | None:
    """Whether (P,) distances from the sensor are not in metres, or not from the sensor."""
    far = int((ranges > FARTHEST_M).sum())
    if far == 0 and ranges.max() >= NEAREST_M:
        return None
    median = float(np.median(ranges))
    if far == 0:
        guess = f"all within {ranges.max():.2g} m of the sensor: kilometres, or scaled to a unit sphere?"
    elif far < len(ranges) / 2:
        guess = f"{far} of {len(ranges)} points are more than {FARTHEST_M:.0f} m away, up to {ranges.max():.3g} m"
    elif median < 100 * FARTHEST_M:
        guess = f"half of the points are more than {median:.0f} m away: millimetres or centimetres?"
    else:
        guess = f"half of the points are more than {median / 1000:.0f} km away: map coordinates, not the sensor's?"
    return Doubt("implausible units", guess)


def doubt_about_axes(percentiles: Float64Array) -> Doubt | None:
    """Whether z is not up, from the (3, 3) 5th, 50th and 95th percentiles of x, y and z."""
    spread = percentiles[2] - percentiles[0]
    if spread[2] > spread[:2].min():
        flattest = "xy"[int(spread[:2].argmin())]
        return Doubt(
            "implausible axes",
            f"heights (z) spread over {spread[2]:.1f} m, {flattest} only over {spread[:2].min():.1f} m: "
            f"is {flattest} up or down?",
        )
    below, above = percentiles[1, 2] - percentiles[0, 2], percentiles[2, 2] - percentiles[1, 2]
    if spread[2] > 0 and above < below / 3:
        return Doubt(
            "implausible axes",
            f"the upper half of the points lies within {above:.1f} m, the lower half within {below:.1f} m: is z down?",
        )
    return None


def doubt_about_columns(points: Points) -> Doubt | None:
    """Whether the (P, C) points of a ``.bin`` file were cut into the wrong number of columns."""
    columns = points.shape[1]
    if columns not in CANDIDATES:
        return None
    blocks = points.reshape(-1)[: points.size // _BLOCK * _BLOCK].reshape(-1, _BLOCK)
    values = blocks[:: max(1, len(points) // _POINTS_JUDGED)].reshape(-1)
    seen = clearly_uneven({candidate: columns_unevenness(values, candidate) for candidate in CANDIDATES})
    if seen in (None, columns):
        return None
    return Doubt("wrong columns", f"read as {columns} columns, but the values look like {seen}")
