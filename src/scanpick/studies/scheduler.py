"""Experiments side by side: each goes on as soon as what it waits for is done; shared work is done once."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from scanpick.datasets import Dataset
from scanpick.errors import ScanpickError
from scanpick.studies.experiment import Experiment
from scanpick.studies.units import Unit
from scanpick.training.frame_cache import FrameCache
from scanpick.workspace.worker_pool import start_executor, submit_job

_REFRESH_S = 2.0
# Not numba's: this process reads that one whenever it compiles, and refuses a change. Units limit numba themselves.
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(eq=False)
class _Walk:
    """An experiment on its way.

    Attributes:
        order: Its place; what comes first is done first.
        experiment: It.
        steps: What is left of it.
    """

    order: int
    experiment: Experiment
    steps: Generator[Unit, None, None]


@dataclass(eq=False)
class Scheduler:
    """Runs experiments to their end.

    Attributes:
        dataset: Where their frames are.
        jobs: Worker processes.
        threads: Of each.
        in_process: Do all work in this process, one unit after the other.
        on_change: Called when something was begun or done, and every few seconds.
        failures: What went wrong, by the experiment's strategy and seed.
        running: Work that is being done -> when it was begun.
        newly_finished: How many units were done by this run.
    """

    dataset: Dataset
    jobs: int
    threads: int = 1
    in_process: bool = False
    on_change: Callable[[bool], None] = lambda finished: None
    failures: dict[str, str] = field(default_factory=dict)
    running: dict[str, tuple[Unit, float]] = field(default_factory=dict)
    newly_finished: int = 0
    _ready: dict[str, tuple[int, Unit]] = field(default_factory=dict)
    _waiting: dict[str, list[_Walk]] = field(default_factory=dict)

    def run(self, experiments: Sequence[Experiment]) -> None:
        """Run them. One that fails is noted, and the others go on.

        Raises:
            ScanpickError: A worker process died.
        """
        for order, experiment in enumerate(experiments):
            self._go_on(_Walk(order, experiment, experiment.run()))
        self.on_change(True)
        if not self._ready:
            return
        work = UnitWorker(FrameCache(self.dataset))
        if self.in_process:
            self._run_here(work)
        else:
            with _threads_of_workers(self.threads):
                self._run_in_processes(work)

    def _go_on(self, walk: _Walk) -> None:
        """Follow an experiment up to the next unit that is not done."""
        try:
            for unit in walk.steps:
                if unit.finished():
                    continue
                self._waiting.setdefault(unit.fingerprint, []).append(walk)
                if unit.fingerprint not in self.running:
                    self._ready.setdefault(unit.fingerprint, (walk.order, unit))
                return
        except ScanpickError as error:
            self._fail(walk, error)

    def _run_here(self, work: UnitWorker) -> None:
        while self._ready:
            unit = self._next()
            error: Exception | None = None
            try:
                work(unit)
            except Exception as caught:  # told at the end; other experiments go on
                error = caught
            self._end(unit, error)

    def _run_in_processes(self, work: UnitWorker) -> None:
        others = set(multiprocessing.active_children())
        executor = start_executor(work, self.jobs)
        futures: dict[Future[Any], Unit] = {}
        try:
            while self._ready or futures:
                while self._ready and len(futures) < self.jobs:
                    unit = self._next()
                    futures[submit_job(executor, unit)] = unit
                self.on_change(False)
                done, _ = wait(futures, timeout=_REFRESH_S, return_when=FIRST_COMPLETED)
                for future in sorted(done, key=list(futures).index):
                    unit = futures.pop(future)
                    error = future.exception()
                    if isinstance(error, BrokenProcessPool):
                        raise error
                    self._end(unit, error)
        except BrokenProcessPool as error:
            raise ScanpickError(
                "A worker process died; the usual cause is that the machine ran out of memory. What was finished is "
                "kept: run the same command again, with fewer processes (`jobs=1`) if it dies again."
            ) from error
        finally:
            if futures:  # interrupted: a training of minutes is not waited for, since it goes on from its checkpoint
                for process in set(multiprocessing.active_children()) - others:
                    process.terminate()
            executor.shutdown(wait=True, cancel_futures=True)

    def _next(self) -> Unit:
        key = min(self._ready, key=lambda one: self._ready[one][0])
        _, unit = self._ready.pop(key)
        self.running[key] = (unit, time.monotonic())
        return unit

    def _end(self, unit: Unit, error: BaseException | None) -> None:
        del self.running[unit.fingerprint]
        self.newly_finished += error is None
        for walk in self._waiting.pop(unit.fingerprint):
            if error is None:
                self._go_on(walk)
            else:
                self._fail(walk, error)
        self.on_change(True)

    def _fail(self, walk: _Walk, error: BaseException) -> None:
        one = walk.experiment
        name = " ".join(word for word in (one.called, one.variant) if word)
        where = f"{name}, seed {one.seed}" + (f", fold {one.fold.name}" if one.fold.name else "")
        where += f", training {one.repeat + 1}" if one.repeat else ""
        self.failures[where] = str(error) if isinstance(error, ScanpickError) else f"{type(error).__name__}: {error}"


@dataclass(frozen=True)
class UnitWorker:
    """Does units in a worker process, which keeps frames that it has read."""

    dataset: Dataset

    def __call__(self, unit: Unit) -> None:
        """Do one.

        Raises:
            ScanpickError: It failed; always of this very kind, since others may not survive the way between processes.
        """
        try:
            unit.run(self.dataset)
        except ScanpickError as error:
            raise ScanpickError(str(error)) from error


@contextmanager
def _threads_of_workers(count: int) -> Iterator[None]:
    """Processes that are started within the block have so many threads from their first line on."""
    before = {name: os.environ.get(name) for name in _THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(_THREAD_VARIABLES, str(count)))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
