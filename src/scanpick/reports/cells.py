"""The cells of a CSV file, read with their place in the message."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from scanpick.errors import ScanpickError
from scanpick.texts import read_csv


@dataclass(frozen=True)
class Cells:
    """The cells of one line, by column."""

    place: str
    row: Mapping[str, str]

    def text(self, name: str) -> str:
        """A cell that must not be empty."""
        return self.row.get(name) or self._fail(name, "a value", "none")

    def whole(self, name: str) -> int:
        """A whole number."""
        value = self.text(name)
        try:
            return int(value)
        except ValueError:
            return self._fail(name, "a whole number", f"'{value}'")

    def number(self, name: str) -> float:
        """A number; NaN where the cell is empty or the column is not there."""
        value = self.row.get(name, "")
        try:
            return float(value) if value else math.nan
        except ValueError:
            return self._fail(name, "a number", f"'{value}'")

    def _fail(self, name: str, expected: str, got: str) -> NoReturn:
        raise ScanpickError(f"{self.place}: expected {expected} under '{name}', got {got}.") from None


def read_cells(path: Path) -> list[Cells]:
    """The lines of a file, below its names of columns.

    Raises:
        ScanpickError: It cannot be read, or is no CSV file.
    """
    return [Cells(f"{path}, line {number}", row) for number, row in enumerate(read_csv(path), start=2)]
