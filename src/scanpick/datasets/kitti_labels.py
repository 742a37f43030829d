"""KITTI's objects as labels: "DontCare" apart, boxes in the LiDAR frame."""

import numpy as np

from scanpick.arrays import Int64Array
from scanpick.geometry.transforms import camera_boxes_to_lidar
from scanpick.structures import Boxes3D, Calibration, CameraObjects, Labels

DONT_CARE = "DontCare"


def labels_from_camera_objects(
    objects: CameraObjects, calibration: Calibration, track_ids: Int64Array | None = None
) -> Labels:
    """Labels from the K objects of a KITTI label file.

    Args:
        objects: The objects, "DontCare" included.
        calibration: The camera they are given in.
        track_ids: (K,) ids of objects over a sequence.

    Raises:
        ScanpickError: A real object has a box that is not finite or of negative size.
    """
    dont_care = objects.class_names == DONT_CARE
    real = objects[np.flatnonzero(~dont_care)]
    boxes = camera_boxes_to_lidar(real.bottom_centres, real.sizes_hwl, real.rotation_y, calibration)
    return Labels(
        boxes=Boxes3D(boxes, real.class_names),
        truncation=real.truncation,
        occlusion=real.occlusion,
        image_boxes=real.image_boxes,
        track_ids=None if track_ids is None else track_ids[~dont_care],
        dont_care_image_boxes=objects.image_boxes[dont_care],
        camera_objects=objects,
    )
