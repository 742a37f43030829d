"""A selection against random ones of the same size, from the same frames and with the same labelled frames."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float64Array, Int64Array
from scanpick.reports.coverage import (
    CoverageCurve,
    coverage_curve,
    nearest_chosen,
    prefix_sizes,
    random_selections,
)
from scanpick.reports.redundancy import redundant

REPEATS = 20
"""Random selections that a selection is compared with."""

MOST_PRODUCTS = 4e11
"""Multiplications that the comparison may take, some ten seconds; above, only a sample of the frames is measured."""


@dataclass(frozen=True, eq=False)
class Measure:
    """One number of a selection beside its values for the random ones.

    Attributes:
        ours: The selection's value.
        random: (REPEATS,) the random selections' values.
    """

    ours: float
    random: Float64Array

    @property
    def mean(self) -> float:
        """Mean of the random selections."""
        return float(self.random.mean())

    @property
    def deviation(self) -> float:
        """Standard deviation of the random selections (n - 1)."""
        return float(self.random.std(ddof=1))

    @property
    def lowest(self) -> float:
        """The random selections' smallest value."""
        return float(self.random.min())

    @property
    def highest(self) -> float:
        """The random selections' largest value."""
        return float(self.random.max())

    @property
    def change(self) -> float:
        """By what share ours is larger (positive) or smaller (negative) than random's mean; NaN where that is 0."""
        return self.ours / self.mean - 1 if self.mean else float("nan")


@dataclass(frozen=True, eq=False)
class Coverage:
    """How the selection covers the pool, beside random selections.

    Attributes:
        ours: The selection's curve.
        random: A curve for each random selection, with the same sizes.
        distances: (N,) distance of every frame to its nearest chosen frame.
        measured: How many of the N frames the curves are measured on.
    """

    ours: CoverageCurve
    random: tuple[CoverageCurve, ...]
    distances: Float64Array
    measured: int

    @property
    def radius(self) -> Measure:
        """Cover radius."""
        return Measure(float(self.ours.radius[-1]), np.array([curve.radius[-1] for curve in self.random]))

    @property
    def mean(self) -> Measure:
        """Mean distance to the nearest chosen frame."""
        return Measure(float(self.ours.mean[-1]), np.array([curve.mean[-1] for curve in self.random]))


def compare_coverage(
    values: Embeddings,
    picks: Int64Array,
    labelled: BoolArray,
    *,
    seed: int,
    advance: Callable[[int], None] = lambda steps: None,
) -> Coverage:
    """Measure the coverage of a selection and of `REPEATS` random ones.

    Args:
        values: (N, D) vectors of the usable frames.
        picks: (K >= 1,) rows that were picked, in order.
        labelled: (N,) frames that were labelled beforehand. They cover, too, and random does not pick them.
        seed: Seed of the random selections.
        advance: Called with 1 after each random selection.
    """
    rng = np.random.default_rng(seed)
    others = random_selections(np.flatnonzero(~labelled), len(picks), REPEATS, rng)
    before = nearest_chosen(values, np.flatnonzero(labelled))
    distances = np.minimum(before, nearest_chosen(values, picks))
    sizes = prefix_sizes(len(picks))
    sample = _sample(len(values), len(picks) * values.shape[1])

    def curve(chosen: Int64Array) -> CoverageCurve:
        return coverage_curve(values, chosen, sizes, base=before, measured=sample)

    ours, random = curve(picks), []
    for other in others:
        random.append(curve(other))
        advance(1)
    return Coverage(ours, tuple(random), distances, len(sample))


def compare_redundancy(neighbours: Int64Array, picks: Int64Array, labelled: BoolArray, *, seed: int) -> Measure:
    """Share of picks whose neighbour in time is picked too (`time_neighbours`), beside random selections."""
    rng = np.random.default_rng(seed)
    others = random_selections(np.flatnonzero(~labelled), len(picks), REPEATS, rng)
    return Measure(
        float(redundant(neighbours, picks).mean()), np.array([redundant(neighbours, other).mean() for other in others])
    )


def _sample(count: int, products_per_frame: int) -> Int64Array:
    """Rows that coverage is measured on: all, or as many as time allows, evenly spaced."""
    most = max(int(MOST_PRODUCTS / (products_per_frame * (REPEATS + 1))), 1000)
    return np.unique(np.linspace(0, count - 1, min(count, most)).astype(np.int64))
