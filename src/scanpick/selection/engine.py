"""`select`: the greedy loop that joins a strategy, the constraints and the budget."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any

import numpy as np

from scanpick.arrays import Float64Array, Int64Array
from scanpick.errors import ScanpickError
from scanpick.selection.budget import Budget, parse_budget
from scanpick.selection.ledger import Ledger
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import Picker, Request, make_strategy
from scanpick.structures import Selection


def select(
    pool: Pool,
    strategy: str = "diversity",
    budget: Budget | str | int = "5%",
    *,
    seed: int = 0,
    options: Mapping[str, Any] | None = None,
    at_most: bool = False,
    threads: int | None = None,
) -> Selection:
    """Order the frames of a pool by what their labels are worth, as far as the budget goes.

    The order of the pool does not matter: frames are sorted by id, and ties go to the lowest id.

    Args:
        pool: The frames.
        strategy: A name in `STRATEGIES`.
        budget: What may be spent: ``185``, ``"5%"``, ``"120 objects"``, ``"300 EUR at 0.5/frame + 0.04/box"``.
        seed: Seed of all chance.
        options: The strategy's options.
        at_most: Take what there is where the budget is larger than everything that can be picked.
        threads: How many threads to use; all by default. The result does not depend on it.

    Raises:
        ScanpickError: The budget is larger than what can be picked, a name or option is unknown, or the pool lacks
            what the strategy needs.

    Example:
        >>> pool = Pool(("a", "b", "c"), {"toy": np.array([[0.0], [1.0], [5.0]])})
        >>> select(pool, "diversity", 2).frame_ids
        ('b', 'c')
    """
    budget = parse_budget(budget)
    model = make_strategy(strategy, options or {})

    # 1. Usable frames, in the order of their ids
    rows = np.flatnonzero(~pool.excluded)
    usable = pool.take(_sorted_by_id(pool, rows))
    allowed = ~usable.labelled

    # 2. Open the books
    costs = budget.frame_costs(len(usable), usable.expected_boxes)
    ledger = Ledger("the budget", _unit(budget), budget.limit(len(usable)), allowed, costs)
    if not at_most:
        _check_reach(ledger, usable, budget)

    # 3. Pick greedily until the money or the frames run out
    request = Request(
        allowed=allowed,
        count=_expected_count(ledger),
        weights=None if budget.in_frames else _gain_per_cost(budget, costs),
        rng=np.random.default_rng(seed),
        threads=threads,
    )
    picks, gains = _pick(model.picker(usable, request), ledger)

    # 4. Say what came out
    return _selection(strategy, usable, picks, gains, ledger, budget, seed)


def _sorted_by_id(pool: Pool, rows: Int64Array) -> Int64Array:
    ids = [pool.frame_ids[row] for row in rows]
    if all(first < second for first, second in itertools.pairwise(ids)):
        return rows
    return rows[sorted(range(len(ids)), key=ids.__getitem__)]


def _pick(picker: Picker, ledger: Ledger) -> tuple[list[int], list[float]]:
    picks: list[int] = []
    gains: list[float] = []
    picker.forbid(ledger.refuse())
    while not ledger.closed and (found := picker.best()) is not None:
        index, gain = found
        picker.take(index)
        ledger.spend(np.array([index]))
        picker.forbid(ledger.refuse())
        picks.append(index)
        gains.append(gain)
    return picks, gains


def _unit(budget: Budget) -> str:
    return {"share": "frames", "cost": budget.currency or "cost"}.get(budget.unit, budget.unit)


def _check_reach(ledger: Ledger, pool: Pool, budget: Budget) -> None:
    frames = np.flatnonzero(ledger.members)
    total = ledger.total(frames)
    if ledger.limit > total * (1 + 1e-9):
        raise ScanpickError(
            f"The budget of {budget} is larger than what can be picked: {len(frames)} of {len(pool)} usable frames "
            f"({int(pool.labelled.sum())} are labelled already), {total:g} {ledger.unit}. "
            f"Ask for less, or for at most this budget (--at-most)."
        )


def _expected_count(ledger: Ledger) -> int:
    frames = int(ledger.members.sum())
    mean_cost = ledger.total(np.flatnonzero(ledger.members)) / max(frames, 1)
    return frames if mean_cost == 0 else min(frames, round(ledger.limit / mean_cost))


def _gain_per_cost(budget: Budget, costs: Float64Array) -> Float64Array:
    # A frame that costs nothing counts as one box here, or else as the cheapest frame: its gain per cost is finite.
    one_box = 1.0 if budget.unit == "objects" else budget.prices.per_box
    paid = costs[costs > 0]
    least = one_box or (float(paid.min()) if len(paid) else 1.0)
    return 1.0 / np.where(costs > 0, costs, least)


def _selection(
    strategy: str, pool: Pool, picks: list[int], gains: list[float], ledger: Ledger, budget: Budget, seed: int
) -> Selection:
    count = len(picks)
    return Selection(
        strategy=strategy,
        frame_ids=tuple(pool.frame_ids[pick] for pick in picks),
        gains=np.array(gains),
        nearest_selected=("",) * count,
        distances=np.full(count, np.nan),
        costs=ledger.costs[picks] if picks else np.zeros(0),
        summary={
            "strategy": strategy,
            "seed": seed,
            "budget": str(budget),
            "unit": ledger.unit,
            "limit": ledger.limit,
            "spent": ledger.spent,
            "left": ledger.left,
        },
    )
