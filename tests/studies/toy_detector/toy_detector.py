"""A detector that trains in milliseconds: it scores the cells of a coarse grid by how many points they hold.

It stands in a folder of its own with an entry point, as a detector of another package would: worker processes that a
test starts find it, too.
"""

import numpy as np
import torch
from torch import nn

from scanpick.detectors.augmentation import AugmentationSettings
from scanpick.structures import Boxes3D, Detections

CELL_M, COLUMNS, ROWS = 8.0, 6, 6
SIZES = (4.0, 2.0, 1.5)


class ToyDetector:
    def __init__(self, class_names, hidden=8):
        self.class_names = tuple(class_names)
        self.augmentation = AugmentationSettings(pasted_objects=0)
        self.hidden = hidden
        self.network = nn.Sequential(nn.Linear(2, hidden), nn.Tanh(), nn.Linear(hidden, 1))

    @property
    def settings(self):
        return {"hidden": self.hidden}

    def sample(self, scene, rng, *, training):
        cells = _cells_of(scene.points[:, :2])
        inside = cells >= 0
        counts = np.bincount(cells[inside], minlength=COLUMNS * ROWS)
        low = np.bincount(cells[inside], scene.points[inside, 2] < -1, minlength=COLUMNS * ROWS)
        target = np.zeros(COLUMNS * ROWS, dtype=np.float32)
        centres = _cells_of(scene.boxes.centres[:, :2])
        target[centres[centres >= 0]] = 1
        features = np.log1p(np.stack([counts, low], axis=1)).astype(np.float32)
        return scene.frame_id, features, target

    def batch(self, samples, device):
        names = [name for name, _, _ in samples]
        features, targets = (torch.from_numpy(np.stack([s[k] for s in samples])).to(device) for k in (1, 2))
        return names, features, targets

    def losses(self, batch):
        _, features, targets = batch
        logits = self.network(features)[..., 0]
        return {"cells": nn.functional.binary_cross_entropy_with_logits(logits, targets)}

    def detections(self, batch):
        names, features, _ = batch
        found = []
        for name, scores in zip(names, torch.sigmoid(self.network(features)[..., 0]).double().numpy(), strict=True):
            chosen = np.argsort(-scores, kind="stable")[:5]
            x = (chosen % COLUMNS + 0.5) * CELL_M
            y = (chosen // COLUMNS + 0.5) * CELL_M - ROWS / 2 * CELL_M
            still = np.zeros(len(chosen))
            boxes = np.column_stack([x, y, still - 1, *(still + size for size in SIZES), still])
            names_ = np.array([self.class_names[0]] * len(chosen))
            found.append(Detections(name, Boxes3D(boxes, names_), scores[chosen]))
        return found


def toy(class_names=("Car",), hidden=8):
    return ToyDetector(class_names, hidden)


def _cells_of(xy):
    """(P,) the cell of each point, -1 outside of the grid in front of the car."""
    column = np.floor(xy[:, 0] / CELL_M).astype(int)
    row = np.floor(xy[:, 1] / CELL_M + ROWS / 2).astype(int)
    inside = (column >= 0) & (column < COLUMNS) & (row >= 0) & (row < ROWS)
    return np.where(inside, row * COLUMNS + column, -1)
