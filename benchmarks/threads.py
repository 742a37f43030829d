"""Training and point kernels on one thread and on more, on an idle machine and beside processes that never rest.

python -m benchmarks.threads [--threads 1 2] [--busy 0 1 2] [--only NAME ...] [--rounds 3] [--json FILE]

Every measurement is a process of its own. The numbers of threads take turns, `--rounds` times, and the median counts:
on a machine where other work comes and goes, all of them meet the same of it.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measuring import in_own_process, machine, versions

WORK = ("pillar-nano", "3dssd-nano", "kernels")
SPIN = "while True: pass"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--busy", nargs="+", type=int, default=[0, 1, 2], help="processes that run beside it")
    parser.add_argument("--only", nargs="+", choices=WORK, default=WORK, help="a detector's training, or kernels")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20, help="of a training, after five that are not counted")
    parser.add_argument("--json", type=Path, help="write the numbers here")
    arguments = parser.parse_args()
    found = []
    for work in arguments.only:
        for busy in arguments.busy:
            with busy_processes(busy):
                found.append(measure(work, arguments.threads, arguments.steps, arguments.rounds) | {"busy": busy})
            print(json.dumps(found[-1]), flush=True)
    if arguments.json:
        numbers = {"machine": machine(), "versions": versions(["torch", "numba", "numpy"]), "runs": found}
        arguments.json.write_text(json.dumps(numbers, indent=1) + "\n")


def measure(work: str, threads: list[int], steps: int, rounds: int) -> dict[str, Any]:
    """Median seconds of each number of threads."""
    runs: dict[int, list[float]] = {count: [] for count in threads}
    for _ in range(rounds):
        for count in threads:
            done = in_own_process("benchmarks.one_thread_count", {"work": work, "steps": steps}, count)
            if "error" in done:
                return {"work": work, "threads": count, **done}
            runs[count].append(done["seconds"])
    return {"work": work, "seconds": {count: median(seconds) for count, seconds in runs.items()}}


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Processes that take what they can get of a core each, for as long as the block runs."""
    processes = [subprocess.Popen([sys.executable, "-c", SPIN]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
