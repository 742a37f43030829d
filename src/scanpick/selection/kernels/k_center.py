"""Farthest-first traversal (k-center greedy, CoreSet): each pick is the point farthest from those chosen.

Twice the optimal cover radius at most (Gonzalez 1985); as active learning: Sener and Savarese, ICLR 2018.

`plain_k_center` is the whole truth: what is below and in the files beside picks the same rows, ties included, and only
saves work. What each adds:

- `distances`: a float32 matrix product, with a proven bound of its rounding, rules out most pairs; the rest is
  evaluated in float64 in one fixed order of summation. So bounds are fast, and decisions depend on no thread or layout.
- `nearest`: a distance to a growing set only shrinks, so an old one is an upper bound and is left alone until it might
  win. A row is then compared with all that was chosen since at once, instead of one pass over memory per pick.
- `anchors`: distances of chosen rows to a row near this one rule most of them out by the triangle inequality. They are
  kept as bytes, so that a whole run of rows shares one look at memory.
- `lowering`: the inner loops of `nearest`. Whole chunks of bounds are counted in vector registers before any is looked
  at, since hardly any of them holds.
- `front`: where rows come in any order, the farthest few hundred are followed pick by pick in a near cache. The others
  are looked at only once one of them might be farther than the front's best.
- `runs`: where rows come in runs of near ones, as frames do, a run has one bound and is brought up to date as a whole.
  That leaves a few runs per pick, whatever the number of rows.
- `workers`: blocks of rows that write to places of their own, so that threads change nothing but the time.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float64Array, Int64Array
from scanpick.selection.kernels.distances import CentredRows, squared_distances_to
from scanpick.selection.kernels.front import FarthestByFront
from scanpick.selection.kernels.lowering import State
from scanpick.selection.kernels.nearest import NearestChosen, comes_in_runs
from scanpick.selection.kernels.picker import Picker
from scanpick.selection.kernels.runs import FarthestOfRuns, Runs


def plain_k_center(
    X: Embeddings,
    count: int,
    labelled: Sequence[int] | Int64Array = (),
    start: int = 0,
    candidates: BoolArray | None = None,
    weights: Float64Array | None = None,
) -> list[int]:
    """Farthest-first traversal as one would write it down: the picks that everything else here must make.

    Args:
        X: (N, D) float32.
        count: Picks; fewer where no more may be picked.
        labelled: Rows chosen before the start.
        start: The first pick with nothing labelled.
        candidates: (N,) which rows may be picked; all by default.
        weights: (N,) > 0 that distances are multiplied with; ones by default.
    """
    values = X.astype(np.float64)
    allowed = np.ones(len(X), dtype=np.bool_) if candidates is None else candidates.copy()
    factors = np.ones(len(X)) if weights is None else np.square(weights)
    squared = np.full(len(X), np.inf)  # of the distance to the nearest chosen row
    picks: list[int] = []
    for row in labelled:
        squared = np.minimum(squared, np.square(values - values[row]).sum(axis=1))
        allowed[row] = False
    while len(picks) < count and allowed.any():
        first = not picks and not len(labelled)
        pick = start if first else int(np.argmax(np.where(allowed, squared * factors, -1.0)))
        squared = np.minimum(squared, np.square(values - values[pick]).sum(axis=1))
        allowed[pick] = False
        picks.append(pick)
    return picks


class KCenterPicker(Picker):
    """Farthest-first traversal; the gain is the distance to the nearest chosen point.

    With nothing chosen every gain is infinite, and the first pick is `start`, or the candidate of the largest weight
    that is nearest to the mean of all points (in float64).

    Args:
        X: As for every `Picker`, and so are candidates, weights and threads.
        start: First pick with nothing chosen, an allowed candidate.
    """

    def __init__(
        self,
        X: Embeddings,
        candidates: BoolArray | None = None,
        weights: Float64Array | None = None,
        threads: int = 1,
        start: int | None = None,
    ) -> None:
        self._weights = np.ones(len(X)) if weights is None else weights
        self._allowed = np.ones(len(X), dtype=np.bool_) if candidates is None else candidates.copy()
        self._chosen = np.zeros(len(X), dtype=np.bool_)
        self._count = 0
        self._start = start
        self._source = CentredRows(X)
        factors = None if weights is None else np.square(weights)
        self._farthest: FarthestOfRuns | FarthestByFront
        if comes_in_runs(self._source):
            self._farthest = FarthestOfRuns(self._source, self._allowed, factors, threads)
        else:
            self._farthest = FarthestByFront(NearestChosen(X, threads, factors, source=self._source), self._allowed)

    def best(self) -> tuple[int, float] | None:
        """The farthest allowed candidate (distance times weight), ties to the lowest index; None when none is left."""
        if self._count == 0:
            return self._first()
        found = self._farthest.farthest()
        if found is None:
            return None
        index = found[0]
        return index, float(np.sqrt(self._farthest.state.squared[index]) * self._weights[index])

    def take(self, index: int) -> None:
        """Choose a point; choosing it again changes nothing."""
        self.take_all(np.array([index]))

    def take_all(self, indices: Int64Array) -> None:
        """Choose points in this order."""
        fresh = indices[~self._chosen[indices]]
        if len(fresh) > 1:
            fresh = fresh[np.sort(np.unique(fresh, return_index=True)[1])]
        self._chosen[fresh] = True
        self._count += len(fresh)
        self._farthest.forbid(indices)
        self._farthest.add(fresh)

    def forbid(self, indices: Int64Array) -> None:
        """Never return these again."""
        self._farthest.forbid(indices)

    def gains(self) -> Float64Array:
        """(N,) distance to the nearest chosen point times weight; 0 where a point is not allowed."""
        ids = np.flatnonzero(self._allowed)
        if self._count:
            self._farthest.update()
        result = np.zeros(len(self._allowed))
        result[ids] = np.sqrt(self._farthest.state.squared[ids]) * self._weights[ids]
        return result

    def pick(self, count: int) -> tuple[Int64Array, Float64Array]:
        """Take the best point up to `count` times: indices and gains, as `best` and `take` would tell one by one."""
        begun, gains_begun = np.empty(0, np.int64), np.empty(0)
        if self._count == 0:
            first = self.best()
            if first is None or count < 1:
                return begun, gains_begun
            begun, gains_begun = np.array([first[0]]), np.array([first[1]])
            self.take(first[0])
        indices, squared = self._farthest.pick(count - len(begun))
        self._chosen[indices] = True
        self._count += len(indices)
        gains = np.sqrt(squared) * self._weights[indices]
        return np.concatenate([begun, indices]), np.concatenate([gains_begun, gains])

    @property
    def distances(self) -> Runs | State:
        """`squared` and `nearest` of the allowed points, brought up to date."""
        self._farthest.update()
        return self._farthest.state

    def _first(self) -> tuple[int, float] | None:
        if self._start is not None and self._allowed[self._start]:
            return self._start, np.inf
        ids = np.flatnonzero(self._allowed)
        if len(ids) == 0:
            return None
        ids = ids[self._weights[ids] == self._weights[ids].max()]
        return int(ids[np.argmin(squared_distances_to(self._source.X, ids, self._source.mean))]), np.inf


def k_center_greedy(
    X: Embeddings,
    count: int,
    labelled: Int64Array | None = None,
    start: int | None = None,
    threads: int = 1,
) -> tuple[Int64Array, Float64Array]:
    """Up to `count` farthest-first picks (K,) and the distance of each to those before it (K,), infinite for a first.

    `labelled` are chosen before the start; with none, the first pick is `start`, or the point nearest to the mean.

    Example:
        >>> k_center_greedy(np.array([[0.0], [1.0], [5.0]], dtype=np.float32), 3, start=0)
        (array([0, 2, 1]), array([inf,  5.,  1.]))
    """
    picker = KCenterPicker(X, threads=threads, start=start)
    if labelled is not None:
        picker.take_all(labelled)
    return picker.pick(count)
