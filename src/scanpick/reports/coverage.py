"""How well the chosen frames cover the pool.

A frame is covered by its nearest chosen frame, labelled or picked, at the Euclidean distance of their embeddings. The
**cover radius** is the largest of these distances over all frames (what k-center greedy makes small), the **mean
distance** their mean. Chosen frames count as frames too, at distance 0. Where nothing is chosen, both are NaN.

Distances are exact, and the same on one thread and on many: those of the kernel that k-center greedy picks by.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Embeddings, Float64Array, Int64Array
from scanpick.errors import ScanpickError
from scanpick.selection.kernels.nearest import NearestChosen


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
    points = NearestChosen(values, _threads())
    points.add(np.unique(chosen))
    points.update(np.arange(len(values)))
    return np.sqrt(points.state.squared)


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
    counted = np.arange(len(values)) if measured is None else measured
    # Of a sample only these rows are looked at; the picks among them are numbered anew.
    rows = np.union1d(counted, picks)
    seen = values if len(rows) == len(values) else np.ascontiguousarray(values[rows])
    places, chosen = np.searchsorted(rows, counted), np.searchsorted(rows, picks)
    least = np.full(len(counted), np.inf) if base is None else base[counted]
    points, radius, mean = NearestChosen(seen, _threads()), [], []
    for first, last in zip([0, *sizes[:-1]], sizes, strict=True):
        points.add(chosen[first:last])
        points.update(places)
        distances = np.minimum(np.sqrt(points.state.squared[places]), least)
        radius.append(distances.max())
        mean.append(distances.mean())
    return CoverageCurve(sizes, np.array(radius), np.array(mean))


def random_selections(candidates: Int64Array, count: int, repeats: int, rng: np.random.Generator) -> list[Int64Array]:
    """`repeats` random selections of `count` of the `candidates`, each in random order, none with a duplicate."""
    return [rng.choice(candidates, size=count, replace=False) for _ in range(repeats)]


def _threads() -> int:
    return os.cpu_count() or 1
