"""Predicting targets from vectors: ridge regression and k nearest neighbours, settings chosen on other drives.

Both are scored by the out-of-sample R2: 1 less the squared errors over those of predicting the mean of the frames that
were learned from. 0 is as good as knowing nothing of the frame, 1 is perfect, and less than 0 is possible.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import eigh

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.evaluation.probes.scores import Score, divide
from scanpick.evaluation.probes.splits import INNER_FOLDS, Grouping, Split, leave_out

STRENGTHS = tuple(10.0**power for power in np.arange(4.0, -3.5, -0.5))
"""Ridge penalties as multiples of the mean eigenvalue of the standardised features, the strongest first."""

NEIGHBOURS = (40, 20, 10, 5, 3, 1)
"""Numbers of neighbours to choose from, the smoothest first."""

Predictor = Callable[[Int64Array, Int64Array, Float64Array], Float64Array]
"""(n,) rows to learn from, (m,) rows to predict, (N, T) targets -> (S, m, T): a prediction for each of S settings."""


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of frames that were not learned from.

    Attributes:
        values: (N, T) predictions, NaN where a frame was not predicted.
        means: (N, T) mean of the frames that were learned from: what knowing nothing predicts.
    """

    values: Float64Array
    means: Float64Array


def predict(
    predictor: Predictor,
    targets: Float64Array,
    outer: list[Split],
    grouping: Grouping,
    rng: np.random.Generator,
) -> Predictions:
    """Predict each split with the settings that are best on other groups of the frames that are learned from.

    Settings are chosen for each target by the squared error over splits of the frames that are learned from, made by
    `leave_out` in the same way; of equally good ones the first.

    Args:
        predictor: `ridge_predictor` or `neighbours_predictor`.
        targets: (N, T); finite in the rows of `outer`.
        outer: What to predict from what.
        grouping: Groups of the frames.
        rng: See `leave_out`.
    """
    values, means = np.full(targets.shape, np.nan), np.full(targets.shape, np.nan)
    for train, test in outer:
        best = _best_settings(predictor, targets, leave_out(grouping, train, INNER_FOLDS, rng))
        predicted = predictor(train, test, targets)
        values[test] = predicted[best, :, np.arange(targets.shape[1])].T
        means[test] = targets[train].mean(axis=0)
    return Predictions(values, means)


def _best_settings(predictor: Predictor, targets: Float64Array, inner: list[Split]) -> Int64Array:
    """(T,) the setting with the smallest squared error; the first, which is the smoothest, where there is no split."""
    if not inner:
        return np.zeros(targets.shape[1], dtype=np.int64)
    errors = [((predictor(fit, check, targets) - targets[check]) ** 2).sum(axis=1) for fit, check in inner]
    return np.asarray(np.sum(errors, axis=0).argmin(axis=0), dtype=np.int64)


def ridge_predictor(values: Float64Array) -> Predictor:
    """Ridge regression on the (N, D) vectors, standardised by the frames that are learned from.

    Predictions are kept within the range of the targets that are learned from, so that one frame unlike all of them
    does not decide a score.
    """

    def predicted(train: Int64Array, test: Int64Array, targets: Float64Array) -> Float64Array:
        made = ridge(values[train], targets[train], values[test])
        return np.clip(made, targets[train].min(axis=0), targets[train].max(axis=0))

    return predicted


def neighbours_predictor(distances: Float64Array) -> Predictor:
    """The mean of the nearest frames by (N, N) distances: those that a selection sees."""

    def predicted(train: Int64Array, test: Int64Array, targets: Float64Array) -> Float64Array:
        return nearest_means(distances[np.ix_(test, train)], targets[train])

    return predicted


def ridge(
    features: Float64Array, targets: Float64Array, others: Float64Array, strengths: tuple[float, ...] = STRENGTHS
) -> Float64Array:
    """(S, m, T) predictions of ridge regression with an intercept for each of S penalties.

    With standardised features A of n frames and D numbers, the penalty is strength * max(n, D): the strength times the
    mean of the eigenvalues of A^T A or A A^T, whichever is smaller. Features that do not vary are left out.

    Args:
        features: (n, D) what is learned from.
        targets: (n, T).
        others: (m, D) what is predicted.
        strengths: S penalties.
    """
    mean, spread = features.mean(axis=0), features.std(axis=0)
    varies = spread > 1e-6 * np.abs(features).max(axis=0)  # less is rounding of float32
    known = (features[:, varies] - mean[varies]) / spread[varies]
    asked = (others[:, varies] - mean[varies]) / spread[varies]
    centred = targets - targets.mean(axis=0)
    in_frames = known.shape[0] <= known.shape[1]
    gram = known @ known.T if in_frames else known.T @ known
    eigenvalues, vectors = eigh(gram) if len(gram) else (np.zeros(0), np.zeros((0, 0)))
    turned = vectors.T @ (centred if in_frames else known.T @ centred)
    basis = (asked @ known.T if in_frames else asked) @ vectors
    penalties = np.array(strengths) * max(known.shape)
    shrunk = turned / (np.maximum(eigenvalues, 0.0)[:, None] + penalties[:, None, None])  # (S, n or D, T)
    return np.asarray(basis @ shrunk + targets.mean(axis=0))


def nearest_means(
    distances: Float64Array, targets: Float64Array, neighbours: tuple[int, ...] = NEIGHBOURS
) -> Float64Array:
    """(S, m, T) means over the k nearest frames for each of S numbers k; of equally near frames the first.

    Args:
        distances: (m, n) from what is predicted to what is learned from.
        targets: (n, T).
        neighbours: S numbers; larger than n stands for n.
    """
    counts = [min(count, len(targets)) for count in neighbours]
    nearest = np.argsort(distances, axis=1, kind="stable")[:, : max(counts)]
    sums = np.cumsum(targets[nearest], axis=1)  # (m, k, T)
    return np.stack([sums[:, count - 1] / count for count in counts])


def r2_score(
    probe: str, target: str, truth: Float64Array, predicted: Float64Array, means: Float64Array, draws: Int64Array
) -> Score:
    """The out-of-sample R2 of (N,) predictions, those that are NaN left out, and of each of the (R, N) draws."""
    known: BoolArray = np.isfinite(predicted) & np.isfinite(truth)
    errors, nothing = (truth[known] - predicted[known]) ** 2, (truth[known] - means[known]) ** 2
    weights = draws[:, known].astype(np.float64)
    everything = nothing.sum()
    value = 1 - errors.sum() / everything if everything > 0 else float("nan")
    replicates = 1 - divide(weights @ errors, weights @ nothing)
    return Score(probe, target, "r2", float(value), replicates, 0.0, int(known.sum()))
