"""How large may a ball around a frame be before it holds frames of another kind? ProbCover's choice of its radius."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Embeddings, Float64Array, Int64Array
from scanpick.selection.nearest import distance_to_other_group

MOST_BALLS = 2000
"""Balls that are looked at, evenly spread over the pool; each is compared with all frames."""


@dataclass(frozen=True, eq=False)
class Purity:
    """Share of balls around frames that hold frames of one cluster alone, as a function of the radius.

    A ball is open: it holds what is nearer than its radius. So the ball around a frame is pure as long as its radius is
    at most the distance to the nearest frame of another cluster, and the function falls in steps that are known.

    Attributes:
        reach: (n,) float64, sorted: the largest radius at which each ball is pure; infinite for a single cluster.
    """

    reach: Float64Array

    @classmethod
    def of(cls, space: Embeddings, labels: Int64Array) -> Purity:
        """Look at the balls around at most `MOST_BALLS` of the (N, D) points with clusters `labels` (N,)."""
        count = len(space)
        rows = np.unique(np.linspace(0, count - 1, min(count, MOST_BALLS)).round().astype(np.int64))
        return cls(np.sort(distance_to_other_group(space, rows, labels)))

    def at(self, radius: float) -> float:
        """The share of pure balls of this radius; 1 where there are no points."""
        impure = np.searchsorted(self.reach, radius, side="left")
        return 1 - impure / len(self.reach) if len(self.reach) else 1.0

    def largest_radius(self, share: float) -> float:
        """The largest radius at which at least this share of balls is pure; infinite where any is."""
        impure = int(np.floor((1 - share) * len(self.reach) + 1e-9))
        return float(self.reach[impure]) if impure < len(self.reach) else np.inf

    def curve(self, radii: Sequence[float]) -> list[dict[str, float]]:
        """``{"delta": ..., "purity": ...}`` for each radius."""
        return [{"delta": float(radius), "purity": self.at(radius)} for radius in radii]
