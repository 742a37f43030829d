"""What a combined selection can be asked for, one file each."""

from typing import Any

from scanpick.registry import Registry
from scanpick.selection.objectives.objective import Objective

OBJECTIVES: Registry[type[Objective]] = Registry(
    "objective",
    {
        "balance": "scanpick.selection.objectives.balance:Balance",
        "diversity": "scanpick.selection.objectives.diversity:DiversityObjective",
        "objects": "scanpick.selection.objectives.objects:ObjectDiversity",
        "similarity": "scanpick.selection.objectives.similarity:Similarity",
        "typicality": "scanpick.selection.objectives.typicality:Typicality",
        "weight": "scanpick.selection.objectives.weight:Weight",
    },
    group="scanpick.objectives",
)
"""Type -> objective."""


def make_objective(description: dict[str, Any]) -> Objective:
    """The objective that ``{"type": ..., option: value, ...}`` describes; its name is filled in.

    Raises:
        ScanpickError: The type or an option is unknown, or a value does not fit.
    """
    options = dict(description)
    kind = str(options.pop("type", ""))
    options.setdefault("name", kind)
    return OBJECTIVES.make(kind, options)


__all__ = ["OBJECTIVES", "Objective", "make_objective"]
