"""What a strategy may look at: arrays about the frames, no files and no models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float64Array, StringArray
from scanpick.structures.checks import as_array, check_unique


@dataclass(frozen=True, eq=False)
class Pool:
    """N frames that a selection sees: those that may be picked and those that are labelled already.

    Attributes:
        frame_ids: N ids, each once.
        embeddings: Name -> (N, D) float32. The first is the one that a strategy uses unless told otherwise.
        labelled: (N,) bool: has labels already; never picked, but counts as covered.
        excluded: (N,) bool: neither picked nor counted (set aside, filtered out).
        sequences: (N,) the drive of each frame.
        times_s: (N,) float64 seconds, comparable within a sequence; NaN where unknown.
        positions_m: (N, 2) or (N, 3) float64 of the vehicle, comparable within a sequence, or None.
        scores: Name -> (N,) float64: uncertainties and other numbers to weigh with.
        expected_boxes: (N,) float64: how many boxes the frame is expected to need, or None.
        metadata: Name -> (N,) array of numbers or strings, for expressions, balances and strata.
    """

    frame_ids: tuple[str, ...]
    embeddings: Mapping[str, Embeddings] = field(default_factory=dict)
    labelled: BoolArray | None = None
    excluded: BoolArray | None = None
    sequences: StringArray | None = None
    times_s: Float64Array | None = None
    positions_m: Float64Array | None = None
    scores: Mapping[str, Float64Array] = field(default_factory=dict)
    expected_boxes: Float64Array | None = None
    metadata: Mapping[str, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frame_ids", tuple(self.frame_ids))
        check_unique("Pool.frame_ids", self.frame_ids)
        count = len(self.frame_ids)
        for name in ("labelled", "excluded"):
            value = getattr(self, name)
            value = np.zeros(count, dtype=bool) if value is None else value
            object.__setattr__(self, name, as_array(f"Pool.{name}", value, np.bool_, (count,)))

    def __len__(self) -> int:
        return len(self.frame_ids)
