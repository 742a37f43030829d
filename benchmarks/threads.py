"""Training and point kernels on one thread and on more, on an idle machine and beside processes that never rest.

python -m benchmarks.threads [--threads 1 2] [--busy 0 1 2] [--only NAME ...] [--rounds 3] [--spin] [--json FILE]

Every measurement is a process of its own. The numbers of threads take turns, `--rounds` times, and the median counts:
on a machine where other work comes and goes, all of them meet the same of it.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measuring import in_own_process, machine, versions

WORK = ("pillar-nano", "3dssd-nano", "kernels")
POLICY = "OMP_WAIT_POLICY"
NEVER_REST = "while True: pass"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--busy", nargs="+", type=int, default=[0, 1, 2], help="processes that run beside it")
    parser.add_argument("--only", nargs="+", choices=WORK, default=WORK, help="a detector's training, or kernels")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20, help="of a training, after five that are not counted")
    parser.add_argument("--spin", action="store_true", help="also with threads that wait as OpenMP has it by default")
    parser.add_argument("--json", type=Path, help="write the numbers here")
    asked = parser.parse_args()
    found = []
    for work in asked.only:
        for busy in asked.busy:
            with busy_processes(busy):
                found.append({"work": work, "busy": busy, **measure(work, asked)})
            print(json.dumps(found[-1]), flush=True)
    if asked.json:
        numbers = {"machine": machine(), "versions": versions(["torch", "numba", "numpy"]), "runs": found}
        asked.json.write_text(json.dumps(numbers, indent=1) + "\n")


def measure(work: str, asked: argparse.Namespace) -> dict[str, Any]:
    """Median seconds of a step, for each number of threads."""
    job = {"work": work, "steps": asked.steps}
    runs: dict[str, list[float]] = {}
    for _ in range(asked.rounds):
        for threads in asked.threads:
            for spin in (False, True) if asked.spin and threads > 1 else (False,):
                # As the program sets it; OpenMP's own default is neither of its two words.
                os.environ.pop(POLICY, None) if spin else os.environ.update({POLICY: "PASSIVE"})
                done = in_own_process("benchmarks.one_thread_count", job, threads)
                if "error" in done:
                    return done
                runs.setdefault(f"{threads}, spinning" if spin else str(threads), []).append(done["seconds"])
    return {"seconds": {name: median(seconds) for name, seconds in runs.items()}}


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Processes that take what they can get of a core each, for as long as the block runs."""
    processes = [subprocess.Popen([sys.executable, "-c", NEVER_REST]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
