"""Scores with their bootstrap replicates, so that differences of two embeddings are paired.

Frames of one drive resemble each other: whole drives are drawn with replacement, and each draw is a weighting of the
frames (`draw_frames`). All embeddings get the same draws. What was learned is not learned again for each draw: an
interval tells how much a score depends on which drives it was measured on.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scanpick.arrays import Float64Array, Int64Array
from scanpick.evaluation.confidence import percentiles, two_sided_p


@dataclass(frozen=True, eq=False)
class Score:
    """One number about one embedding.

    Attributes:
        probe: "ridge", "knn", "retrieval", "redundancy", "robustness", or "detection" for the mean over targets.
        target: What was predicted or looked for.
        metric: "r2", "precision", "average precision", "auc", "d-prime" or "mean cosine".
        value: The score on the frames as they are; larger is better.
        replicates: (R,) the score for each draw, NaN where it is not defined.
        chance: What an embedding scores that knows nothing; NaN where that is not known.
        frames: Frames that it was measured on.
    """

    probe: str
    target: str
    metric: str
    value: float
    replicates: Float64Array
    chance: float
    frames: int

    @property
    def key(self) -> tuple[str, str, str]:
        """What was measured: the same for every embedding."""
        return (self.probe, self.target, self.metric)

    @property
    def interval(self) -> tuple[float, float]:
        """95% confidence interval: percentiles of the draws."""
        defined = self.replicates[np.isfinite(self.replicates)]
        return percentiles(defined) if len(defined) else (float("nan"), float("nan"))


@dataclass(frozen=True)
class Difference:
    """How much better one embedding is than another.

    Attributes:
        value: Difference of the two scores.
        interval: 95% confidence interval of it, with the same draws for both.
        p_value: Two-sided: how often, at the least, resampling would lead as far to the other side of zero.
    """

    value: float
    interval: tuple[float, float]
    p_value: float


def difference(one: Score, other: Score) -> Difference:
    """The score `one` less the score `other`, paired by draws."""
    assert one.key == other.key, "scores of different things"
    spread = one.replicates - other.replicates
    spread = spread[np.isfinite(spread)]
    if not len(spread):
        return Difference(one.value - other.value, (float("nan"), float("nan")), float("nan"))
    return Difference(one.value - other.value, percentiles(spread), two_sided_p(spread))


def mean_score(probe: str, target: str, scores: Sequence[Score]) -> Score:
    """The mean of several scores of one metric; in a draw that leaves one undefined, of the others."""
    assert len({score.metric for score in scores}) == 1, "the mean of different things"
    replicates = np.stack([score.replicates for score in scores])
    defined = np.isfinite(replicates)
    return Score(
        probe,
        target,
        scores[0].metric,
        float(np.mean([score.value for score in scores])),
        divide(np.where(defined, replicates, 0.0).sum(axis=0), defined.sum(axis=0).astype(np.float64)),
        float(np.mean([score.chance for score in scores])),
        max(score.frames for score in scores),
    )


def weighted_means(values: Float64Array, draws: Int64Array) -> tuple[float, Float64Array]:
    """The mean of (F,) values, NaN ones left out, and the mean for each of the (R, F) draws."""
    known = np.isfinite(values)
    weights = draws[:, known].astype(np.float64)
    if not known.any():
        return float("nan"), np.full(len(draws), np.nan)
    return float(values[known].mean()), divide(weights @ values[known], weights.sum(axis=1))


def divide(numerator: Float64Array, denominator: Float64Array) -> Float64Array:
    """Element-wise quotient, NaN where the denominator is zero."""
    return np.divide(numerator, denominator, out=np.full(numerator.shape, np.nan), where=denominator > 0)
