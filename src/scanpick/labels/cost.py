"""What labels cost."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scanpick.errors import ScanpickError


@dataclass(frozen=True)
class CostModel:
    """A price for opening a frame and one for each box in it.

    Attributes:
        per_frame: For every frame, also one without objects.
        per_box: For every box that is drawn.
        currency: What is counted ("EUR", "minutes"), for reports.

    Example:
        >>> CostModel(per_frame=0.5, per_box=0.25, currency="EUR").of(frames=2, boxes=8)
        3.0
    """

    per_frame: float = 1.0
    per_box: float = 0.0
    currency: str = ""

    def __post_init__(self) -> None:
        for name in ("per_frame", "per_box"):
            value = getattr(self, name)
            if not (math.isfinite(value) and value >= 0):
                raise ScanpickError(f"CostModel.{name}: expected a number of 0 or more, got {value}.")

    def of(self, frames: int, boxes: int) -> float:
        """The cost of so many frames with so many boxes in all."""
        return self.per_frame * frames + self.per_box * boxes
