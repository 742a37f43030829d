"""What a selection must respect besides its budget. All of it combines with every strategy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from scanpick.arrays import BoolArray
from scanpick.errors import ScanpickError
from scanpick.selection.expressions import evaluate, matching, value_text
from scanpick.selection.pool import Pool

_STRICT = ConfigDict(extra="forbid", frozen=True)

SEQUENCE = "sequence"
"""The column that says which sequence a frame is of."""

OTHERS = "*"
"""The stratum of all frames whose value is not named."""


class Clips(BaseModel):
    """Whole clips instead of single frames.

    A clip is `length` neighbouring frames of one sequence, all of which can be picked. Neighbours follow each other
    in time (by id where times are not known); a frame that is set aside, filtered out or labelled, or a step in time
    of more than `max_step_s`, parts them.

    Attributes:
        length: Frames in a clip.
        gain: What a clip is worth. `anchor`: the strategy names the best frame, and the clip lies around it, with
            that frame in its middle where there is room. `mean`: the mean of its frames' gains before any of them
            is taken.
        max_step_s: The largest step in time between two frames of a clip, or None for any.
    """

    model_config = _STRICT

    length: int = Field(ge=1)
    gain: Literal["anchor", "mean"] = "anchor"
    max_step_s: float | None = Field(default=None, gt=0)


class Strata(BaseModel):
    """Parts of the pool with budgets of their own, filled in one run, so that a pick in one counts in all.

    Attributes:
        by: A column or an expression; its values name the parts.
        budgets: Value -> budget, as text. Frames of values that are not named cannot be picked, unless ``"*"`` gives
            them a budget together. A share is a share of the part.
    """

    model_config = _STRICT

    by: str
    budgets: dict[str, str] = Field(min_length=1)

    @field_validator("budgets", mode="before")
    @classmethod
    def _texts(cls, budgets: Any) -> Any:
        if not isinstance(budgets, Mapping):
            return budgets
        return {value_text(np.asarray(value)): str(budget) for value, budget in budgets.items()}

    def members(self, pool: Pool) -> dict[str, BoolArray]:
        """Value -> (N,) bool, the frames of that part.

        Raises:
            ScanpickError: No frame has a value that is named.
        """
        values = np.array([value_text(value) for value in evaluate(self.by, pool)], dtype=np.str_)
        found = sorted(set(values.tolist()))
        parts = {name: values == name for name in self.budgets if name != OTHERS}
        for name, members in parts.items():
            if not members.any():
                raise ScanpickError(
                    f"Strata: no frame has {self.by} = '{name}'. Its values are: {', '.join(found[:20]) or 'none'}."
                )
        if OTHERS in self.budgets:
            parts[OTHERS] = ~np.isin(values, list(parts))
        return parts


class Constraints(BaseModel):
    """What a selection must respect.

    Attributes:
        include: Expression; only frames for which it holds are picked and covered (see `expressions`).
        exclude: Expression; frames for which it holds are neither picked nor covered.
        min_distance: Every pick is at least this far from all labelled and earlier picked frames, in the embedding
            and metric of the strategy; the selection ends when nothing is. Removes near-duplicates.
        max_per_sequence: At most so many picks of a sequence; labelled frames do not count.
        min_gap_s: Picks of a sequence are at least so many seconds apart.
        min_gap_m: Picks of a sequence are at least so many metres of travelled way apart.
        gaps_to_labelled: Whether the two gaps are kept to labelled frames as well.
        spread: A column or an expression, as a rule ``sequence``: its values take turns. None gets another pick before
            all that have frames left have as many; labelled frames count.
        clips: Whole clips instead of single frames.
        strata: Parts of the pool with budgets of their own.
    """

    model_config = _STRICT

    include: str | None = None
    exclude: str | None = None
    min_distance: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    max_per_sequence: int | None = Field(default=None, ge=1)
    min_gap_s: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    min_gap_m: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    gaps_to_labelled: bool = True
    spread: str | None = None
    clips: Clips | None = None
    strata: Strata | None = None

    @model_validator(mode="after")
    def _clips_take_turns_by_sequence(self) -> Constraints:
        if self.clips is not None and self.spread not in (None, SEQUENCE):
            raise ValueError(f"clips can be spread over the values of '{SEQUENCE}' only, got '{self.spread}'")
        return self

    def kept(self, pool: Pool) -> BoolArray:
        """(N,) bool: frames that `include` and `exclude` leave. Labelled frames stay: what they cover is covered."""
        kept = np.ones(len(pool), dtype=bool)
        if self.include is not None:
            kept &= matching(self.include, pool)
        if self.exclude is not None:
            kept &= ~matching(self.exclude, pool)
        return kept | pool.labelled
