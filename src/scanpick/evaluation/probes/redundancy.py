"""Redundancy: whether a small distance tells frames of nearly the same moment from all others.

One threshold for all drives, as a rule "no two picks nearer than d" has: all pairs are ranked together by distance, and
the score is the average precision of finding the pairs that are near in time.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.evaluation.probes.pairs import Pairs
from scanpick.evaluation.probes.scores import Score


def redundancy_score(distances: Float64Array, pairs: Pairs, draws: Int64Array) -> Score:
    """Average precision of small distances among pairs near in time and pairs apart.

    In a draw, a pair counts as often as the product of its two frames' counts. Chance is the share of near pairs.
    """
    one, other = np.nonzero(np.triu(pairs.near | pairs.apart, k=1))
    near = pairs.near[one, other]
    values = average_precisions(
        distances[one, other], near, one, other, np.concatenate([np.ones((1, len(distances)), np.int64), draws])
    )
    chance = float(near.mean()) if len(near) else float("nan")
    frames = int((pairs.near | pairs.apart).any(axis=1).sum())
    return Score("redundancy", "near in time", "average precision", float(values[0]), values[1:], chance, frames)


def average_precisions(
    distances: Float64Array, near: BoolArray, one: Int64Array, other: Int64Array, draws: Int64Array
) -> Float64Array:
    """(R,) average precision of ranking P pairs by distance, the smallest first, for each of the (R, N) draws.

    The sum over distinct distances of precision times gain in recall (no interpolation; pairs of equal distance enter
    together). NaN where a draw has no near pair.

    Args:
        distances: (P,).
        near: (P,) what should come first.
        one: (P,) first frame of each pair.
        other: (P,) second frame.
        draws: (R, N) how often each frame counts.
    """
    order = np.argsort(distances, kind="stable")
    last_of_equals = np.append(np.diff(distances[order]) > 0, True) if len(order) else np.zeros(0, dtype=bool)
    return _average_precisions(near[order], one[order], other[order], last_of_equals, draws)


@njit(cache=True, nogil=True)
def _average_precisions(
    near: BoolArray, one: Int64Array, other: Int64Array, last_of_equals: BoolArray, draws: Int64Array
) -> Float64Array:
    values = np.full(len(draws), np.nan)
    for draw in range(len(draws)):
        weights = draws[draw]
        found = counted = before = 0
        total = 0.0
        for pair in range(len(near)):
            weight = weights[one[pair]] * weights[other[pair]]
            counted += weight
            if near[pair]:
                found += weight
            if last_of_equals[pair] and found > before:
                total += (found - before) * (found / counted)
                before = found
        if found > 0:
            values[draw] = total / found
    return values
