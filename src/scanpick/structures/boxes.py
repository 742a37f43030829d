"""Oriented 3D boxes in the LiDAR frame. The axes, the yaw and the corner order are drawn here, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scanpick.arrays import BoxArray, StringArray
from scanpick.errors import ScanpickError
from scanpick.structures.checks import check_finite, set_arrays


@dataclass(frozen=True, eq=False)
class Boxes3D:
    """B boxes with their class names.

    ::

                     z up
                     |   x forward                        seen from above:  yaw is 0 along +x and
                     |  /                                 grows towards +y (counter-clockwise)
                     | /
        y left ______|/                                          x
                                                                 ^   heading
                 5 ------------ 4                          1 ----|---- 0
                /|             /|                          |     |     |
               / |            / |   x (heading)            |     |     |  length
              6 ------------ 7  |   ^                      |     o     |
              |  |           |  |  /                       |           |
              |  1 ----------|- 0                  y <---- |           |
              | /            | /                           2 --------- 3
              |/             |/                                width
              2 ------------ 3
                  <-- y

    Corners 0-3 are the bottom face, starting at front right in heading direction and turning counter-clockwise
    seen from above (front right, front left, rear left, rear right); 4-7 are the same on top.

    Attributes:
        array: (B, 7) float64: x, y, z of the **geometric centre**, length along the heading, width, height in metres,
            yaw in radians about +z, 0 along +x.
        class_names: (B,) strings.
    """

    array: BoxArray
    class_names: StringArray

    def __post_init__(self) -> None:
        set_arrays(self, array=(np.float64, (None, 7)), class_names=(np.str_, (len(self.array),)))
        check_finite("Boxes3D.array", self.array)
        if (self.sizes < 0).any():
            rows = np.flatnonzero((self.sizes < 0).any(axis=1))
            raise ScanpickError(f"Boxes3D.array: expected sizes >= 0, got negative ones in row {rows[0]}.")

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: np.ndarray | slice) -> Boxes3D:
        """The boxes that an index array, a mask or a slice chooses."""
        return Boxes3D(self.array[index], self.class_names[index])

    @property
    def centres(self) -> BoxArray:
        """(B, 3) geometric centres in metres."""
        return self.array[:, :3]

    @property
    def sizes(self) -> BoxArray:
        """(B, 3) length, width, height in metres."""
        return self.array[:, 3:6]

    @property
    def yaws(self) -> BoxArray:
        """(B,) yaw in radians."""
        return self.array[:, 6]

    @classmethod
    def empty(cls) -> Boxes3D:
        """No boxes."""
        return cls(np.zeros((0, 7)), np.zeros(0, dtype=np.str_))

    @classmethod
    def concatenate(cls, parts: Sequence[Boxes3D]) -> Boxes3D:
        """All boxes of `parts`, in order."""
        if not parts:
            return cls.empty()
        return cls(np.concatenate([p.array for p in parts]), np.concatenate([p.class_names for p in parts]))
