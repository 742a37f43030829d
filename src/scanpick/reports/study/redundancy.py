"""Why a strategy wins or loses: how alike its picks are, how much of the pool they reach, what they cost in objects.

Each measure is taken over all that a strategy picked up to the round shown, for each seed and fold, then averaged over
folds; its interval is over seeds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Embeddings, Float64Array, Int64Array
from scanpick.evaluation.study_statistics.estimates import Estimate, mean
from scanpick.reports.coverage import nearest_chosen
from scanpick.reports.redundancy import redundant
from scanpick.reports.study.folder import START, Arm, Pick, StudyFolder
from scanpick.reports.study.pool import StudyPool
from scanpick.selection.kernels.typicality import nearest_others

MEASURES = {
    "neighbours": "picks with a neighbour in time that is picked too",
    "nearest": "mean distance of a pick to the nearest other pick",
    "covered": "mean distance of the pool to the nearest labelled frame",
    "drives": "drives of the pool with a pick",
    "objects": "objects in a picked frame, mean",
}
"""Measure -> what it is. The first and the fourth are shares."""

SHARES = ("neighbours", "drives")


@dataclass(frozen=True)
class Redundancy:
    """The measures of one strategy.

    Attributes:
        arm: The strategy.
        measures: Name of the measure -> its estimate over seeds.
    """

    arm: Arm
    measures: Mapping[str, Estimate]


def redundancy_of(folder: StudyFolder, pool: StudyPool, arms: Sequence[Arm], last_round: int) -> list[Redundancy]:
    """Measure what each strategy picked in rounds 1 to `last_round`; strategies without picks are left out."""
    found = []
    for arm in arms:
        groups = picks_of(folder.picks, arm, last_round)
        by_seed: dict[int, list[dict[str, float]]] = {}
        for (seed, fold), picks in groups.items():
            start = [p for p in folder.picks if (p.seed, p.fold, p.arm) == (seed, fold, Arm(START))]
            by_seed.setdefault(seed, []).append(_measured(picks, start, fold, pool))
        if by_seed:
            measures = {
                name: mean(np.array([np.mean([one[name] for one in folds]) for folds in by_seed.values()]))
                for name in MEASURES
            }
            found.append(Redundancy(arm, measures))
    return found


def picks_of(picks: Sequence[Pick], arm: Arm, last_round: int) -> dict[tuple[int, str], list[Pick]]:
    """Seed and fold -> what a strategy picked in rounds 1 to `last_round`, in order."""
    groups: dict[tuple[int, str], list[Pick]] = {}
    for pick in sorted(picks, key=lambda p: (p.seed, p.fold, p.round, p.rank)):
        if pick.arm == arm and 1 <= pick.round <= last_round:
            groups.setdefault((pick.seed, pick.fold), []).append(pick)
    return groups


def _measured(picks: Sequence[Pick], start: Sequence[Pick], fold: str, pool: StudyPool) -> dict[str, float]:
    measures = dict.fromkeys(MEASURES, float("nan"))
    measures["objects"] = float(np.mean([pick.boxes for pick in picks]))
    rows, in_pool = pool.rows(picks), pool.of_fold(fold)
    if not len(rows):
        return measures
    if (pool.neighbours >= 0).any():
        measures["neighbours"] = float(redundant(pool.neighbours, rows).mean())
    drives = {pool.records[row].sequence for row in np.flatnonzero(in_pool)}
    measures["drives"] = len({pool.records[row].sequence for row in rows}) / len(drives)
    if pool.values is not None:
        measures["nearest"] = nearest_other(pool.values[rows])
        chosen = np.concatenate([pool.rows(start), rows])
        measures["covered"] = float(_covered(pool.values, in_pool, chosen).mean())
    return measures


def nearest_other(values: Embeddings) -> float:
    """Mean distance of each of (K, D) vectors to the nearest other; NaN with fewer than two."""
    if len(values) < 2:
        return float("nan")
    return float(np.sqrt(nearest_others(np.ascontiguousarray(values), 1)[0]).mean())


def _covered(values: Embeddings, in_pool: np.ndarray, chosen: Int64Array) -> Float64Array:
    place = np.full(len(values), -1)
    place[np.flatnonzero(in_pool)] = np.arange(in_pool.sum())
    return nearest_chosen(values[in_pool], place[chosen][place[chosen] >= 0])
