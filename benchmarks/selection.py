"""scanpick's selection beside other tools: time, memory and quality, on identical data, in one run.

    python -m benchmarks.selection [--only k_center,herding] [--threads 1,2] [--full] [--quick] [--json FILE]
    python -m benchmarks.selection --report FILE

With --only and a --json file that is there already, its other tasks are kept, each table with its own date.

Every contestant runs in a process of its own with the same data and number of threads, after a run on a few rows that
compiles; ours runs before and after the peers, and the least times of each count. Peers are in the extra `peers`.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.cases import BANDWIDTH, DIMENSIONS, NEIGHBOURS, Case, Series, cases, series
from benchmarks.contestants import CONTESTANTS, Contestant
from benchmarks.driving_data import FRAMES, typical_radius, write_data
from benchmarks.measuring import in_own_process, machine, versions
from benchmarks.picture import draw
from benchmarks.quality import agreement, quality
from benchmarks.report import print_case, write_report
from scanpick.files import write_text

AGAIN_UNTIL_S = 8.0
"""A contestant that took longer than this the first time is not run a second time."""

SERIES_LIMIT_S = 12.0
"""A series ends after a point that took longer than this."""

PEERS = ("lightly-mundig", "apricot-select", "scikit-activeml", "scikit-learn", "faiss-cpu")
PACKAGES = ("scanpick", "numpy", "numba", *PEERS)
DOCS = Path(__file__).parents[1] / "docs"

Record = dict[str, Any]


def main(arguments: list[str] | None = None) -> None:
    options = parse(arguments)
    if options.report:
        results = json.loads(options.report.read_text())
        write_report(results, DOCS / "results" / "benchmarks.md")
        draw(results, DOCS / "images")
        return
    for results in run(options):  # it grows: what is measured is kept if a later measurement is interrupted
        if options.json:
            options.json.parent.mkdir(parents=True, exist_ok=True)
            write_text(options.json, json.dumps(results, indent=1) + "\n")
    if options.pictures:
        draw(results, options.pictures)


def parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(CONTESTANTS), help="of " + ",".join(CONTESTANTS))
    parser.add_argument("--threads", help="numbers of threads, one after the other; by default 1, in full runs 1,2")
    parser.add_argument("--full", action="store_true", help="the large settings too: about 45 minutes, 6 GB of memory")
    parser.add_argument("--quick", action="store_true", help="tiny settings: does everything work?")
    parser.add_argument("--no-series", action="store_true", help="tables only, nothing for the picture")
    parser.add_argument("--json", type=Path, help="write the results here")
    parser.add_argument("--pictures", type=Path, help="draw the pictures into this folder")
    parser.add_argument("--report", type=Path, help="write docs/results/benchmarks.md from this, measure nothing")
    options = parser.parse_args(arguments)
    options.only = options.only.split(",")
    options.threads = [int(n) for n in (options.threads or ("1,2" if options.full else "1")).split(",")]
    if unknown := set(options.only) - set(CONTESTANTS):
        parser.error(f"--only: no task {', '.join(sorted(unknown))}; known: {', '.join(CONTESTANTS)}")
    return options


def run(options: argparse.Namespace) -> Iterator[Record]:
    """All results so far, after every table and every line of the picture."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    kept = others(options.json, options.only)
    results: Record = {"machine": machine(), "versions": versions(PACKAGES), **kept}
    results["limits"] = in_own_process("benchmarks.limits", {}, threads=1)
    yield results
    with tempfile.TemporaryDirectory() as folder:
        data = Data(Path(folder))
        for case in cases(options.only, full=options.full, quick=options.quick):
            # A second thread helps on unstructured data as it does on other data.
            for threads in options.threads if case.kind == "driving" else options.threads[:1]:
                results["tables"].append(measure_case(case, threads, data) | {"date": results["machine"]["date"]})
                print_case(results["tables"][-1], console)
                yield results
        for one in [] if options.no_series else series(options.only, quick=options.quick):
            for line in measure_series(one, options.threads[0], data, console):
                results["series"].append(line)
                yield results


def others(path: Path | None, tasks: list[str]) -> Record:
    """Tables and series of other tasks that a file holds."""
    if path is None or not path.is_file():
        return {"tables": [], "series": []}
    before = json.loads(path.read_text())
    dated = [{"date": before["machine"]["date"]} | table for table in before["tables"]]
    return {
        "tables": [table for table in dated if table["task"] not in tasks],
        "series": [line for line in before["series"] if line["task"] not in tasks],
    }


class Data:
    """Files with the rows of each kind, made when first needed: settings with fewer rows use the first ones."""

    LEAST_ROWS = 100_000

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._radius: dict[tuple[str, int], float] = {}

    def file(self, kind: str, rows: int) -> Path:
        """At least that many rows of it."""
        rows = max(rows, self.LEAST_ROWS) if rows > 20 * FRAMES else 20 * FRAMES
        path = self.folder / f"{kind}_{rows}.npy"
        if not path.is_file():
            write_data(path, kind, rows, DIMENSIONS)
        return path

    def options(self, kind: str, rows: int) -> Record:
        """Of the tasks that need any; found from the data, and the same for everybody."""
        if (kind, rows) not in self._radius:
            X = np.load(self.file(kind, rows), mmap_mode="r")[: min(rows, self.LEAST_ROWS)]
            self._radius[kind, rows] = typical_radius(X, NEIGHBOURS)
        return {"delta": self._radius[kind, rows], "bandwidth": BANDWIDTH}


def measure_case(case: Case, threads: int, data: Data) -> Record:
    """Ours, the peers, and once more who was quick: the least of the times."""
    path, options = data.file(case.kind, case.rows), data.options(case.kind, case.rows)
    runs = [{"rows": case.rows, "count": case.count, "options": options}]
    everybody = CONTESTANTS[case.task][: 1 if case.only_ours else None]
    taking_part = [who for who in everybody if who.name not in case.without]
    lines = [measured(case, who, threads, path, runs) for who in taking_part]
    for who, line in zip(taking_part, lines, strict=True):
        if line.get("cpu_s", np.inf) < AGAIN_UNTIL_S:
            again = measured(case, who, threads, path, runs)
            line |= {name: min(line[name], again[name]) for name in ("wall_s", "cpu_s")}
            line["runs"] += again["runs"]
    judge(case.task, lines, np.load(path, mmap_mode="r")[: case.rows], options)
    return {
        "name": case.name,
        "task": case.task,
        "kind": case.kind,
        "rows": case.rows,
        "dimensions": DIMENSIONS,
        "count": case.count,
        "threads": threads,
        "options": options,
        "lines": lines,
    }


def measured(case: Case, who: Contestant, threads: int, path: Path, runs: list[Record]) -> Record:
    """The first run as one flat record, or why there is none."""
    with Console(stderr=True).status(f"{case.name}, threads: {threads}: {who.name}"):
        result = contest(case.task, who, threads, path, runs, limit_s=np.inf)
    return {"contestant": who.name, **(result["runs"][0] if "runs" in result else result)}


def contest(task: str, who: Contestant, threads: int, path: Path, runs: list[Record], limit_s: float) -> Record:
    """In a process of its own."""
    job = {"task": task, "contestant": who.name, "threads": threads, "data": str(path), "runs": runs}
    return in_own_process("benchmarks.one_contestant", job | {"limit_s": limit_s}, threads)


def judge(task: str, lines: list[Record], X: np.ndarray, options: Record) -> None:
    """Put numbers for quality in the place of what was found; part of the work is not judged."""
    found = [line.pop("found", {}) for line in lines]
    found = [one if line.get("share", 1.0) == 1.0 else {} for line, one in zip(lines, found, strict=True)]
    for line, one in zip(lines, found, strict=True):
        line["quality"] = quality(task, X, one, options)
    for line, one in zip(lines[1:], found[1:], strict=True):
        line["agreement"] = agreement(found[0], one)


def measure_series(one: Series, threads: int, data: Data, console: Console) -> Iterator[Record]:
    """One line of a panel per contestant: every point in one process, up to the one that takes too long."""
    rows = max(rows for rows, _ in one.points)
    path, options = data.file("driving", rows), data.options("driving", rows)
    runs = [{"rows": rows, "count": count, "options": options} for rows, count in one.points]
    for who in CONTESTANTS[one.task]:
        if who.name in one.without:
            continue
        result = contest(one.task, who, threads, path, runs, SERIES_LIMIT_S)
        points = [
            {"rows": rows, "count": count, "cpu_s": run["cpu_s"]}
            for (rows, count), run in zip(one.points, result.get("runs", []), strict=False)
        ]
        seconds = ", ".join(f"{point['cpu_s']:.3g} s" for point in points)
        listed = seconds or result.get("missing") or result.get("error")
        console.print(f"{one.task} against {one.against}, {who.name}: {listed}", markup=False)
        yield {"task": one.task, "against": one.against, "contestant": who.name, "threads": threads, "points": points}


if __name__ == "__main__":
    main()
