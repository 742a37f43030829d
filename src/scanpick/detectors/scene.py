"""What training sees of a frame."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

from scanpick.arrays import BoolArray, Points
from scanpick.errors import ScanpickError
from scanpick.geometry.ground import Ground, estimate_ground
from scanpick.structures import Boxes3D
from scanpick.structures.class_names import as_asked


@dataclass(frozen=True, eq=False)
class Scene:
    """Points of one frame and the boxes of the classes that are trained.

    Attributes:
        frame_id: For messages.
        points: (P, C >= 4) float32: x, y, z, intensity, LiDAR frame.
        boxes: The boxes; may be none.
    """

    frame_id: str
    points: Points
    boxes: Boxes3D

    def __post_init__(self) -> None:
        if self.points.ndim != 2 or self.points.shape[1] < 4:
            raise ScanpickError(f"Scene '{self.frame_id}': expected points (P, 4 or more), got {self.points.shape}.")

    @cached_property
    def ground(self) -> Ground:
        """The ground under the front of the scene, estimated once: a training pastes into the same frames again."""
        return estimate_ground(self.points)

    def with_points(self, keep: BoolArray) -> Scene:
        """The scene with some of its points."""
        return replace(self, points=self.points[keep])

    def of_classes(self, class_names: tuple[str, ...]) -> Scene:
        """The scene with the boxes of these classes, found without regard to case and spelled as here."""
        names = as_asked(self.boxes.class_names.tolist(), class_names)
        return replace(self, boxes=Boxes3D(self.boxes.array[names != ""], names[names != ""]))
