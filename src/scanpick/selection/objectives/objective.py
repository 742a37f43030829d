"""What every objective of a combined selection is: checked options, and a value for every frame at every step."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Protocol

from pydantic import BaseModel, ConfigDict, Field

from scanpick.arrays import Float64Array, Int64Array
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import Request


class Values(Protocol):
    """An objective at work on a pool."""

    def bounds(self) -> Float64Array:
        """(N,) finite float64: no frame that can be picked is worth more than this now."""

    def at(self, rows: Int64Array) -> Float64Array:
        """(n,) float64 >= 0: what these frames are worth now, exactly."""

    def take(self, index: int) -> bool:
        """A frame was chosen. Returns whether bounds may have risen since, so that they must be asked for again."""


class FixedValues:
    """Values that no pick changes."""

    def __init__(self, values: Float64Array) -> None:
        self._values = values

    def bounds(self) -> Float64Array:
        """(N,) the values."""
        return self._values

    def at(self, rows: Int64Array) -> Float64Array:
        """(n,) their values."""
        return self._values[rows]

    def take(self, index: int) -> bool:
        """Nothing changes."""
        return False


class Objective(BaseModel, ABC):
    """Base of all objectives. Its fields are its options; unknown ones fail.

    Attributes:
        strength: The power its value is raised to in the product; 2 counts like the same objective named twice.
        name: What its contribution is called; its type by default.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    strength: float = Field(default=1.0, gt=0, le=100, allow_inf_nan=False)
    name: str = ""

    @abstractmethod
    def values(self, pool: Pool, request: Request) -> Values:
        """Start on a pool in which the labelled frames are chosen already."""
