"""Objective `weight`: a score such as an uncertainty, or any column of numbers."""

from __future__ import annotations

from typing import Literal

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError
from scanpick.selection.expressions import evaluate
from scanpick.selection.objectives.objective import FixedValues, Objective
from scanpick.selection.pool import Pool
from scanpick.selection.scores import check_numbers
from scanpick.selection.strategy import Request


class Weight(Objective):
    """value(x) = the number of frame x in a column.

    Attributes:
        column: A score, a metadata column, or an expression such as ``entropy + 0.1 * count_Pedestrian``.
        scale: `raw` numbers, all 0 or more; `min_max`: from 0 at the lowest to 1 at the highest; `rank`: from 1 / n
            at the lowest to 1 at the highest, equal numbers alike. Lowest and highest of the frames that can be picked.
        prefer: Whether `high` or `low` numbers are wanted; `low` turns min_max and rank round.
    """

    column: str
    scale: Literal["raw", "min_max", "rank"] = "raw"
    prefer: Literal["high", "low"] = "high"

    def values(self, pool: Pool, request: Request) -> FixedValues:
        """The scaled column."""
        column = evaluate(self.column, pool)
        if column.dtype.kind not in "biuf":
            raise ScanpickError(f"The objective 'weight': expected numbers in '{self.column}', got text.")
        numbers = column.astype(np.float64)
        if self.prefer == "low" and self.scale == "raw":
            raise ScanpickError("The objective 'weight': low numbers need the scale min_max or rank.")
        if self.scale != "raw":
            numbers = self._scaled(numbers, request.allowed)
        check_numbers(f"The objective 'weight', '{self.column}'", numbers, request.allowed, pool)
        return FixedValues(numbers)

    def _scaled(self, numbers: Float64Array, allowed: np.ndarray) -> Float64Array:
        chosen = numbers[allowed]
        signed = -chosen if self.prefer == "low" else chosen
        result = np.ones(len(numbers))
        if np.isnan(signed).any():
            return numbers  # the check names the frames
        if self.scale == "rank" and len(signed):
            ordered = np.sort(signed)
            result[allowed] = np.searchsorted(ordered, signed, side="right") / len(signed)
        elif len(signed) and signed.max() > signed.min():
            result[allowed] = (signed - signed.min()) / (signed.max() - signed.min())
        return result
