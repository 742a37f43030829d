"""Changes of a scene that leave it the same scene."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float32Array


@dataclass(frozen=True)
class ViewSettings:
    """How far an augmented view may be from the scene.

    Attributes:
        rotation_rad: Largest turn about the vertical axis, either way.
        mirrored: Share of views with left and right exchanged.
        scale: Largest relative change of size, either way.
        dropped: Largest share of points that is left out; how many is drawn, too.
        jitter_m: Standard deviation of noise along the ray.
    """

    rotation_rad: float = np.pi
    mirrored: float = 0.5
    scale: float = 0.05
    dropped: float = 0.5
    jitter_m: float = 0.02


def augmented_view(
    xyz: Float32Array, rng: np.random.Generator, *, least: int = 1, settings: ViewSettings | None = None
) -> Float32Array:
    """(Q, 3) points of a scene as it might have been seen otherwise: fewer, noisier, turned, mirrored, scaled.

    Args:
        xyz: (P, 3) metres, LiDAR frame.
        rng: Draws everything.
        least: At least so many points stay, where there are as many.
        settings: How far.
    """
    s = settings or ViewSettings()
    count = max(min(least, len(xyz)), round(len(xyz) * (1 - rng.uniform(0, s.dropped))))
    kept = xyz[np.sort(rng.permutation(len(xyz))[:count])].astype(np.float64)
    ranges = np.maximum(np.linalg.norm(kept, axis=1, keepdims=True), 1e-6)
    kept *= 1 + s.jitter_m * rng.standard_normal((count, 1)) / ranges
    angle = rng.uniform(-s.rotation_rad, s.rotation_rad)
    cos, sin = np.cos(angle), np.sin(angle)
    flip = -1.0 if rng.random() < s.mirrored else 1.0
    turn = np.array([[cos, -sin, 0], [sin * flip, cos * flip, 0], [0, 0, 1]])
    return np.ascontiguousarray(kept @ turn.T * (1 + rng.uniform(-s.scale, s.scale)), dtype=np.float32)
