"""What a detector says about one frame."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError
from scanpick.structures.boxes import Boxes3D
from scanpick.structures.checks import as_array, check_finite, set_arrays


@dataclass(frozen=True, eq=False)
class Detections:
    """Scored boxes of one frame.

    Attributes:
        frame_id: The frame they belong to.
        boxes: B boxes in the LiDAR frame.
        scores: (B,) float64, higher is surer; any finite range.
        class_probabilities: (B, C) float64 in the order of `probability_classes`, or None.
        probability_classes: The C class names.
        image_boxes: (B, 4) left, top, right, bottom in pixels, or None.
        extras: Further (B,) float64 columns a detector offers ("heading_entropy", ...).
    """

    frame_id: str
    boxes: Boxes3D
    scores: Float64Array
    class_probabilities: Float64Array | None = None
    probability_classes: tuple[str, ...] = ()
    image_boxes: Float64Array | None = None
    extras: Mapping[str, Float64Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        count = len(self.boxes)
        set_arrays(self, scores=(np.float64, (count,)), image_boxes=(np.float64, (count, 4)))
        set_arrays(self, class_probabilities=(np.float64, (count, len(self.probability_classes))))
        check_finite("Detections.scores", self.scores)
        chances = self.class_probabilities
        if chances is not None and not ((chances >= 0) & (chances <= 1)).all():
            raise ScanpickError("Detections.class_probabilities: expected values from 0 to 1, got others.")
        extras = {n: as_array(f"Detections.extras[{n!r}]", v, np.float64, (count,)) for n, v in self.extras.items()}
        object.__setattr__(self, "extras", extras)

    def __len__(self) -> int:
        return len(self.boxes)

    @classmethod
    def empty(cls, frame_id: str) -> Detections:
        """A frame in which nothing was detected."""
        return cls(frame_id, Boxes3D.empty(), np.zeros(0))
