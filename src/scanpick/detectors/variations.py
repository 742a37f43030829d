"""The same frame in other forms, which a sure detector answers in the same way."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scanpick.detectors.augmentation import flip
from scanpick.detectors.scene import Scene
from scanpick.structures import Boxes3D, Detections

KEPT = 0.8
"""Share of the points that a variation keeps."""


@dataclass(frozen=True)
class Variation:
    """Some of the points of a frame, mirrored or not.

    Attributes:
        number: Which one; odd ones are mirrored.
        seed: Of the points that are kept.
    """

    number: int
    seed: int

    @property
    def mirrored(self) -> bool:
        """Whether left and right are exchanged."""
        return self.number % 2 == 1

    def of(self, scene: Scene) -> Scene:
        """The varied scene, without boxes."""
        rng = np.random.default_rng([self.seed, 5, self.number])
        some = replace(scene, boxes=Boxes3D.empty()).with_points(rng.random(len(scene.points)) < KEPT)
        return flip(some) if self.mirrored else some

    def undo(self, detections: Detections) -> Detections:
        """What was found in the varied scene, where it is in the original one."""
        if not self.mirrored:
            return detections
        boxes = detections.boxes.array * [1, -1, 1, 1, 1, 1, -1]
        return replace(detections, boxes=Boxes3D(boxes, detections.boxes.class_names))
