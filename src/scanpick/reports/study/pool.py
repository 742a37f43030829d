"""The frames that a study could pick from, where its folder still holds them: drives, vectors, points and labels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Int64Array
from scanpick.datasets import Dataset
from scanpick.errors import ScanpickError
from scanpick.formats.predictions import read_predictions
from scanpick.options import build_checked
from scanpick.reports.redundancy import time_neighbours
from scanpick.reports.study.folder import START, Arm, Pick, StudyFolder
from scanpick.structures import FrameRecord
from scanpick.workspace.workspace import Workspace


@dataclass(frozen=True, eq=False)
class StudyPool:
    """The frames of a study's pools.

    Attributes:
        records: N frames that were in some fold's pool, in the order of the data.
        values: (N, D) float32 vectors, or None.
        embedding: Name of the embedding, "" without one.
        evaluated: Fold -> ids of the frames that it evaluates, which its pool does not hold.
        missing: What is not there, in sentences.
    """

    records: tuple[FrameRecord, ...]
    values: Embeddings | None = None
    embedding: str = ""
    evaluated: Mapping[str, frozenset[str]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()

    @cached_property
    def row_of(self) -> dict[str, int]:
        """Frame id -> row."""
        return {record.frame_id: row for row, record in enumerate(self.records)}

    @cached_property
    def neighbours(self) -> Int64Array:
        """(N, 2) rows of the frames before and after each in time, -1 where there is none."""
        return time_neighbours(self.records)

    def rows(self, picks: Sequence[Pick]) -> Int64Array:
        """Rows of picks; those that the pool does not know are left out."""
        return np.array([self.row_of[p.frame_id] for p in picks if p.frame_id in self.row_of], dtype=np.int64)

    def of_fold(self, fold: str) -> BoolArray:
        """(N,) bool: the frames that could be picked in a fold."""
        out = self.evaluated.get(fold, frozenset())
        return np.array([record.frame_id not in out for record in self.records], dtype=bool)


def read_pool(folder: StudyFolder) -> StudyPool:
    """What the study's folder holds of its frames; damaged files count as missing, and are named."""
    missing: list[str] = []
    try:
        pool = pool_of_study(folder)
        frames = Workspace.open(pool.path).frames()
    except (ScanpickError, OSError) as error:
        return StudyPool((), missing=(f"The frames of the pool are not known ({error}): no map, no redundancy.",))
    names = [str(name) for name in folder.plan.get("embeddings") or pool.embedding_names()]
    if not names:
        missing.append("The folder holds no embedding: no map, no distances.")
    for name in names[:1]:
        try:
            table = pool.embedding(name)
        except (ScanpickError, OSError) as error:
            missing.append(f"The embedding cannot be read ({error}): no map, no distances.")
            continue
        known = set(table.frame_ids)
        records = tuple(record for record in frames.records if record.frame_id in known)
        values = table.rows([record.frame_id for record in records])
        return StudyPool(records, values, name, _evaluated(folder), tuple(missing))
    records = tuple(record for record, usable in zip(frames.records, frames.usable, strict=True) if usable)
    return StudyPool(records, evaluated=_evaluated(folder), missing=tuple(missing))


def pool_of_study(folder: StudyFolder) -> Workspace:
    """The pool folder of a study, be it there or not."""
    return Workspace(folder.path / str(folder.plan.get("pool", "pool")))


def training_folder(folder: StudyFolder, seed: int, fold: str, number: int, arm: Arm) -> Path | None:
    """Where a training's files are; None where it is not done, or its files are not there."""
    arm = Arm(START) if number == 0 else arm
    wanted = (seed, fold, number, arm.strategy, arm.variant)
    for one in folder.plan.get("trainings") or ():
        here = (one.get("seed"), str(one.get("fold", "")), one.get("round"), one.get("strategy"), one.get("variant"))
        if here == wanted and one.get("folder"):
            path = folder.path / str(one["folder"])
            return path if path.is_dir() else None
    return None


def open_dataset_of(folder: StudyFolder) -> Dataset | ScanpickError:
    """The study's data, or why it cannot be opened."""
    from scanpick.studies.data import DataConfig, open_data

    sources = folder.settings.get("data")
    if not isinstance(sources, list) or not sources:
        return ScanpickError("study.yaml does not say where the data are.")
    try:
        # Of the settings these alone: a detector that is not installed here does not matter to pictures.
        return open_data([build_checked(DataConfig, dict(one), "the study's data") for one in sources])[1]
    except (ScanpickError, OSError, TypeError, ValueError) as error:
        return error if isinstance(error, ScanpickError) else ScanpickError(str(error))


def _evaluated(folder: StudyFolder) -> dict[str, frozenset[str]]:
    """Fold -> frames of which the start's detector of some seed left predictions."""
    found = {}
    for fold in dict.fromkeys(pick.fold for pick in folder.picks):
        seeds = dict.fromkeys(pick.seed for pick in folder.picks if pick.fold == fold)
        for seed in seeds:
            trained = training_folder(folder, seed, fold, 0, Arm(START))
            path = None if trained is None else trained / "predictions.parquet"
            if path is not None and path.is_file():
                found[fold] = frozenset(read_predictions(path))
                break
    return found
