"""The frames that the page is about, as columns: a million are read in a second, since none becomes an object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scanpick.arrays import Float64Array, Int64Array
from scanpick.datasets import Dataset
from scanpick.formats.parquet import read_parquet
from scanpick.workspace import Workspace
from scanpick.workspace.frame_table import OK, SCHEMA

_OWN = ("frame_id", "sequence", "index_in_sequence", "timestamp_ns", "status")
_HIDDEN = ("path", "content", "source", "doubts", "notes")


@dataclass(frozen=True, eq=False)
class FrameColumns:
    """N frames in the order of their data set: by sequence, then in time.

    Attributes:
        frame_ids: (N,) text.
        sequences: (N,) text.
        index_in_sequence: (N,) int64.
        timestamp_ns: (N,) int64, null where not known.
        status: (N,) text: "ok", or why a frame is set aside.
        columns: Further columns by name: number of points, metadata.
    """

    frame_ids: pa.Array
    sequences: pa.Array
    index_in_sequence: pa.Array
    timestamp_ns: pa.Array
    status: pa.Array
    columns: Mapping[str, pa.Array]

    @classmethod
    def of_workspace(cls, workspace: Workspace) -> FrameColumns:
        """Those of ``frames.parquet``.

        Raises:
            ScanpickError: The file is missing or damaged.
        """
        table = read_parquet(workspace.frames_path, workspace.index_again()).combine_chunks()
        arrays = {name: _one_chunk(table.column(name)) for name in table.column_names}
        ids, sequences, places, times, status = (arrays.pop(name).cast(SCHEMA.field(name).type) for name in _OWN)
        columns = {name: array for name, array in arrays.items() if name not in _HIDDEN}
        return cls(ids, sequences, places, times, status, columns)

    @classmethod
    def of_dataset(cls, dataset: Dataset) -> FrameColumns:
        """Those of a data set that was not indexed: every frame counts as usable."""
        records = dataset.records
        names = sorted({name for record in records for name in record.metadata})
        columns = {name: [record.metadata.get(name) for record in records] for name in names}
        return cls(
            pa.array([record.frame_id for record in records], pa.string()),
            pa.array([record.sequence for record in records], pa.string()),
            pa.array([record.index_in_sequence for record in records], pa.int64()),
            pa.array([record.timestamp_ns for record in records], pa.int64()),
            pa.array([OK] * len(records), pa.string()),
            {name: _as_column(values) for name, values in columns.items()},
        )

    def __len__(self) -> int:
        return len(self.frame_ids)

    def rows_of(self, frame_ids: Sequence[str] | pa.Array) -> Int64Array:
        """(n,) rows of these frames; -1 for one that is not there."""
        wanted = frame_ids if isinstance(frame_ids, pa.Array) else pa.array(list(frame_ids), pa.string())
        rows = pc.index_in(wanted, value_set=self.frame_ids)
        return np.asarray(pc.fill_null(rows, -1).to_numpy(zero_copy_only=False), dtype=np.int64)

    def frame_id(self, row: int) -> str:
        """The id of a row."""
        return str(self.frame_ids[row].as_py())

    @cached_property
    def usable(self) -> np.ndarray:
        """(N,) bool."""
        return np.asarray(pc.equal(self.status, OK).to_numpy(zero_copy_only=False), dtype=bool)

    @cached_property
    def sequence_codes(self) -> tuple[Int64Array, list[str]]:
        """(N,) number of each frame's sequence, and the names of sequences in their order."""
        encoded = self.sequences.dictionary_encode()
        return np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.int64), encoded.dictionary.to_pylist()

    @cached_property
    def times_s(self) -> Float64Array:
        """(N,) seconds since the sequence's first frame; from numbers at 10 Hz where times are not known."""
        codes, names = self.sequence_codes
        if self.timestamp_ns.null_count:
            times = np.asarray(self.index_in_sequence.to_numpy(zero_copy_only=False), np.float64) * 0.1
        else:
            times = np.asarray(self.timestamp_ns.to_numpy(zero_copy_only=False), np.float64) * 1e-9
        first = np.full(len(names), np.inf)
        np.minimum.at(first, codes, times)
        return times - first[codes]

    def facts(self, row: int) -> dict[str, Any]:
        """What is known of one frame."""
        return {
            "row": row,
            "frame_id": self.frame_id(row),
            "sequence": self.sequences[row].as_py(),
            "index": self.index_in_sequence[row].as_py(),
            "timestamp_ns": str(self.timestamp_ns[row].as_py() or ""),  # more than a browser's numbers hold
            "status": self.status[row].as_py(),
            "metadata": {name: array[row].as_py() for name, array in self.columns.items()},
        }


def column_arrays(column: pa.Array) -> tuple[dict[str, Any], np.ndarray]:
    """A column for colours: (N,) numbers, or (N,) codes with the names that they stand for in the header."""
    if pa.types.is_string(column.type) or pa.types.is_boolean(column.type) or pa.types.is_large_string(column.type):
        encoded = pc.fill_null(column.cast(pa.string()), "").dictionary_encode()
        codes = np.asarray(encoded.indices.to_numpy(zero_copy_only=False), np.float32)
        return {"names": encoded.dictionary.to_pylist()}, codes
    return {"names": None}, np.asarray(column.to_numpy(zero_copy_only=False), np.float32)


def _one_chunk(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else pa.concat_arrays(column.chunks or [pa.array([], column.type)])


def _as_column(values: list[Any]) -> pa.Array:
    kinds = {type(value) for value in values if value is not None}
    return pa.array(
        values if kinds <= {bool} or kinds <= {int, float} else [None if v is None else str(v) for v in values]
    )
