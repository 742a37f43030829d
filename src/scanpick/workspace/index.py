"""List the frames of a data set and read each once: ``frames.parquet`` and ``scanpick.toml``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scanpick import __version__
from scanpick.datasets import Dataset
from scanpick.datasets.plausibility import UNITS
from scanpick.encoders import Encoder
from scanpick.errors import ScanpickError, call
from scanpick.files import sha256_of_file
from scanpick.structures import FrameRecord
from scanpick.structures.checks import check_unique, name_some
from scanpick.workspace.changes import Changes
from scanpick.workspace.frame_table import OK, FrameTable, write_frame_table
from scanpick.workspace.labels import update_labels
from scanpick.workspace.manifest import FrameSummary, Manifest, current_versions
from scanpick.workspace.reading import (
    Progress,
    blocks_of,
    digest_of,
    fingerprint_of,
    no_progress,
    read_blocks,
    source_of,
)
from scanpick.workspace.readings import Found, ReadingStore
from scanpick.workspace.source import DatasetSource, find_source
from scanpick.workspace.workspace import Workspace


class _Fact(NamedTuple):
    """What reading a frame showed: its columns of the frame table."""

    num_points: int
    status: str
    content: str
    doubts: str
    notes: str


def index(
    specification: str,
    folder: Workspace | Path,
    *,
    options: Mapping[str, Any] | None = None,
    encoder: Encoder | None = None,
    again: bool = False,
    moved: bool = False,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Workspace:
    """Make a workspace, or bring one up to date with its data set.

    Every frame is read once: its points are counted, checked and fingerprinted. Frames that cannot be used are set
    aside with their reason. Run again, it reads only frames whose files have changed, and those set aside.

    Args:
        specification: What `open_dataset` takes.
        folder: The workspace, or its folder.
        options: Options of the data set.
        encoder: Encodes each frame while it is in memory, so that `embed` with this encoder need not read it again.
        again: Read every frame again, as if nothing was known.
        moved: The data set of this workspace lies in a new place, `specification`. Points of some frames are compared;
            embeddings and selections stay. Options are those of before unless they are given.
        workers: Processes; all cores by default.
        progress: Shows how far it is.

    Raises:
        ScanpickError: The data set cannot be opened, none of its frames can be used or is in metres, or the folder is
            the data set's own or the workspace of another one.
    """
    workspace = folder if isinstance(folder, Workspace) else Workspace(folder)
    before = Workspace.open(workspace.path).manifest().dataset.options if moved else {}
    source, dataset = find_source(specification, {**before, **(options or {})})
    check_apart(source, workspace.path)
    encoders = [] if encoder is None else [encoder]
    with workspace.write_lock():
        check_same_dataset(workspace, source, dataset, moved=moved)
        return index_frames(
            workspace, source, dataset, encoders=encoders, again=again, workers=workers, progress=progress
        )


def index_frames(
    workspace: Workspace,
    source: DatasetSource,
    dataset: Dataset,
    *,
    encoders: Sequence[Encoder] = (),
    only: Container[str] | None = None,
    labels: bool = False,
    again: bool = False,
    workers: int | None = None,
    progress: Progress = no_progress,
) -> Workspace:
    """`index` of a data set that is open already, with any number of encoders, and labels.

    Args:
        workspace: The workspace.
        source: How to open the data set again.
        dataset: The data set.
        encoders: Encode each frame while it is in memory.
        only: The frames to encode; all by default.
        labels: Read labels, too, and keep them in the workspace.
        again: Read every frame again.
        workers: Processes; all cores by default.
        progress: Shows how far it is.

    Raises:
        ScanpickError: The data set has no frames, or none that can be used or is in metres.
    """
    with workspace.write_lock():
        records = [_with_absolute_path(record) for record in dataset.records]
        if not records:
            raise ScanpickError(f"{source.specification}: the data set has no frames. {dataset.description}")
        check_unique(f"The data set {source.specification}", [record.frame_id for record in records])
        _check_writable(records)
        sources = [source_of(record) for record in records]
        known = _known_rows(workspace, source, records, sources)
        stores = [reading_store(workspace, source, encoder) for encoder in encoders]
        stores = stores or [reading_store(workspace, source, None)]
        if again:
            known = [None] * len(records)
            stores[0].clear_others([])
        blocks = blocks_of(records, sources, np.array([row is None for row in known], dtype=bool))
        read: dict[str, _Fact] = {}
        found: dict[str, Found] = {}
        for _, (readings, *_) in read_blocks(
            dataset, encoders, blocks, stores, only=only, labels=labels, workers=workers, progress=progress
        ):
            found |= readings.labels
            for row, frame_id in enumerate(readings.frame_ids.tolist()):
                problem = str(readings.problems[row])
                read[frame_id] = _Fact(
                    int(readings.num_points[row]),
                    problem or OK,
                    str(readings.contents[row]),
                    str(readings.doubts[row]),
                    str(readings.notes[row]),
                )
        facts = [old or read[record.frame_id] for old, record in zip(known, records, strict=True)]
        table = FrameTable(
            records=tuple(records),
            num_points=np.array([fact.num_points for fact in facts], dtype=np.int64),
            statuses=tuple(fact.status for fact in facts),
            contents=tuple(fact.content for fact in facts),
            sources=tuple(sources),
            doubts=tuple(fact.doubts for fact in facts),
            notes=tuple(fact.notes for fact in facts),
        )
        if not table.usable.any():
            stores[0].clear_others([])
            raise ScanpickError(_nothing_usable(source.specification, table))
        if len(table.doubts_by_kind.get(UNITS, {})) == table.usable.sum():
            stores[0].clear_others([])
            raise ScanpickError(_nothing_in_metres(source.specification, table))
        _write(workspace, source, table)
        workspace.keep_dataset(dataset)
        if labels:
            update_labels(workspace, found=found)
        stores[0].clear_others(stores if encoders else [])  # `embed` takes what the encoders made
    return workspace


def reading_store(workspace: Workspace, source: DatasetSource, encoder: Encoder | None) -> ReadingStore:
    """Where readings are kept until they are merged: one folder for each data set, encoder and version of scanpick."""
    made_by: Sequence[Any] = [] if encoder is None else [encoder.name, encoder.settings, encoder.dimension]
    where_from = asdict(source.reader)  # what was read in another way is not the same frame
    return ReadingStore(workspace.path / ".readings" / fingerprint_of(where_from, __version__, made_by))


def check_apart(source: DatasetSource, folder: Path) -> None:
    """Results among the frames would be taken for frames, or hide them.

    Raises:
        ScanpickError: The folder is the data set's own.
    """
    for place in source.places:
        # A path is absolute in a workspace; anything else is a name, which a folder may have by chance.
        if place.is_absolute() and place.is_dir() and folder.is_dir() and place.samefile(folder):
            raise ScanpickError(f"{folder} is the data set's own folder. Give another one, which may lie in it.")


def _with_absolute_path(record: FrameRecord) -> FrameRecord:
    return record if record.path is None else replace(record, path=record.path.absolute())


def _check_writable(records: Sequence[FrameRecord]) -> None:
    for record in records:
        try:
            f"{record.frame_id}{record.sequence}{record.path}".encode()
        except UnicodeEncodeError as error:
            raise ScanpickError(
                f"Frame {record.frame_id!r}: its name is no valid text (UTF-8), so tables cannot hold it. "
                f"Rename its file or folder."
            ) from error


def _manifest_before(workspace: Workspace) -> Manifest | None:
    """What the workspace was made with; None where it is new, damaged, or of another version's form."""
    try:
        return workspace.manifest() if workspace.manifest_path.is_file() else None
    except ScanpickError:
        return None


def check_same_dataset(workspace: Workspace, source: DatasetSource, dataset: Dataset, *, moved: bool = False) -> None:
    """Raise `ScanpickError` where the folder is the workspace of another data set."""
    before = _manifest_before(workspace)
    if before is None or before.dataset.specification == source.specification:
        return
    if not moved:
        raise ScanpickError(
            f"{workspace.path} is the workspace of {before.dataset.specification}, got {source.specification}. "
            f"Give another folder, or say that this is the same data set, moved: "
            f"{call('index', source.specification, out=workspace.path, moved=True)}"
        )
    frames = workspace.frames()
    usable = np.flatnonzero(frames.usable)
    sample = usable[np.unique(np.linspace(0, len(usable) - 1, _SAMPLE).round().astype(int))]
    others = [
        frames.frame_ids[row] for row in sample if _content(dataset, frames.frame_ids[row]) != frames.contents[row]
    ]
    if others:
        raise ScanpickError(
            f"{source.specification} is not the data set of {workspace.path}, moved: of {len(sample)} frames compared, "
            f"{len(others)} are missing there or have other points: {name_some(others)}. "
            f"It has frames such as {name_some([record.frame_id for record in dataset.records[:3]])}."
        )


_SAMPLE = 32
"""Frames whose points are compared where a data set has moved."""


def _content(dataset: Dataset, frame_id: str) -> str:
    try:
        return digest_of(dataset.read(frame_id).points)
    except ScanpickError:
        return "none"


def _known_rows(
    workspace: Workspace, source: DatasetSource, records: Sequence[FrameRecord], sources: Sequence[str]
) -> list[_Fact | None]:
    """What is known of each frame that was read before, in the same way, and has not changed since."""
    manifest = _manifest_before(workspace)
    if manifest is None:
        return [None] * len(records)
    # The place is the same, or was found to hold the same frames
    same_reader = replace(manifest.dataset, specification=source.specification).reader == source.reader
    if not same_reader or manifest.versions.get("scanpick") != current_versions()["scanpick"]:
        return [None] * len(records)
    try:
        table = workspace.frames()
    except ScanpickError:  # damaged: everything is read again
        return [None] * len(records)
    before = {
        (frame_id, mark): _Fact(
            int(table.num_points[row]), OK, table.contents[row], table.doubts[row], table.notes[row]
        )
        for row, (frame_id, mark) in enumerate(zip(table.frame_ids, table.sources, strict=True))
        if table.usable[row]  # the others are tried again: what spoilt them may be a file beside the points
    }
    return [before.get((record.frame_id, mark)) for record, mark in zip(records, sources, strict=True)]


def _write(workspace: Workspace, source: DatasetSource, table: FrameTable) -> None:
    before = _manifest_before(workspace)
    changes = _changes(workspace, table)
    write_frame_table(workspace.frames_path, table)
    summary = FrameSummary(
        count=len(table),
        usable=int(table.usable.sum()),
        data_sha256=table.data_sha256,
        table_sha256=sha256_of_file(workspace.frames_path),
    )
    workspace.keep_changes(changes)
    steps = {} if before is None else before.steps
    workspace.write_manifest(Manifest(source, summary, steps, current_versions()))


def _changes(workspace: Workspace, table: FrameTable) -> Changes:
    """What is new, changed and gone since the look before; everything is new where there was none."""
    before: dict[str, str] = {}
    if _manifest_before(workspace) is not None:
        with suppress(ScanpickError):  # damaged: as if nothing was known
            frames = workspace.frames()
            before = dict(zip(frames.frame_ids, frames.contents, strict=True))
    return Changes.between(before, dict(zip(table.frame_ids, table.contents, strict=True)))


def changes_of_folder(workspace: Workspace) -> Changes | None:
    """What a look at the folder of the data set shows, by names, sizes and times of files; no points are read.

    None where frames are computed, or the data set cannot be opened for the moment.
    """
    if not all(place.is_absolute() for place in workspace.manifest().dataset.places):
        return None
    try:
        records = workspace.dataset().records
    except (ScanpickError, OSError):
        return None
    frames = workspace.frames()
    before = dict(zip(frames.frame_ids, frames.sources, strict=True))
    return Changes.between(before, {record.frame_id: source_of(record) for record in records})


def _nothing_usable(specification: str, table: FrameTable) -> str:
    kinds = Counter(reason.partition(":")[0] for reason in table.statuses)
    return (
        f"{specification}: none of its {len(table)} frames can be used: "
        f"{', '.join(f'{count} {kind}' for kind, count in kinds.most_common())}. The first: {table.statuses[0]} "
        f"See: {call('doctor', specification)}"
    )


def _nothing_in_metres(specification: str, table: FrameTable) -> str:
    frame_id, seen = next(iter(table.doubts_by_kind[UNITS].items()))
    return (
        f"{specification}: all of its {int(table.usable.sum())} frames have implausible units. {frame_id}: {seen} "
        f"Expected metres around the sensor: convert the points. See: {call('doctor', specification)}"
    )
