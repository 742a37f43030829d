"""The books of a selection: what each budget allows, what is spent, what still fits."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import BoolArray, Float64Array, Int64Array

_ROUNDING = 1e-9
"""Sums of costs may exceed a limit by this share of it: 0.1 + 0.1 + 0.1 fits into 0.3."""


class Ledger:
    """One budget and the frames that are charged to it.

    Args:
        name: What it pays for, in messages ("the budget", "weather = rain").
        unit: What is counted ("frames", "objects", "EUR").
        limit: How much may be spent.
        members: (N,) bool: the frames it pays for.
        costs: (N,) float64 >= 0: what each of them costs.
    """

    def __init__(self, name: str, unit: str, limit: float, members: BoolArray, costs: Float64Array) -> None:
        self.name = name
        self.unit = unit
        self.limit = limit
        self.members = members
        self.costs = costs
        self.spent = 0.0
        # The dearest first, so that what no longer fits is always a stretch at the front.
        rows = np.flatnonzero(members)
        self._dearest_first = rows[np.argsort(-costs[rows], kind="stable")]
        self._falling_costs = -costs[self._dearest_first]
        self._refused = 0
        paid = costs[rows][costs[rows] > 0]
        self._cheapest_paid = float(paid.min()) if len(paid) else np.inf

    @property
    def left(self) -> float:
        """What is left to spend."""
        return max(self.limit - self.spent, 0.0)

    @property
    def closed(self) -> bool:
        """Whether not even the cheapest member that costs anything fits any more."""
        return self._cheapest_paid > self._ceiling

    def total(self, frames: Int64Array) -> float:
        """What these frames cost together; those it does not pay for cost nothing here."""
        return float(self.costs[frames][self.members[frames]].sum())

    def fits(self, frames: Int64Array, extra: float = 0.0) -> bool:
        """Whether all of these frames can be paid for at once, with `extra` on top where it pays for any."""
        return not self.members[frames].any() or self.total(frames) + extra <= self._ceiling

    def spend(self, frames: Int64Array, extra: float = 0.0) -> None:
        """Pay for these frames."""
        if self.members[frames].any():
            self.spent += self.total(frames) + extra

    def refuse(self) -> Int64Array:
        """The members that have become too dear since the last call.

        Once it is closed, those that cost nothing are refused as well: else a budget that is spent would draw in
        every empty frame of the pool.
        """
        count = len(self._dearest_first)
        still_fits = count if self.closed else int(np.searchsorted(self._falling_costs, -self._ceiling, side="left"))
        refused = self._dearest_first[self._refused : still_fits]
        self._refused = max(self._refused, still_fits)
        return refused

    @property
    def _ceiling(self) -> float:
        return self.limit - self.spent + _ROUNDING * self.limit
