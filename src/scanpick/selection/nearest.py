"""For every pick, the nearest frame that was chosen before it: the answer to "why this one?"."""

from __future__ import annotations

import functools
from collections.abc import Callable

import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float64Array, Int64Array
from scanpick.selection.kernels.distances import read_only, squared_distances_of_pairs

_PICKS, _CHOSEN = 512, 4096  # rows of a block of products
_PAIRS = 8192  # pairs that are computed directly at once


def nearest_chosen(values: Embeddings, picks: Int64Array, labelled: Int64Array) -> tuple[Int64Array, Float64Array]:
    """The nearest labelled or earlier picked frame of every pick, and its distance.

    Squared distances come from matrix products in float64; all that are as small as the smallest, rounding aside,
    are computed again directly, so that the distance is exact and ties go to the lowest row.

    Args:
        values: (N, D) float32.
        picks: (K,) rows, in the order of the picks.
        labelled: (M,) rows.

    Returns:
        (K,) int64 rows, -1 where nothing was chosen before, and (K,) float64 distances, NaN there.
    """
    chosen = np.concatenate([labelled, picks]).astype(np.int64)
    nearest = np.full(len(picks), -1, dtype=np.int64)
    distance = np.full(len(picks), np.nan)
    for start in range(0, len(picks), _PICKS):
        rows = np.arange(start, min(start + _PICKS, len(picks)))
        before = len(labelled) + rows  # how many were chosen before each
        later = functools.partial(np.less_equal, before[:, None])
        nearest[rows], distance[rows] = _nearest(values, picks[rows], chosen[: before[-1] + 1], later)
    return nearest, distance


def distance_to_other_group(values: Embeddings, rows: Int64Array, groups: Int64Array) -> Float64Array:
    """(n,) the distance of each of `rows` to the nearest row of another group; infinite where there is none.

    Args:
        values: (N, D) float32.
        rows: (n,) rows.
        groups: (N,) the group of each row of `values`.
    """
    everything = np.arange(len(values))
    distance = np.empty(len(rows))
    for start in range(0, len(rows), _PICKS):
        part = rows[start : start + _PICKS]
        found = _nearest(values, part, everything, functools.partial(_same_group, groups, groups[part]))[1]
        distance[start : start + _PICKS] = np.where(np.isnan(found), np.inf, found)
    return distance


def closer_than(values: Embeddings, frames: Int64Array, chosen: Int64Array, least: float) -> BoolArray:
    """(F,) bool: which of `frames` are closer than `least` to any of `chosen`; exact, as `nearest_chosen` is."""
    close = np.zeros(len(frames), dtype=bool)
    for start in range(0, len(frames), _CHOSEN):
        block = frames[start : start + _CHOSEN]
        points = values[block].astype(np.float64)
        centre = points.mean(axis=0)
        points -= centre
        for other_start in range(0, len(chosen), _PICKS):
            others = chosen[other_start : other_start + _PICKS]
            squared, noise = _squared_distances(points, values[others].astype(np.float64) - centre)
            close[start : start + len(block)] |= (squared + noise < least**2).any(axis=1)
            unsure = (np.abs(squared - least**2) <= noise) & ~close[start : start + len(block), None]
            rows, columns = np.nonzero(unsure)
            for part in range(0, len(rows), _PAIRS):
                row, column = rows[part : part + _PAIRS], columns[part : part + _PAIRS]
                close[start + row[_distances(values, block[row], others[column]) < least]] = True
    return close


def _squared_distances(points: Float64Array, others: Float64Array) -> tuple[Float64Array, Float64Array]:
    """(P, Q) squared distances by a matrix product, and (P, 1) how far rounding may have led those of a row astray."""
    squares, other_squares = (np.einsum("nd,nd->n", array, array) for array in (points, others))
    products = points @ others.T
    products *= -2
    products += squares[:, None]
    products += other_squares
    return products, 4e-16 * (points.shape[1] + 4) * (squares[:, None] + other_squares.max(initial=0.0))


def _distances(values: Embeddings, first: Int64Array, second: Int64Array) -> Float64Array:
    """Distances of pairs of rows, summed as the kernels sum them, so that a gain that is a distance equals it."""
    return np.sqrt(squared_distances_of_pairs(read_only(values), first, second))


def _same_group(groups: Int64Array, own: Int64Array, others: Int64Array) -> BoolArray:
    return own[:, None] == groups[others]


def _nearest(
    values: Embeddings, rows: Int64Array, others: Int64Array, ruled_out: Callable[[Int64Array], BoolArray]
) -> tuple[Int64Array, Float64Array]:
    """The nearest of `others` for each of `rows` (-1 for none) and its distance (NaN for none).

    `ruled_out` is given places in `others` (q,), and says which pairs (n, q) do not count.
    """
    points = values[rows].astype(np.float64)
    centre = points.mean(axis=0)  # less to cancel in the products
    points -= centre
    best = np.full(len(rows), np.inf)
    winner = np.full(len(rows), -1, dtype=np.int64)
    for start in range(0, len(others), _CHOSEN):
        places = np.arange(start, min(start + _CHOSEN, len(others)))
        block = others[places]
        squared, noise = _squared_distances(points, values[block].astype(np.float64) - centre)
        squared[ruled_out(places)] = np.inf
        # What the smallest could be at most, rounding aside; no more than this can be the nearest.
        limit = np.minimum((squared + noise).min(axis=1), best**2 * (1 + 1e-15))
        first, second = np.nonzero((squared - noise <= limit[:, None]) & np.isfinite(squared))
        for part in range(0, len(first), _PAIRS):
            row, column = first[part : part + _PAIRS], second[part : part + _PAIRS]
            _keep_nearest(best, winner, row, _distances(values, rows[row], block[column]), block[column])
    return winner, np.where(winner < 0, np.nan, best)


def _keep_nearest(
    best: Float64Array, winner: Int64Array, rows: Int64Array, distances: Float64Array, candidates: Int64Array
) -> None:
    order = np.lexsort((candidates, distances, rows))
    first = order[np.unique(rows[order], return_index=True)[1]]  # the nearest candidate of every row
    row, distance, candidate = rows[first], distances[first], candidates[first]
    better = (distance < best[row]) | ((distance == best[row]) & (candidate < winner[row]))
    best[row[better]] = distance[better]
    winner[row[better]] = candidate[better]
