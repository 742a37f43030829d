"""Boxes of data sets without a camera in KITTI's terms, so that they can be evaluated from above and in space."""

import numpy as np

from scanpick.arrays import FloatArray
from scanpick.structures import Boxes3D, CameraObjects

# High enough for every difficulty, and with a left edge that KITTI's rules take as "no 2D box": bbox is not evaluated.
_NO_IMAGE_BOX = (-1.0, 0.0, 0.0, 1000.0)
_UNKNOWN_ALPHA = -10.0


def objects_without_camera(boxes: Boxes3D, scores: FloatArray | None = None) -> CameraObjects:
    """LiDAR boxes as objects of a made-up camera at the LiDAR, looking along x: labels, or detections with `scores`.

    Overlaps from above and in space are those of the LiDAR boxes. Every object counts at every difficulty; what needs
    an image ("bbox", "aos") is not evaluated.
    """
    count, array = len(boxes), boxes.array
    return CameraObjects(
        class_names=boxes.class_names,
        truncation=np.zeros(count),
        occlusion=np.zeros(count),
        alpha=np.full(count, _UNKNOWN_ALPHA),
        image_boxes=np.tile(_NO_IMAGE_BOX, (count, 1)),
        sizes_hwl=array[:, [5, 4, 3]],
        bottom_centres=np.column_stack([-array[:, 1], array[:, 5] / 2 - array[:, 2], array[:, 0]]),
        rotation_y=-array[:, 6] - np.pi / 2,
        scores=None if scores is None else np.asarray(scores, dtype=np.float64),
    )
