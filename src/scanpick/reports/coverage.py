"""How well the chosen frames cover the pool.

A frame is covered by its nearest chosen frame, labelled or picked, at the Euclidean distance of their embeddings. The
**cover radius** is the largest of these distances over all frames (what k-center greedy makes small), the **mean
distance** their mean. Chosen frames count as frames too, at distance 0. Where nothing is chosen, both are NaN.

All distances are float64: ``|a - b|^2 = |a|^2 + |b|^2 - 2 ab`` loses the digits of near-duplicates in float32. What
is left of the rounding, squared distances below a few ulps of ``|a|^2``, is 0. Rows are worked on in blocks of
a fixed size, each by one thread, so that memory stays bounded and one thread or many give the same bits.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from threadpoolctl import threadpool_limits

from scanpick.arrays import Embeddings, Float64Array, Int64Array
from scanpick.errors import ScanpickError

T = TypeVar("T")

_BLOCK_ROWS = 512
_BLOCK_COLUMNS = 1024


@dataclass(frozen=True, eq=False)
class CoverageCurve:
    """Coverage by the first picks of a selection.

    Attributes:
        sizes: (G,) int64 numbers of picks, ascending; the last is the whole selection.
        radius: (G,) float64 cover radius with so many picks.
        mean: (G,) float64 mean distance to the nearest chosen frame.
    """

    sizes: Int64Array
    radius: Float64Array
    mean: Float64Array


def prefix_sizes(count: int, *, most: int = 48) -> Int64Array:
    """At most `most` sizes from 1 to `count`, both among them, dense where a curve falls fastest.

    Example:
        >>> prefix_sizes(5).tolist(), prefix_sizes(1000, most=6).tolist()
        ([1, 2, 3, 4, 5], [1, 4, 16, 63, 251, 1000])
    """
    if count <= most:
        return np.arange(1, count + 1)
    return np.unique(np.rint(np.geomspace(1, count, most)).astype(np.int64))


def nearest_chosen(values: Embeddings, chosen: Int64Array) -> Float64Array:
    """(N,) distance of each row of `values` (N, D) to the nearest of the `chosen` rows; infinite without any."""
    if not len(chosen):
        return np.full(len(values), np.inf)
    centre, centres, edges = _mean(values), values[chosen], np.array([0, len(chosen)])

    def nearest(start: int) -> Float64Array:
        return _prefix_minima(values[start : start + _BLOCK_ROWS], centre, centres, edges)[:, 0]

    with _workers() as run:
        return np.concatenate(run(nearest, range(0, len(values), _BLOCK_ROWS)))


def coverage_curve(
    values: Embeddings,
    picks: Int64Array,
    sizes: Int64Array,
    *,
    base: Float64Array | None = None,
    measured: Int64Array | None = None,
) -> CoverageCurve:
    """Coverage by the first ``sizes[0]``, ``sizes[1]``, ... of the `picks`.

    Args:
        values: (N, D) float32, finite; a memory map is read in blocks.
        picks: (K,) row numbers in the order picked.
        sizes: (G,) ascending prefix lengths from 1 to K.
        base: (N,) distance to the nearest frame that was labelled beforehand (`nearest_chosen`), or None.
        measured: (M,) row numbers of the frames whose distances count; all by default.

    Raises:
        ScanpickError: The sizes are not ascending numbers from 1 to K.
    """
    sizes = np.asarray(sizes, dtype=np.int64)
    if not len(sizes):
        return CoverageCurve(sizes, np.zeros(0), np.zeros(0))
    if sizes[0] < 1 or sizes[-1] > len(picks) or (np.diff(sizes) <= 0).any():
        raise ScanpickError(f"Prefix sizes: expected ascending numbers from 1 to {len(picks)}, got {sizes.tolist()}.")
    centre, centres = _mean(values), values[picks]
    edges = np.concatenate([[0], sizes])
    counted = np.arange(len(values)) if measured is None else measured

    def largest_and_sum(start: int) -> tuple[Float64Array, Float64Array]:
        rows = counted[start : start + _BLOCK_ROWS]
        distances = _prefix_minima(values[rows], centre, centres, edges)
        if base is not None:
            distances = np.minimum(distances, base[rows, None])
        return distances.max(axis=0), distances.sum(axis=0)

    with _workers() as run:
        parts = run(largest_and_sum, range(0, len(counted), _BLOCK_ROWS))
    return CoverageCurve(
        sizes, np.max([largest for largest, _ in parts], axis=0), np.sum([s for _, s in parts], axis=0) / len(counted)
    )


def random_selections(candidates: Int64Array, count: int, repeats: int, rng: np.random.Generator) -> list[Int64Array]:
    """`repeats` random selections of `count` of the `candidates`, each in random order, none with a duplicate."""
    return [rng.choice(candidates, size=count, replace=False) for _ in range(repeats)]


def _prefix_minima(block: Embeddings, centre: Float64Array, centres: Embeddings, edges: Int64Array) -> Float64Array:
    """(R, G) distances of R rows to the nearest of ``centres[:edges[g + 1]]``."""
    rows = block - centre  # (R, D) float64
    row_norms = np.einsum("rd,rd->r", rows, rows)
    minima = np.full((len(edges) - 1, len(rows)), np.inf)
    # Column blocks end where a prefix ends, or earlier: memory stays bounded for any number of centres.
    cuts = np.union1d(edges, np.arange(0, edges[-1], _BLOCK_COLUMNS))
    for first, last in _groups(cuts, _BLOCK_COLUMNS):
        others = centres[first:last] - centre
        offsets = rows @ (-2 * others.T)  # |a - b|^2 - |a|^2, once |b|^2 is added
        offsets += np.einsum("cd,cd->c", others, others)
        starts = cuts[(cuts >= first) & (cuts < last)]
        prefix = np.searchsorted(edges, starts, side="right") - 1
        np.minimum.at(minima, prefix, np.minimum.reduceat(offsets, starts - first, axis=1).T)
    squares = np.minimum.accumulate(minima.T, axis=1) + row_norms[:, None]
    squares[squares < 64 * np.finfo(np.float64).eps * row_norms[:, None]] = 0
    return np.sqrt(squares)


def _groups(cuts: Int64Array, most: int) -> Iterator[tuple[int, int]]:
    """Neighbouring cuts joined to ranges of at most `most` columns each."""
    first = int(cuts[0])
    for here, following in zip(cuts[1:], [*cuts[2:], None], strict=True):
        if following is None or following - first > most:
            yield first, int(here)
            first = int(here)


def _blocks(values: Embeddings) -> Iterator[Embeddings]:
    for start in range(0, len(values), _BLOCK_ROWS):
        yield values[start : start + _BLOCK_ROWS]


def _mean(values: Embeddings) -> Float64Array:
    """(D,) mean row. Distances do not change when it is subtracted, but fewer digits are lost."""
    return np.sum([block.sum(axis=0, dtype=np.float64) for block in _blocks(values)], axis=0) / max(len(values), 1)


@contextmanager
def _workers() -> Iterator[Callable[[Callable[[int], T], Iterable[int]], list[T]]]:
    """Threads over blocks, each with a single-threaded BLAS: the sums are the same for any number of threads."""
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(os.cpu_count()) as pool:
        yield lambda function, items: list(pool.map(function, items))
