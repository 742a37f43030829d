"""``frames.parquet``: every frame of a data set, with what reading it showed."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.compute as pc
from numpy.typing import NDArray

from scanpick.arrays import BoolArray, Float64Array, Int64Array, StringArray
from scanpick.datasets.plausibility import doubts_about_sizes
from scanpick.errors import ScanpickError, call
from scanpick.formats.parquet import read_parquet, write_parquet
from scanpick.structures import FrameRecord
from scanpick.structures.checks import as_array
from scanpick.texts import parsing
from scanpick.workspace.columns import Records, Texts, equals, texts_of

OK = "ok"
"""The status of a frame that can be used; any other is the kind of trouble and the reason: "empty: ..."."""

SCHEMA = pyarrow.schema(
    [
        ("frame_id", pyarrow.string()),
        ("sequence", pyarrow.string()),
        ("index_in_sequence", pyarrow.int64()),
        ("timestamp_ns", pyarrow.int64()),
        ("path", pyarrow.string()),
        ("num_points", pyarrow.int64()),
        ("status", pyarrow.string()),
        ("content", pyarrow.string()),
        ("source", pyarrow.string()),
        ("doubts", pyarrow.string()),
        ("notes", pyarrow.string()),
    ]
)
"""The columns that every frame table begins with; metadata columns follow."""

_RECORD = ("frame_id", "sequence", "index_in_sequence", "timestamp_ns", "path")
_CONTROL = r"[\x00-\x1f]"


@dataclass(frozen=True, eq=False)
class FrameTable:
    """N frames in the order of their data set: by sequence, then in time.

    Attributes:
        records: What is known of each without reading it.
        num_points: (N,) int64; 0 where the frame is set aside.
        statuses: N times "ok", or why the frame is set aside: its kind (see `FrameError`), a colon, the message.
        contents: N hex digests of the points, "" where the frame is set aside: equal digests, equal points.
        sources: N marks of the files that were read (bytes and time of change): equal marks, not to be read again.
        doubts: N times what looks wrong with a frame that can be used, a line each: its kind, a colon, what was seen.
        notes: N times what the reader did to the points, a JSON object of numbers of points; "" where nothing.
    """

    records: Sequence[FrameRecord]
    num_points: Int64Array
    statuses: Sequence[str]
    contents: Sequence[str]
    sources: Sequence[str]
    doubts: Sequence[str] = ()
    notes: Sequence[str] = ()

    def __post_init__(self) -> None:
        count = len(self.records)
        object.__setattr__(self, "num_points", as_array("FrameTable.num_points", self.num_points, np.int64, (count,)))
        object.__setattr__(self, "doubts", self.doubts if len(self.doubts) else ("",) * count)
        object.__setattr__(self, "notes", self.notes if len(self.notes) else ("",) * count)

    def __len__(self) -> int:
        return len(self.records)

    @cached_property
    def frame_ids(self) -> tuple[str, ...]:
        """N ids."""
        if isinstance(self.records, Records):
            return tuple(self.records.table["frame_id"].to_pylist())
        return tuple(record.frame_id for record in self.records)

    @cached_property
    def sequences(self) -> StringArray:
        """(N,) the drive of each frame."""
        if isinstance(self.records, Records):
            return texts_of(Texts(self.records.table["sequence"]))
        return np.array([record.sequence for record in self.records], dtype=np.str_)

    @cached_property
    def times_s(self) -> Float64Array:
        """(N,) the time of each frame in seconds; NaN where it is not known."""
        if isinstance(self.records, Records):
            column = pc.cast(self.records.table["timestamp_ns"], pyarrow.float64(), safe=False)
            return np.asarray(column.to_numpy(), dtype=np.float64) * 1e-9
        return np.array([np.nan if one.timestamp_ns is None else one.timestamp_ns * 1e-9 for one in self.records])

    @cached_property
    def metadata(self) -> dict[str, NDArray[Any]]:
        """Metadata columns as (N,) arrays; a number that is missing is NaN, a text that is missing is empty."""
        if isinstance(self.records, Records):
            return {name: _column_array(self.records.table[name]) for name in sorted(self.records.metadata)}
        found = {}
        for name in sorted({name for record in self.records for name in record.metadata}):
            found[name] = _values_array([record.metadata.get(name) for record in self.records])
        return found

    @cached_property
    def usable(self) -> BoolArray:
        """(N,) whether a frame can be used."""
        return equals(self.statuses, OK)

    @cached_property
    def row_of(self) -> Mapping[str, int]:
        """Frame id -> row."""
        return {frame_id: row for row, frame_id in enumerate(self.frame_ids)}

    @property
    def set_aside(self) -> dict[str, str]:
        """Frame id -> reason, for every frame that cannot be used."""
        return {self.frame_ids[row]: self.statuses[row] for row in np.flatnonzero(~self.usable).tolist()}

    @cached_property
    def doubts_by_kind(self) -> dict[str, dict[str, str]]:
        """Kind of doubt -> frame id -> what was seen, for usable frames: each by itself, and their sizes together."""
        found: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for row in np.flatnonzero(~equals(self.doubts, "")).tolist():
            for line in self.doubts[row].splitlines():
                kind, _, detail = line.partition(": ")
                found[kind][self.frame_ids[row]] = detail
        for odd, doubt in doubts_about_sizes(self.num_points).items():
            found[doubt.kind].setdefault(self.frame_ids[odd], doubt.detail)
        return dict(found)

    @cached_property
    def note_counts(self) -> dict[str, int]:
        """What readers did to points -> to how many."""
        counts: Counter[str] = Counter()
        for row in np.flatnonzero(~equals(self.notes, "")).tolist():
            counts.update(json.loads(self.notes[row]))
        return dict(counts.most_common())

    @cached_property
    def data_sha256(self) -> str:
        """A fingerprint of all ids and points: equal fingerprints, equal data."""
        digest = hashlib.sha256()
        for frame_id, content in zip(self.frame_ids, self.contents, strict=True):
            digest.update(f"{frame_id}\t{content}\n".encode())
        return digest.hexdigest()


def write_frame_table(path: Path, table: FrameTable) -> None:
    """Write ``frames.parquet`` atomically. Equal tables give equal bytes."""
    records = table.records
    columns: dict[str, Any] = {
        "frame_id": [record.frame_id for record in records],
        "sequence": [record.sequence for record in records],
        "index_in_sequence": [record.index_in_sequence for record in records],
        "timestamp_ns": [record.timestamp_ns for record in records],
        "path": [None if record.path is None else str(record.path) for record in records],
        "num_points": table.num_points,
        "status": list(table.statuses),
        "content": list(table.contents),
        "source": list(table.sources),
        "doubts": list(table.doubts),
        "notes": list(table.notes),
    }
    arrays = [pyarrow.array(columns[field.name], type=field.type) for field in SCHEMA]
    names = list(SCHEMA.names)
    for name in sorted({name for record in records for name in record.metadata}):
        if name in SCHEMA.names:
            raise ScanpickError(f"Metadata column '{name}': this name is taken. Expected none of: {', '.join(names)}.")
        names.append(name)
        arrays.append(_metadata_array([record.metadata.get(name) for record in records]))
    write_parquet(path, pyarrow.table(arrays, names=names))


def read_frame_table(path: Path) -> FrameTable:
    """Read ``frames.parquet``.

    Raises:
        ScanpickError: The file is missing, damaged, or lacks a column.
    """
    table = read_parquet(path, f"Make it with: {call('index', ...)}")
    missing = [name for name in SCHEMA.names if name not in table.column_names]
    if missing:
        raise ScanpickError(f"{path}: expected the columns {', '.join(SCHEMA.names)}; missing: {', '.join(missing)}.")
    with parsing(str(path), "the columns of a frame table"):
        frames = table.select(SCHEMA.names).cast(SCHEMA)
        empty = [name for name in SCHEMA.names if name not in ("timestamp_ns", "path") and frames[name].null_count]
        if empty:
            raise ValueError(f"empty cells in the column '{empty[0]}'")
        ids = frames["frame_id"]
        if pc.any(pc.equal(pc.utf8_length(ids), 0)).as_py() or pc.any(pc.match_substring_regex(ids, _CONTROL)).as_py():
            raise ValueError("a frame id that is empty or holds control letters")
        metadata = [name for name in table.column_names if name not in SCHEMA.names]
        of_records = [frames[name] for name in _RECORD] + [table[name] for name in metadata]
        return FrameTable(
            records=Records(pyarrow.table(of_records, names=[*_RECORD, *metadata]), metadata),
            num_points=frames["num_points"].to_numpy(),
            statuses=Texts(frames["status"]),
            contents=Texts(frames["content"]),
            sources=Texts(frames["source"]),
            doubts=Texts(frames["doubts"]),
            notes=Texts(frames["notes"]),
        )


def _column_array(column: pyarrow.ChunkedArray) -> NDArray[Any]:
    if pyarrow.types.is_string(column.type) or pyarrow.types.is_large_string(column.type):
        return texts_of(Texts(pc.fill_null(column, "")))
    if column.null_count:
        return np.asarray(pc.cast(column, pyarrow.float64(), safe=False).to_numpy(), dtype=np.float64)
    return np.asarray(column.to_numpy())


def _values_array(values: Sequence[Any]) -> NDArray[Any]:
    if any(isinstance(value, str) for value in values):
        return np.array(["" if value is None else value for value in values], dtype=np.str_)
    return np.array([np.nan if value is None else value for value in values])


def _metadata_array(values: Sequence[str | int | float | bool | None]) -> pyarrow.Array:
    """Numbers stay numbers where all are, truth values likewise; a mixed column becomes text."""
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {bool}:
        return pyarrow.array(values, type=pyarrow.bool_())
    if kinds <= {int}:
        return pyarrow.array(values, type=pyarrow.int64())
    if kinds <= {int, float}:
        return pyarrow.array(values, type=pyarrow.float64())
    return pyarrow.array([None if value is None else str(value) for value in values], type=pyarrow.string())
