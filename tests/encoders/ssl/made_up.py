"""A made-up scene: a ground with boxes on it."""

import numpy as np

from scanpick.arrays import Points
from scanpick.structures import Frame, FrameRecord


def scene_points(seed: int = 0, boxes: int = 6, count: int = 3000) -> Points:
    """Ground in front of the vehicle, and boxes of the size of cars and people on it."""
    rng = np.random.default_rng(seed)
    ranges, azimuths = rng.uniform(3, 50, count), rng.uniform(-0.7, 0.7, count)
    ground = np.column_stack([ranges * np.cos(azimuths), ranges * np.sin(azimuths), rng.normal(-1.7, 0.02, count)])
    parts = [ground]
    for number in range(boxes):
        size = np.array([4.0, 1.8, 1.5] if number % 2 else [0.6, 0.6, 1.7])
        distance, azimuth = rng.uniform(6, 45), rng.uniform(-0.6, 0.6)
        low = [distance * np.cos(azimuth), distance * np.sin(azimuth), -1.7]
        parts.append(low + rng.random((120, 3)) * size)
    xyz = np.concatenate(parts)
    return np.column_stack([xyz, rng.random(len(xyz))]).astype(np.float32)


def frame(seed: int = 0, points: Points | None = None) -> Frame:
    """A frame of such a scene, or of these points."""
    return Frame(FrameRecord(f"frame {seed}", "drive", seed), scene_points(seed) if points is None else points)
