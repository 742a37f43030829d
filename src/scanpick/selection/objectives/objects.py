"""Objective `objects`: frames whose objects are unlike the objects that are chosen already."""

from __future__ import annotations

from typing import Literal

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError, unknown_name
from scanpick.selection.kernels.k_center import KCenterPicker
from scanpick.selection.objectives.objective import Objective
from scanpick.selection.pool import ObjectEmbeddings, Pool
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
            raise ScanpickError("The objective 'objects' needs embeddings of objects, and the pool has none.")
        name = self.objects or next(iter(pool.objects))
        if name not in pool.objects:
            raise unknown_name("embedding of objects", name, pool.objects)
        table = pool.objects[name].take(np.arange(len(pool)), len(pool))  # ordered by frame
        table = ObjectEmbeddings(in_metric(table.values, self.metric), table.frame_index)
        return ObjectDistances(table, pool, self.pool_by, request.threads)


class ObjectDistances:
    """Distances of objects to the nearest object of a chosen frame, pooled by frame."""

    def __init__(self, table: ObjectEmbeddings, pool: Pool, pool_by: str, threads: int) -> None:
        self._frame = table.frame_index
        self._first = np.searchsorted(self._frame, np.arange(len(pool) + 1))
        self._pool_by = pool_by
        self._picker = KCenterPicker(table.values, threads=threads)
        self._any_chosen = False
        self._choose(np.flatnonzero(pool.labelled[self._frame]))

    def now(self) -> Float64Array:
        """(N,) pooled distances."""
        distances = self._picker.gains() if self._any_chosen else np.ones(len(self._frame))
        counts = np.diff(self._first)
        filled = counts > 0
        pooled = np.zeros(len(counts))
        if filled.any():
            reduce = np.maximum if self._pool_by == "max" else np.add
            pooled[filled] = reduce.reduceat(distances, self._first[:-1][filled])
        if self._pool_by == "mean":
            pooled[filled] /= counts[filled]
        return pooled

    def take(self, index: int) -> None:
        """The objects of a frame are chosen."""
        self._choose(np.arange(self._first[index], self._first[index + 1]))

    def _choose(self, objects: np.ndarray) -> None:
        if len(objects):
            self._any_chosen = True
            self._picker.take_all(objects)
