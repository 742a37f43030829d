"""Scores by strategy, round and seed: what is there, what is not yet, and what is compared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.evaluation.study_statistics.estimates import Estimate, mean
from scanpick.reports.study.folder import ALL, REFERENCE, START, Arm, Score, StudyFolder

Axis = Literal["frames", "boxes", "cost"]
AXES: tuple[Axis, ...] = ("frames", "boxes", "cost")
AXIS_PLURAL: dict[Axis, str] = {"frames": "frames", "boxes": "objects", "cost": "cost"}

SeedValues = dict[int, float]
"""Seed -> value."""


def over_seeds(values: SeedValues) -> Estimate:
    """Mean of one value a seed, with its interval."""
    return mean(np.array(list(values.values()), dtype=np.float64))


def difference(values: SeedValues, others: SeedValues) -> SeedValues:
    """Seed -> difference, of the seeds that both have."""
    return {seed: values[seed] - others[seed] for seed in values if seed in others}


@dataclass(frozen=True, eq=False)
class Scoreboard:
    """The scores of a study under one metric.

    Attributes:
        folder: The study.
    """

    folder: StudyFolder

    @cached_property
    def _of(self) -> Mapping[tuple[Arm, int], Mapping[int, Score]]:
        found: dict[tuple[Arm, int], dict[int, Score]] = {}
        for score in self.folder.scores:
            found.setdefault((score.arm, score.round), {})[score.seed] = score
        return found

    @cached_property
    def arms(self) -> tuple[Arm, ...]:
        """Strategies and their variants: the reference first, then as in the settings, then as they come."""
        order = {name: place for place, name in enumerate(dict.fromkeys([REFERENCE, *self.planned_strategies]))}
        found = dict.fromkeys(score.arm for score in self.folder.scores if score.arm.strategy not in (START, ALL))
        return tuple(sorted(found, key=lambda arm: order.get(arm.strategy, len(order))))

    @cached_property
    def planned_strategies(self) -> tuple[str, ...]:
        """Names of the strategies that the settings ask for."""
        planned = self.folder.settings.get("strategies") or []
        names = [one.get("label") or one.get("name") if isinstance(one, Mapping) else one for one in planned]
        return tuple(str(name) for name in names if name)

    @cached_property
    def seeds(self) -> tuple[int, ...]:
        """Every seed, done or planned."""
        planned = self.folder.settings.get("seeds") or []
        planned = range(planned) if isinstance(planned, int) else planned
        return tuple(sorted({*map(int, planned), *(score.seed for score in self.folder.scores)}))

    @cached_property
    def planned_rounds(self) -> int:
        """How many rounds there are to be, or are."""
        planned = self.folder.settings.get("rounds") or []
        done = [score.round for score in self.folder.scores if score.arm.strategy != ALL]
        return max([planned if isinstance(planned, int) else len(planned), *done])

    @cached_property
    def shown_round(self) -> int:
        """The round that is compared: the last one planned, or the last of those in which most strategies are done."""
        done = {number: len([arm for arm in self.arms if self.ap(arm, number)]) for number in self.rounds}
        return max(done, key=lambda number: (done[number], number), default=0)

    @property
    def rounds(self) -> range:
        """1, 2, ... as far as planned."""
        return range(1, self.planned_rounds + 1)

    def ap(self, arm: Arm, number: int) -> SeedValues:
        """Seed -> the metric after a round, where it is known."""
        return self._finite(
            {seed: score.metrics.get(self.folder.metric, np.nan) for seed, score in self._at(arm, number)}
        )

    def labelled(self, arm: Arm, number: int, axis: Axis) -> SeedValues:
        """Seed -> labelled frames, boxes or cost after a round, the start included."""
        return self._finite({seed: float(getattr(score, axis)) for seed, score in self._at(arm, number)})

    def boxes_of(self, arm: Arm, number: int, class_name: str) -> SeedValues:
        """Seed -> labelled objects of a class after a round."""
        return self._finite({seed: score.boxes_of.get(class_name, np.nan) for seed, score in self._at(arm, number)})

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Classes whose objects are counted."""
        return tuple(dict.fromkeys(name for score in self.folder.scores for name in score.boxes_of))

    def start(self) -> SeedValues:
        """Seed -> the metric of the start."""
        return self.ap(Arm(START), 0)

    def full(self) -> SeedValues:
        """Seed -> the metric with the fully labelled pool."""
        return {
            score.seed: score.metrics[self.folder.metric]
            for score in self.folder.scores
            if score.arm.strategy == ALL and np.isfinite(score.metrics.get(self.folder.metric, np.nan))
        }

    def curve(self, arm: Arm, axis: Axis, seeds: Sequence[int]) -> tuple[Float64Array, Float64Array]:
        """(S, P) labels and (S, P) AP of the start and each round up to the one shown, for seeds that have them all."""
        steps = [(Arm(START), 0), *((arm, number) for number in range(1, self.shown_round + 1))]
        x = np.array([[self.labelled(*step, axis)[seed] for step in steps] for seed in seeds], dtype=np.float64)
        y = np.array([[self.ap(*step)[seed] for step in steps] for seed in seeds], dtype=np.float64)
        return x.reshape(len(seeds), len(steps)), y.reshape(len(seeds), len(steps))

    def seeds_with_curve(self, arm: Arm, axis: Axis) -> list[int]:
        """Seeds that have the start and every round up to the one shown."""
        if not self.shown_round:
            return []
        steps = [(Arm(START), 0), *((arm, number) for number in range(1, self.shown_round + 1))]
        known = [set(self.ap(*step)) & set(self.labelled(*step, axis)) for step in steps]
        return sorted(set.intersection(*known))

    def shown_arms(self) -> dict[Arm, tuple[Arm, ...]]:
        """What stands for each strategy: itself, or the variant that is best on average; with all its variants.

        The best is looked for among the variants that the most seeds have, so that one lucky seed does not win.
        """
        found = {}
        for strategy in dict.fromkeys(arm.strategy for arm in self.arms):
            variants = tuple(arm for arm in self.arms if arm.strategy == strategy)
            values = {arm: list(self.ap(arm, self.shown_round).values()) for arm in variants}
            most = max(len(of_arm) for of_arm in values.values())
            whole = [arm for arm in variants if len(values[arm]) == most]
            best = max(whole, key=lambda arm: float(np.mean(values[arm]))) if most else variants[0]
            found[best] = variants
        return found

    def notices(self) -> list[str]:
        """What is not there yet, or left out, in sentences."""
        told = list(self.folder.missing)
        metric = self.folder.metric
        empty = [
            f"{score.arm}, seed {score.seed}, round {score.round}"
            for score in self.folder.scores
            if not np.isfinite(score.metrics.get(metric, np.nan))
        ]
        if empty:
            which = "; ".join(empty[:6]) + (f"; and {len(empty) - 6} more" if len(empty) > 6 else "")
            told.append(f"{len(empty)} of {len(self.folder.scores)} scores have no {metric} and do not count: {which}.")
        absent = [name for name in self.planned_strategies if name not in {arm.strategy for arm in self.arms}]
        done, planned = self._progress(len(absent))
        if done < planned:
            lacking = f" There is nothing yet of {', '.join(absent)}." if absent else ""
            told.append(
                f"The study is not finished: {done} of {planned} trainings are done.{lacking} "
                f"Seeds that a strategy lacks are left out of its comparison."
            )
        if self.arms and 0 < self.shown_round < self.planned_rounds:
            told.append(f"Compared after round {self.shown_round} of {self.planned_rounds}: later ones are not done.")
        if not self.start():
            told.append("The start has no score: improvements over the baseline cannot be told.")
        if Arm(REFERENCE) not in self.arms and (self.arms or self.planned_strategies):
            told.append(f"The strategy '{REFERENCE}' is not among those done: nothing can be compared with it.")
        return told

    def _progress(self, absent: int) -> tuple[int, int]:
        """Trainings done and planned: as the engine counts them, or counted from the scores."""
        done, planned = self.folder.plan.get("done"), self.folder.plan.get("planned")
        if isinstance(done, int) and isinstance(planned, int):
            return done, planned
        expected = len(self.seeds) * (1 + (len(self.arms) + absent) * self.planned_rounds)
        return sum(score.arm.strategy != ALL for score in self.folder.scores), expected

    def _at(self, arm: Arm, number: int) -> list[tuple[int, Score]]:
        return sorted(self._of.get((arm, number), {}).items())

    @staticmethod
    def _finite(values: SeedValues) -> SeedValues:
        return {seed: value for seed, value in values.items() if np.isfinite(value)}
