"""Columns of a table on disk as sequences: a million frames stay Arrow's until one of them is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from scanpick.arrays import BoolArray, StringArray
from scanpick.structures import FrameRecord


class Texts(Sequence[str]):
    """A column of texts without empty cells; equal to any sequence of the same texts.

    Args:
        column: The column.
    """

    def __init__(self, column: pa.ChunkedArray) -> None:
        self.column = column

    def __len__(self) -> int:
        return len(self.column)

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...
    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        """One text, or a part of the column."""
        if isinstance(index, slice):
            return tuple(self)[index]
        text: str = self.column[int(index)].as_py()
        return text

    def __iter__(self) -> Iterator[str]:
        for chunk in self.column.chunks:
            yield from chunk.to_pylist()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # as lists


class Records(Sequence[FrameRecord]):
    """The records of a frame table, each made when it is asked for.

    Args:
        table: With the columns of records, then those of metadata.
        metadata: The names of the latter.
    """

    def __init__(self, table: pa.Table, metadata: Sequence[str]) -> None:
        self.table, self.metadata = table, tuple(metadata)

    def __len__(self) -> int:
        return int(self.table.num_rows)

    @overload
    def __getitem__(self, index: int) -> FrameRecord: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[FrameRecord]: ...
    def __getitem__(self, index: int | slice) -> FrameRecord | Sequence[FrameRecord]:
        """One record, or a part of them."""
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        place = int(index) + (len(self) if index < 0 else 0)
        if not 0 <= place < len(self):
            raise IndexError(index)
        return _record({name: self.table[name][place].as_py() for name in self.table.column_names}, self.metadata)

    def __iter__(self) -> Iterator[FrameRecord]:
        for batch in self.table.to_batches(max_chunksize=10_000):
            for row in batch.to_pylist():
                yield _record(row, self.metadata)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]


def texts_of(column: Sequence[str]) -> StringArray:
    """A column as an array of texts."""
    if isinstance(column, Texts):
        texts: StringArray = column.column.to_numpy().astype(np.str_)
        return texts
    return np.array(column, dtype=np.str_)


def equals(column: Sequence[str], text: str) -> BoolArray:
    """(N,) which texts of a column are this one."""
    if isinstance(column, Texts):
        found: BoolArray = pc.equal(column.column, text).to_numpy().astype(bool)
        return found
    return np.array([one == text for one in column], dtype=bool)


def _record(row: dict[str, Any], metadata: Sequence[str]) -> FrameRecord:
    return FrameRecord(
        frame_id=row["frame_id"],
        sequence=row["sequence"],
        index_in_sequence=row["index_in_sequence"],
        timestamp_ns=row["timestamp_ns"],
        path=None if row["path"] is None else Path(row["path"]),
        metadata={name: row[name] for name in metadata if row[name] is not None},
    )
