"""Jobs in worker processes: all cores, one thread each, the same results as in this process."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar

import cloudpickle

from scanpick.errors import ScanpickError

Job = TypeVar("Job")
Result = TypeVar("Result")

# Starting workers takes about this long (imports), so that what is done sooner is done here.
POOL_PAYS_AFTER_S = 3.0

_QUIET_TRACKER = "ignore::UserWarning:multiprocessing.resource_tracker"


def available_cores() -> int:
    """How many cores this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


def run_jobs(work: Callable[[Job], Result], jobs: Sequence[Job], workers: int) -> Iterator[tuple[Job, Result]]:
    """Yield every job with its result, in the order in which they are done.

    The first jobs are done here. Workers are started as soon as the rest would take longer than `POOL_PAYS_AFTER_S`.

    Args:
        work: What to do with a job; picklable, sent to each worker once.
        jobs: Picklable.
        workers: How many processes; 1 starts none.

    Raises:
        ScanpickError: A worker died.
    """
    left = deque(jobs)
    while left:
        started = time.perf_counter()
        job = left.popleft()
        yield job, work(job)
        seconds = time.perf_counter() - started
        if workers > 1 and left and seconds * len(left) > POOL_PAYS_AFTER_S:
            yield from _run_in_processes(work, left, min(workers, len(left)))
            return


def start_executor(work: Callable[[Job], Result], workers: int) -> ProcessPoolExecutor:
    """Worker processes that wait for jobs, see `submit_job`. They end with this process, however it ends.

    Raises:
        ScanpickError: `work` cannot be sent to them.
    """
    try:
        packed = cloudpickle.dumps(work)  # takes along what was defined in a notebook or in the script itself
    except Exception as error:  # whatever a foreign class raises when it is pickled
        raise ScanpickError(
            f"This data set or encoder cannot be sent to worker processes: {error}. Run it with one worker."
        ) from error
    # Spawned, not forked: a fork copies locks that threads of numba, torch or the progress bar may hold.
    return ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _start_worker, (packed,))


def submit_job(executor: ProcessPoolExecutor, job: Any) -> Future[Any]:
    """Have a job done by one of the workers of `start_executor`."""
    with _born_deaf(), _born_without_main():
        return executor.submit(_do, job)


def kill_workers() -> None:
    """Kill every process that this one has started, also one that is just being started. Nothing is waited for."""
    spared = getattr(resource_tracker._resource_tracker, "_pid", None)  # it tidies up after us, and ends then
    for number in _children():
        if number != spared:
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)


def _run_in_processes(work: Callable[[Job], Result], left: deque[Job], workers: int) -> Iterator[tuple[Job, Result]]:
    executor = start_executor(work, workers)
    running: dict[Future[Any], Job] = {}
    try:
        while left or running:
            while left and len(running) < 2 * workers:  # bounded, so that results do not pile up
                job = left.popleft()
                running[submit_job(executor, job)] = job
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in sorted(done, key=list(running).index):
                yield running[future], future.result()
                del running[future]
    except BrokenProcessPool as error:
        raise ScanpickError(
            "A worker process died; the usual cause is that the machine ran out of memory. What was finished is "
            "kept: run the same command again, with fewer workers (`workers=1`) if it dies again."
        ) from error
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _born_deaf() -> Iterator[None]:
    """Processes that are started within the block never hear Ctrl-C, not even while they start."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    # Started beforehand, since starting it ends the block of the signal; and it need not say that it had to tidy up.
    sys.warnoptions.append(_QUIET_TRACKER)
    try:
        resource_tracker.ensure_running()
    finally:
        sys.warnoptions.remove(_QUIET_TRACKER)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (signal.SIGINT,))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _born_without_main() -> Iterator[None]:
    """Processes that are started within the block do not run the user's script again, so it needs no guard.

    Spawned processes import the file that ``__main__`` names, to find by name what was defined there; here that is
    sent by value.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


def _children() -> list[int]:
    listed = list(Path("/proc/self/task").glob("*/children"))
    if listed:
        return [int(number) for path in listed for number in path.read_text().split()]
    return [process.pid for process in multiprocessing.active_children() if process.pid is not None]


_work: Callable[[Any], Any]


def _start_worker(packed: bytes) -> None:
    global _work
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides what an interrupt ends
    threading.Thread(target=_end_with_parent, daemon=True).start()
    _work = pickle.loads(packed)
    _use_one_thread()


def _do(job: Any) -> Any:
    return _work(job)


def _end_with_parent() -> None:
    """A killed parent cannot end its workers; without this they would wait for jobs for ever."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _use_one_thread() -> None:
    """As many processes as cores leave one thread for each."""
    import threadpoolctl

    threadpoolctl.threadpool_limits(1)
    if "numba" in sys.modules:
        sys.modules["numba"].set_num_threads(1)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
