"""The pool as a map (UMAP), with what each strategy picked for the first seed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float64Array, Int64Array
from scanpick.reports.projection import neighbour_map, principal_map
from scanpick.reports.study.folder import START, Arm, StudyFolder
from scanpick.reports.study.pool import StudyPool
from scanpick.reports.study.redundancy import picks_of
from scanpick.reports.study.scoreboard import Scoreboard

MOST_POINTS = 4000
"""Frames of the pool that a panel shows; of more, so many evenly spaced ones, and all picks."""


@dataclass(frozen=True, eq=False)
class PoolMap:
    """Places of the pool's frames, and who picked which.

    Attributes:
        positions: (M, 2) places.
        picked: Strategy -> rows of `positions`.
        start: Rows labelled at first.
        seed: The seed shown.
        fold: The fold shown, "" without folds.
        kind: "UMAP", or "PCA" where there are too few frames for it.
        shown: How many frames of the pool there are in the map.
        frames: How many there are.
    """

    positions: Float64Array
    picked: dict[Arm, Int64Array]
    start: Int64Array
    seed: int
    fold: str
    kind: str
    shown: int
    frames: int


def draw_pool_map(folder: StudyFolder, pool: StudyPool, board: Scoreboard) -> PoolMap | None:
    """Lay out the map of the first seed and fold in which most strategies have picked; None without an embedding."""
    if pool.values is None or not folder.picks:
        return None
    groups = {arm: picks_of(folder.picks, arm, board.shown_round) for arm in board.shown_arms()}
    places = sorted({place for of_arm in groups.values() for place in of_arm})
    if not places:
        return None
    seed, fold = max(places, key=lambda place: (sum(place in of for of in groups.values()), -places.index(place)))
    picked = {arm: pool.rows(of[seed, fold]) for arm, of in groups.items() if (seed, fold) in of}
    start = pool.rows([p for p in folder.picks if (p.seed, p.fold, p.arm) == (seed, fold, Arm(START))])
    rows = _shown(np.flatnonzero(pool.of_fold(fold)), [*picked.values(), start])
    values = np.ascontiguousarray(pool.values[rows])
    flat = principal_map(values).positions
    positions = neighbour_map(values, flat, folder.path / "cache")
    return PoolMap(
        flat if positions is None else positions,
        {arm: np.searchsorted(rows, of_arm) for arm, of_arm in picked.items()},
        np.searchsorted(rows, start),
        seed,
        fold,
        "PCA" if positions is None else "UMAP",
        len(rows),
        int(pool.of_fold(fold).sum()),
    )


def _shown(pool: Int64Array, chosen: list[Int64Array]) -> Int64Array:
    if len(pool) > MOST_POINTS:
        pool = pool[np.linspace(0, len(pool) - 1, MOST_POINTS).astype(np.int64)]
    return np.unique(np.concatenate([pool, *chosen]))
