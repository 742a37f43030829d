"""One contestant in a process of its own, with its own memory: `python -m benchmarks.one_contestant JOB RESULT`.

The job is {"task", "contestant", "threads", "data": file, "limit_s", "runs": [{"rows", "count", "options"}]}, and the
result {"runs": [{"wall_s", "cpu_s", "peak_bytes", "runs", "share", "found": {...}}]} in the same order, up to the first
that took longer than the limit; or {"missing": why} where something is not installed.
"""

import json
import sys
import warnings
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.contestants import Contestant, contestant
from benchmarks.measuring import as_dict, measure, not_available


def run_job(job: dict[str, Any]) -> dict[str, Any]:
    who = contestant(job["task"], job["contestant"])
    try:
        warm_up(who, job)
    except ImportError as error:
        return {"missing": not_available(who.package, error)}
    done: list[dict[str, Any]] = []
    for run in job["runs"]:
        if done and done[-1]["cpu_s"] > job["limit_s"]:
            break
        done.append(measured(who, first_rows(job["data"], run["rows"]), run, job["threads"]))
    return {"runs": done}


def first_rows(path: str, rows: int) -> np.ndarray:
    """Copied, so that no page of the file counts as memory in use."""
    return np.array(np.load(path, mmap_mode="r")[:rows])


def warm_up(who: Contestant, job: dict[str, Any]) -> None:
    """Import and compile."""
    X = first_rows(job["data"], who.warm[0])
    who.run(X, min(who.warm[1], len(X) // 2), job["threads"], job["runs"][0]["options"])


def measured(who: Contestant, X: np.ndarray, run: dict[str, Any], threads: int) -> dict[str, Any]:
    found, taken = measure(lambda: who.run(X, run["count"], threads, run["options"]))
    share = found.pop("share", 1.0)
    times = {"wall_s": taken.wall_s / share, "cpu_s": taken.cpu_s / share, "share": share}
    return {**as_dict(taken), **times, "found": {name: np.asarray(value).tolist() for name, value in found.items()}}


def main() -> None:
    warnings.simplefilter("ignore")  # of peers, on numpy's newer versions
    job = json.loads(Path(sys.argv[1]).read_text())
    Path(sys.argv[2]).write_text(json.dumps(run_job(job)))


if __name__ == "__main__":
    main()
