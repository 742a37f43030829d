"""All numbers of a study's report: strategies against the baseline and against random, with what they cost."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from scanpick.evaluation.study_statistics.curves import Needed, labels_needed, mean_height
from scanpick.evaluation.study_statistics.estimates import Estimate, ratio
from scanpick.evaluation.study_statistics.paired import PairedDifference, paired_differences
from scanpick.reports.study.folder import REFERENCE, START, Arm, StudyFolder
from scanpick.reports.study.scoreboard import AXES, Axis, Scoreboard, SeedValues, difference, over_seeds


@dataclass(frozen=True, eq=False)
class ArmResult:
    """What one strategy, or one variant of it, reached in the round shown.

    Attributes:
        arm: Strategy and variant.
        by_seed: Seed -> AP.
        ap: Their mean.
        gain: AP less that of the start, paired by seed.
        relative: The gain relative to random's, less 1: 0.2 is a fifth more.
        added: Axis -> what was labelled beyond the start.
        added_of: Class -> objects labelled beyond the start.
        per_point: Axis -> what was labelled for each point of AP gained.
        area: Axis -> mean AP over the budget range that all strategies share (area under the curve by its width).
        area_differences: Axis -> that less random's, paired by seed.
        needed: Axis -> labels needed to reach random's final AP; None where there is no curve.
        paired: Differences to random; None for random itself, and without it.
        variants: How many variants of the strategy there are; this is the best of them.
    """

    arm: Arm
    by_seed: SeedValues
    ap: Estimate
    gain: Estimate
    relative: Estimate
    added: Mapping[Axis, Estimate]
    added_of: Mapping[str, Estimate]
    per_point: Mapping[Axis, Estimate]
    area: Mapping[Axis, Estimate]
    area_differences: Mapping[Axis, Estimate]
    needed: Mapping[Axis, Needed | None]
    paired: PairedDifference | None
    variants: int = 1


@dataclass(frozen=True, eq=False)
class GridResult:
    """A strategy that was tried with several settings.

    Attributes:
        strategy: Its name.
        variants: Every variant, in the order of the grid.
        best: The best on average: chosen by the very scores that are shown, so that it looks better than it is.
        honest: AP with the variant chosen, for each seed, on the other seeds; None with fewer than two seeds.
        honest_difference: That less random's, paired; None without it.
    """

    strategy: str
    variants: tuple[Arm, ...]
    best: Arm
    honest: Estimate | None
    honest_difference: Estimate | None


@dataclass(frozen=True, eq=False)
class StudyResults:
    """Everything that is drawn and told.

    Attributes:
        board: The scores.
        start: AP of the start.
        full: AP with the fully labelled pool; no value where it was not trained.
        shown: A result for each strategy: of its best variant.
        every: A result for every variant.
        grids: The strategies with several variants.
    """

    board: Scoreboard
    start: Estimate
    full: Estimate
    shown: tuple[ArmResult, ...]
    every: tuple[ArmResult, ...]
    grids: tuple[GridResult, ...]

    @property
    def reference(self) -> ArmResult | None:
        """Random's result, where it is there."""
        return next((one for one in self.shown if one.arm.strategy == REFERENCE), None)

    @property
    def compared(self) -> int:
        """How many comparisons with random the p-values are corrected for."""
        return sum(bool(one.paired and one.paired.differences) for one in self.every)


@dataclass(frozen=True)
class Dice:
    """How far trainings on the same frames are apart, which no strategy can be thanked or blamed for.

    Attributes:
        deviation: Standard deviation of the primary metric within the same frames, pooled over all of them.
        trainings: How often each was trained.
        selections: Over how many sets of frames it was pooled.
    """

    deviation: float
    trainings: int
    selections: int


def dice_of(folder: StudyFolder) -> Dice | None:
    """What repeated trainings tell; None where there are none, or where the statistics are about another metric."""
    primary = folder.settings.get("primary_metric", folder.metric)
    rows = [score.texts for score in folder.scores if score.texts.get("training_deviation")]
    if not rows or folder.metric != primary:
        return None
    squares = [float(row["training_deviation"]) ** 2 for row in rows]
    most = max(int(row.get("trainings") or 0) for row in rows)
    return Dice(float(np.sqrt(np.mean(squares))), most, len(rows))


def study_results(folder: StudyFolder) -> StudyResults:
    """Compute everything from the scores of a study."""
    board = Scoreboard(folder)
    final = {arm: board.ap(arm, board.shown_round) for arm in board.arms}
    random = final.get(Arm(REFERENCE), {})
    # Every variant of a grid is a comparison of its own, and the correction counts it.
    paired = paired_differences({str(arm): of_seed for arm, of_seed in final.items() if arm != Arm(REFERENCE)}, random)
    areas = {axis: _areas(board, axis) for axis in AXES}
    shown = board.shown_arms()
    best_of = {best: len(variants) for best, variants in shown.items()}
    every = tuple(
        _arm_result(board, arm, areas, paired.get(str(arm)) if random else None, best_of.get(arm, 1))
        for arm in board.arms
    )
    return StudyResults(
        board,
        over_seeds(board.start()),
        over_seeds(board.full()),
        tuple(one for one in every if one.arm in shown),
        every,
        tuple(
            _grid(final, best, variants, random)
            for best, variants in shown.items()
            if len(variants) > 1 and final[best]
        ),
    )


def _arm_result(
    board: Scoreboard,
    arm: Arm,
    areas: Mapping[Axis, Mapping[Arm, SeedValues]],
    paired: PairedDifference | None,
    variants: int,
) -> ArmResult:
    ap, start, random = board.ap(arm, board.shown_round), board.start(), board.ap(Arm(REFERENCE), board.shown_round)
    gains = difference(ap, start)
    added = {axis: _added(board, arm, partial(board.labelled, axis=axis)) for axis in AXES}
    return ArmResult(
        arm=arm,
        by_seed=ap,
        ap=over_seeds(ap),
        gain=over_seeds(gains),
        relative=_ratio(gains, difference(random, start), less=1.0),
        added={axis: over_seeds(added[axis]) for axis in AXES},
        added_of={
            name: over_seeds(_added(board, arm, partial(board.boxes_of, class_name=name))) for name in board.classes
        },
        per_point={axis: _ratio(added[axis], gains) for axis in AXES},
        area={axis: over_seeds(areas[axis].get(arm, {})) for axis in AXES},
        area_differences={
            axis: over_seeds(difference(areas[axis].get(arm, {}), areas[axis].get(Arm(REFERENCE), {}))) for axis in AXES
        },
        needed={axis: _needed(board, arm, axis) for axis in AXES},
        paired=paired,
        variants=variants,
    )


def _grid(final: Mapping[Arm, SeedValues], best: Arm, variants: tuple[Arm, ...], random: SeedValues) -> GridResult:
    values = {arm: final[arm] for arm in variants}
    honest = chosen_on_other_seeds(values)
    return GridResult(
        best.strategy,
        variants,
        best,
        over_seeds(honest) if honest else None,
        over_seeds(difference(honest, random)) if honest and random else None,
    )


def chosen_on_other_seeds(values: Mapping[Arm, SeedValues]) -> SeedValues:
    """Seed -> the AP of the variant that is best on average over the other seeds; empty with fewer than two seeds.

    Example:
        >>> a, b = Arm("probcover", "delta=1"), Arm("probcover", "delta=2")
        >>> chosen_on_other_seeds({a: {0: 10.0, 1: 30.0}, b: {0: 20.0, 1: 25.0}})
        {0: 10.0, 1: 25.0}
    """
    seeds = sorted(set.intersection(*(set(of_seed) for of_seed in values.values()))) if values else []
    if len(seeds) < 2:
        return {}
    found = {}
    for seed in seeds:
        others = [other for other in seeds if other != seed]
        best = max(values, key=lambda arm: float(np.mean([values[arm][other] for other in others])))
        found[seed] = values[best][seed]
    return found


def _areas(board: Scoreboard, axis: Axis) -> dict[Arm, SeedValues]:
    """Arm -> seed -> mean AP from the start to where the first curve of that seed ends."""
    whole = {arm: board.seeds_with_curve(arm, axis) for arm in board.arms}
    found: dict[Arm, SeedValues] = {arm: {} for arm in board.arms}
    for seed in board.seeds:
        curves = {arm: board.curve(arm, axis, [seed]) for arm in board.arms if seed in whole[arm]}
        if not curves:
            continue
        low = max(float(x[0, 0]) for x, _ in curves.values())
        high = min(float(x[0, -1]) for x, _ in curves.values())
        for arm, (x, y) in curves.items():
            height = mean_height(x[0], y[0], low, high)
            if np.isfinite(height):
                found[arm][seed] = height
    return found


def _needed(board: Scoreboard, arm: Arm, axis: Axis) -> Needed | None:
    reference = Arm(REFERENCE)
    both = set(board.seeds_with_curve(arm, axis)) & set(board.seeds_with_curve(reference, axis))
    if not both:
        return None
    seeds = sorted(both)
    return labels_needed(*board.curve(arm, axis, seeds), *board.curve(reference, axis, seeds))


def _added(board: Scoreboard, arm: Arm, of: Callable[[Arm, int], SeedValues]) -> SeedValues:
    return difference(of(arm, board.shown_round), of(Arm(START), 0))


def _ratio(above: SeedValues, below: SeedValues, *, less: float = 0.0) -> Estimate:
    seeds = sorted(set(above) & set(below))
    return ratio(np.array([above[seed] for seed in seeds]), np.array([below[seed] for seed in seeds]), less=less)
