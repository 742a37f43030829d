"""What a strategy picked: ordered frames, with the reason for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.structures.checks import as_array, check_unique, set_arrays
from scanpick.structures.columns import Columns

CONTRIBUTION_PREFIX = "contribution_"


@dataclass(frozen=True, eq=False, repr=False)
class Selection(Columns):
    """K picked frames in the order they were picked.

    Every prefix of a selection under a frame budget is the selection for the smaller budget.

    Attributes:
        strategy: Name of the strategy.
        frame_ids: K ids, each once; rank 1 first.
        gains: (K,) float64: what the strategy maximised, when the frame was picked. NaN where a strategy has none.
        nearest_selected: K ids of the nearest labelled or earlier picked frame at that time, "" where there was none.
        distances: (K,) float64 distance to it in the embedding, NaN where there was none.
        costs: (K,) float64: what each pick spends of the budget.
        contributions: Objective name -> (K,) float64 share of each objective in the pick.
        summary: What was asked, spent and left, and notes on anything that went another way than asked.
    """

    strategy: str
    frame_ids: tuple[str, ...]
    gains: Float64Array
    nearest_selected: tuple[str, ...]
    distances: Float64Array
    costs: Float64Array
    contributions: Mapping[str, Float64Array] = field(default_factory=dict)
    summary: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frame_ids", tuple(self.frame_ids))
        object.__setattr__(self, "nearest_selected", tuple(self.nearest_selected))
        check_unique(f"Selection '{self.strategy}'", self.frame_ids)
        count = len(self.frame_ids)
        as_array("Selection.nearest_selected", np.array(self.nearest_selected, dtype=np.str_), np.str_, (count,))
        set_arrays(self, **dict.fromkeys(("gains", "distances", "costs"), (np.float64, (count,))))
        contributions = {
            name: as_array(f"Selection.contributions[{name!r}]", value, np.float64, (count,))
            for name, value in self.contributions.items()
        }
        object.__setattr__(self, "contributions", contributions)

    def __len__(self) -> int:
        return len(self.frame_ids)

    def __repr__(self) -> str:
        first = ", ".join(self.frame_ids[:3])
        return f"Selection({len(self)} frames by {self.strategy}: {first}{', ...' if len(self) > 3 else ''})"

    def columns(self) -> Mapping[str, Sequence[Any]]:
        """One row a pick, in order: rank from 1, frame_id, gain, nearest_selected, distance, cost, contributions."""
        return {
            "rank": list(range(1, len(self) + 1)),
            "frame_id": list(self.frame_ids),
            "gain": self.gains.tolist(),
            "nearest_selected": list(self.nearest_selected),
            "distance": [None if np.isnan(value) else value for value in self.distances.tolist()],
            "cost": self.costs.tolist(),
            **{f"{CONTRIBUTION_PREFIX}{name}": values.tolist() for name, values in self.contributions.items()},
        }
