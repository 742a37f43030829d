"""A study from its configuration to its tables: prepare, run what is left, write what came out."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean, median, stdev
from typing import Any

from scanpick.errors import ScanpickError, call
from scanpick.studies.config import StudyConfig
from scanpick.studies.experiment import Experiment, experiments_of
from scanpick.studies.plan import Place, PlannedTraining, Rates, plan_of, seconds_left
from scanpick.studies.preparation import POOL, Preparation, pool_of_study, prepare
from scanpick.studies.scheduler import Scheduler
from scanpick.studies.tables import StudyTables
from scanpick.studies.units import TrainingUnit
from scanpick.texts import (
    format_yaml,
    parse_mapping,
    parsing,
    read_csv,
    read_json,
    read_sealed,
    write_json,
    write_sealed,
)
from scanpick.workspace.lock import write_lock
from scanpick.workspace.manifest import current_versions
from scanpick.workspace.reading import Progress, no_progress
from scanpick.workspace.worker_pool import available_cores
from scanpick.workspace.workspace import Workspace

SETTINGS, PLAN = "study.yaml", "plan.json"
_MADE_WITH = "made_with"


@dataclass(frozen=True)
class State:
    """How far a study is.

    Attributes:
        done: Trainings that are finished.
        planned: All trainings.
        running: Pieces of work that are being done.
        failed: Experiments that cannot go on.
        seconds_left: How long the rest will take; None before anything was measured.
    """

    done: int
    planned: int
    running: int
    failed: int
    seconds_left: float | None


@dataclass(eq=False)
class Study:
    """A study with its folder.

    Attributes:
        config: What is asked for.
        folder: Where everything is kept.
        jobs: Worker processes; 0 for all cores, or one where the detector is on a GPU.
        in_process: Do all work in this process.
    """

    config: StudyConfig
    folder: Path
    jobs: int = 0
    in_process: bool = False
    prepared: Preparation = field(init=False)
    experiments: list[Experiment] = field(init=False)
    planned: list[PlannedTraining] = field(init=False)

    def __post_init__(self) -> None:
        self.jobs = self.jobs or default_jobs(self.config)

    @property
    def pool(self) -> Workspace:
        """Its frames, vectors, labels, predictions and selections."""
        return pool_of_study(self.config, self.folder)

    def prepare(self, progress: Progress = no_progress) -> None:
        """Read and embed the frames, and plan the trainings."""
        self.prepared = prepare(self.config, self.pool, workers=self.jobs, progress=progress)
        self.experiments = experiments_of(self.config, self.prepared, self.folder)
        self.planned = plan_of(self.config, self.experiments)

    def run(
        self, progress: Progress = no_progress, on_change: Callable[[State], None] = lambda state: None
    ) -> dict[str, str]:
        """Do everything that is not done yet.

        Args:
            progress: Shows how far reading and embedding are.
            on_change: Told how far the study is, whenever something was finished and every few seconds.

        Returns:
            What went wrong, by experiment; empty where the study is complete.

        Raises:
            ScanpickError: The study does not fit its data, another process runs it, or a worker died.
        """
        pool = self.pool
        with write_lock(self.folder), pool.write_lock():
            self._write_settings({})  # what is killed while it reads frames can be resumed, too
            self.prepare(progress)
            self._write_settings(self._made_with())
            tables = StudyTables(self.config, self.prepared, self.folder)
            scheduler = Scheduler(self.prepared.dataset, self.jobs, self.config.threads, self.in_process)

            def changed(finished: bool) -> None:
                state = self._state(scheduler)
                if finished:
                    tables.write(self.experiments)
                    self._write_plan(state)
                on_change(state)

            scheduler.on_change = changed
            scheduler.run(self.experiments)
            return scheduler.failures

    def rates(self) -> Rates | None:
        """How fast trainings were so far; None where none is finished."""
        steps, frames = [], []
        for unit in self._finished().values():
            result = unit.result()
            steps.append(result["seconds_training"] / unit.run_settings.settings.iterations)
            if result["evaluated_frames"]:
                frames.append((result["seconds"] - result["seconds_training"]) / result["evaluated_frames"])
        return Rates(median(steps), median(frames) if frames else 0.0) if steps else None

    def _finished(self) -> dict[Place, TrainingUnit]:
        return {
            (one.seed, one.fold.name, trained.round, one.called, one.variant, one.repeat): trained.unit
            for one in self.experiments
            for trained in one.trained
            if trained.round in one.own_rounds
        }

    def _state(self, scheduler: Scheduler) -> State:
        finished = self._finished()
        left = [one for one in self.planned if one.place not in finished]
        rates = self.rates()
        seconds = None
        if rates is not None:
            elapsed = sum(time.monotonic() - since for _, since in scheduler.running.values())
            seconds = seconds_left(left, rates, self.jobs, elapsed)
        return State(len(finished), len(self.planned), len(scheduler.running), len(scheduler.failures), seconds)

    def _write_settings(self, made_with: dict[str, Any]) -> None:
        values = json.loads(self.config.model_dump_json())
        values |= {"primary_metric": self.config.primary, _MADE_WITH: made_with}
        write_sealed(self.folder / SETTINGS, format_yaml(values))

    def _made_with(self) -> dict[str, Any]:
        prepared = self.prepared
        return {
            "versions": current_versions(),
            "data": prepared.dataset.description,
            "data_sha256": prepared.digest_of(prepared.digests),
            "frames": len(prepared.frames),
            "set_aside": dict(prepared.set_aside),
            "folds": [
                {
                    **{"name": fold.name, "pool": len(fold.pool), "evaluation": len(fold.evaluation)},
                    **({"sets": {name: len(frames) for name, frames in fold.sets.items()}} if fold.sets else {}),
                }
                for fold in prepared.folds
            ],
        }

    def _write_plan(self, state: State) -> None:
        finished = self._finished()
        names = ("seed", "fold", "round", "strategy", "variant", "repeat")
        trainings: list[dict[str, Any]] = []
        for one in self.planned:
            unit = finished.get(one.place)
            trainings.append(
                {
                    **dict(zip(names, one.place, strict=True)),
                    "frames": one.frames,
                    "iterations": one.iterations,
                    "done": unit is not None,
                    "folder": None if unit is None else f"trainings/{unit.fingerprint}",
                }
            )
        content = {
            "study": self.config.name,
            "done": state.done,
            "planned": state.planned,
            "failed": state.failed,
            "seconds_left": state.seconds_left,
            "jobs": self.jobs,
            "pool": POOL if self.config.pool is None else str(self.config.pool.absolute()),
            "embeddings": list(self.config.embeddings()),
            "trainings": trainings,
        }
        write_json(self.folder / PLAN, content, indent=1)


def default_jobs(config: StudyConfig) -> int:
    """As many processes as cores; one where the detector is on a GPU, where several would hinder each other."""
    return available_cores() if config.detector.device == "cpu" else 1


def read_study(folder: Path) -> StudyConfig:
    """The configuration of a study's folder.

    Raises:
        ScanpickError: The folder is none, or was changed into something that cannot be read.
    """
    path = folder / SETTINGS
    if not path.is_file():
        raise ScanpickError(
            f"{folder} is no study: it has no {SETTINGS}. Start one with: {call('study', 'CONFIG', out='DIR')}"
        )
    values = parse_mapping(read_sealed(path, f"Run again: {call('study', 'CONFIG', out=folder)}"), str(path))
    values.pop(_MADE_WITH, None)
    return StudyConfig.of(values, str(path))


def read_plan(folder: Path) -> dict[str, Any]:
    """``plan.json``: what is done and what is left.

    Raises:
        ScanpickError: There is none, or it is damaged.
    """
    if not (folder / PLAN).is_file():
        raise ScanpickError(f"{folder}: expected the folder of a study that was begun, got one without {PLAN}.")
    return read_json(folder / PLAN, f"Go on with: {call('study', folder)}")


def mean_scores(folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """The primary metric, and for each round, strategy and variant its mean and deviation over seeds.

    Raises:
        ScanpickError: The folder is no study's, or its ``scores.csv`` is missing or damaged.
    """
    metric = read_study(folder).primary
    lines = read_csv(folder / "scores.csv", ("round", "strategy", "variant", "frames", "boxes", "cost", metric))
    found = []
    with parsing(str(folder / "scores.csv"), "numbers"):
        groups: dict[tuple[int, str, str], list[dict[str, str]]] = {}
        for row in lines:
            groups.setdefault((int(row["round"]), row["strategy"], row["variant"]), []).append(row)
        for (number, strategy, variant), rows in sorted(groups.items(), key=lambda item: item[0][0]):
            values = [float(row[metric]) for row in rows]
            found.append(
                {
                    "round": number,
                    "strategy": strategy,
                    "variant": variant,
                    "seeds": len(rows),
                    **{name: mean(float(row[name]) for row in rows) for name in ("frames", "boxes", "cost")},
                    metric: mean(values),
                    "deviation": stdev(values) if len(values) > 1 else None,
                }
            )
    return metric, found
