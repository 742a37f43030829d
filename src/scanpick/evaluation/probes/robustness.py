"""Robustness: whether a frame that was turned, thinned or made noisy stays closer to itself than to other frames."""

from __future__ import annotations

import numpy as np

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.evaluation.probes.scores import Score, weighted_means
from scanpick.geometry.vectors import unit_rows


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
    chances = {"auc": 0.5, "d-prime": 0.0, "mean cosine": float("nan")}
    scores = []
    for metric, each in found.items():
        value, replicates = weighted_means(each, draws[:, rows])
        scores.append(
            Score("robustness", name, metric, value, replicates, chances[metric], int(np.isfinite(each).sum()))
        )
    return scores


def area_above(own: float, others: Float64Array) -> float:
    """The share of `others` below `own`, ties counting half; NaN without others."""
    return float((others < own).mean() + 0.5 * (others == own).mean()) if len(others) else float("nan")


def d_prime(own: float, others: Float64Array) -> float:
    """How many standard deviations `own` lies above the mean of `others`; NaN for fewer than two others."""
    if len(others) < 2:
        return float("nan")
    spread = float(others.std(ddof=1))
    return (own - float(others.mean())) / spread if spread > 1e-12 else 0.0
