"""Whether points look like a sweep in metres, x forward, y left, z up, and frames like those of one pool.

The bounds are far from what real sweeps show (KITTI object, tracking and raw, View-of-Delft; 370 frames): all points
within 110 m, the 99th percentile of range between 21 and 79 m, the widest of x, y and z at least 60 m wide; heights
spread at most 0.26 times as wide as the narrower of x and y; the upper half of heights spread at least 0.78 times as
wide as the lower half. Frames of one sensor hold between 0.7 and 1.3 times as many points as their median.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float64Array, Int64Array, Points

UNITS, AXES, NO_SWEEP = "implausible units", "implausible axes", "no sweep"
FARTHEST_M = 1000.0
NEAREST_M = 1.0
WIDEST_OBJECT_M = 5.0
"""Points that spread less than this in x, y and z are of an object or of a corner of a room."""
SIZES_APART = 100
"""How many times more points one frame of a pool may hold than another."""
_FEWEST_POINTS = 100
"""Fewer points have no shape to judge."""
_POINTS_JUDGED = 10_000
"""About as many tell the shape as well as all."""


@dataclass(frozen=True)
class Doubt:
    """What looks wrong: the kind of problem, and what was seen."""

    kind: str
    detail: str


def doubts_about_points(points: Points) -> Iterator[Doubt]:
    """What looks wrong with (P >= 1, >= 3) points: units, then how far they spread, then axes."""
    columns = np.ascontiguousarray(points[:, :3].T)  # ten times as fast along rows
    lowest, highest = columns.min(axis=1), columns.max(axis=1)
    farthest = max(float(np.abs(lowest).max()), float(np.abs(highest).max()))
    spread_m = float((highest - lowest).max())
    if farthest < NEAREST_M or farthest > FARTHEST_M / 2:  # else no range is out of bounds
        units = doubt_about_units(np.linalg.norm(points[:, :3].astype(np.float64), axis=1))
        if units is not None:
            yield units
            if farthest < NEAREST_M:
                return
    if spread_m < WIDEST_OBJECT_M:
        yield Doubt(NO_SWEEP, f"all points lie within {spread_m:.2g} m of each other: cut out around an object?")
        return
    if len(points) < _FEWEST_POINTS:
        return
    some = points[:: max(1, len(points) // _POINTS_JUDGED), :3]
    axes = doubt_about_axes(np.percentile(some.astype(np.float64), [5, 50, 95], axis=0))
    if axes is not None:
        yield axes


def doubts_about_sizes(num_points: Int64Array) -> dict[int, Doubt]:
    """Which of (N,) frames differ wildly in size from the others, by row: few points, or where most have few, many.

    Frames without points are passed over.
    """
    used = np.flatnonzero(num_points > 0)
    if not len(used):
        return {}
    sizes = num_points[used]
    few = sizes * SIZES_APART < sizes.max()
    odd, others, way = (few, ~few, "few") if few.mean() <= 1 - 1 / SIZES_APART else (~few, few, "many")
    if not odd.any() or not others.any():
        return {}
    usual = float(np.median(sizes[others]))
    return {
        int(row): Doubt(NO_SWEEP, f"{num_points[row]} points are {way}, where others have about {usual:.0f}")
        for row in used[odd]
    }


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
    return Doubt(UNITS, guess)


def doubt_about_axes(percentiles: Float64Array) -> Doubt | None:
    """Whether z is not up, from the (3, 3) 5th, 50th and 95th percentiles of x, y and z."""
    spread = percentiles[2] - percentiles[0]
    if spread[2] > spread[:2].min():
        flattest = "xy"[int(spread[:2].argmin())]
        return Doubt(
            AXES,
            f"heights (z) spread over {spread[2]:.1f} m, {flattest} only over {spread[:2].min():.1f} m: "
            f"is {flattest} up or down?",
        )
    below, above = percentiles[1, 2] - percentiles[0, 2], percentiles[2, 2] - percentiles[1, 2]
    if spread[2] > 0 and above < below / 3:
        return Doubt(
            AXES,
            f"the upper half of the points lies within {above:.1f} m, the lower half within {below:.1f} m: is z down?",
        )
    return None
