"""Embeddings of objects in frames, with where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np

from scanpick.arrays import Embeddings, Float32Array, Int64Array
from scanpick.errors import ScanpickError
from scanpick.structures.checks import set_arrays


@dataclass(frozen=True, eq=False)
class EmbeddedObjects:
    """M objects of n frames, in the order of the frames.

    Attributes:
        counts: (n,) int64 how many objects each frame has.
        values: (M, D) float32 vectors.
        boxes: (M, 6) float32: x, y, z of the centre and the extents along x, y, z of the box around an object's points,
            metres, LiDAR frame.
        num_points: (M,) int64 how many points each has.
    """

    counts: Int64Array
    values: Embeddings
    boxes: Float32Array
    num_points: Int64Array

    def __post_init__(self) -> None:
        set_arrays(self, counts=(np.int64, (None,)))
        if (self.counts < 0).any():
            raise ScanpickError(f"EmbeddedObjects.counts: expected 0 or more, got {self.counts.min()}.")
        total = int(self.counts.sum())
        set_arrays(
            self, values=(np.float32, (total, None)), boxes=(np.float32, (total, 6)), num_points=(np.int64, (total,))
        )

    def __len__(self) -> int:
        """M."""
        return len(self.values)

    @property
    def first(self) -> Int64Array:
        """(n + 1,): the objects of frame i are those from ``first[i]`` up to ``first[i + 1]``."""
        return np.concatenate([[0], np.cumsum(self.counts)])

    def of_frames(self, rows: Sequence[int] | Int64Array) -> EmbeddedObjects:
        """The objects of these of the n frames, in this order."""
        chosen: Int64Array = np.asarray(rows, dtype=np.int64)
        first, counts = self.first, self.counts[chosen]
        starts = np.cumsum(counts) - counts
        places = np.arange(counts.sum()) + np.repeat(first[chosen] - starts, counts)
        return EmbeddedObjects(counts, self.values[places], self.boxes[places], self.num_points[places])

    @classmethod
    def joined(cls, parts: Sequence[EmbeddedObjects]) -> EmbeddedObjects:
        """The frames of one after those of another; at least one."""
        columns = {field.name: np.concatenate([getattr(part, field.name) for part in parts]) for field in fields(cls)}
        return cls(**columns)

    @classmethod
    def none(cls, frames: int, dimension: int) -> EmbeddedObjects:
        """Frames without objects."""
        empty = np.zeros((0, 6), np.float32)
        return cls(np.zeros(frames, np.int64), np.zeros((0, dimension), np.float32), empty, np.zeros(0, np.int64))
