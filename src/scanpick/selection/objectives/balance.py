"""Objective `balance`: brings classes of objects, or values of a column, to a wanted distribution."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
from pydantic import field_validator, model_validator

from scanpick.arrays import Float64Array, Int64Array
from scanpick.errors import ScanpickError, unknown_name
from scanpick.selection.expressions import evaluate, value_text
from scanpick.selection.objectives.objective import Objective
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import Request
from scanpick.structures.checks import name_some


class Balance(Objective):
    """value(x) = 1 - (sum over k of |p_k - t_k|) / 2, p being the distribution of all that is chosen and x.

    The sum is the total variation distance to the target t: 1 is reached where the two agree. A frame that holds
    nothing that is counted is worth 0, since it moves nothing.

    Attributes:
        by: What is counted: `classes` (the expected number of objects of each class in a frame), or a column or
            expression, of which every frame has one value.
        target: Value -> its share; scaled to sum up to 1. Equal shares of all that occur by default.
        others: Values that the target does not name are left out of the count (`ignore`), or counted with a target
            of 0 (`avoid`).
        count_labelled: Whether labelled frames count as chosen; what they hold must be known then.
    """

    by: str = "classes"
    target: dict[str, float] | None = None
    others: Literal["ignore", "avoid"] = "ignore"
    count_labelled: bool = True

    @field_validator("target", mode="before")
    @classmethod
    def _texts(cls, target: Any) -> Any:
        return {value_text(key): share for key, share in target.items()} if isinstance(target, Mapping) else target

    @model_validator(mode="after")
    def _shares(self) -> Balance:
        shares = np.array(list((self.target or {"": 1.0}).values()))
        if not (np.isfinite(shares).all() and (shares >= 0).all() and shares.sum() > 0):
            raise ValueError("expected shares of 0 or more, one of them above 0")
        return self

    def values(self, pool: Pool, request: Request) -> BalanceValues:
        """Counts of the labelled frames, and what each frame would add."""
        counts = self._counts(pool)
        target = self.target if self.target is not None else dict.fromkeys(counts, 1.0)
        unknown = sorted(set(target) - set(counts))
        if unknown and self.by == "classes":
            raise unknown_name("class of the objective 'balance':", unknown[0], counts)
        if unknown:
            raise ScanpickError(
                f"The objective 'balance': no frame has {self.by} = '{unknown[0]}'. "
                f"Its values are: {', '.join(sorted(counts)[:20]) or 'none'}."
            )
        named = [counts[name] for name in target]
        others = [column for name, column in counts.items() if name not in target] if self.others == "avoid" else []
        shares = np.array([*target.values(), *(0.0 for _ in others)])
        table = np.stack([*named, *others], axis=1) if named else np.zeros((len(pool), 0))
        unknown_frames = np.flatnonzero(pool.labelled & np.isnan(table).any(axis=1))
        if self.count_labelled and len(unknown_frames):
            raise ScanpickError(
                f"The objective 'balance' counts labelled frames, but their classes are not known: "
                f"{name_some([pool.frame_ids[row] for row in unknown_frames])}. Give them, or count_labelled: false."
            )
        chosen = table[pool.labelled].sum(axis=0) if self.count_labelled else np.zeros(table.shape[1])
        return BalanceValues(table, shares / max(shares.sum(), 1e-300), chosen)

    def _counts(self, pool: Pool) -> dict[str, Float64Array]:
        if self.by == "classes":
            if not pool.class_counts:
                raise ScanpickError("The objective 'balance' needs the classes in each frame, and the pool has none.")
            return dict(pool.class_counts)
        values = np.array([value_text(value) for value in evaluate(self.by, pool)], dtype=np.str_)
        return {str(value): (values == value).astype(np.float64) for value in np.unique(values)}


class BalanceValues:
    """How near to the target every frame would bring what is chosen."""

    def __init__(self, table: Float64Array, target: Float64Array, chosen: Float64Array) -> None:
        self._table = table  # (N, K)
        self._target = target  # (K,)
        self._chosen = chosen  # (K,)
        self._holds_any = table.sum(axis=1) > 0

    def bounds(self) -> Float64Array:
        """(N,) 1 - total variation distance; exact."""
        after = self._chosen + self._table
        shares = after / np.maximum(after.sum(axis=1, keepdims=True), 1e-300)
        return np.where(self._holds_any, 1 - np.abs(shares - self._target).sum(axis=1) / 2, 0.0)

    def at(self, rows: Int64Array) -> Float64Array:
        """(n,) the same for these frames."""
        return BalanceValues(self._table[rows], self._target, self._chosen).bounds()

    def take(self, index: int) -> bool:
        """A frame was chosen: everything changes."""
        self._chosen = self._chosen + self._table[index]
        return True
