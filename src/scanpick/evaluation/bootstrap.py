"""How sure an average precision is: confidence intervals by resampling frames, and the difference of two detectors.

Frames are drawn with replacement, as many as there are, and everything is computed again for each draw: the thresholds,
which depend on the draw, the counts at them, the average. That is exact, yet needs no matching again, since matches are
kept frame by frame (`Matches`): a draw is a weighting of them. Intervals are percentiles of the averages of all draws.

Frames of one drive resemble each other, so that drawing single frames makes intervals too narrow. Give `groups`
(sequences) to draw whole drives; with fewer than about ten of them the interval is itself uncertain.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit

from scanpick.arrays import Float64Array, Int64Array
from scanpick.errors import ScanpickError
from scanpick.evaluation.average_precision import POSITIONS, Curve, threshold_places
from scanpick.evaluation.confidence import percentiles, two_sided_p
from scanpick.evaluation.kitti import Evaluation
from scanpick.evaluation.matching import Matches

_LANES = 32  # draws that are summed together: a few registers wide

Cell = tuple[str, str, str]
"""Class, metric, difficulty."""


@dataclass(frozen=True)
class Interval:
    """A 95% confidence interval in percent for R40 and for R11."""

    r40: tuple[float, float]
    r11: tuple[float, float]


@dataclass(frozen=True)
class Difference:
    """How much better one detector is than another on the same frames, in points of R40.

    Attributes:
        r40: Difference on the frames as they are.
        interval: 95% confidence interval of it, resampling frames for both detectors alike.
        p_value: Two-sided: how often, at the least, resampling would lead as far to the other side of zero.
    """

    r40: float
    interval: tuple[float, float]
    p_value: float


def draw_frames(
    frames: int, replicates: int, rng: np.random.Generator, groups: Sequence[str] | None = None
) -> Int64Array:
    """(R, F) how often each replicate draws each frame; frames of one group are drawn together.

    Raises:
        ScanpickError: There are no replicates, or not a group for every frame.
    """
    if replicates < 1:
        raise ScanpickError(f"Bootstrap: expected at least one replicate, got {replicates}.")
    members = np.arange(frames)
    if groups is not None:
        if len(groups) != frames:
            raise ScanpickError(f"Bootstrap: expected a group for each of {frames} frames, got {len(groups)}.")
        members = np.unique(np.array(groups), return_inverse=True)[1]
    count = int(members.max(initial=-1)) + 1
    draws = np.empty((replicates, frames), dtype=np.int64)
    for replicate in range(replicates):
        draws[replicate] = np.bincount(rng.integers(count, size=count), minlength=count)[members]
    return draws


def intervals(evaluation: Evaluation, draws: Int64Array) -> dict[Cell, Interval]:
    """Confidence intervals of everything that was evaluated, from the (R, F) draws of `draw_frames`."""
    found = {}
    for cell in _cells(evaluation):
        precision = _resampled(evaluation, cell, draws)
        found[cell] = Interval(percentiles(_r40(precision)), percentiles(_r11(precision)))
    return found


def differences(one: Evaluation, other: Evaluation, draws: Int64Array) -> dict[Cell, Difference]:
    """R40 of `one` less that of `other` wherever both were evaluated, with the same (R, F) draws for both.

    Raises:
        ScanpickError: The two were not evaluated on the same labels with the same settings.
    """
    if one.settings != other.settings:
        raise ScanpickError(f"Comparison: settings differ: {one.settings.name} and {other.settings.name}.")
    same = one.comparison.labels.frame_ids == other.comparison.labels.frame_ids and all(
        np.array_equal(matches.ground_truths, other.matches[cell].ground_truths)
        for cell, matches in one.matches.items()
        if cell in other.matches
    )
    if not same:
        raise ScanpickError("Comparison: expected two detectors evaluated on the same frames and labels.")
    found = {}
    for cell in _cells(one):
        of_one, of_other = _curve(one, cell), _curve(other, cell)
        if of_one is None or of_other is None:
            continue
        spread = _r40(_resampled(one, cell, draws)) - _r40(_resampled(other, cell, draws))
        found[cell] = Difference(of_one.ap_r40 - of_other.ap_r40, percentiles(spread), two_sided_p(spread))
    return found


def _cells(evaluation: Evaluation) -> list[Cell]:
    return [
        (name, metric, difficulty)
        for name, metrics in evaluation.curves.items()
        for metric, levels in metrics.items()
        for difficulty, result in levels.items()
        if result is not None
    ]


def _curve(evaluation: Evaluation, cell: Cell) -> Curve | None:
    return evaluation.curves[cell[0]][cell[1]][cell[2]]


def _resampled(evaluation: Evaluation, cell: Cell, draws: Int64Array) -> Float64Array:
    name, metric, difficulty = cell
    oriented = metric == "aos"
    return resampled_precision(evaluation.matches[name, "bbox" if oriented else metric, difficulty], draws, oriented)


def resampled_precision(matches: Matches, draws: Int64Array, oriented: bool = False) -> Float64Array:
    """(R, 41) precision at the sampled recall positions, monotone, of each of the (R, F) draws."""
    return _precision_of_draws(
        draws,
        matches.ground_truths,
        matches.found_frames,
        np.searchsorted(-matches.scores, -matches.found_scores, side="right"),
        matches.frames,
        matches.similarity if oriented else matches.true_positives.astype(np.float64),
        (matches.true_positives + matches.false_positives).astype(np.float64),
    )


@njit(cache=True, nogil=True)
def _precision_of_draws(
    draws: Int64Array,
    ground_truths: Int64Array,
    found_frames: Int64Array,
    found_ends: Int64Array,
    frames: Int64Array,
    gains: Float64Array,
    counted: Float64Array,
) -> Float64Array:
    """Walk down the scores once for every `_LANES` draws, summing for all of them at each step.

    `found_ends` says for each true positive how many changes have its score or a higher one.
    """
    precision = np.zeros((len(draws), POSITIONS))
    weights = np.zeros((draws.shape[1], _LANES))
    ends = np.empty(_LANES * POSITIONS, dtype=np.int64)
    cells = np.empty(_LANES * POSITIONS, dtype=np.int64)
    for first in range(0, len(draws), _LANES):
        lanes = min(_LANES, len(draws) - first)
        count = 0
        for lane in range(lanes):
            weights[:, lane] = draws[first + lane]
            for position, end in enumerate(
                _threshold_ends(draws[first + lane], ground_truths, found_frames, found_ends)
            ):
                ends[count], cells[count] = end, lane * POSITIONS + position
                count += 1
        gained, total, event = np.zeros(_LANES), np.zeros(_LANES), 0
        for stop in np.argsort(ends[:count]):
            while event < ends[stop]:
                weight = weights[frames[event]]
                for lane in range(_LANES):
                    gained[lane] += weight[lane] * gains[event]
                    total[lane] += weight[lane] * counted[event]
                event += 1
            lane, position = divmod(cells[stop], POSITIONS)
            precision[first + lane, position] = gained[lane] / total[lane] if total[lane] > 0 else 0.0
    for row in precision:
        for position in range(POSITIONS - 2, -1, -1):
            row[position] = max(row[position], row[position + 1])
    return precision


@njit(cache=True, nogil=True)
def _threshold_ends(
    weights: Int64Array, ground_truths: Int64Array, found_frames: Int64Array, found_ends: Int64Array
) -> Int64Array:
    """How many changes lie at or above each threshold of one draw; objects count as often as their frame was drawn."""
    objects = (weights * ground_truths).sum()
    found = 0
    for frame in found_frames:
        found += weights[frame]
    places = threshold_places(found, objects)
    ends = np.empty(len(places), dtype=np.int64)
    place = before = 0
    for position in range(len(places)):
        while before + weights[found_frames[place]] <= places[position]:
            before += weights[found_frames[place]]
            place += 1
        ends[position] = found_ends[place]
    return ends


def _r40(precision: Float64Array) -> Float64Array:
    return precision[:, 1:].mean(axis=1) * 100


def _r11(precision: Float64Array) -> Float64Array:
    return precision[:, ::4].mean(axis=1) * 100
