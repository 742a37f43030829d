"""What a study stands on before its first training: a pool folder with frames, labels and embeddings, and folds."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.datasets import Dataset
from scanpick.errors import ScanpickError
from scanpick.files import sha256_of_text
from scanpick.formats.frame_ids import read_frame_ids
from scanpick.labels import count_objects
from scanpick.structures import EmbeddingTable, Labels
from scanpick.structures.checks import name_some
from scanpick.structures.class_names import check_any_of
from scanpick.studies.config import StudyConfig
from scanpick.studies.data import open_data
from scanpick.studies.splits import Fold, folds_of
from scanpick.workspace.embed import embed
from scanpick.workspace.encoders import encoder_named
from scanpick.workspace.frame_table import FrameTable
from scanpick.workspace.index import check_apart, check_same_dataset, index_frames
from scanpick.workspace.labels import LabelledPool, LabelTable, read_label_table
from scanpick.workspace.reading import Progress, fingerprint_of, no_progress
from scanpick.workspace.workspace import Workspace

POOL = "pool"
"""The folder of a study's frames, in the study's folder where the user names no other."""


@dataclass(frozen=True, eq=False)
class Preparation:
    """The frames of a study, ready to be selected from.

    Attributes:
        dataset: Where frames and their labels are read.
        frames: The frames.
        set_aside: Frame id -> why a frame cannot be used: its points, its labels, or the same points as another's.
        counts: Usable frame id -> class -> number of labelled objects.
        digests: Usable frame id -> hex digest of its points and labels.
        folds: The divisions into pool and evaluation; pools hold frames with a vector in every embedding only.
        embeddings: Name of the embedding -> vectors of all pool frames.
        given_start: The frames of the given start; None where it is random.
    """

    dataset: Dataset
    frames: FrameTable
    set_aside: Mapping[str, str]
    counts: Mapping[str, Mapping[str, int]]
    digests: Mapping[str, str]
    folds: tuple[Fold, ...]
    embeddings: Mapping[str, EmbeddingTable]
    given_start: tuple[str, ...] | None

    def digest_of(self, frame_ids: Iterable[str]) -> str:
        """One digest of these frames' points and labels."""
        return sha256_of_text("\n".join(f"{one}\t{self.digests[one]}" for one in sorted(frame_ids)))


def prepare(config: StudyConfig, pool: Workspace, *, workers: int, progress: Progress = no_progress) -> Preparation:
    """Read and embed the frames of a study into a pool, or take what is there.

    Raises:
        ScanpickError: A data set or a split does not fit, or a pool is too small for the start and the rounds.
    """
    # Wrong names and options show before hours of reading
    encoders = {name: encoder_named(one.name, one.options) for name, one in config.embeddings().items()}
    source, dataset = open_data(config.data)
    check_apart(source, pool.path)
    if config.pool is not None:
        check_same_dataset(pool, source, dataset)
    # 1. Read every frame and its labels, and encode what the split will most likely let be labelled
    expected: frozenset[str] = frozenset()
    with contextlib.suppress(ScanpickError):  # if it stands without the frames that cannot be used, it is told below
        folds = folds_of(dataset, config.split, dataset.records)
        expected = frozenset(frame_id for fold in folds for frame_id in fold.pool)
    making = list(encoders.values())
    index_frames(pool, source, dataset, encoders=making, only=expected, labels=True, workers=workers, progress=progress)
    frames, labels = pool.frames(), read_label_table(pool.labels_path)
    set_aside = _set_aside(frames, labels)
    usable = [record for record in dataset.records if record.frame_id not in set_aside]
    if not usable:
        raise ScanpickError(f"None of the {len(frames)} frames can be used: {next(iter(set_aside.values()))}")
    counts = {record.frame_id: count_objects(labels.labels[record.frame_id]) for record in usable}
    check_any_of(sum(map(Counter, counts.values()), Counter()), config.classes, f"the study's {len(usable)} frames")
    # 2. Divide them into pool and evaluation
    folds = folds_of(dataset, config.split, usable)
    # 3. Embed what may be labelled, and nothing else; most vectors are there
    in_pools = {frame_id for fold in folds for frame_id in fold.pool}
    embeddings = {
        name: embed(pool, encoder, name=name, only=in_pools, workers=workers, progress=progress)
        for name, encoder in encoders.items()
    }
    embedded = in_pools.intersection(*(table.frame_ids for table in embeddings.values()))
    folds = [replace(fold, pool=tuple(one for one in fold.pool if one in embedded)) for fold in folds]
    start = None if config.start.file is None else tuple(read_frame_ids(config.start.file))
    for fold in folds:
        _check_size(config, fold, start)
    digests = {one: f"{labels.contents[one]}-{_digest(labels.labels[one])}" for one in counts}
    labelled = LabelledPool(dataset, labels)
    return Preparation(labelled, frames, set_aside, counts, digests, tuple(folds), embeddings, start)


def pool_of_study(config: StudyConfig, folder: Path) -> Workspace:
    """The pool of the study in a folder.

    Raises:
        ScanpickError: The folder holds a study of an older scanpick, whose frames lie elsewhere.
    """
    if (folder / "labels.json").is_file():
        raise ScanpickError(
            f"{folder} holds a study of an older scanpick, whose frames lie in the folder itself and not in {POOL}. "
            f"Its tables can still be read and reported; give this run another folder: `out=...`"
        )
    return Workspace(config.pool or folder / POOL)


def _set_aside(frames: FrameTable, labels: LabelTable) -> dict[str, str]:
    """Frame id -> why; of frames with the same points all but the first, which would be paid for twice."""
    found, first = dict(frames.set_aside), dict[str, str]()
    for frame_id, content in zip(frames.frame_ids, frames.contents, strict=True):
        if frame_id in found:
            continue
        if frame_id not in labels.labels:
            found[frame_id] = labels.problems.get(frame_id, "labels: The frame has no labels.")
        elif first.setdefault(content, frame_id) != frame_id:
            found[frame_id] = f"double: The frame has the same points as {first[content]}."
    return found


def _digest(labels: Labels) -> str:
    """A hex digest of all that training and evaluation read of labels."""
    parts: list[Any] = [labels.boxes.class_names.tolist(), labels.boxes.array.tolist()]
    if labels.camera_objects is not None:
        parts += [np.asarray(value).tolist() for value in vars(labels.camera_objects).values() if value is not None]
    return fingerprint_of(parts)


def _check_size(config: StudyConfig, fold: Fold, start: tuple[str, ...] | None) -> None:
    where = f"The pool of fold {fold.name}" if fold.name else "The pool"
    if start is not None:
        strangers = sorted(set(start) - set(fold.pool))
        if strangers:
            raise ScanpickError(
                f"{where} lacks {len(strangers)} frames of the start: {name_some(strangers)}. "
                f"It has frames such as {name_some(fold.pool, 3)}."
            )
    first = config.start.count(len(fold.pool)) if start is None else len(start)
    added = sum(int(budget.amount) for budget in config.budgets if budget.unit == "frames")
    if first + added > len(fold.pool):
        raise ScanpickError(
            f"{where} has {len(fold.pool)} usable frames, but the start takes {first} and the rounds add {added}. "
            f"Lower start or rounds."
        )
