"""`select`: the greedy loop that joins a strategy, the constraints and the budget."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.errors import ScanpickError
from scanpick.options import build_checked
from scanpick.selection.budget import Budget, parse_budget
from scanpick.selection.clips import AnchoredClips, ClipFinder, ClipsByMean, Offers, Singles
from scanpick.selection.constraints import Constraints
from scanpick.selection.greedy import GreedyLoop
from scanpick.selection.kernels.picker import Picker
from scanpick.selection.ledger import Ledger, open_ledgers
from scanpick.selection.outcome import accounts, selection_of, why_it_ended
from scanpick.selection.pool import Pool
from scanpick.selection.rules import rules_of, turns_of
from scanpick.selection.strategies import STRATEGIES, name_of
from scanpick.selection.strategy import Reporting, Request, Strategy
from scanpick.structures import Selection


def select(
    pool: Pool,
    strategy: str | Strategy = "diversity",
    budget: Budget | str | int | None = None,
    *,
    seed: int = 0,
    constraints: Constraints | Mapping[str, Any] | None = None,
    options: Mapping[str, Any] | None = None,
    at_most: bool = False,
    threads: int | None = None,
) -> Selection:
    """Order the frames of a pool by what their labels are worth, as far as the budget goes.

    The order of the pool does not matter: frames are sorted by id, and ties go to the lowest id.

    Args:
        pool: The frames.
        strategy: A name in `STRATEGIES`, or a strategy with its options.
        budget: What may be spent: ``185``, ``"5%"``, ``"120 objects"``, ``"300 EUR at 0.5/frame + 0.04/box"``. It can
            be left out where strata have budgets of their own.
        seed: Seed of all chance.
        constraints: What the selection must respect; see `Constraints`.
        options: The strategy's options, where it is named.
        at_most: Take what there is where the budget is larger than everything that can be picked.
        threads: How many threads to use; all by default. The result does not depend on it.

    Raises:
        ScanpickError: The budget is larger than what can be picked, a name or option is unknown, or the pool lacks
            what the strategy or a constraint needs.

    Example:
        >>> pool = Pool(("a", "b", "c"), {"toy": np.array([[0.0], [1.0], [5.0]])})
        >>> select(pool, "diversity", 2).frame_ids
        ('b', 'c')
    """
    cores = _threads(threads)
    asked = None if budget is None else parse_budget(budget)
    if not isinstance(constraints, Constraints):
        constraints = build_checked(Constraints, constraints or {}, "the constraints")
    model, name = _strategy(strategy, options or {})

    # 1. The frames that count, in the order of their ids
    whole = pool.take(np.array(sorted(range(len(pool)), key=pool.frame_ids.__getitem__), dtype=np.int64))
    counts = ~whole.excluded & constraints.kept(whole)
    usable = whole.take(np.flatnonzero(counts))
    values = model.space(usable)

    # 2. Open the books
    usable_frames = int((~whole.excluded).sum())
    money, ledgers = open_ledgers(usable, asked, constraints, usable_frames=usable_frames, at_most=at_most)
    offers, weights = _offers(constraints, money, ledgers[0], whole, counts)

    # 3. Pick greedily until the money or the frames run out
    least_gain = constraints.min_distance if model.gain_is_distance and weights is None else None
    turns = turns_of(constraints, usable)
    loop = GreedyLoop(offers, ledgers, rules_of(constraints, usable, values), least_gain, turns)
    count, rng = _about_how_many(ledgers[0]), np.random.default_rng(seed)

    def start(allowed: BoolArray, picked: Int64Array) -> Picker:
        chosen = usable.labelled.copy()
        chosen[picked] = True
        request = Request(allowed, values, max(count - len(picked), 0), weights, rng, cores)
        return model.picker(replace(usable, labelled=chosen) if len(picked) else usable, request)

    with threadpool_limits(cores, user_api="blas"):
        picker, picks = loop.run(start), loop.picks

    # 4. Say what came out
    summary = {
        "strategy": name,
        "options": model.model_dump(mode="json"),
        "seed": seed,
        "constraints": constraints.model_dump(mode="json", exclude_defaults=True),
        "gain_means": model.gain_means,
        **accounts(money, asked, ledgers, usable_frames),
        **({"expected_boxes": usable.boxes_note} if money.counts_boxes and usable.boxes_note else {}),
        "frames": {
            "pool": len(whole),
            "set_aside": int(whole.excluded.sum()),
            "filtered_out": usable_frames - len(usable),
            "labelled": int(usable.labelled.sum()),
            "selectable": int(ledgers[0].members.sum()),
            "picked": len(picks.rows),
        },
        "stopped_early": why_it_ended(picks, ledgers[0], money.counted_in),
        "notes": [],
        **(picker.report() if isinstance(picker, Reporting) else {}),
    }
    with threadpool_limits(cores, user_api="blas"):
        return selection_of(name, usable, values, picks, summary)


def _strategy(strategy: str | Strategy, options: Mapping[str, Any]) -> tuple[Strategy, str]:
    if isinstance(strategy, str):
        return STRATEGIES.make(strategy, options), strategy
    if options:
        raise ScanpickError("Give options with the name of a strategy; a strategy that is made already has its own.")
    return strategy, name_of(strategy)


def _threads(threads: int | None) -> int:
    if threads is not None and threads < 1:
        raise ScanpickError(f"Threads: expected 1 or more, got {threads}.")
    return threads or (len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _offers(
    constraints: Constraints, budget: Budget, ledger: Ledger, whole: Pool, counts: BoolArray
) -> tuple[Offers, Float64Array | None]:
    """Frames or clips, and what the strategy multiplies gains with: one over the cost where costs differ."""
    if constraints.clips is None:
        weights = None if budget.in_frames else _one_over(ledger.costs, budget)
        return Singles(weights), weights
    finder = ClipFinder(constraints.clips, whole, counts)
    if constraints.clips.gain == "mean":
        return ClipsByMean(finder, None if budget.in_frames else ledger.costs, ledger.per_clip), None
    if budget.in_frames:
        return AnchoredClips(finder, None), None
    # A clip's cost changes where others part its stretch; what it was at first decides.
    weights = _one_over(finder.costs(ledger.costs, ledger.members, ledger.per_clip), budget)
    return AnchoredClips(finder, weights), weights


def _one_over(costs: Float64Array, budget: Budget) -> Float64Array:
    # What costs nothing counts as one box here, or else as the cheapest: its gain per cost stays finite.
    paid = costs[(costs > 0) & np.isfinite(costs)]
    one_box = 1.0 if budget.unit == "objects" else budget.prices.per_box
    least = one_box or (float(paid.min()) if len(paid) else 1.0)
    return 1.0 / np.where(costs > 0, np.where(np.isfinite(costs), costs, least), least)


def _about_how_many(ledger: Ledger) -> int:
    frames = int(ledger.members.sum())
    mean_cost = ledger.reach / max(frames, 1)
    return frames if mean_cost == 0 else min(frames, round(ledger.limit / mean_cost))
