"""Small made-up scenes: flat ground with car-sized boxes full of points."""

import numpy as np

from scanpick.detectors.scene import Scene
from scanpick.structures import Boxes3D

GROUND_Z = -1.7


def car_scene(seed: int = 0, cars: int = 3, name: str = "Car") -> Scene:
    """Cars on a grid of places, so that none touches another; the ground between them has points."""
    rng = np.random.default_rng(seed)
    places = rng.permutation(12)[:cars]
    centres = np.column_stack([8 + 9 * (places // 3), -14 + 14 * (places % 3), np.full(cars, GROUND_Z + 0.75)])
    centres[:, :2] += rng.uniform(-1.5, 1.5, (cars, 2))
    sizes = np.column_stack([rng.uniform(3.5, 4.5, cars), rng.uniform(1.5, 1.8, cars), np.full(cars, 1.5)])
    boxes = np.column_stack([centres, sizes, rng.uniform(-np.pi, np.pi, cars)])
    ground = np.column_stack([rng.uniform(1, 50, 6000), rng.uniform(-27, 27, 6000), rng.normal(GROUND_Z, 0.01, 6000)])
    parts = [ground]
    for box in boxes:
        local = rng.uniform(-0.499, 0.499, (80, 3)) * box[3:6]
        cos, sin = np.cos(box[6]), np.sin(box[6])
        turned = np.column_stack([cos * local[:, 0] - sin * local[:, 1], sin * local[:, 0] + cos * local[:, 1]])
        parts.append(np.column_stack([turned + box[:2], local[:, 2] + box[2]]))
    xyz = np.concatenate(parts)
    points = np.column_stack([xyz, rng.uniform(0, 1, len(xyz))]).astype(np.float32)
    return Scene(f"scene-{seed}", points, Boxes3D(boxes, np.full(cars, name)))
