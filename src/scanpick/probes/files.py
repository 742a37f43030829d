"""Every raw number of a probe run as CSV, and what it was run with as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from scanpick import __version__
from scanpick.errors import unknown_name
from scanpick.evaluation.probes import Difference, Score, difference
from scanpick.probes.probing import ProbeRun
from scanpick.texts import write_csv, write_json

Row = dict[str, Any]


def score_rows(run: ProbeRun) -> list[Row]:
    """A row for each embedding and score."""
    return [_score_row(name, score) for name, scores in run.probing.scores.items() for score in scores]


def difference_rows(run: ProbeRun, baseline: str | None = None) -> list[Row]:
    """A row for each pair of embeddings, or each against `baseline`, and each score that both have.

    Raises:
        ScanpickError: There is no such embedding as `baseline`.
    """
    return [
        {"one": one, "other": other, "probe": score.probe, "target": score.target, "metric": score.metric}
        | _difference_row(found)
        for one, other, score, found in differences(run, baseline)
    ]


def differences(run: ProbeRun, baseline: str | None = None) -> Iterator[tuple[str, str, Score, Difference]]:
    """One embedding, another, the one's score, and by how much it is better. See `difference_rows`."""
    names = list(run.probing.scores)
    if baseline is not None and baseline not in names:
        raise unknown_name("embedding", baseline, names)
    pairs = (
        [(later, earlier) for earlier, later in combinations(names, 2)]
        if baseline is None
        else [(name, baseline) for name in names if name != baseline]
    )
    for one, other in pairs:
        for score in run.probing.scores[one]:
            theirs = run.probing.score(other, score.key)
            if theirs is not None:
                yield one, other, score, difference(score, theirs)


def prediction_rows(run: ProbeRun) -> Iterator[Row]:
    """A row for each frame, target, embedding and predictor that predicted it."""
    targets = run.frames.targets
    for (name, predictor), predictions in run.probing.predictions.items():
        for column in run.probing.targets:
            for row in np.flatnonzero(np.isfinite(predictions.values[:, column])):
                yield {
                    "frame_id": run.frames.frame_ids[row],
                    "embedding": name,
                    "predictor": predictor,
                    "target": targets.names[column],
                    "truth": _number(targets.values[row, column]),
                    "predicted": _number(predictions.values[row, column]),
                    "mean": _number(predictions.means[row, column]),
                }


def frame_rows(run: ProbeRun) -> list[Row]:
    """A row for each frame."""
    frames = run.frames
    return [
        {
            "frame_id": frame_id,
            "sequence": frames.sequences[row],
            "time_s": _number(frames.times_s[row]),
            "group": run.probing.groups[row],
            **{name: _number(frames.targets.values[row, column]) for column, name in enumerate(frames.targets.names)},
        }
        for row, frame_id in enumerate(frames.frame_ids)
    ]


def facts(run: ProbeRun) -> dict[str, Any]:
    """What was run, on what, and what is missing."""
    return {
        "scanpick": __version__,
        "data": run.data,
        "frames": len(run.frames.frame_ids),
        "drives": len(np.unique(run.frames.sequences)),
        "groups": len(np.unique(run.probing.groups)),
        "embeddings": {name: dict(made) for name, made in run.made_by.items()},
        "plan": asdict(run.plan),
        "left_out": dict(run.probing.left_out),
        "notes": list(run.notes),
        "set_aside": dict(run.set_aside),
    }


def write_probe_files(run: ProbeRun, folder: Path, baseline: str | None = None) -> list[Path]:
    """Write ``scores.csv``, ``differences.csv``, ``predictions.csv``, ``frames.csv`` and ``probe.json``."""
    tables = {
        "scores": score_rows(run),
        "differences": difference_rows(run, baseline),
        "predictions": list(prediction_rows(run)),
        "frames": frame_rows(run),
    }
    written = [_write_csv(folder / f"{name}.csv", rows) for name, rows in tables.items() if rows]
    path = folder / "probe.json"
    write_json(path, facts(run))
    return [*written, path]


def _score_row(name: str, score: Score) -> Row:
    low, high = score.interval
    numbers = {"value": score.value, "low": low, "high": high, "chance": score.chance}
    return (
        {"embedding": name, "probe": score.probe, "target": score.target, "metric": score.metric}
        | {key: _number(value) for key, value in numbers.items()}
        | {"frames": score.frames}
    )


def _difference_row(found: Difference) -> Row:
    low, high = found.interval
    numbers = {"difference": found.value, "low": low, "high": high, "p_value": found.p_value}
    return {key: _number(value) for key, value in numbers.items()}


def _number(value: float) -> float | None:
    """Rounded to ten digits, so that a file does not depend on the last bits; None (an empty cell) for NaN."""
    return float(f"{value:.10g}") if np.isfinite(value) else None


def _write_csv(path: Path, rows: Sequence[Row]) -> Path:
    write_csv(path, list(rows[0]), rows)
    return path
