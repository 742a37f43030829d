"""Which frames may be labelled, and which are evaluated: one fold, or several of whole drives."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from scanpick.datasets import Dataset
from scanpick.datasets.joined import Part
from scanpick.errors import ScanpickError
from scanpick.formats.frame_ids import read_frame_ids
from scanpick.structures import FrameRecord
from scanpick.structures.checks import check_known, name_some
from scanpick.studies.data import FilesSplit, FoldSplit, MetadataSplit, OfficialSplit, SplitConfig
from scanpick.texts import read_text


@dataclass(frozen=True)
class Fold:
    """One division of the frames.

    Attributes:
        name: "1", "2", ... of folds by drive, "" of any other split.
        pool: Ids of the frames that may be labelled, in the data set's order.
        evaluation: Ids of the frames that are evaluated.
        sets: Name -> those of them that are an evaluation set of their own; empty where all are one.
    """

    name: str
    pool: tuple[str, ...]
    evaluation: tuple[str, ...]
    sets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def folds_of(dataset: Dataset, split: SplitConfig, usable: Sequence[FrameRecord]) -> list[Fold]:
    """The folds of a study.

    Args:
        dataset: Where KITTI's lists are found.
        split: What is asked for.
        usable: The frames that can be used; others are left out of both sides.

    Raises:
        ScanpickError: A side is empty, a frame or a drive is on both, or a list cannot be read.
    """
    if isinstance(split, FoldSplit):
        return _by_drives(split, usable)
    pool, evaluation, may_share = _two_sides(dataset, split, usable)
    if not pool or not evaluation:
        empty = "pool" if not pool else "evaluation"
        raise ScanpickError(f"The split by {split.by}: no usable frame is in the {empty}.")
    both = sorted(set(pool) & set(evaluation))
    if both:
        raise ScanpickError(f"{len(both)} frames are both in the pool and evaluated: {name_some(both)}.")
    drive_of = {record.frame_id: record.sequence for record in usable}
    shared = sorted({drive_of[one] for one in pool} & {drive_of[one] for one in evaluation})
    if shared and not may_share:
        raise ScanpickError(
            f"{len(shared)} drives are on both sides of the split: {name_some(shared)}. Frames of one drive look "
            f"alike, so that evaluation would flatter. Split by drives, or allow it with allow_shared_drives."
        )
    return [Fold("", pool, evaluation, _sets(split, usable))]


def _sets(split: SplitConfig, usable: Sequence[FrameRecord]) -> dict[str, tuple[str, ...]]:
    """The evaluation sets where a split has several.

    Raises:
        ScanpickError: One has no usable frame.
    """
    if not isinstance(split, MetadataSplit) or len(split.evaluation) == 1:
        return {}
    sets = {name: _with_value(usable, split.column, (name,)) for name in split.evaluation}
    for name, frames in sets.items():
        if not frames:
            raise ScanpickError(f"The split by {split.by}: no usable frame is in the evaluation set '{name}'.")
    return sets


def _with_value(usable: Sequence[FrameRecord], column: str, wanted: Sequence[str]) -> tuple[str, ...]:
    return tuple(record.frame_id for record in usable if str(record.metadata.get(column, "")) in wanted)


def _two_sides(
    dataset: Dataset, split: MetadataSplit | FilesSplit | OfficialSplit, usable: Sequence[FrameRecord]
) -> tuple[tuple[str, ...], tuple[str, ...], bool]:
    if isinstance(split, MetadataSplit):
        values = {str(record.metadata.get(split.column, "")) for record in usable}
        if values == {""}:
            raise ScanpickError(f"The data set has no metadata column '{split.column}' to split by.")
        sides = [_with_value(usable, split.column, wanted) for wanted in ((split.pool,), split.evaluation)]
        return sides[0], sides[1], False
    if isinstance(split, FilesSplit):
        lists = [read_frame_ids(split.pool), read_frame_ids(split.evaluation)]
        known = {record.frame_id: record for record in dataset.records}
        for path, ids in zip((split.pool, split.evaluation), lists, strict=True):
            check_known("frames", ids, known, source=f"{path}: ")
        return _in_order(usable, lists[0]), _in_order(usable, lists[1]), split.allow_shared_drives
    lists = [_official_list(dataset, name) for name in (split.pool, split.evaluation)]
    for name, ids in zip((split.pool, split.evaluation), lists, strict=True):
        if not _in_order(usable, ids):  # most may be missing on disk, but not all
            check_known("frames", ids, [record.frame_id for record in usable], source=f"ImageSets/{name}.txt: ")
    return _in_order(usable, lists[0]), _in_order(usable, lists[1]), True


def _official_list(dataset: Dataset, name: str) -> list[str]:
    """The ids of a list of ``ImageSets``; most frames may not be on disk."""
    ids: list[str] = []
    for part in getattr(dataset, "parts", [Part(dataset)]):
        root = getattr(part.dataset, "root", None)
        path = Path(root) / "ImageSets" / f"{name}.txt" if root is not None else None
        if path is None or not path.is_file():
            continue
        ids += [part.id_of(one) for one in read_text(path).split()]
    if not ids:
        raise ScanpickError(f"The official split needs KITTI's list ImageSets/{name}.txt in the data set's folder.")
    return ids


def _in_order(usable: Sequence[FrameRecord], ids: Sequence[str]) -> tuple[str, ...]:
    wanted = set(ids)
    return tuple(record.frame_id for record in usable if record.frame_id in wanted)


def _by_drives(split: FoldSplit, usable: Sequence[FrameRecord]) -> list[Fold]:
    """Largest drives first, each into the fold with fewest frames so far; ties among drives are drawn by the seed."""
    drives: Mapping[str, list[str]] = defaultdict(list)
    for record in usable:
        drives[record.sequence].append(record.frame_id)
    if len(drives) < split.folds:
        raise ScanpickError(f"{split.folds} folds by drive need as many drives, got {len(drives)}.")
    names = sorted(drives)
    shuffled = [names[place] for place in np.random.default_rng(split.seed).permutation(len(names))]
    members: list[list[str]] = [[] for _ in range(split.folds)]
    for drive in sorted(shuffled, key=lambda name: -len(drives[name])):
        min(members, key=len).extend(drives[drive])
    folds = []
    for number, mine in enumerate(members, start=1):
        evaluated = set(mine)
        evaluation = tuple(record.frame_id for record in usable if record.frame_id in evaluated)
        pool = tuple(record.frame_id for record in usable if record.frame_id not in evaluated)
        folds.append(Fold(str(number), pool, evaluation))
    return folds[: split.take]
