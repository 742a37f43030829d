"""Objective `objects`: frames whose objects are unlike the objects that are chosen already."""

from __future__ import annotations

from typing import Literal

import numpy as np

from scanpick.arrays import Float64Array, Int64Array
from scanpick.errors import ScanpickError, unknown_name
from scanpick.selection.objectives.diversity import Distances
from scanpick.selection.objectives.objective import Objective
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import Metric, Request, in_metric


class ObjectDiversity(Objective):
    """value(x) = what the objects of frame x add: their distances to the nearest object of a chosen frame, pooled.

    While no chosen frame holds an object, every object counts 1. A frame without objects is worth 0.

    Attributes:
        objects: Name of the object embeddings; the pool's first by default.
        metric: As for the strategy `diversity`.
        pool_by: How the distances of a frame's objects are pooled. `sum` favours frames with many new objects,
            `mean` those that hold nothing else, `max` those with one that is very new.
    """

    objects: str | None = None
    metric: Metric = "euclidean"
    pool_by: Literal["sum", "mean", "max"] = "sum"

    def values(self, pool: Pool, request: Request) -> ObjectDistances:
        """Distances to the objects of labelled frames."""
        if not pool.objects:
            raise ScanpickError(
                "The objective 'objects' needs embeddings of objects, and the pool has none. Give some with "
                "`objects=...`: an embedding that the encoder 'recon-parts' made, or an .npz file."
            )
        name = self.objects or next(iter(pool.objects))
        if name not in pool.objects:
            raise unknown_name("embedding of objects", name, pool.objects)
        table = pool.objects[name].take(np.arange(len(pool)), len(pool))  # ordered by frame
        first = np.searchsorted(table.frame_index, np.arange(len(pool) + 1))
        chosen = np.flatnonzero(pool.labelled[table.frame_index])
        return ObjectDistances(
            Distances(in_metric(table.values, self.metric), chosen, request.threads), first, self.pool_by
        )


class ObjectDistances:
    """Distances of objects to the nearest object of a chosen frame, pooled by frame.

    Args:
        distances: Of the M objects, which are ordered by frame.
        first: (N + 1,) int64: the objects of frame x are those from ``first[x]`` up to ``first[x + 1]``.
        pool_by: "sum", "mean" or "max".
    """

    def __init__(self, distances: Distances, first: Int64Array, pool_by: str) -> None:
        self._distances = distances
        self._first = first
        self._pool_by = pool_by
        self._bounds = self._pooled(np.arange(len(first) - 1), distances.bounds())

    def bounds(self) -> Float64Array:
        """(N,) pooled distances as they were last computed."""
        return self._bounds

    def at(self, rows: Int64Array) -> Float64Array:
        """(n,) pooled distances now."""
        objects = self._objects_of(rows)
        distances = np.zeros(self._first[-1])
        distances[objects] = self._distances.at(objects)
        self._bounds[rows] = self._pooled(rows, distances)
        return self._bounds[rows]

    def take(self, index: int) -> bool:
        """The objects of a frame are chosen."""
        risen = self._distances.choose(np.arange(self._first[index], self._first[index + 1]))
        if risen:
            self._bounds = self._pooled(np.arange(len(self._bounds)), self._distances.bounds())
        return risen

    def _objects_of(self, rows: Int64Array) -> Int64Array:
        counts = self._first[rows + 1] - self._first[rows]
        starts = np.cumsum(counts) - counts
        return np.arange(counts.sum()) + np.repeat(self._first[rows] - starts, counts)

    def _pooled(self, rows: Int64Array, distances: Float64Array) -> Float64Array:
        counts = self._first[rows + 1] - self._first[rows]
        filled = counts > 0
        pooled = np.zeros(len(rows))
        if filled.any():
            reduce = np.maximum if self._pool_by == "max" else np.add
            values, full = distances[self._objects_of(rows)], counts[filled]
            pooled[filled] = reduce.reduceat(values, np.cumsum(full) - full)
        if self._pool_by == "mean":
            pooled[filled] /= counts[filled]
        return pooled
