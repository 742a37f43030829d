"""What a study stands on before its first training: frames, labels, folds and embeddings."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from scanpick.encoders import Encoder
from scanpick.errors import ScanpickError
from scanpick.formats.frame_ids import read_frame_ids
from scanpick.structures import EmbeddingTable
from scanpick.structures.checks import name_some
from scanpick.structures.class_names import check_any_of
from scanpick.studies.config import StudyConfig
from scanpick.studies.data import JoinedDataset, open_data
from scanpick.studies.pool_embedding import embed_pool
from scanpick.studies.splits import Fold, folds_of
from scanpick.studies.survey import Survey, survey
from scanpick.workspace.encoders import encoder_named
from scanpick.workspace.reading import Progress, no_progress


@dataclass(frozen=True, eq=False)
class Preparation:
    """The frames of a study, ready to be selected from.

    Attributes:
        dataset: Where frames are read.
        survey: What is in them.
        folds: The divisions into pool and evaluation; pools hold frames with a vector in every embedding only.
        embeddings: Name of the embedding -> vectors of all pool frames.
        given_start: The frames of the given start; None where it is random.
    """

    dataset: JoinedDataset
    survey: Survey
    folds: tuple[Fold, ...]
    embeddings: Mapping[str, EmbeddingTable]
    given_start: tuple[str, ...] | None


def prepare(config: StudyConfig, folder: Path, *, workers: int, progress: Progress = no_progress) -> Preparation:
    """Read and embed the frames of a study, or take what an earlier run left.

    Raises:
        ScanpickError: A data set or a split does not fit, or a pool is too small for the start and the rounds.
    """
    # Wrong names and options show before hours of reading
    encoders = {name: encoder_named(one.name, one.options) for name, one in config.embeddings().items()}
    dataset = open_data(config.data)
    # 1. Read every frame and its labels, and encode what the split will most likely let be labelled
    expected: set[str] = set()
    with contextlib.suppress(ScanpickError):  # if it stands without the frames that cannot be used, it is told below
        expected = {frame_id for fold in folds_of(dataset, config.split, dataset.records) for frame_id in fold.pool}
    surveyed = survey(dataset, folder, encoders=encoders, encoded=expected, workers=workers, progress=progress)
    usable = [record for record, ok in zip(surveyed.frames.records, surveyed.frames.usable, strict=True) if ok]
    if not usable:
        reasons = name_some(list(surveyed.frames.set_aside.values()), 1)
        raise ScanpickError(f"None of the {len(surveyed.frames)} frames can be used: {reasons}")
    objects = sum((Counter(surveyed.counts[record.frame_id]) for record in usable), Counter[str]())
    check_any_of(objects, config.classes, f"the study's {len(usable)} frames")
    # 2. Divide them into pool and evaluation
    folds = folds_of(dataset, config.split, usable)
    # 3. Embed what may be labelled, and nothing else; most vectors are there
    in_pools = {frame_id for fold in folds for frame_id in fold.pool}
    embeddings = {
        name: _embed(dataset, encoder, surveyed, in_pools, folder / "embeddings" / name, workers, progress)
        for name, encoder in encoders.items()
    }
    embedded = in_pools.intersection(*(set(table.frame_ids) for table in embeddings.values()))
    folds = [replace(fold, pool=tuple(one for one in fold.pool if one in embedded)) for fold in folds]
    start = None if config.start.file is None else tuple(read_frame_ids(config.start.file))
    for fold in folds:
        _check_size(config, fold, start)
    return Preparation(dataset, surveyed, tuple(folds), embeddings, start)


def _embed(
    dataset: JoinedDataset,
    encoder: Encoder,
    surveyed: Survey,
    wanted: set[str],
    folder: Path,
    workers: int,
    progress: Progress,
) -> EmbeddingTable:
    ids = [frame_id for frame_id in surveyed.frames.frame_ids if frame_id in wanted]
    return embed_pool(dataset, encoder, surveyed.frames, ids, folder, workers=workers, progress=progress)


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
