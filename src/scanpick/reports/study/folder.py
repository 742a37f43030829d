"""A study's folder as the report reads it: ``scores.csv``, ``picks.csv``, ``study.yaml``, ``plan.json``.

Only ``scores.csv`` has to be there. A study that is still running, was killed, or was copied without its large files is
reported as far as it goes, and what is missing is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from scanpick.errors import ScanpickError, unknown_name
from scanpick.reports.cells import read_cells
from scanpick.texts import parse_mapping, read_csv, read_json, read_sealed

T = TypeVar("T")

START, ALL = "start", "all"
"""What stands under strategy for the shared start and for the fully labelled pool."""

REFERENCE = "random"
"""The strategy that the others are compared with."""

_METRIC = re.compile(r".+_(bbox|aos|bev|3d)_[a-z]+_(R40|R11|exact)_[0-9.]+(@.+)?")
"""Class, what is matched, difficulty, average and overlap; after @ the evaluation set, where there are several."""

_CLASS = "boxes_"


@dataclass(frozen=True, order=True)
class Arm:
    """A strategy, or one variant of it.

    Attributes:
        strategy: What it is called.
        variant: "" or an entry of a grid, such as "delta=0.3".
    """

    strategy: str
    variant: str = ""

    def __str__(self) -> str:
        return f"{self.strategy} ({self.variant})" if self.variant else self.strategy


@dataclass(frozen=True)
class Score:
    """One line of ``scores.csv``: what was labelled, and what the detector trained on it reached.

    Attributes:
        seed: Repetition.
        round: 0 for the start.
        arm: Strategy and variant.
        frames: Labelled frames in training, the start included.
        boxes: Labelled objects; NaN where it is not given.
        cost: What they cost; NaN where it is not given.
        boxes_of: Class -> labelled objects.
        metrics: Metric -> percent; NaN where it is empty.
        texts: The line as it is.
    """

    seed: int
    round: int
    arm: Arm
    frames: float
    boxes: float
    cost: float
    boxes_of: Mapping[str, float]
    metrics: Mapping[str, float]
    texts: Mapping[str, str]


@dataclass(frozen=True)
class Pick:
    """One line of ``picks.csv``; numbers that are not given are NaN."""

    seed: int
    fold: str
    round: int
    arm: Arm
    rank: int
    frame_id: str
    sequence: str
    gain: float
    boxes: float
    cost: float
    score: float
    nearest_selected: str


@dataclass(frozen=True, eq=False)
class StudyFolder:
    """A study as it lies on disk.

    Attributes:
        path: The folder.
        name: What the study is called.
        metric: The metric that statistics are about.
        settings: ``study.yaml``.
        plan: ``plan.json``.
        scores: The lines of ``scores.csv``.
        picks: The lines of ``picks.csv``.
        trainings: The lines of ``trainings.csv``, as texts.
        missing: What of this is not there, in words.
    """

    path: Path
    name: str
    metric: str
    settings: Mapping[str, Any]
    plan: Mapping[str, Any]
    scores: tuple[Score, ...]
    picks: tuple[Pick, ...]
    trainings: tuple[Mapping[str, str], ...]
    missing: tuple[str, ...] = field(default=())

    @property
    def metrics(self) -> list[str]:
        """Every metric of ``scores.csv``, in its order."""
        return list(dict.fromkeys(name for score in self.scores for name in score.metrics))


def read_study(path: Path, metric: str | None = None) -> StudyFolder:
    """Read a study's folder.

    Args:
        path: The folder.
        metric: The metric that statistics are about; by default the study's primary one.

    Raises:
        ScanpickError: It holds no ``scores.csv``, a file in it is damaged, or the metric is unknown.
    """
    if not (path / "scores.csv").is_file():
        raise ScanpickError(
            f"{path}: expected the folder of a study with its scores.csv, got none. Run one with: scanpick study CONFIG"
        )
    missing: list[str] = []
    settings = _optional(path / "study.yaml", _read_settings, "its settings", missing)
    plan = _optional(path / "plan.json", read_json, "", [])
    picks = _optional(path / "picks.csv", _read_picks, "what was picked", missing)
    trainings = _optional(path / "trainings.csv", _read_rows, "its single trainings", missing)
    scores = _read_scores(path / "scores.csv")
    known = list(dict.fromkeys(name for score in scores for name in score.metrics))
    # The first that the study asked for, where it names none; a study that has not evaluated yet has no columns.
    settings = settings or {}
    asked = [name for name in settings.get("metrics") or () if name in known] or known
    wanted = metric or str(settings.get("primary_metric") or (asked[0] if asked else ""))
    if scores and wanted not in known:
        raise unknown_name("metric", wanted, known)
    names = {score.texts.get("study", "") for score in scores} - {""}
    name = str(settings.get("name") or (names.pop() if len(names) == 1 else path.resolve().name))
    return StudyFolder(path, name, wanted, settings, plan or {}, scores, picks or (), trainings or (), tuple(missing))


def _optional(path: Path, read: Callable[[Path], T], what: str, missing: list[str]) -> T | None:
    if path.is_file():
        return read(path)
    missing.append(f"There is no {path.name}: {what} cannot be shown.")
    return None


def _read_rows(path: Path) -> tuple[Mapping[str, str], ...]:
    return tuple(read_csv(path))


def _read_scores(path: Path) -> tuple[Score, ...]:
    scores: dict[tuple[int, int, Arm], Score] = {}
    for cells in read_cells(path):
        row = cells.row
        score = Score(
            seed=cells.whole("seed"),
            round=cells.whole("round"),
            arm=Arm(cells.text("strategy"), row.get("variant", "")),
            frames=cells.number("frames"),
            boxes=cells.number("boxes"),
            cost=cells.number("cost"),
            boxes_of={name.removeprefix(_CLASS): cells.number(name) for name in row if name.startswith(_CLASS)},
            metrics={name: cells.number(name) for name in row if _METRIC.fullmatch(name)},
            texts=row,
        )
        key = (score.seed, score.round, score.arm)
        if scores.setdefault(key, score) is not score:
            raise ScanpickError(f"{path}: expected one line for {score.arm}, seed {score.seed}, round {score.round}.")
    return tuple(scores.values())


def _read_picks(path: Path) -> tuple[Pick, ...]:
    return tuple(
        Pick(
            seed=cells.whole("seed"),
            fold=cells.row.get("fold", ""),
            round=cells.whole("round"),
            arm=Arm(cells.text("strategy"), cells.row.get("variant", "")),
            rank=cells.whole("rank"),
            frame_id=cells.text("frame_id"),
            sequence=cells.row.get("sequence", ""),
            gain=cells.number("gain"),
            boxes=cells.number("boxes"),
            cost=cells.number("cost"),
            score=cells.number("score"),
            nearest_selected=cells.row.get("nearest_selected", ""),
        )
        for cells in read_cells(path)
    )


def _read_settings(path: Path) -> Mapping[str, Any]:
    return parse_mapping(read_sealed(path), str(path))
