"""Labels that are there already, revealed as if annotators drew them, with the account of what that cost."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scanpick.errors import ScanpickError
from scanpick.structures import Labels
from scanpick.structures.checks import check_unique, name_some
from scanpick.structures.class_names import count_of


def count_objects(labels: Labels) -> dict[str, int]:
    """Class -> number of labelled objects of a frame; "DontCare" regions are no objects."""
    return dict(sorted(Counter(labels.boxes.class_names.tolist()).items()))


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


@dataclass(frozen=True)
class Bill:
    """What some labels cost.

    Attributes:
        frames: Frames that were opened.
        boxes: Boxes of the classes that are annotated.
        boxes_by_class: Labelled objects of every class of the data set, annotated in this study or not.
        cost: In the cost model's currency.
    """

    frames: int
    boxes: int
    boxes_by_class: Mapping[str, int]
    cost: float


@dataclass
class Oracle:
    """Reveals the labels of frames, each once, and keeps the account.

    Attributes:
        counts: Frame id -> class -> number of labelled objects.
        classes: The classes that annotators are asked to draw, and that are paid for.
        prices: What a frame and a box cost.
        revealed: The frames revealed so far, in this order.

    Example:
        >>> oracle = Oracle({"a": {"Car": 2, "Van": 1}, "b": {}}, classes=("Car",))
        >>> oracle.reveal(["a"]).boxes
        2
        >>> oracle.bill().frames
        1
    """

    counts: Mapping[str, Mapping[str, int]]
    classes: tuple[str, ...]
    prices: CostModel = field(default_factory=CostModel)
    revealed: list[str] = field(default_factory=list)

    def reveal(self, frame_ids: Sequence[str]) -> Bill:
        """Label these frames.

        Returns:
            What they cost.

        Raises:
            ScanpickError: A frame has no labels, or has been labelled before.
        """
        check_unique("Frames to label", frame_ids)
        unknown = [frame_id for frame_id in frame_ids if frame_id not in self.counts]
        if unknown:
            raise ScanpickError(
                f"The oracle has no labels of {len(unknown)} frames: {name_some(unknown)}. "
                f"It has those of {name_some(list(self.counts), 3) or 'none'}."
            )
        again = sorted(set(frame_ids) & set(self.revealed))
        if again:
            raise ScanpickError(f"{len(again)} frames are labelled already: {name_some(again)}.")
        self.revealed.extend(frame_ids)
        return self._billed(frame_ids)

    def bill(self) -> Bill:
        """What everything revealed so far cost."""
        return self._billed(self.revealed)

    def price(self, frame_id: str) -> Bill:
        """What one frame costs, revealed or not: for the books, never for a strategy."""
        return self._billed([frame_id])

    def _billed(self, frame_ids: Iterable[str]) -> Bill:
        ids = list(frame_ids)
        total: Counter[str] = Counter()
        for frame_id in ids:
            total.update(self.counts[frame_id])
        boxes = count_of(total, self.classes)
        return Bill(len(ids), boxes, dict(sorted(total.items())), self.prices.of(len(ids), boxes))
