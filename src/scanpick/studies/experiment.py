"""The loop of active learning, for one seed, fold and strategy. It reads like the paper."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.files import sha256_of_text
from scanpick.labels import Bill, Oracle
from scanpick.networks.training import TrainingSettings
from scanpick.selection.budget import Budget
from scanpick.selection.engine import select
from scanpick.selection.pool import Pool
from scanpick.selection.strategy import Strategy
from scanpick.structures import Selection
from scanpick.studies.config import StudyConfig
from scanpick.studies.oracles import ORACLES, Knowing
from scanpick.studies.picking import pick, scores_of
from scanpick.studies.preparation import Preparation, pool_of_study
from scanpick.studies.splits import Fold
from scanpick.studies.strategy_config import ALL, START, ScoreConfig, StrategyConfig
from scanpick.studies.units import PoolPredictionUnit, TrainingUnit, Unit
from scanpick.training.runs import TrainingRun
from scanpick.uncertainty import FrameScores
from scanpick.workspace.pool import pool_of_rows
from scanpick.workspace.workspace import Workspace


@dataclass(frozen=True)
class Trained:
    """A finished training of a study, for the tables.

    Attributes:
        round: 0 is the start.
        unit: The training.
        bill: What all its labelled frames cost.
    """

    round: int
    unit: TrainingUnit
    bill: Bill


@dataclass(frozen=True)
class Picked:
    """A finished selection of a study, for the tables; the start is one, too.

    Attributes:
        round: 0 is the start.
        selection: The picks.
        bills: What the labels of each cost.
        scores: The detector's uncertainty of each; None where the strategy had none.
    """

    round: int
    selection: Selection
    bills: tuple[Bill, ...]
    scores: tuple[float | None, ...]


@dataclass(eq=False)
class Experiment:
    """One strategy's way from the start that all share to the last round.

    Attributes:
        config: The study.
        prepared: Its frames.
        folder: The study's folder.
        workspace: Its pool.
        seed: Which repetition.
        fold: Which frames.
        strategy: Which strategy; None for the start alone, or for the fully labelled pool.
        variant: Which variant of a grid, "" without one.
        options: The strategy's options.
        whole: Whether this is the fully labelled pool.
        repeat: Which of the trainings on the same frames is its own; strategies see the first (0) in all of them.
        trained: What was trained so far.
        picked: What was picked so far.
    """

    config: StudyConfig
    prepared: Preparation
    folder: Path
    workspace: Workspace
    seed: int
    fold: Fold
    strategy: StrategyConfig | None = None
    variant: str = ""
    options: dict[str, Any] = field(default_factory=dict)
    whole: bool = False
    repeat: int = 0
    trained: list[Trained] = field(default_factory=list)
    picked: list[Picked] = field(default_factory=list)

    @property
    def called(self) -> str:
        """The strategy in tables."""
        return ALL if self.whole else START if self.strategy is None else self.strategy.called

    @property
    def own_rounds(self) -> list[int]:
        """The rounds whose trainings belong to it alone; the start belongs to the experiment without a strategy."""
        if self.whole:
            return [len(self.config.rounds)]
        return [0] if self.strategy is None else list(range(1, len(self.config.rounds) + 1))

    def run(self) -> Generator[Unit, None, None]:
        """Yield each piece of work, and go on once it is done."""
        oracle = Oracle(self.prepared.counts, self.config.annotated, self.config.cost.model)
        if self.whole:
            oracle.reveal(self.fold.pool)
            yield from self._train(oracle, len(self.config.rounds))
            return
        # A random start and its detector, the same for all strategies of a seed
        start = self._random_start()
        self._note(0, start, oracle)
        detector = yield from self._train(oracle, 0)
        if self.strategy is None:
            return
        for number, budget in enumerate(self.config.budgets, start=1):
            # What the detector makes of the frames without labels
            scores = yield from self._score(detector, oracle, budget)
            # The strategy selects
            selection = self._select(oracle, scores, budget, number)
            # The oracle reveals labels, and counts
            self._note(number, selection, oracle, scores)
            # Train from scratch on all labels
            detector = yield from self._train(oracle, number)

    def _random_start(self) -> Selection:
        given = self.prepared.given_start
        if given is None:
            count = self.config.start.count(len(self.fold.pool))
            chosen = select(Pool(tuple(self.fold.pool)), "random", count, seed=self._seed_of("start"), threads=1)
            given = chosen.frame_ids
        nothing = np.full(len(given), np.nan)
        return Selection(START, given, nothing, ("",) * len(given), nothing, nothing)

    def _train(self, oracle: Oracle, number: int) -> Generator[Unit, None, TrainingUnit]:
        """Train on everything revealed. The same seed for all strategies: they differ in their frames alone."""
        frames = tuple(oracle.revealed)
        settings = self.config.detector.training(number, len(frames), self.seed)
        unit = self._training_unit(frames, settings)
        yield unit
        own = unit
        if self.repeat:
            again = int(sha256_of_text(f"{self.seed} training {self.repeat}")[:8], 16)
            own = self._training_unit(frames, replace(settings, seed=again))
            yield own
        self.trained.append(Trained(number, own, oracle.bill()))
        return unit

    def _training_unit(self, frames: tuple[str, ...], settings: TrainingSettings) -> TrainingUnit:
        detector = self.config.detector
        run = TrainingRun(
            frames=frames,
            evaluation=self.fold.evaluation,
            detector=detector.name,
            options=detector.options,
            classes=self.config.classes,
            settings=settings,
            metrics=self.config.metrics,
            device=detector.device,
            threads=self.config.threads,
            sets=self.fold.sets,
            data=self.prepared.digest_of([*frames, *self.fold.evaluation]),
        )
        return TrainingUnit(run, run.fingerprint, self.folder / "trainings")

    def _score(
        self, detector: TrainingUnit, oracle: Oracle, budget: Budget
    ) -> Generator[Unit, None, FrameScores | None]:
        """The uncertainty of every unlabelled frame, where the strategy or the budget asks for it."""
        assert self.strategy is not None
        if not (self.strategy.needs_score or budget.counts_boxes):
            return None
        labelled = set(oracle.revealed)
        left = tuple(frame_id for frame_id in self.fold.pool if frame_id not in labelled)
        unit = PoolPredictionUnit(detector, left, self.prepared.digest_of(left), self.workspace)
        yield unit
        return scores_of(unit.path, unit.fingerprint, self.strategy.score or ScoreConfig())

    def _select(self, oracle: Oracle, scores: FrameScores | None, budget: Budget, number: int) -> Selection:
        assert self.strategy is not None
        name, encoder = self.config.embedding_of(self.strategy)
        table = self.prepared.embeddings[name]
        frames = self.prepared.frames
        rows = np.array([frames.row_of[frame_id] for frame_id in self.fold.pool])
        labelled = np.isin(np.array(self.fold.pool), np.array(oracle.revealed))
        values = {encoder.called: encoder.refine(table.rows(self.fold.pool))}
        pool = pool_of_rows(frames, rows, values, labelled=labelled)
        embedded = f"{encoder.called} {table.meta['embeddings_sha256']}"
        data = f"{self.prepared.digest_of(self.fold.pool)} {embedded}"
        if self.strategy.name in ORACLES:  # which may weigh what labels cost
            data += f" {self.config.classes} {self.config.annotated} {self.config.cost.model}"
        seed = self._seed_of(f"round {number}")
        asked = (self.workspace, pool, self.strategy, self.options, budget)
        return pick(*asked, seed=seed, data=data, scores=scores, know=self._give_labels)

    def _give_labels(self, reference: Knowing) -> Strategy:
        config = self.config
        return reference.knowing(self.prepared.dataset.labels, config.classes, config.annotated, config.cost.model)

    def _note(self, number: int, selection: Selection, oracle: Oracle, scores: FrameScores | None = None) -> None:
        ids = selection.frame_ids
        known = {} if scores is None else dict(zip(scores.frame_ids, scores.values.tolist(), strict=True))
        oracle.reveal(ids)
        bills = tuple(oracle.price(frame_id) for frame_id in ids)
        self.picked.append(Picked(number, selection, bills, tuple(known.get(frame_id) for frame_id in ids)))

    def _seed_of(self, what: str) -> int:
        """A seed for one purpose, the same for all strategies, independent of the others."""
        return int(sha256_of_text(f"{self.seed} {self.fold.name} {what}")[:8], 16)


def experiments_of(config: StudyConfig, prepared: Preparation, folder: Path) -> list[Experiment]:
    """Every experiment of a study: seed by seed, so that what is compared is complete early."""
    workspace, found = pool_of_study(config, folder), []
    for seed in config.seeds:
        for fold in prepared.folds:
            shared = (config, prepared, folder, workspace, seed, fold)
            once = [Experiment(*shared)]
            for strategy in config.strategies:
                once += [Experiment(*shared, strategy, *variant) for variant in strategy.variants()]
            if config.reference:
                once.append(Experiment(*shared, whole=True))
            found += [
                replace(one, repeat=repeat, trained=[], picked=[])
                for repeat in range(config.training_seeds)
                for one in once
            ]
    return found
