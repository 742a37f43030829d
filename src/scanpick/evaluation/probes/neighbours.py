"""What distances between frames tell: retrieval, redundancy and robustness.

- **Retrieval**: whether the nearest frames are of the same drive, and near in time.
- **Redundancy**: whether a small distance tells frames of nearly the same moment from all others. One threshold for all
  drives, as a rule "no two picks nearer than d" has: all pairs are ranked together by distance, and the score is the
  average precision of finding the pairs that are near in time.
- **Robustness**: whether a frame that was turned, thinned or made noisy stays closer to itself than to other frames.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from scanpick.arrays import BoolArray, Float64Array, Int64Array, StringArray
from scanpick.evaluation.probes.scores import Score, weighted_means
from scanpick.geometry.vectors import unit_rows


@dataclass(frozen=True, eq=False)
class Pairs:
    """What all pairs of N frames are to each other. Pairs that are neither near nor apart count for neither.

    Attributes:
        near: (N, N) two frames of one drive, close in time.
        apart: (N, N) of different drives, or far apart in time.
        same_sequence: (N, N) two frames of one drive.
    """

    near: BoolArray
    apart: BoolArray
    same_sequence: BoolArray


def time_pairs(sequences: StringArray, times_s: Float64Array, *, near_s: float, apart_s: float) -> Pairs:
    """Pairs of one drive up to `near_s` apart, and pairs more than `apart_s` apart or of different drives."""
    drives = np.unique(sequences, return_inverse=True)[1]
    same = drives[:, None] == drives[None, :]
    # Rounded to microseconds: 0.1 s steps of a clock in nanoseconds are not exact in float64.
    apart = np.abs(times_s[:, None] - times_s[None, :]).round(6)
    others = ~np.eye(len(drives), dtype=bool)
    return Pairs(same & others & (apart <= near_s), others & (~same | (apart > apart_s)), same & others)


def same_drive_score(distances: Float64Array, pairs: Pairs, draws: Int64Array) -> Score:
    """The mean over frames of the R-precision of their drive.

    A frame with R others of its drive is scored by the share of its R nearest frames that are of its drive. Frames
    that are alone in their drive are left out. Chance is the share of such frames among all others.
    """
    others = ~np.eye(len(distances), dtype=bool)
    values, chance = r_precision(distances, pairs.same_sequence, others)
    return _mean_score("retrieval", "same drive", "precision", values, draws, chance)


def near_in_time_score(distances: Float64Array, pairs: Pairs, draws: Int64Array) -> Score:
    """The share of frames whose nearest frame is near in time, among those that have such a one.

    Frames that are neither near nor apart in time are passed over.
    """
    candidates = pairs.near | pairs.apart
    nearest = np.where(candidates, distances, np.inf).argmin(axis=1)
    hits = pairs.near[np.arange(len(distances)), nearest].astype(np.float64)
    hits[~pairs.near.any(axis=1)] = np.nan
    chance = pairs.near.sum(axis=1) / np.maximum(candidates.sum(axis=1), 1)
    return _mean_score("retrieval", "near in time", "precision", hits, draws, chance)


def r_precision(
    distances: Float64Array, relevant: BoolArray, candidates: BoolArray
) -> tuple[Float64Array, Float64Array]:
    """(N,) precision at R of each of N frames that has R relevant ones, else NaN; and (N,) what chance gives.

    Args:
        distances: (N, N).
        relevant: (N, N) what each frame should find; a part of `candidates`.
        candidates: (N, N) what each frame can find. Of equally near ones the first come first.
    """
    order = np.argsort(np.where(candidates, distances, np.inf), axis=1, kind="stable")
    wanted = relevant.sum(axis=1)
    found = np.take_along_axis(relevant, order, axis=1)
    within = np.arange(len(distances))[None, :] < wanted[:, None]
    hits = (found & within).sum(axis=1)
    precision = np.where(wanted > 0, hits / np.maximum(wanted, 1), np.nan)
    return precision, wanted / np.maximum(candidates.sum(axis=1), 1)


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


def robustness_scores(
    name: str,
    values: Float64Array,
    changed: Float64Array,
    rows: Int64Array,
    apart: BoolArray,
    draws: Int64Array,
) -> list[Score]:
    """How well changed frames are told from others, by cosine; the mean over changed frames.

    - "auc": the share of other frames whose cosine to the changed frame is smaller than that of the original, ties
      counting half;
    - "d-prime": by how many standard deviations of the others' cosines the original's is above their mean, 0 where
      they are all the same;
    - "mean cosine": of changed frame and original. By itself it says little: vectors may all point one way.

    Args:
        name: What was done to the frames.
        values: (N, D) vectors of all frames.
        changed: (S, D) vectors of the changed frames.
        rows: (S,) which frames these are.
        apart: (N, N) which frames are others: of other drives, or far apart in time.
        draws: (R, N) how often each frame counts.
    """
    cosines = unit_rows(changed) @ unit_rows(values).T  # (S, N)
    own = cosines[np.arange(len(rows)), rows]
    found = {"auc": np.empty(len(rows)), "d-prime": np.empty(len(rows)), "mean cosine": own}
    for place, row in enumerate(rows):
        others = cosines[place, apart[row]]
        found["auc"][place] = area_above(own[place], others)
        found["d-prime"][place] = d_prime(own[place], others)
    chances = {"auc": 0.5, "d-prime": 0.0, "mean cosine": np.nan}
    return [
        _mean_score("robustness", name, metric, each, draws[:, rows], np.full(len(rows), chances[metric]))
        for metric, each in found.items()
    ]


def area_above(own: float, others: Float64Array) -> float:
    """The share of `others` below `own`, ties counting half; NaN without others."""
    return float((others < own).mean() + 0.5 * (others == own).mean()) if len(others) else float("nan")


def d_prime(own: float, others: Float64Array) -> float:
    """How many standard deviations `own` lies above the mean of `others`; NaN for fewer than two others."""
    if len(others) < 2:
        return float("nan")
    spread = float(others.std(ddof=1))
    return (own - float(others.mean())) / spread if spread > 1e-12 else 0.0


def _mean_score(
    probe: str, target: str, metric: str, values: Float64Array, draws: Int64Array, chance: Float64Array
) -> Score:
    """The mean of (F,) values and of what chance gives each, over the frames of which the value is known."""
    known = np.isfinite(values)
    value, replicates = weighted_means(values, draws)
    by_chance = float(chance[known].mean()) if known.any() else float("nan")
    return Score(probe, target, metric, value, replicates, by_chance, int(known.sum()))
