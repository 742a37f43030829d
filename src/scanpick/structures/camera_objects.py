"""Objects as KITTI writes them: in the image and in the camera frame. Labels and results share this table."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from scanpick.arrays import Float64Array, StringArray
from scanpick.structures.checks import set_arrays

MOST_YAW_RAD = 2 * np.pi + 0.1
"""An angle beyond this is taken for degrees; some tools give 0 to 2 pi."""


@dataclass(frozen=True, eq=False)
class CameraObjects:
    """K objects, one row each, with KITTI's conventions (x right, y down, z forward; angles in radians).

    Attributes:
        class_names: (K,) strings as written in the file ("Car", "DontCare", ...).
        truncation: (K,) share outside the image, 0 to 1; -1 where unknown.
        occlusion: (K,) 0 visible, 1 partly, 2 largely occluded, 3 unknown; -1 where unknown.
        alpha: (K,) observation angle; -10 where unknown.
        image_boxes: (K, 4) left, top, right, bottom in pixels.
        sizes_hwl: (K, 3) height, width, length in metres; -1 where unknown.
        bottom_centres: (K, 3) x, y, z of the centre of the **bottom** face in camera coordinates; -1000 where unknown.
        rotation_y: (K,) rotation about the camera's y axis, 0 along +x; -10 where unknown.
        scores: (K,) for detections, None for labels.
    """

    class_names: StringArray
    truncation: Float64Array
    occlusion: Float64Array
    alpha: Float64Array
    image_boxes: Float64Array
    sizes_hwl: Float64Array
    bottom_centres: Float64Array
    rotation_y: Float64Array
    scores: Float64Array | None = None

    def __post_init__(self) -> None:
        count = len(self.class_names)
        columns = dict.fromkeys(("truncation", "occlusion", "alpha", "rotation_y", "scores"), (np.float64, (count,)))
        tables = {"image_boxes": 4, "sizes_hwl": 3, "bottom_centres": 3}
        set_arrays(self, class_names=(np.str_, (count,)), **columns)
        set_arrays(self, **{name: (np.float64, (count, width)) for name, width in tables.items()})

    def __len__(self) -> int:
        return len(self.class_names)

    def __getitem__(self, index: np.ndarray | slice) -> CameraObjects:
        """The objects that an index array, a mask or a slice chooses."""
        values: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        chosen: dict[str, Any] = {name: None if v is None else v[index] for name, v in values.items()}
        return CameraObjects(**chosen)
