"""For every pick, the nearest frame that was chosen before it: the answer to "why this one?"."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float64Array, Int64Array

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
        stop = min(start + _PICKS, len(picks))
        rows = np.arange(start, stop)
        found, where = _of_block(values, picks[rows], len(labelled) + rows, chosen[: len(labelled) + stop])
        nearest[rows], distance[rows] = where, found
    return nearest, distance


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
    """Distances of pairs of rows, directly in float64."""
    difference = values[first].astype(np.float64) - values[second]
    return np.sqrt(np.einsum("nd,nd->n", difference, difference))


def _of_block(
    values: Embeddings, picks: Int64Array, known: Int64Array, chosen: Int64Array
) -> tuple[Float64Array, Int64Array]:
    points = values[picks].astype(np.float64)
    centre = points.mean(axis=0)  # less to cancel in the products
    points -= centre
    best = np.full(len(picks), np.inf)
    winner = np.full(len(picks), -1, dtype=np.int64)
    for start in range(0, len(chosen), _CHOSEN):
        block = chosen[start : start + _CHOSEN]
        squared, noise = _squared_distances(points, values[block].astype(np.float64) - centre)
        squared[np.arange(start, start + len(block)) >= known[:, None]] = np.inf
        # What the smallest could be at most, rounding aside; no more than this can be the nearest.
        limit = np.minimum((squared + noise).min(axis=1), best**2 * (1 + 1e-15))
        rows, columns = np.nonzero((squared - noise <= limit[:, None]) & np.isfinite(squared))
        for part in range(0, len(rows), _PAIRS):
            row, column = rows[part : part + _PAIRS], columns[part : part + _PAIRS]
            _keep_nearest(best, winner, row, _distances(values, picks[row], block[column]), block[column])
    return np.where(winner < 0, np.nan, best), winner


def _keep_nearest(
    best: Float64Array, winner: Int64Array, rows: Int64Array, distances: Float64Array, candidates: Int64Array
) -> None:
    order = np.lexsort((candidates, distances, rows))
    first = order[np.unique(rows[order], return_index=True)[1]]  # the nearest candidate of every row
    row, distance, candidate = rows[first], distances[first], candidates[first]
    better = (distance < best[row]) | ((distance == best[row]) & (candidate < winner[row]))
    best[row[better]] = distance[better]
    winner[row[better]] = candidate[better]
