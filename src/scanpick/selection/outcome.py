"""From rows of a pool to a `Selection`: ids, nearest chosen frames, and a summary in words and numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from scanpick.arrays import Embeddings
from scanpick.selection.budget import Budget
from scanpick.selection.ledger import Ledger
from scanpick.selection.nearest import nearest_chosen
from scanpick.selection.pool import Pool
from scanpick.structures import Selection


@dataclass(eq=False)
class Picks:
    """What the greedy loop found.

    Attributes:
        rows: The picked rows of the pool, in order.
        gains: The gain of each when it was picked.
        costs: What each spent.
        contributions: Objective -> what it was worth for each pick.
        blocked: Reason -> how many frames could not be picked for it.
    """

    rows: list[int] = field(default_factory=list)
    gains: list[float] = field(default_factory=list)
    costs: list[float] = field(default_factory=list)
    contributions: dict[str, list[float]] = field(default_factory=dict)
    blocked: dict[str, int] = field(default_factory=dict)


def selection_of(
    strategy: str, pool: Pool, values: Embeddings | None, picks: Picks, summary: Mapping[str, Any]
) -> Selection:
    """The selection that these picks are; distances are measured between the rows of `values` (N, D)."""
    rows = np.array(picks.rows, dtype=np.int64)
    nearest, distances = np.full(len(rows), -1), np.full(len(rows), np.nan)
    if values is not None:
        nearest, distances = nearest_chosen(values, rows, np.flatnonzero(pool.labelled))
    return Selection(
        strategy=strategy,
        frame_ids=tuple(pool.frame_ids[row] for row in rows),
        gains=np.array(picks.gains, dtype=np.float64),
        nearest_selected=tuple(pool.frame_ids[row] if row >= 0 else "" for row in nearest),
        distances=distances,
        costs=np.array(picks.costs, dtype=np.float64),
        contributions={name: np.array(column) for name, column in picks.contributions.items()},
        summary=summary,
    )


def why_it_ended(picks: Picks, ledger: Ledger, unit: str) -> str:
    """Why less was spent than could be, in a sentence; empty where the budget is used up as far as it goes."""
    if ledger.left < ledger.entry_price and np.isfinite(ledger.entry_price):
        return ""
    if not picks.blocked:
        rest = "every frame that can be picked is picked" if picks.rows else "there is nothing to pick"
        return f"stopped early with {ledger.left:.10g} {unit} left: {rest}" if ledger.left > 0 else ""
    reasons = [f"{count} {'is' if count == 1 else 'are'} {reason}" for reason, count in picks.blocked.items()]
    return f"stopped early with {ledger.left:.10g} {unit} left: of the frames that are left, {', '.join(reasons)}"


def accounts(budget: Budget, asked: Budget | None, ledgers: Sequence[Ledger], usable_frames: int) -> dict[str, Any]:
    """The entries of a summary about money: what was asked for, how much that is, what is spent and left."""
    whole, *strata = ledgers
    text = str(asked) if asked else " + ".join(f"{ledger.limit:.10g}" for ledger in strata) + f" {budget.counted_in}"
    if asked and asked.unit == "share":
        text = f"{asked} of {usable_frames} = {whole.limit:.0f} frames"
    entries: dict[str, Any] = {
        "budget": text,
        "unit": budget.counted_in,
        "limit": whole.limit,
        "spent": whole.spent,
        "left": whole.left,
    }
    if strata:
        entries["strata"] = {
            ledger.name: {"limit": ledger.limit, "spent": ledger.spent, "left": ledger.left} for ledger in strata
        }
    return entries
