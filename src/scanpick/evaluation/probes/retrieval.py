"""Retrieval: whether the nearest frames are of the same drive, and near in time."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.evaluation.probes.pairs import Pairs
from scanpick.evaluation.probes.scores import Score, weighted_means


def same_drive_score(distances: Float64Array, pairs: Pairs, draws: Int64Array) -> Score:
    """The mean over frames of the R-precision of their drive.

    A frame with R others of its drive is scored by the share of its R nearest frames that are of its drive. Frames
    that are alone in their drive are left out. Chance is the share of such frames among all others.
    """
    others = ~np.eye(len(distances), dtype=bool)
    values, chance = r_precision(distances, pairs.same_sequence, others)
    value, replicates = weighted_means(values, draws)
    return Score(
        "retrieval", "same drive", "precision", value, replicates, _mean(chance, values), int(np.isfinite(values).sum())
    )


def near_in_time_score(distances: Float64Array, pairs: Pairs, draws: Int64Array) -> Score:
    """The share of frames whose nearest frame is near in time, among those that have such a one.

    Frames that are neither near nor apart in time are passed over.
    """
    candidates = pairs.near | pairs.apart
    has_one = pairs.near.any(axis=1)
    nearest = np.where(candidates, distances, np.inf).argmin(axis=1)
    hits = pairs.near[np.arange(len(distances)), nearest].astype(np.float64)
    hits[~has_one] = np.nan
    chance = pairs.near.sum(axis=1) / np.maximum(candidates.sum(axis=1), 1)
    value, replicates = weighted_means(hits, draws)
    return Score("retrieval", "near in time", "precision", value, replicates, _mean(chance, hits), int(has_one.sum()))


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


def _mean(chance: Float64Array, values: Float64Array) -> float:
    known = np.isfinite(values)
    return float(chance[known].mean()) if known.any() else float("nan")
