"""The oracle of a study: it stands in for the annotators, reveals labels frame by frame and counts what they cost."""

from scanpick.labels.oracle import Bill, CostModel, Oracle, count_objects

__all__ = ["Bill", "CostModel", "Oracle", "count_objects"]
