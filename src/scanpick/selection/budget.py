"""What may be spent: frames, a share of the pool, objects, or cost in any currency."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError

_FORMS = (
    "Expected a number of frames ('185'), a share of the pool ('5%'), objects ('120 objects'), or a cost with its "
    "prices ('300 EUR at 0.5/frame + 0.04/box + 2/clip')."
)
_NUMBER = r"(?:\d+(?:\.\d*)?|\.\d+)"


@dataclass(frozen=True)
class Prices:
    """What labels cost, in any currency.

    Attributes:
        per_frame: For opening a frame.
        per_box: For each box that is drawn in it.
        per_clip: For opening a clip; only where whole clips are picked.
    """

    per_frame: float = 0.0
    per_box: float = 0.0
    per_clip: float = 0.0

    def __post_init__(self) -> None:
        values = (self.per_frame, self.per_box, self.per_clip)
        if not all(math.isfinite(value) and value >= 0 for value in values):
            raise ScanpickError(f"Prices: expected numbers of 0 or more, got {self}.")

    def of(self, frames: float, boxes: float) -> float:
        """What so many frames and boxes cost."""
        return self.per_frame * frames + self.per_box * boxes


@dataclass(frozen=True)
class Budget:
    """An amount of something that a selection may spend and never exceeds.

    Attributes:
        amount: How much, exact (5% is 5, not 0.05).
        unit: What is counted. `share` is a percentage of all usable frames: those that may be picked and those that
            are labelled already, without the ones that are set aside. It is rounded down to whole frames.
            `objects` counts the boxes that the frames are expected to need.
        prices: What a frame, a box and a clip cost (`cost` only).
        currency: What the cost is counted in, for messages ("EUR", "minutes").
    """

    amount: Fraction
    unit: Literal["frames", "share", "objects", "cost"] = "frames"
    prices: Prices = Prices()
    currency: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "amount", Fraction(self.amount))
        if self.amount < 0:
            raise ScanpickError(f"Budget: expected 0 or more, got {float(self.amount):g}.")
        if self.unit == "frames" and self.amount.denominator != 1:
            raise ScanpickError(f"Budget: expected a whole number of frames, got {float(self.amount):g}. {_FORMS}")
        if self.unit == "share" and self.amount > 100:
            raise ScanpickError(f"Budget: expected a share of at most 100%, got {float(self.amount):g}%.")
        if self.unit == "cost" and self.prices == Prices():
            raise ScanpickError(f"Budget: a cost needs a price above 0. {_FORMS}")

    @property
    def in_frames(self) -> bool:
        """Whether it comes down to a number of frames."""
        return self.unit in ("frames", "share")

    @property
    def counts_boxes(self) -> bool:
        """Whether it needs to know how many boxes to expect in a frame."""
        return self.unit == "objects" or (self.unit == "cost" and self.prices.per_box > 0)

    @property
    def counted_in(self) -> str:
        """What is counted, in words: frames, objects, or the currency."""
        return {"share": "frames", "cost": self.currency or "cost"}.get(self.unit, self.unit)

    def limit(self, usable_frames: int) -> float:
        """How much may be spent, in frames, objects or currency.

        Raises:
            ScanpickError: A share above zero comes to less than one frame.
        """
        if self.unit != "share":
            return float(self.amount)
        frames = math.floor(self.amount * usable_frames / 100)
        if frames == 0 and self.amount > 0 and usable_frames > 0:
            raise ScanpickError(
                f"Budget: {self} of {usable_frames} frames is less than one frame. Ask for a number of frames instead."
            )
        return float(frames)

    def frame_costs(self, frame_count: int, expected_boxes: Float64Array | None) -> Float64Array:
        """(N,) what each frame spends, 0 boxes where they are not known; the price of a clip comes on top.

        Raises:
            ScanpickError: Boxes are counted, but the pool does not say how many to expect.
        """
        if self.in_frames:
            return np.ones(frame_count)
        if self.counts_boxes and expected_boxes is None:
            raise ScanpickError(
                f"The budget '{self}' counts boxes, but the pool does not say how many each frame is expected to "
                f"have. Give predictions or a column with the expected number of boxes."
            )
        boxes = np.zeros(frame_count) if expected_boxes is None else np.nan_to_num(expected_boxes, nan=0.0)
        if self.unit == "objects":
            return boxes
        return self.prices.per_frame + self.prices.per_box * boxes

    def __str__(self) -> str:
        amount = f"{float(self.amount):.10g}"
        if self.unit == "share":
            return f"{amount}%"
        if self.unit != "cost":
            return f"{amount} {self.unit}"
        named = (("frame", self.prices.per_frame), ("box", self.prices.per_box), ("clip", self.prices.per_clip))
        prices = " + ".join(f"{price:.10g}/{what}" for what, price in named if price > 0)
        return f"{amount} {self.currency or 'cost'} at {prices}"


def parse_budget(text: str | int | Budget) -> Budget:
    """Read a budget as it is written on the command line.

    Example:
        >>> str(parse_budget("5%"))
        '5%'
        >>> parse_budget("300 EUR at 0.5/frame + 0.04/box").prices
        Prices(per_frame=0.5, per_box=0.04, per_clip=0.0)

    Raises:
        ScanpickError: It has none of the known forms.
    """
    if isinstance(text, Budget):
        return text
    words = str(text).strip()
    amount = rf"(?P<amount>{_NUMBER})"
    if match := re.fullmatch(rf"{amount}(?:\s*frames?)?", words):
        return Budget(Fraction(match["amount"]), "frames")
    if match := re.fullmatch(rf"{amount}\s*(?:%|percent)", words):
        return Budget(Fraction(match["amount"]), "share")
    if match := re.fullmatch(rf"{amount}\s*(?:objects?|boxes|box)", words):
        return Budget(Fraction(match["amount"]), "objects")
    if match := re.fullmatch(rf"(?:cost\s+)?{amount}\s*(?P<currency>[^\s:\d]*)\s*(?:\bat\b|:)(?P<prices>.+)", words):
        currency = "" if match["currency"] == "cost" else match["currency"]
        return Budget(Fraction(match["amount"]), "cost", _parse_prices(match["prices"]), currency)
    if words.startswith("-"):
        raise ScanpickError(f"Budget: expected 0 or more, got '{words}'.")
    raise ScanpickError(f"Cannot read the budget '{words}'. {_FORMS}")


def _parse_prices(text: str) -> Prices:
    prices: dict[str, float] = {}
    for part in text.split("+"):
        match = re.fullmatch(rf"({_NUMBER})\s*(?:/|per)\s*(frame|box|clip)", part.strip())
        if not match or f"per_{match[2]}" in prices:
            raise ScanpickError(f"Cannot read the price '{part.strip()}' of the budget. {_FORMS}")
        prices[f"per_{match[2]}"] = float(match[1])
    return Prices(**prices)
