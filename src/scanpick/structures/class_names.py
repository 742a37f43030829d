"""Class names: the same class in another case is the same class, as KITTI's official tool has it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from scanpick.arrays import StringArray
from scanpick.errors import ScanpickError


def as_asked(names: Iterable[str], classes: Sequence[str]) -> StringArray:
    """(K,) names as spelled in `classes`, "" for others; cases count only between two that differ in nothing else.

    Example:
        >>> as_asked(["car", "Van"], ["Car", "Pedestrian"]).tolist()
        ['Car', '']
    """
    spelling = {name.lower(): name for name in reversed(classes)} | {name: name for name in classes}
    return np.array([spelling.get(name) or spelling.get(name.lower(), "") for name in names], dtype=np.str_)


def count_of(counts: Mapping[str, int], classes: Sequence[str]) -> int:
    """How many of the objects counted by class are of these classes, without regard to case.

    Example:
        >>> count_of({"car": 2, "Van": 1}, ["Car"])
        2
    """
    return sum(count for name, count in zip(as_asked(counts, classes), counts.values(), strict=True) if name)


def check_any_of(counts: Mapping[str, int], classes: Sequence[str], where: str) -> None:
    """Raise `ScanpickError`, with the classes that there are, where none of the counted objects is of these classes."""
    if not count_of(counts, classes):
        most_common = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        listed = ", ".join(f"{name} ({count})" for name, count in most_common[:12]) or "no objects at all"
        raise ScanpickError(f"No object of the classes {', '.join(classes)} in {where}; there are: {listed}.")
