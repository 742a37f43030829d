"""Average precision as KITTI's devkit computes it, and without its sampling.

The devkit walks down the true positives' scores and keeps about 41 of them as thresholds, where recall comes nearest
to 0, 1/40, 2/40 and so on; precision at each is made monotone by the greatest value at any higher recall. R40 is the
mean at 40 of these positions without the first, R11 the mean at every fourth with the first. A position never reached
counts 0, so that a perfect detector gets less than 100 with fewer than 41 objects; the area under the whole
interpolated curve, `Curve.ap_exact`, does not have this bias. No ground truth: 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit

from scanpick.arrays import Float64Array, Int64Array
from scanpick.evaluation.matching import Matches

POSITIONS = 41
"""Recall positions sampled, 0 included."""


@dataclass(frozen=True, eq=False)
class Curve:
    """Precision over recall for one class, metric and difficulty. For "aos", precision is orientation similarity.

    Attributes:
        ground_truths: Number of objects that count.
        precision: (41,) at the sampled recall positions, monotone; 0 where a position was not reached.
        thresholds: (T,) scores at the sampled positions that were reached, falling.
        true_positives: (T,) at these thresholds.
        false_positives: (T,) at these thresholds.
        all_scores: (S,) every score at which something changes, falling.
        all_recall: (S,) recall at these scores.
        all_precision: (S,) precision at these scores, as it is.
    """

    ground_truths: int
    precision: Float64Array
    thresholds: Float64Array
    true_positives: Int64Array
    false_positives: Int64Array
    all_scores: Float64Array
    all_recall: Float64Array
    all_precision: Float64Array

    @property
    def ap_r40(self) -> float:
        """Average precision at 40 recall positions, percent."""
        return float(self.precision[1:].sum() / (POSITIONS - 1) * 100)

    @property
    def ap_r11(self) -> float:
        """Average precision at 11 recall positions, percent."""
        return float(self.precision[::4].sum() / len(self.precision[::4]) * 100)

    @property
    def ap_exact(self) -> float:
        """Area under the interpolated curve of all scores, percent."""
        order = np.argsort(self.all_recall, kind="stable")
        envelope = np.maximum.accumulate(self.all_precision[order][::-1])[::-1]
        return float((np.diff(self.all_recall[order], prepend=0.0) * envelope).sum() * 100)


def curve(matches: Matches, *, oriented: bool = False) -> Curve:
    """The curve of these matches; `oriented` weighs true positives by orientation ("aos")."""
    ground_truths = int(matches.ground_truths.sum())
    places = threshold_places(len(matches.found_scores), ground_truths)
    thresholds = matches.found_scores[places]

    # Sums over all frames where a score is the last of its value.
    last = np.flatnonzero(np.diff(matches.scores, append=-np.inf) != 0)
    true_positives = np.cumsum(matches.true_positives)[last]
    false_positives = np.cumsum(matches.false_positives)[last]
    gains = np.cumsum(matches.similarity)[last] if oriented else true_positives
    precision = _share(gains, true_positives + false_positives)

    at = np.searchsorted(-matches.scores[last], -thresholds, side="right") - 1
    sampled = np.zeros(POSITIONS)
    sampled[: len(at)] = precision[at]
    return Curve(
        ground_truths=ground_truths,
        precision=np.maximum.accumulate(sampled[::-1])[::-1],
        thresholds=thresholds,
        true_positives=true_positives[at],
        false_positives=false_positives[at],
        all_scores=matches.scores[last],
        all_recall=_share(true_positives, np.full(len(last), ground_truths)),
        all_precision=precision,
    )


@njit(cache=True, nogil=True)
def threshold_places(found: int, ground_truths: int) -> Int64Array:
    """Which of so many true positives, by falling score, set thresholds.

    The order of these double-precision operations is the devkit's; exact ties occur.
    """
    places = np.empty(POSITIONS, dtype=np.int64)
    count = 0
    current = 0.0
    place = 0
    while place < found and count < POSITIONS:
        left = (place + 1) / ground_truths
        right = (place + 2) / ground_truths if place < found - 1 else left
        if right - current < current - left and place < found - 1:
            # Everything is skipped up to near the recall asked for: no need to look at each.
            place = max(place + 1, min(int(current * ground_truths) - 3, found - 1))
            continue
        places[count] = place
        count += 1
        current += 1.0 / (POSITIONS - 1.0)
        place += 1
    return places[:count]


def _share(part: Float64Array | Int64Array, whole: Int64Array) -> Float64Array:
    """Part of whole, 0 where the whole is 0: the devkit divides 0 by 0 there, and its average becomes NaN."""
    return np.divide(part, whole, out=np.zeros(len(whole)), where=whole > 0)
