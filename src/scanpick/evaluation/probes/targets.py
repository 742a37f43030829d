"""What matters for detection, as numbers to predict from a vector."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float64Array, Int64Array, Points
from scanpick.structures import Labels

CLASSES = ("Car", "Pedestrian", "Cyclist")
FAR_M = 30.0
OCCLUDED_LEVELS = (1.0, 2.0)
"""KITTI's levels: partly and largely occluded."""

SEEN_M = 80.0


@dataclass(frozen=True, eq=False)
class Targets:
    """Numbers to predict.

    Attributes:
        names: T names.
        values: (N, T), NaN where a frame has no such number.
    """

    names: tuple[str, ...]
    values: Float64Array


def target_names(classes: Sequence[str] = CLASSES) -> tuple[str, ...]:
    """The T names, in the order of `frame_targets`."""
    return (*(f"number of {name}" for name in classes), "far share", "occluded share", "box density")


def frame_targets(labels: Labels | None, area_m2: float, classes: Sequence[str] = CLASSES) -> Float64Array:
    """(T,) targets of one frame, which saw `area_m2` of ground (`seen_area_m2`).

    Only boxes of the classes count; case does not matter in their names.

    - number of each class, as its square root, which makes the spread of counts even;
    - far share: boxes whose centre is more than 30 m away, horizontally; NaN where there is no box;
    - occluded share: boxes that are partly or largely occluded, of those where that is known; NaN where there is none;
    - box density: the square root of boxes per 1000 m^2 of ground seen: cells of 1 m within 80 m that hold a point.

    A frame without labels is all NaN.
    """
    if labels is None:
        return np.full(len(classes) + 3, np.nan)
    names = np.char.lower(labels.boxes.class_names)
    counts = np.array([(names == name.lower()).sum() for name in classes], dtype=np.float64)
    kept = np.isin(names, [name.lower() for name in classes])
    far = np.linalg.norm(labels.boxes.centres[kept, :2], axis=1) > FAR_M
    levels = np.full(0, np.nan) if labels.occlusion is None else labels.occlusion[kept]
    levels = levels[(levels >= 0) & (levels <= 2)]
    density = kept.sum() / area_m2 * 1000 if area_m2 > 0 else np.nan
    return np.array([*np.sqrt(counts), _mean(far), _mean(np.isin(levels, OCCLUDED_LEVELS)), np.sqrt(density)])


def seen_area_m2(points: Points) -> float:
    """The area of the cells of 1 m within 80 m that hold a point."""
    xy = points[:, :2][np.hypot(points[:, 0], points[:, 1]) < SEEN_M]
    return float(len(np.unique(np.floor(xy), axis=0)))


def usable_targets(targets: Targets, groups: Int64Array, least_groups: int) -> tuple[list[int], dict[str, str]]:
    """Which targets can be scored, and why the others cannot.

    A target must be known, and differ from its most common value, in frames of at least `least_groups` groups:
    one that varies in a single drive cannot be learned from other drives.

    Returns:
        Columns of the targets that can be scored, and name -> reason for those left out.
    """
    usable, left_out = [], {}
    for column, name in enumerate(targets.names):
        values = targets.values[:, column]
        known = np.isfinite(values)
        distinct, counts = np.unique(values[known], return_counts=True)
        if not known.any():
            left_out[name] = "no frame has a value (no labels, or no such box)"
        elif len(distinct) == 1:
            left_out[name] = f"constant: {distinct[0]:g} in all {known.sum()} frames"
        else:
            unusual = known & (values != distinct[counts.argmax()])
            where = len(np.unique(groups[unusual]))
            if min(where, len(np.unique(groups[known]))) >= least_groups:
                usable.append(column)
            else:
                left_out[name] = f"differs from {distinct[counts.argmax()]:g} in {where} drives or blocks only"
    return usable, left_out


def _mean(flags: np.ndarray) -> float:
    return float(flags.mean()) if len(flags) else float("nan")
