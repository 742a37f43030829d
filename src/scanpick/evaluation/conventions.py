"""Mistakes of convention that nearest pairs betray: swapped axes, half sizes, degrees, a centre for a bottom."""

from __future__ import annotations

from itertools import permutations

import numpy as np

from scanpick.arrays import Float64Array, Int64Array
from scanpick.evaluation.comparison import Comparison
from scanpick.evaluation.implausible_values import are_degrees
from scanpick.evaluation.nearest_pairs import Offsets, fold

_SIZE_NAMES = ("height", "width", "length")


def broken_conventions(comparison: Comparison, pairs: Int64Array, reading: Float64Array, offsets: Offsets) -> list[str]:
    """Mistakes that all pairs have in common, in words.

    Args:
        comparison: Labels and detections.
        pairs: (K, 2) rows of labels and nearest detections.
        reading: (3, 3) how the detections' axes must be read to be near; see `nearest_pairs`.
        offsets: Medians over the pairs.
    """
    g, d = comparison.labels.objects[pairs[:, 0]], comparison.detections.objects[pairs[:, 1]]
    findings = []
    if not np.array_equal(reading, np.eye(3)):
        names = [
            ("-" if row[axis] < 0 else "") + "xyz"[axis] for row in reading for axis in [int(np.abs(row).argmax())]
        ]
        findings.append(
            f"Swapped axes: nearest detections are {offsets.distance_m:.1f} m from the labels, but near if their "
            f"({', '.join(names)}) were (x, y, z)."
            + (" Those are LiDAR coordinates; KITTI's are the camera's." if names == ["-y", "-z", "x"] else "")
        )
    findings += _rotation(g.rotation_y, d.rotation_y)
    findings += _sizes(g.sizes_hwl, d.sizes_hwl, offsets.size_ratios)
    height = float(np.median(g.sizes_hwl[:, 0]))
    level = abs(offsets.place_m[0]) < 0.5 and abs(offsets.place_m[2]) < 0.5
    if level and 0.35 * height < -offsets.place_m[1] < 0.65 * height:
        findings.append(
            f"Detections lie {-offsets.place_m[1]:.2f} m higher than the labels, half a height: "
            f"their y is the centre's, KITTI's is the bottom's."
        )
    elif level and 0.35 * height < offsets.place_m[1] < 0.65 * height:
        findings.append(f"Detections lie {offsets.place_m[1]:.2f} m lower than the labels, half a height.")
    return findings


def _rotation(label: Float64Array, detection: Float64Array) -> list[str]:
    if are_degrees(detection) or are_degrees(label):
        return []  # said already, and no reading of them tells anything
    readings = {
        "": detection,
        "rotation_y is turned by 90 degrees: it is measured from another axis.": detection + np.pi / 2,
        "rotation_y has the other sign: it turns the other way.": -detection,
        "rotation_y looks like the LiDAR's yaw; the camera's is -yaw - pi/2.": -detection - np.pi / 2,
    }
    errors = {text: float(np.median(np.abs(fold(angle - label)))) for text, angle in readings.items()}
    best = min(errors, key=lambda text: errors[text])
    return [best] if best and errors[""] > 0.3 and errors[best] < 0.15 else []


def _sizes(label: Float64Array, detection: Float64Array, ratios: tuple[float, float, float]) -> list[str]:
    if all(0.42 < ratio < 0.58 for ratio in ratios):
        return ["Sizes are half of the labels': they are half sizes (from the centre), KITTI's are whole."]
    if all(1.75 < ratio < 2.3 for ratio in ratios):
        return ["Sizes are twice the labels'."]
    if all(0.8 < ratio < 1.25 for ratio in ratios):
        return []
    sound = (detection > 0).all(axis=1) & (label > 0).all(axis=1)
    if not sound.any():
        return []
    logs = np.median(np.log(detection[sound, None, :] / label[sound, :, None]), axis=0)  # (axis, column)
    orders = list(permutations(range(3)))
    order = min(orders, key=lambda columns: sum(abs(logs[axis, column]) for axis, column in enumerate(columns)))
    if order == orders[0] or max(abs(logs[axis, column]) for axis, column in enumerate(order)) > np.log(1.25):
        return []
    given = [_SIZE_NAMES[order.index(column)] for column in range(3)]
    return [f"Sizes look like {', '.join(given)}; KITTI's order is {', '.join(_SIZE_NAMES)}."]
