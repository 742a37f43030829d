"""The tables of docs/results/probes.md between two marks, from folders that ``scanpick probe --out`` wrote.

::

    python -m benchmarks.probes keep RUN docs/results/probes/NAME    take over the files that the tables are made from
    python -m benchmarks.probes write                                write the tables
"""

import csv
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from scanpick.errors import ScanpickError
from scanpick.files import write_text
from scanpick.reports.probes import SUMMARY, Column

RESULTS, PAGE = Path("docs/results/probes"), Path("docs/results/probes.md")
BEGIN, END = "<!-- probes: begin -->", "<!-- probes: end -->"
KEPT = ("scores.csv", "differences.csv", "probe.json")
DETECTION = SUMMARY[0]

Row = dict[str, str]


def keep(run: Path, folder: Path) -> None:
    """Copy what the tables need; what is told of single frames stays where it is."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in KEPT:
        shutil.copyfile(run / name, folder / name)
    shutil.copyfile(run / "probes.svg", Path("docs/images") / f"probes-{folder.name}.svg")


def write(results: Path = RESULTS, page: Path = PAGE) -> None:
    """Write the tables of all folders into the page."""
    folders = sorted(path.parent for path in results.glob("*/scores.csv"))
    if not folders:
        raise ScanpickError(f"{results}: expected folders with scores.csv, found none.")
    text = page.read_text(encoding="utf-8")
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ScanpickError(f"{page}: expected the marks {BEGIN} and {END}.")
    made = "\n\n".join(section(folder) for folder in folders)
    write_text(page, f"{before}{BEGIN}\n\n{made}\n\n{END}{after}")


def section(folder: Path) -> str:
    """One data set: what it is, scores, targets, differences, what is missing."""
    facts = json.loads((folder / "probe.json").read_text(encoding="utf-8"))
    scores = _read(folder / "scores.csv")
    parts = [
        f"### {facts['data'].partition(':')[0] if 'simulated' not in facts['data'] else 'simulated:drives'}",
        f"{facts['data']}. {facts['frames']} frames of {facts['drives']} drives; scanpick {facts['scanpick']}, "
        f"seed {facts['plan']['settings']['seed']}, {facts['plan']['settings']['replicates']} draws.",
        score_table(scores, [column for column in SUMMARY if _has(scores, column.key)]),
    ]
    keys = dict.fromkeys((s["probe"], s["target"], s["metric"]) for s in scores if s["probe"] in ("ridge", "knn"))
    if keys:
        targets = [Column(f"{target}, {probe}", (probe, target, metric)) for probe, target, metric in keys]
        parts += ["R2 of each target:", score_table(scores, targets)]
    if _has(scores, DETECTION.key):
        parts += [
            "Differences of the detection-related mean, row less column, paired by draws:",
            difference_table(_read(folder / "differences.csv"), list(facts["embeddings"])),
        ]
    told = [*facts["notes"], *(f"Left out: {name}: {reason}." for name, reason in facts["left_out"].items())]
    if facts["set_aside"]:
        told.append(f"{len(facts['set_aside'])} frames were set aside.")
    if told:
        parts.append("\n".join(f"- {line}" for line in told))
    return "\n\n".join(parts)


def score_table(scores: list[Row], columns: list[Column]) -> str:
    """Scores in rows, embeddings in columns."""
    names = list(dict.fromkeys(row["embedding"] for row in scores))
    by_key = {(row["embedding"], row["probe"], row["target"], row["metric"]): row for row in scores}
    lines = []
    for column in columns:
        found = [by_key.get((name, *column.key)) for name in names]
        best = max(float(row["value"]) for row in found if row is not None)
        chance = next(row["chance"] for row in found if row is not None)
        title = column.title + (f" (chance {float(chance):.2f})" if chance and float(chance) else "")
        lines.append([title, *(_cell(row, best) for row in found)])
    return _markdown(["", *names], lines)


def difference_table(differences: list[Row], names: list[str]) -> str:
    """Each embedding less each other; bold where the interval leaves zero out."""
    found: dict[tuple[str, str], str] = {}
    for row in differences:
        if (row["probe"], row["target"], row["metric"]) != DETECTION.key:
            continue
        value, low, high = (float(row[key]) for key in ("difference", "low", "high"))
        found[row["one"], row["other"]] = _difference(value, low, high)
        found[row["other"], row["one"]] = _difference(-value, -high, -low)
    lines = [[one, *(found.get((one, other), "") for other in names)] for one in names]
    return _markdown(["", *names], lines)


def _difference(value: float, low: float, high: float) -> str:
    text = f"{value:+.3f} ({low:+.2f} to {high:+.2f})"
    return f"**{text}**" if low > 0 or high < 0 else text


def _cell(row: Row | None, best: float) -> str:
    if row is None:
        return ""
    value = f"{float(row['value']):.3f}"
    value = f"**{value}**" if float(row["value"]) == best else value
    return f"{value} ({float(row['low']):.2f} to {float(row['high']):.2f})"


def _has(scores: list[Row], key: tuple[str, str, str]) -> bool:
    return any((row["probe"], row["target"], row["metric"]) == key for row in scores)


def _markdown(header: list[str], lines: list[list[str]]) -> str:
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *lines])


def _read(path: Path) -> list[Row]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def main(arguments: list[Any]) -> None:
    match arguments:
        case ["keep", run, folder]:
            keep(Path(run), Path(folder))
        case ["write"]:
            write()
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
