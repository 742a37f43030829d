"""The scores of a study's folder, each strategy's over its seeds."""

from __future__ import annotations

from pathlib import Path
from statistics import mean, stdev
from typing import Any

from scanpick.studies.study import read_study
from scanpick.texts import parsing, read_csv


def mean_scores(folder: Path) -> tuple[str, list[dict[str, Any]]]:
    """The primary metric, and for each round, strategy and variant its mean and deviation over seeds.

    Raises:
        ScanpickError: The folder is no study's, or its ``scores.csv`` is missing or damaged.
    """
    metric = read_study(folder).primary
    lines = read_csv(folder / "scores.csv", ("round", "strategy", "variant", "frames", "boxes", "cost", metric))
    found = []
    with parsing(str(folder / "scores.csv"), "numbers"):
        groups: dict[tuple[int, str, str], list[dict[str, str]]] = {}
        for row in lines:
            groups.setdefault((int(row["round"]), row["strategy"], row["variant"]), []).append(row)
        for (number, strategy, variant), rows in sorted(groups.items(), key=lambda item: item[0][0]):
            values = [float(row[metric]) for row in rows]
            found.append(
                {
                    "round": number,
                    "strategy": strategy,
                    "variant": variant,
                    "seeds": len(rows),
                    **{name: mean(float(row[name]) for row in rows) for name in ("frames", "boxes", "cost")},
                    metric: mean(values),
                    "deviation": stdev(values) if len(values) > 1 else None,
                }
            )
    return metric, found
