"""Changes of a frame that leave what it shows the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from scanpick.arrays import Points

MOST_TURN_RAD = np.pi / 12
DROPPED_SHARE = 0.5
RANGE_NOISE_M = 0.1

Perturbation = Callable[[Points, np.random.Generator], Points]


def rotate(points: Points, rng: np.random.Generator) -> Points:
    """Turn (P, C) points about z by an angle between 5 and 15 degrees to either side."""
    angle = rng.uniform(MOST_TURN_RAD / 3, MOST_TURN_RAD) * rng.choice([-1.0, 1.0])
    turned = points.copy()
    cosine, sine = np.cos(angle), np.sin(angle)
    turned[:, 0] = cosine * points[:, 0] - sine * points[:, 1]
    turned[:, 1] = sine * points[:, 0] + cosine * points[:, 1]
    return turned


def drop_points(points: Points, rng: np.random.Generator) -> Points:
    """Keep a random half of the points, one at the least, in their order."""
    count = max(round(len(points) * (1 - DROPPED_SHARE)), 1)
    return points[np.sort(rng.choice(len(points), size=count, replace=False))]


def range_noise(points: Points, rng: np.random.Generator) -> Points:
    """Move each point along its ray by normal noise of 10 cm."""
    ranges = np.linalg.norm(points[:, :3].astype(np.float64), axis=1)
    noise = rng.normal(0.0, RANGE_NOISE_M, len(points))
    moved = points.copy()
    moved[:, :3] = points[:, :3] * (1 + np.divide(noise, ranges, out=np.zeros(len(points)), where=ranges > 0))[:, None]
    return moved


PERTURBATIONS: dict[str, Perturbation] = {
    "rotation": rotate,
    "point drop": drop_points,
    "range noise": range_noise,
}
"""What a frame is changed by, by name."""
