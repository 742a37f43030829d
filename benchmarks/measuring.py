"""Time, processor time and peak memory of one function in this process, and processes of their own to measure in."""

import contextlib
import gc
import importlib
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

THREAD_VARIABLES = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "RAYON_NUM_THREADS",
)
REPEAT_UNTIL_S, MOST_REPEATS = 1.0, 5
"""Short runs are repeated until they took this long together, and the quickest counts."""


@dataclass(frozen=True)
class Measurement:
    """What one function took.

    Attributes:
        wall_s: Seconds.
        cpu_s: Seconds of processor time on all threads.
        peak_bytes: Memory at its highest, beyond what was in use before.
        runs: How often it ran; the least times count.
    """

    wall_s: float
    cpu_s: float
    peak_bytes: int
    runs: int


def measure(function: Callable[[], Any]) -> tuple[Any, Measurement]:
    """Run once for memory, and again where that was short."""
    gc.collect()
    before = memory_in_use()
    reset_peak()
    result, wall, cpu = timed(function)
    peak = max(peak_memory() - before, 0)
    walls, cpus = [wall], [cpu]
    while sum(cpus) < REPEAT_UNTIL_S and len(cpus) < MOST_REPEATS:
        _, wall, cpu = timed(function)
        walls.append(wall)
        cpus.append(cpu)
    return result, Measurement(min(walls), min(cpus), peak, len(cpus))


def timed(function: Callable[[], Any]) -> tuple[Any, float, float]:
    """The result, seconds, and seconds of processor time."""
    wall, cpu = time.perf_counter(), time.process_time()
    result = function()
    return result, time.perf_counter() - wall, time.process_time() - cpu


def memory_in_use() -> int:
    """Bytes of this process that are in memory."""
    return _of_status("VmRSS") or peak_memory()


def peak_memory() -> int:
    """The most there were, since `reset_peak` where the system can do that."""
    unit = 1 if sys.platform == "darwin" else 1024
    return _of_status("VmHWM") or resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def reset_peak() -> None:
    """Let the peak start anew: compilation may have taken more than what is to be measured."""
    if sys.platform == "linux":
        with contextlib.suppress(PermissionError):  # some containers refuse; then the peak is that since the start
            Path("/proc/self/clear_refs").write_text("5")


def _of_status(name: str) -> int:
    if sys.platform != "linux":
        return 0
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name + ":"))


def in_own_process(module: str, job: dict[str, Any], threads: int, timeout_s: float = 3600) -> dict[str, Any]:
    """Run `python -m module JOB.json RESULT.json` with that many threads, and return the result."""
    with tempfile.TemporaryDirectory() as folder:
        job_file, result_file = Path(folder) / "job.json", Path(folder) / "result.json"
        job_file.write_text(json.dumps(job))
        command = [sys.executable, "-m", module, str(job_file), str(result_file)]
        environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(threads))
        root = Path(__file__).parents[1]
        done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True, timeout=timeout_s)
        if done.returncode != 0:
            lines = done.stderr.strip().splitlines()
            return {"error": lines[-1] if lines else f"ended with {done.returncode}"}
        result: dict[str, Any] = json.loads(result_file.read_text())
        return result


def peer(package: str) -> Any:
    """Its module, or None and a line that says what to install."""
    try:
        return importlib.import_module(package.replace("-", "_"))
    except ImportError as error:
        print(f"{package} is left out: {not_available(package, error)}", file=sys.stderr)
        return None


def not_available(package: str, error: ImportError) -> str:
    """Why a peer takes no part, and what helps."""
    return f"{error}; pip install {package}"


def machine() -> dict[str, Any]:
    """The kind of machine and the date."""
    model = platform.processor() or platform.machine()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((line.split(":")[1].strip() for line in lines if line.startswith("model name")), model)
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "processor": model,
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def versions(packages: Sequence[str]) -> dict[str, str]:
    """Package -> version, or 'not installed'."""
    found = {}
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def as_dict(measurement: Measurement) -> dict[str, Any]:
    """For JSON."""
    return asdict(measurement)
