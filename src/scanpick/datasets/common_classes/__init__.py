"""From the class names of each data set to common ones: one table a reader, ``<reader>.toml`` beside this file.

A table says ``common name = [own names]``. The common names are KITTI's where KITTI has the class, so that what was
trained on one data set can be compared on another:

Car, Van, Truck, Bus, Trailer, Construction vehicle, Other vehicle, Train, Motorcycle and Bicycle (with or without a
rider), Cyclist (a ridden bicycle), Motorcyclist, Pedestrian, Personal mobility, Animal, Traffic cone, Barrier, Sign.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Literal

import numpy as np

from scanpick.arrays import StringArray
from scanpick.texts import parse_toml

Naming = Literal["own", "common"]


@dataclass(frozen=True)
class ClassNaming:
    """What the classes of a reader's labels are called; its option ``classes``.

    Args:
        reader: The reader's name, which its table has, too.
        classes: "own" for the names as the data set has them, "common" for those of the table. A class that the table
            has not keeps its own name.
    """

    reader: str
    classes: Naming = "own"
    _common: Mapping[str, str] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        if self.classes == "common":
            object.__setattr__(self, "_common", common_names(self.reader))

    def named(self, names: Iterable[str]) -> StringArray:
        """(B,) what objects of these own class names are called."""
        return np.array([self._common.get(name, name) for name in names], dtype=np.str_)


def common_names(reader: str) -> dict[str, str]:
    """Own name -> common name, of one reader."""
    name = f"{reader}.toml"
    table = parse_toml((files(__package__) / name).read_text(encoding="utf-8"), name)
    return {own: common for common, own_names in table.items() for own in own_names}
