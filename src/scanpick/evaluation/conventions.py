"""Mistakes of convention: swapped axes, half sizes, degrees, a centre for a bottom.

Each label is paired with the nearest detection of its frame. What the pairs have in common, in the median, betrays the
mistake.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import permutations, product

import numpy as np

from scanpick.arrays import Float64Array, Int64Array
from scanpick.evaluation.comparison import Comparison
from scanpick.evaluation.implausible_values import SIZE_NAMES, are_degrees

_SEARCHED_LABELS = 300  # enough for a median, and quick under all 48 readings of the axes


@dataclass(frozen=True)
class Offsets:
    """Medians over labels and their nearest detections, camera frame, detection less label.

    Attributes:
        pairs: How many.
        distance_m: Between centres.
        place_m: x, y, z.
        rotation_rad: rotation_y, folded to (-pi/2, pi/2] since front and back look alike.
        size_ratios: Height, width and length of the detection over the label's; NaN where no label has sizes.
    """

    pairs: int
    distance_m: float
    place_m: tuple[float, float, float]
    rotation_rad: float
    size_ratios: tuple[float, float, float]


def nearest_pairs(
    comparison: Comparison, labels: Int64Array, detections: Int64Array, *, try_readings: bool = True
) -> tuple[Int64Array, Float64Array]:
    """(K, 2) rows of labels and their nearest detections, and the reading of the axes that brings them nearest.

    A reading is a signed permutation (3, 3) of the detections' coordinates. Another than the plain one is taken only
    where it brings the median from far away to near.
    """
    g_frames = comparison.labels.frame_of_rows[labels]
    d_frames = comparison.detections.frame_of_rows[detections]
    shared = labels[np.isin(g_frames, d_frames)]
    if len(shared) > _SEARCHED_LABELS:
        shared = shared[np.linspace(0, len(shared) - 1, _SEARCHED_LABELS).astype(np.int64)]
    if not len(shared):
        return np.zeros((0, 2), dtype=np.int64), np.eye(3)
    g_centres = comparison.labels.objects.bottom_centres[shared]
    d_centres = comparison.detections.objects.bottom_centres[detections]
    frames = comparison.labels.frame_of_rows[shared]
    starts, ends = np.searchsorted(d_frames, frames), np.searchsorted(d_frames, frames, side="right")

    def nearest(reading: Float64Array) -> tuple[Int64Array, float]:
        turned = d_centres @ reading.T
        found, distances = [], []
        for centre, start, end in zip(g_centres, starts, ends, strict=True):
            apart = np.linalg.norm(turned[start:end] - centre, axis=1)
            found.append(start + int(apart.argmin()))
            distances.append(apart.min())
        return np.array(found), float(np.median(distances))

    reading = np.eye(3)
    found, distance = nearest(reading)
    if try_readings and distance > 3.0:
        best = min(_readings(), key=lambda candidate: nearest(candidate)[1])
        if nearest(best)[1] < min(2.0, 0.4 * distance):
            reading = best
            found, _ = nearest(best)
    return np.column_stack([shared, detections[found]]), reading


def _readings() -> list[Float64Array]:
    """All 48 signed permutations of three axes."""
    return [
        np.diag(signs) @ np.eye(3)[list(order)]
        for order in permutations(range(3))
        for signs in product((1, -1), repeat=3)
    ]


def offsets_of(comparison: Comparison, pairs: Int64Array) -> Offsets:
    """Medians over the (K, 2) pairs of `nearest_pairs`; there must be some."""
    g, d = comparison.labels.objects[pairs[:, 0]], comparison.detections.objects[pairs[:, 1]]
    apart = d.bottom_centres - g.bottom_centres
    sound = (g.sizes_hwl > 0).all(axis=1)
    ratios = d.sizes_hwl[sound] / g.sizes_hwl[sound] if sound.any() else np.full((1, 3), np.nan)
    x, y, z = (float(value) for value in np.median(apart, axis=0))
    height, width, length = (float(value) for value in np.median(ratios, axis=0))
    return Offsets(
        pairs=len(pairs),
        distance_m=float(np.median(np.linalg.norm(apart, axis=1))),
        place_m=(x, y, z),
        rotation_rad=float(np.median(fold(d.rotation_y - g.rotation_y))),
        size_ratios=(height, width, length),
    )


def fold(angle: Float64Array) -> Float64Array:
    """Angles of lines, whose ends look alike: in (-pi/2, pi/2]."""
    return -((-angle + np.pi / 2) % np.pi - np.pi / 2)


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
    given = [SIZE_NAMES[order.index(column)] for column in range(3)]
    return [f"Sizes look like {', '.join(given)}; KITTI's order is {', '.join(SIZE_NAMES)}."]
