"""What annotators say about one frame."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scanpick.arrays import Float64Array, Int64Array
from scanpick.structures.boxes import Boxes3D
from scanpick.structures.camera_objects import CameraObjects
from scanpick.structures.checks import as_array


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
        shapes: dict[str, tuple[int | None, ...]] = {
            "truncation": (count,),
            "occlusion": (count,),
            "image_boxes": (count, 4),
            "track_ids": (count,),
            "dont_care_image_boxes": (None, 4),
        }
        for name, shape in shapes.items():
            value = getattr(self, name)
            if value is not None:
                dtype = np.int64 if name == "track_ids" else np.float64
                object.__setattr__(self, name, as_array(f"Labels.{name}", value, dtype, shape))

    def __len__(self) -> int:
        return len(self.boxes)
