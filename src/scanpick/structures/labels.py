"""What annotators say about one frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scanpick.arrays import Float64Array, Int64Array
from scanpick.structures.boxes import Boxes3D
from scanpick.structures.camera_objects import CameraObjects
from scanpick.structures.checks import set_arrays


@dataclass(frozen=True, eq=False)
class Labels:
    """Boxes of one frame, with what is known about each. Arrays are None where the data set does not tell.

    Attributes:
        boxes: B boxes in the LiDAR frame, real objects only (no "DontCare").
        truncation: (B,) share outside the camera image, 0 to 1.
        occlusion: (B,) KITTI's level: 0 visible, 1 partly, 2 largely occluded, 3 unknown.
        image_boxes: (B, 4) left, top, right, bottom in pixels.
        track_ids: (B,) int64, the same for one object over a sequence.
        dont_care_image_boxes: (M, 4) image regions that were not labelled.
        camera_objects: The objects as the data set's KITTI-style file holds them, "DontCare" included, so that
            evaluation reads the same numbers as the official tool.
        doubts: What looks wrong with single boxes, in words, with file, line and column.
    """

    boxes: Boxes3D
    truncation: Float64Array | None = None
    occlusion: Float64Array | None = None
    image_boxes: Float64Array | None = None
    track_ids: Int64Array | None = None
    dont_care_image_boxes: Float64Array = field(default_factory=lambda: np.zeros((0, 4)))
    camera_objects: CameraObjects | None = None
    doubts: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        count = len(self.boxes)
        set_arrays(
            self, truncation=(np.float64, (count,)), occlusion=(np.float64, (count,)), track_ids=(np.int64, (count,))
        )
        set_arrays(self, image_boxes=(np.float64, (count, 4)), dont_care_image_boxes=(np.float64, (None, 4)))

    def __len__(self) -> int:
        return len(self.boxes)
