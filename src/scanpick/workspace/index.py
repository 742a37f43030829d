"""List the frames of a data set and read each once: ``frames.parquet`` and ``scanpick.toml``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from scanpick.datasets import DATASETS, Dataset, open_dataset
from scanpick.datasets.dataset import licence
from scanpick.datasets.plausibility import UNITS
from scanpick.encoders import Encoder
from scanpick.errors import ScanpickError, call
from scanpick.files import sha256_of_file
from scanpick.structures import FrameRecord
from scanpick.structures.checks import check_unique, name_some
from scanpick.workspace.frame_table import OK, FrameTable, write_frame_table
from scanpick.workspace.manifest import DatasetSource, FrameSummary, Manifest, current_versions
from scanpick.workspace.reading import (
    Progress,
    blocks_of,
    digest_of,
    fingerprint_of,
    no_progress,
    read_blocks,
    source_of,
)
from scanpick.workspace.readings import ReadingStore
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
    source, dataset = _open(specification, {**before, **(options or {})})
    check_apart(source, workspace.path)
    with workspace.write_lock():
        _check_same_dataset(workspace, source, dataset, moved=moved)
        records = [_with_absolute_path(record) for record in dataset.records]
        if not records:
            raise ScanpickError(f"{specification}: the data set has no frames. {dataset.description}")
        check_unique(f"The data set {specification}", [record.frame_id for record in records])
        _check_writable(records)
        sources = [source_of(record) for record in records]
        known = _known_rows(workspace, source, records, sources)
        store = reading_store(workspace, source, encoder)
        if again:
            known = [None] * len(records)
            store.clear()
        blocks = blocks_of(records, sources, np.array([row is None for row in known], dtype=bool))
        read = {}
        for _, readings in read_blocks(dataset, encoder, blocks, store, workers=workers, progress=progress):
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
            store.clear()
            raise ScanpickError(_nothing_usable(specification, table))
        if len(table.doubts_by_kind.get(UNITS, {})) == table.usable.sum():
            store.clear()
            raise ScanpickError(_nothing_in_metres(specification, table))
        _write(workspace, source, table)
        workspace.keep_dataset(dataset)
        store.clear_others()
        if encoder is None:
            store.clear()
    return workspace


def reading_store(workspace: Workspace, source: DatasetSource, encoder: Encoder | None) -> ReadingStore:
    """Where readings are kept until they are merged: one folder for each data set, encoder and version of scanpick."""
    made_by: Sequence[Any] = [] if encoder is None else [encoder.name, encoder.settings, encoder.dimension]
    where_from = [source.specification, dict(source.options), source.name, current_versions()["scanpick"]]
    where_from.append(dict(source.reading))  # what was read in another way is not the same frame
    return ReadingStore(workspace.path / ".readings" / fingerprint_of(where_from, made_by))


def _open(specification: str, options: Mapping[str, Any]) -> tuple[DatasetSource, Dataset]:
    """Open the data set by an absolute path, so that the workspace can be used from anywhere."""
    name, colon, argument = specification.partition(":")
    named = bool(colon) and name in DATASETS.names()
    location = Path(argument if named else specification).expanduser()
    if location.exists() and not named:
        specification = str(location.resolve())
    dataset = open_dataset(specification, **options)
    description, reading = dataset.description, getattr(dataset, "reading", None)
    found = {} if reading is None else dict(reading.options)
    # A folder may have the name of a simulated set: only where frames are files is the argument a path.
    if location.exists() and named and any(record.path is not None for record in dataset.records):
        absolute = f"{name}:{location.resolve()}"
        if absolute != specification:
            specification, dataset = absolute, open_dataset(absolute, **{**options, **found})
    source = DatasetSource(specification, dict(options), dataset.name, description, found, licence(dataset))
    return source, dataset


def check_apart(source: DatasetSource, folder: Path) -> None:
    """Results among the frames would be taken for frames, or hide them.

    Raises:
        ScanpickError: The folder is the data set's own.
    """
    name, _, argument = source.specification.partition(":")
    location = Path(argument if name in DATASETS.names() else source.specification)
    # A path is absolute in a workspace; anything else is a name, which a folder may have by chance.
    if location.is_absolute() and location.is_dir() and folder.is_dir() and location.samefile(folder):
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


def _check_same_dataset(workspace: Workspace, source: DatasetSource, dataset: Dataset, *, moved: bool) -> None:
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
    here = replace(manifest.dataset, description="", specification=source.specification)
    same_reader = here == replace(source, description="")
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
    write_frame_table(workspace.frames_path, table)
    summary = FrameSummary(
        count=len(table),
        usable=int(table.usable.sum()),
        data_sha256=table.data_sha256,
        table_sha256=sha256_of_file(workspace.frames_path),
    )
    steps = {} if before is None else before.steps
    workspace.write_manifest(Manifest(source, summary, steps, current_versions()))


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
