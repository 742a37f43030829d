"""The books of a selection: what each budget allows, what is spent, what still fits."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.errors import ScanpickError
from scanpick.selection.budget import Budget, parse_budget
from scanpick.selection.constraints import OTHERS, Constraints
from scanpick.selection.pool import Pool

_ROUNDING = 1e-9
"""Sums of costs may exceed a limit by this share of it: 0.1 + 0.1 + 0.1 fits into 0.3."""

_ALL = "all frames"


class Ledger:
    """One budget and the frames that are charged to it.

    Args:
        name: What it pays for, in messages.
        limit: How much may be spent.
        members: (N,) bool: the frames it pays for.
        costs: (N,) float64 >= 0: what each of them costs.
        clip_length: How many frames are bought at once.
        per_clip: What a clip costs on top of its frames.
    """

    def __init__(
        self,
        name: str,
        limit: float,
        members: BoolArray,
        costs: Float64Array,
        *,
        clip_length: int = 1,
        per_clip: float = 0.0,
    ) -> None:
        self.name = name
        self.limit = limit
        self.members = members
        self.costs = costs
        self.per_clip = per_clip
        self.spent = 0.0
        self._clip_length = clip_length
        # The dearest first, so that what no longer fits is always a stretch at the front.
        rows = np.flatnonzero(members)
        self._dearest_first = rows[np.argsort(-costs[rows], kind="stable")]
        self._falling_costs = -costs[self._dearest_first]
        self._refused = 0
        self._cheapest = len(rows) - 1
        self._nothing_is_free = len(rows) > 0 and (per_clip > 0 or bool(costs[rows].min() > 0))
        self._price_of_most = clip_length * float(costs[rows].max(initial=0.0)) + per_clip

    @property
    def left(self) -> float:
        """What is left to spend."""
        return max(self.limit - self.spent, 0.0)

    @property
    def entry_price(self) -> float:
        """The least that anything with a price costs."""
        costs = self.costs[self.members]
        if len(costs) == 0:
            return np.inf
        least = self._clip_length * float(costs.min()) + self.per_clip
        return least if least > 0 else float(costs[costs > 0].min(initial=np.inf))

    @property
    def reach(self) -> float:
        """What all its frames cost together."""
        return float(self.costs[self.members].sum())

    def total(self, frames: Int64Array) -> float:
        """What these frames cost together; those it does not pay for cost nothing here."""
        return float(self.costs[frames][self.members[frames]].sum())

    def fits(self, frames: Int64Array) -> bool:
        """Whether all of these frames can be paid for at once."""
        return not self.members[frames].any() or self.total(frames) + self.per_clip <= self._ceiling

    def spend(self, frames: Int64Array) -> None:
        """Pay for these frames, which are bought together."""
        if self.members[frames].any():
            self.spent += self.total(frames) + self.per_clip

    def closed(self, available: BoolArray) -> bool:
        """Whether nothing that costs anything and is still available fits any more; not asked while everything fits.

        Frames that cost nothing do not keep it open: else a budget that is spent would draw in every empty frame.
        """
        if self._nothing_is_free and self._price_of_most <= self._ceiling:
            return False
        while self._cheapest >= 0 and self._passed_over(self._dearest_first[self._cheapest], available):
            self._cheapest -= 1
        if self._cheapest < 0:
            return True
        cheapest = float(self.costs[self._dearest_first[self._cheapest]])
        whole_clip = self._clip_length * cheapest if self._nothing_is_free else cheapest
        return whole_clip + self.per_clip > self._ceiling

    def refuse(self, available: BoolArray) -> Int64Array:
        """The members that have become too dear since the last call; all that are left once it is closed."""
        count = len(self._dearest_first)
        if self.closed(available):
            too_dear, self._cheapest = count, -1
        else:
            too_dear = int(np.searchsorted(self._falling_costs, -self._ceiling, side="left"))
        refused = self._dearest_first[self._refused : too_dear]
        self._refused = max(self._refused, too_dear)
        return refused

    def _passed_over(self, frame: int, available: BoolArray) -> bool:
        return not available[frame] or (self.costs[frame] == 0 and self.per_clip == 0)

    @property
    def _ceiling(self) -> float:
        return self.limit - self.spent + _ROUNDING * self.limit


def open_ledgers(
    pool: Pool, budget: Budget | None, constraints: Constraints, *, usable_frames: int, at_most: bool
) -> tuple[Budget, list[Ledger]]:
    """The books of a selection: first the one for all frames, then one for each stratum.

    Args:
        pool: The frames that count.
        budget: For all frames, or None where strata have their own; it is their sum then.
        constraints: They hold the strata, and whether clips are bought.
        usable_frames: Of what a share is taken.
        at_most: Whether a budget may be larger than everything that can be picked.

    Raises:
        ScanpickError: There is no budget, they count different things, or one is larger than what can be picked.
    """
    strata = {} if constraints.strata is None else constraints.strata.members(pool)
    texts = {} if constraints.strata is None else constraints.strata.budgets
    budgets = {name: parse_budget(text) for name, text in texts.items()}
    first = budget or next(iter(budgets.values()), None)
    if first is None:
        raise ScanpickError("Say how much to select: a number of frames, a share ('5%'), objects or cost.")
    for name, other in budgets.items():
        if _kind(other) != _kind(first):
            raise ScanpickError(
                f"Budgets of one selection must count the same thing, got '{other}' for the stratum '{name}' "
                f"beside '{first}'."
            )
    if first.prices.per_clip > 0 and constraints.clips is None:
        raise ScanpickError(
            f"The budget '{first}' has a price for a clip, but single frames are picked. Ask for clips."
        )

    costs = first.frame_costs(len(pool), pool.expected_boxes)
    selectable = ~pool.labelled
    if strata:
        selectable &= np.any(list(strata.values()), axis=0)
    length = 1 if constraints.clips is None else constraints.clips.length

    def ledger(name: str, limit: float, members: BoolArray) -> Ledger:
        return Ledger(name, limit, members, costs, clip_length=length, per_clip=first.prices.per_clip)

    parts = []
    for name, members in strata.items():
        limit = budgets[name].limit(int(members.sum()))
        title = f"{constraints.strata.by} = {name}" if name != OTHERS else "other strata"  # type: ignore[union-attr]
        parts.append(ledger(title, limit, members & selectable))
    limit = budget.limit(usable_frames) if budget else sum(part.limit for part in parts)
    whole = ledger(_ALL, limit, selectable)
    if not at_most:
        reach = sum(min(part.limit, part.reach) for part in parts) if parts else whole.reach
        for part in parts:
            _check_reach(part, part.reach, pool, first)
        if parts and whole.limit > reach * (1 + _ROUNDING) and first.prices.per_clip == 0:
            raise ScanpickError(
                f"The budget of {whole.limit:.10g} {first.counted_in} is larger than what the strata can take "
                f"together: {reach:.10g}. Ask for less, or for at most that much (`at_most=True`)."
            )
        _check_reach(whole, reach, pool, first)
    return first, [whole, *parts]


def _kind(budget: Budget) -> tuple[object, ...]:
    return ("frames",) if budget.in_frames else (budget.unit, budget.prices, budget.currency)


def _check_reach(ledger: Ledger, reach: float, pool: Pool, budget: Budget) -> None:
    if ledger.limit <= reach * (1 + _ROUNDING) or ledger.per_clip > 0:  # the price of clips depends on which
        return
    whose = "" if ledger.name == _ALL else f" for {ledger.name}"
    amount = "" if budget.in_frames else f", {reach:.10g} {budget.counted_in} together"
    raise ScanpickError(
        f"The budget of {ledger.limit:.10g} {budget.counted_in}{whose} is larger than what can be picked: "
        f"{int(ledger.members.sum())} frames{amount} (of {len(pool)} frames, {int(pool.labelled.sum())} are labelled "
        f"already). Ask for less, or for at most that much (`at_most=True`)."
    )
