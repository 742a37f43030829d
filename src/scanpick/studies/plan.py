"""What a study will do, and how long that takes: rates from what is done, or from a few timed steps."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scanpick.detectors.prediction import predict
from scanpick.detectors.saved import build_detector
from scanpick.detectors.training import train
from scanpick.errors import ScanpickError
from scanpick.formats.frame_ids import read_frame_ids
from scanpick.labels import count_objects
from scanpick.structures import Labels
from scanpick.structures.class_names import count_of
from scanpick.studies.config import StudyConfig
from scanpick.studies.data import open_data
from scanpick.studies.experiment import Experiment
from scanpick.studies.preparation import Preparation
from scanpick.studies.splits import folds_of
from scanpick.training.frame_cache import FrameCache
from scanpick.training.scenes import read_scenes
from scanpick.training.threads import limited_threads
from scanpick.workspace.frame_table import OK, FrameTable
from scanpick.workspace.reading import labels_in

_TIMED_STEPS, _TIMED_FRAMES = 6, 4

Place = tuple[int, str, int, str, str, int]
"""Seed, fold, round, strategy, variant and repetition of a training."""


@dataclass(frozen=True)
class PlannedTraining:
    """One training that the study needs, with the prediction of the pool that comes before it.

    Attributes:
        place: Which one.
        frames: About how many labelled frames it has; exact where budgets are counted in frames.
        iterations: Its steps; about, where it is told in epochs.
        evaluated: Frames that it predicts and evaluates.
        scored: Frames of the pool that the detector before it must be asked about first; 0 where none.
        shares_scores: Whether other strategies use the same predictions.
    """

    place: Place
    frames: int
    iterations: int
    evaluated: int
    scored: int
    shares_scores: bool


def plan_of(config: StudyConfig, experiments: Iterable[Experiment]) -> list[PlannedTraining]:
    """Every training of a study."""
    planned = []
    for one in experiments:
        labelled = _start_frames(one)
        budgets = config.budgets
        for number in range(len(budgets) + 1):
            if number:
                labelled += _added(one, number)
            if number not in one.own_rounds:
                continue
            frames = len(one.fold.pool) if one.whole else labelled
            scored = 0
            if (
                one.repeat == 0
                and one.strategy is not None
                and (one.strategy.needs_score or budgets[number - 1].counts_boxes)
            ):
                scored = len(one.fold.pool) - (labelled - _added(one, number))
            planned.append(
                PlannedTraining(
                    place=(one.seed, one.fold.name, number, one.called, one.variant, one.repeat),
                    frames=frames,
                    iterations=config.detector.training(number, frames, one.seed).iterations,
                    evaluated=len(one.fold.evaluation),
                    scored=scored,
                    shares_scores=number == 1,
                )
            )
    return planned


@dataclass(frozen=True)
class Rates:
    """How fast this machine is.

    Attributes:
        step_s: Seconds of a training step.
        frame_s: Seconds to predict a frame.
    """

    step_s: float
    frame_s: float

    def training(self, iterations: int, evaluated: int) -> float:
        """Seconds of a training with its evaluation."""
        return iterations * self.step_s + evaluated * self.frame_s


def seconds_left(left: Sequence[PlannedTraining], rates: Rates, jobs: int, elapsed: float = 0.0) -> float:
    """How long the trainings that are left will take.

    Args:
        left: What is not done yet.
        rates: How fast each step is while `jobs` processes run.
        jobs: Processes.
        elapsed: What those that are running have done of it, in seconds.
    """
    scored: set[tuple[int, str]] = set()
    total = 0.0
    chains: dict[tuple[int, str, str, str, int], float] = {}
    for one in left:
        seed, fold, _, strategy, variant, repeat = one.place
        seconds = rates.training(one.iterations, one.evaluated)
        alone = seconds + one.scored * rates.frame_s
        if one.scored and not (one.shares_scores and (seed, fold) in scored):
            seconds = alone
            if one.shares_scores:
                scored.add((seed, fold))
        total += seconds
        chain = (seed, fold, strategy, variant, repeat)
        chains[chain] = chains.get(chain, 0.0) + alone
    # What is shared by all strategies of a seed comes before each of them.
    starts = {chain[:2]: seconds for chain, seconds in chains.items() if chain[2] == "start"}
    longest = max((s + (starts.get(c[:2], 0.0) if c[2] != "start" else 0.0) for c, s in chains.items()), default=0.0)
    return max((total - elapsed) / jobs, longest - elapsed / max(jobs, 1), 0.0)


def _start_frames(one: Experiment) -> int:
    given = one.prepared.given_start
    return one.config.start.count(len(one.fold.pool)) if given is None else len(given)


def _added(one: Experiment, number: int) -> int:
    """Frames that a round adds; a budget in objects or cost is taken as one of frames with as many boxes on average."""
    budget = one.config.budgets[number - 1]
    if budget.in_frames:
        return int(budget.limit(len(one.fold.pool)))
    counts = one.prepared.counts
    boxes = sum(count_of(counts[frame], one.config.annotated) for frame in one.fold.pool)
    mean = boxes / len(one.fold.pool)
    price = mean if budget.unit == "objects" else budget.prices.per_frame + budget.prices.per_box * mean
    return round(budget.limit(len(one.fold.pool)) / price) if price else 0


def draft(config: StudyConfig) -> Preparation:
    """The frames of a study as they are listed; none is read, so that all are taken as usable."""
    _, dataset = open_data(config.data)
    count = len(dataset.records)
    frames = FrameTable(
        tuple(dataset.records), np.zeros(count, dtype=np.int64), (OK,) * count, ("",) * count, ("",) * count
    )
    folds = folds_of(dataset, config.split, dataset.records)
    start = None if config.start.file is None else tuple(read_frame_ids(config.start.file))
    counts: dict[str, dict[str, int]] = {}
    if not all(budget.in_frames for budget in config.budgets):  # how many frames a round adds depends on labels
        for frame_id in {one for fold in folds for one in fold.pool}:
            labels = labels_in(dataset, frame_id)
            counts[frame_id] = count_objects(labels) if isinstance(labels, Labels) else {}
    return Preparation(dataset, frames, {}, counts, {}, tuple(folds), {}, start)


def measure_rates(config: StudyConfig, prepared: Preparation) -> Rates:
    """Time a few training steps and predictions of this study's detector on its frames, in this process.

    Raises:
        ScanpickError: None of the first frames can be used.
    """
    detector = config.detector
    pool = prepared.folds[0].pool
    ids = [pool[row] for row in np.linspace(0, len(pool) - 1, min(len(pool), 2 * _TIMED_FRAMES), dtype=int)]
    dataset = FrameCache(prepared.dataset)
    read = read_scenes(dataset, list(dict.fromkeys(ids)), need_labels=True)
    if not read.scenes:
        raise ScanpickError(
            f"None of {len(ids)} frames that were tried can be used: {next(iter(read.set_aside.values()))}"
        )
    with limited_threads(config.threads), tempfile.TemporaryDirectory() as folder:
        model = build_detector(detector.name, config.classes, seed=0, **detector.options)
        settings = detector.training(0, len(read.scenes), 0)
        timed = settings.__class__(**{**vars(settings), "iterations": _TIMED_STEPS})
        train(model, read.scenes, timed, Path(folder) / "warm", device=detector.device)
        started = time.monotonic()
        train(model, read.scenes, timed, Path(folder) / "timed", device=detector.device)
        step_s = (time.monotonic() - started) / _TIMED_STEPS
        fresh = FrameCache(prepared.dataset)
        started = time.monotonic()
        scenes = read_scenes(fresh, [scene.frame_id for scene in read.scenes[:_TIMED_FRAMES]], need_labels=False)
        predict(model, scenes.scenes, device=detector.device)
        frame_s = (time.monotonic() - started) / len(scenes.scenes)
    return Rates(step_s, frame_s)
