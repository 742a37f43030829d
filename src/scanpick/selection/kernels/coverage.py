"""ProbCover: choose points whose balls of radius delta cover the most points that no ball covers yet.

Yehuda et al., Active Learning Through a Covering Lens, NeurIPS 2022. Edges are strict (``|x - y| < delta``, a point
covers itself) and ties go to the lowest index, as in the authors' code. Unlike it, no point lacks edges because of a
partial batch, and once nothing is left to cover it goes on with a smaller delta instead of repeating a pick.
"""

from __future__ import annotations

import numba
import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float64Array, Int32Array, Int64Array
from scanpick.selection.kernels.cover_graph import MAX_EDGES, CoverGraph, cover_graph, narrowed
from scanpick.selection.kernels.distances import read_only
from scanpick.selection.kernels.nearest import NearestChosen
from scanpick.selection.kernels.picker import Picker

SHRINK = 0.5
"""Factor by which delta falls once no candidate covers anything new."""


class CoveragePicker(Picker):
    """ProbCover; the gain is the number of points that a candidate newly covers.

    When no allowed candidate covers anything new, delta is halved until one does: coverage starts anew with the
    smaller balls of all chosen points. Where only exact duplicates of chosen points are left, gains are 0.

    Args:
        X: As for every `Picker`, and so are candidates, weights and threads.
        delta: Radius, > 0.
        max_edges: Pairs within delta above which to stop, see `cover_graph`.

    Attributes:
        deltas: (chosen points until then, delta) for the first delta and every smaller one.

    Raises:
        ScanpickError: delta is not positive, or there are too many pairs.
    """

    def __init__(
        self,
        X: Embeddings,
        delta: float,
        candidates: BoolArray | None = None,
        weights: Float64Array | None = None,
        threads: int = 1,
        max_edges: int = MAX_EDGES,
    ) -> None:
        self._X = read_only(X)
        self._threads = threads
        self._graph = cover_graph(self._X, delta, threads, max_edges)
        self._covered = np.zeros(len(X), dtype=np.bool_)
        self._degrees = (np.diff(self._graph.starts) + 1).astype(np.int32)
        self._weights = weights
        self._allowed = np.ones(len(X), dtype=np.bool_) if candidates is None else candidates.copy()
        self._chosen = np.zeros(len(X), dtype=np.bool_)
        self._order: list[int] = []
        self._points: NearestChosen | None = None
        self.deltas: list[tuple[int, float]] = [(0, float(delta))]

    @property
    def coverage(self) -> float:
        """Share of the points that lie within the present delta of a chosen one."""
        return float(self._covered.mean()) if len(self._covered) else 1.0

    def best(self) -> tuple[int, float] | None:
        """The allowed candidate that newly covers the most (times weight), the lowest index of equals."""
        while (found := self._best()) is not None and found[1] == 0.0:
            if not self._shrink():
                break
        return found

    def take(self, index: int) -> None:
        """Choose a point; choosing it again changes nothing."""
        self._allowed[index] = False
        if not self._chosen[index]:
            self._chosen[index] = True
            self._order.append(int(index))
            _cover(self._graph.starts, self._graph.neighbours, index, self._covered, self._degrees)

    def forbid(self, indices: Int64Array) -> None:
        """Never return these again."""
        self._allowed[indices] = False

    def gains(self) -> Float64Array:
        """(N,) points newly covered times weight, with the present delta; 0 where a point is not allowed."""
        gains = np.where(self._allowed, self._degrees, 0).astype(np.float64)
        return gains if self._weights is None else gains * self._weights

    def _best(self) -> tuple[int, float] | None:
        if self._weights is None:
            index, gain = _largest(self._degrees, self._allowed)
        else:
            index, gain = _largest_weighted(self._degrees, self._weights, self._allowed)
        return (index, gain) if index >= 0 else None

    def _shrink(self) -> bool:
        """Halve delta until an allowed candidate is uncovered; False where all duplicate chosen points."""
        if self._points is None:
            self._points = NearestChosen(self._X, self._threads)
        self._points.add(np.array(self._order[self._points.count :], dtype=np.int64))
        self._points.update(np.arange(len(self._X)))
        distances = np.sqrt(self._points.state.squared)
        farthest = float(distances[self._allowed].max())
        if farthest == 0.0:
            return False
        delta = self.deltas[-1][1] * SHRINK
        while delta > farthest:
            delta *= SHRINK
        self.deltas.append((len(self._order), delta))
        self._graph = CoverGraph(*narrowed(self._X, self._graph.starts, self._graph.neighbours, delta))
        self._covered = distances < delta
        self._degrees = _uncovered_around(self._graph.starts, self._graph.neighbours, self._covered)
        return True


@numba.njit(cache=True, nogil=True)
def _cover(starts: Int64Array, neighbours: Int32Array, index: int, covered: BoolArray, degrees: Int32Array) -> None:
    """Cover the ball of a point, and take what is newly covered off the degree of everything that would cover it."""
    for edge in range(starts[index] - 1, starts[index + 1]):
        point = index if edge < starts[index] else neighbours[edge]
        if covered[point]:
            continue
        # The graph is symmetric: whoever would cover the point is a neighbour of it, and now gains one less.
        covered[point] = True
        degrees[point] -= 1
        for back in range(starts[point], starts[point + 1]):
            degrees[neighbours[back]] -= 1


@numba.njit(cache=True, nogil=True)
def _uncovered_around(starts: Int64Array, neighbours: Int32Array, covered: BoolArray) -> Int32Array:
    degrees = np.zeros(len(covered), dtype=np.int32)
    for point in range(len(covered)):
        degrees[point] += not covered[point]
        for edge in range(starts[point], starts[point + 1]):
            degrees[point] += not covered[neighbours[edge]]
    return degrees


@numba.njit(cache=True, nogil=True)
def _largest(degrees: Int32Array, allowed: BoolArray) -> tuple[int, float]:
    """First index of the largest degree among the allowed, and the degree; (-1, -1) for none."""
    most = np.int32(-1)
    for i in range(len(degrees)):
        most = max(most, degrees[i] if allowed[i] else np.int32(-1))
    for i in range(len(degrees)):
        if allowed[i] and degrees[i] == most:
            return i, float(most)
    return -1, -1.0


@numba.njit(cache=True, nogil=True)
def _largest_weighted(degrees: Int32Array, weights: Float64Array, allowed: BoolArray) -> tuple[int, float]:
    best, most = -1, -1.0
    for i in range(len(degrees)):
        if allowed[i] and degrees[i] * weights[i] > most:
            best, most = i, degrees[i] * weights[i]
    return best, most
