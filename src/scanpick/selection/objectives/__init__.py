"""What a combined selection can be asked for, one file each."""

from scanpick.selection.objectives.objective import OBJECTIVES, Objective, make_objective

__all__ = ["OBJECTIVES", "Objective", "make_objective"]
