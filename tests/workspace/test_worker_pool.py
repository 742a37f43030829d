"""Jobs give the same results wherever they run, and a worker that dies is told."""

import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from scanpick.errors import ScanpickError
from scanpick.workspace.worker_pool import available_cores, run_jobs


@dataclass(frozen=True)
class Square:
    """Squares numbers; fails or dies at some."""

    fails_at: int = -1
    dies_at: int = -1

    def __call__(self, job: int) -> tuple[int, int]:
        if job == self.fails_at:
            raise ValueError(f"cannot square {job}")
        if job == self.dies_at:
            os._exit(3)
        return job * job, os.getpid()


@pytest.fixture(autouse=True)
def _workers_pay_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanpick.workspace.worker_pool.POOL_PAYS_AFTER_S", 0.0)


@pytest.mark.parametrize("workers", [1, 2])
def test_every_job_once(workers: int) -> None:
    results = list(run_jobs(Square(), range(20), workers))
    assert sorted((job, square) for job, (square, _) in results) == [(job, job * job) for job in range(20)]
    processes = {process for _, (_, process) in results}
    assert (processes == {os.getpid()}) == (workers == 1)


def test_no_jobs() -> None:
    assert list(run_jobs(Square(), [], 2)) == []


def test_short_work_starts_no_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scanpick.workspace.worker_pool.POOL_PAYS_AFTER_S", 3.0)
    assert {process for _, (_, process) in run_jobs(Square(), range(20), 2)} == {os.getpid()}


def test_an_error_in_a_worker_comes_here() -> None:
    with pytest.raises(ValueError, match="cannot square 7"):
        list(run_jobs(Square(fails_at=7), range(20), 2))


def test_a_dead_worker_is_told() -> None:
    with pytest.raises(ScanpickError, match="A worker process died"):
        list(run_jobs(Square(dies_at=7), range(20), 2))


def test_what_cannot_be_sent_is_told() -> None:
    lock = threading.Lock()
    with pytest.raises(ScanpickError, match="cannot be sent to worker processes"):
        list(run_jobs(lambda job: (job, lock), range(20), 2))


SCRIPT = """
print("started")
from scanpick.workspace import worker_pool

worker_pool.POOL_PAYS_AFTER_S = 0.0

class Shift:
    by = 10
    def __call__(self, job):
        import os
        return job + self.by, os.getpid()

found = list(worker_pool.run_jobs(Shift(), range(6), 2))
print(sorted(result for _, (result, _) in found), len({process for _, (_, process) in found}) > 1)
"""


@pytest.mark.parametrize("way", ["file", "command", "stdin"])
def test_a_script_needs_no_guard(way: str, tmp_path: Path) -> None:
    """Workers do not run it again, and know what it defines."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    arguments = {"file": [str(script)], "command": ["-c", SCRIPT], "stdin": ["-"]}[way]
    run = subprocess.run(
        [sys.executable, *arguments], input=SCRIPT if way == "stdin" else None, capture_output=True, text=True
    )
    assert run.stdout == "started\n[10, 11, 12, 13, 14, 15] True\n", run.stderr


def test_at_least_one_core() -> None:
    assert 1 <= available_cores() <= (os.cpu_count() or 1)
