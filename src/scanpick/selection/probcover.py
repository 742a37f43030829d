"""`probcover`: the frame whose ball covers most of what is not covered yet, again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, field_validator

from scanpick.arrays import Embeddings, Float64Array, Int64Array
from scanpick.selection.clusters import clusters_of
from scanpick.selection.herding import spread_of
from scanpick.selection.kernels.coverage import CoveragePicker
from scanpick.selection.kernels.nearest import NearestChosen
from scanpick.selection.nearest import distance_to_other_group
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import EmbeddingStrategy, Metric, Request

_STEPS_OF_CURVE = 20

MOST_BALLS = 2000
"""Balls that are looked at, evenly spread over the pool; each is compared with all frames."""


class ProbCover(EmbeddingStrategy):
    """ProbCover (Yehuda et al., NeurIPS 2022): greedy maximum cover by balls of radius delta.

    gain(x) = the number of frames nearer than delta to x that no labelled or picked frame is nearer than delta to.
    Greedy keeps 1 - 1/e of the best cover. Once every frame that can be picked is covered, delta is halved until one
    is not, and the selection goes on with the rest (the authors' code returns the same frame again and again from
    there on); the notes say so. When only duplicates of chosen frames are left, they come in the order of their ids.

    delta, where it is not given, is the largest radius at which at least `alpha` of the balls around frames hold frames
    of one k-means cluster alone. The authors use as many clusters as there are classes; scenes have no classes, so say
    how many kinds of scenes to tell apart. The purity curve and the delta that was chosen are in the summary.

    Attributes:
        delta: The radius, in distances of the embedding; None to estimate it.
        clusters: k of the estimate.
        alpha: The purity that is asked for.
        grid: Radii to choose delta from, in the place of the exact estimate; the summary then also says which share
            of the pool a selection of this size covers with each.
        max_pairs: More pairs of frames within delta of each other than this are an error, before memory runs out.
    """

    gain_means: ClassVar[str] = "number of frames newly covered"

    metric: Metric = "cosine"
    delta: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    clusters: int = Field(default=20, ge=1)
    alpha: float = Field(default=0.95, ge=0, le=1)
    grid: tuple[float, ...] = ()
    max_pairs: int = Field(default=500_000_000, ge=1)

    @field_validator("grid")
    @classmethod
    def _radii(cls, grid: tuple[float, ...]) -> tuple[float, ...]:
        if not all(np.isfinite(radius) and radius > 0 for radius in grid):
            raise ValueError("expected radii above 0")
        return tuple(sorted(set(grid)))

    def picker(self, pool: Pool, request: Request) -> ReportedCover:
        """Choose delta, and start with the labelled frames as chosen."""
        labelled = np.flatnonzero(pool.labelled)
        delta, report = (self.delta, {}) if self.delta is not None else self._estimate(pool, request, labelled)
        picker = ReportedCover(
            request.points, delta, request.allowed, request.weights, request.threads, max_edges=self.max_pairs
        )
        picker.take_all(labelled)
        picker.estimate, picker.labelled_count = report, len(labelled)
        return picker

    def _estimate(self, pool: Pool, request: Request, labelled: Int64Array) -> tuple[float, dict[str, Any]]:
        """The largest pure radius, and what the summary says about it."""
        space = request.points
        labels, _ = clusters_of(pool, space, self.clusters, None, request)
        purity = Purity.of(space, labels)
        if not self.grid:
            delta = purity.largest_radius(self.alpha)
            if not 0 < delta < np.inf:  # duplicates in several clusters, or a single cluster
                delta = spread_of(space)
            return delta, {"purity": purity.curve((delta * np.arange(1, _STEPS_OF_CURVE + 1) / 10).tolist())}
        pure = [radius for radius in self.grid if purity.at(radius) >= self.alpha]
        curve = [
            {**row, "coverage": self._share_covered(request, row["delta"], labelled)} for row in purity.curve(self.grid)
        ]
        notes = [] if pure else [f"no radius of the grid has a purity of {self.alpha:g}: the smallest is used"]
        return max(pure, default=self.grid[0]), {"purity": curve, "notes": notes}

    def _share_covered(self, request: Request, delta: float, labelled: Int64Array) -> float:
        """The share of all frames nearer than delta to a chosen one, after as many picks as are asked for."""
        space = request.points
        cover = CoveragePicker(space, delta, request.allowed, None, request.threads, max_edges=self.max_pairs)
        cover.take_all(labelled)
        points = NearestChosen(space, request.threads)
        points.add(labelled)
        for _ in range(request.count):
            found = cover.best()
            if found is None or len(cover.deltas) > 1:
                break
            cover.take(found[0])
            points.add(np.array([found[0]]))
        points.update(np.arange(len(space)))
        return float((np.sqrt(points.state.squared) < delta).mean()) if len(space) else 1.0


class ReportedCover(CoveragePicker):
    """Maximum cover that says which radii it used.

    Attributes:
        estimate: What the summary says about the choice of delta.
        labelled_count: How many frames were chosen at the start.
    """

    estimate: dict[str, Any]
    labelled_count: int

    def report(self) -> dict[str, Any]:
        """Each delta with the rank from which on it was used, and a note where it became smaller."""
        steps = [{"rank": max(count - self.labelled_count, 0) + 1, "delta": delta} for count, delta in self.deltas]
        notes = list(self.estimate.get("notes", []))
        if len(steps) > 1:
            rank = steps[1]["rank"]
            notes.append(
                f"every frame that could be picked was covered within {steps[0]['delta']:.4g} after {rank - 1:.0f} "
                f"picks; from rank {rank:.0f} on with smaller radii, {steps[-1]['delta']:.4g} at the end"
            )
        return {**self.estimate, "delta": steps, "notes": notes}


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
