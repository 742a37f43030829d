"""Parquet tables: written whole with a digest in them, read or refused in one sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from scanpick.errors import ScanpickError
from scanpick.files import read_bytes, write_bytes
from scanpick.seals import BLANK, ENTRY, check_seal, sealed
from scanpick.texts import advised, one_line, parse_json, parsing

_NOTES = b"scanpick"


def write_parquet(path: Path, table: pa.Table, notes: Mapping[str, Any] | None = None) -> None:
    """Write a table atomically, with notes that JSON can hold for `notes_of`; equal tables give equal bytes."""
    metadata = {} if notes is None else {_NOTES: json.dumps(dict(notes)).encode()}
    buffer = pa.BufferOutputStream()
    pq.write_table(
        table.replace_schema_metadata(metadata | {ENTRY.encode(): BLANK.encode()}), buffer, compression="zstd"
    )
    write_bytes(path, sealed(buffer.getvalue().to_pybytes()))


def read_parquet(path: Path, again: str = "") -> pa.Table:
    """The table that a Parquet file holds, checked to be what was written where `write_parquet` wrote it.

    `again` says how to have it made again, for messages.

    Raises:
        ScanpickError: The file cannot be read, is no Parquet, or was changed since it was written.
    """
    content = read_bytes(path, error=advised(again))
    check_seal(content, str(path), again)
    with parsing(str(path), "a Parquet table", error=advised(again)):
        try:
            # ParquetFile, since read_table would take columns from the names of the folders above.
            table = pq.ParquetFile(pa.BufferReader(content)).read()
            table.validate(full=True)
        except pa.ArrowException as fault:
            raise ValueError(one_line(fault)) from fault
    names = table.column_names
    if twice := {name for name in names if names.count(name) > 1}:
        raise ScanpickError(f"{path}: expected every column once, got '{min(twice)}' twice.")
    return table


def notes_of(table: pa.Table, path: Path) -> dict[str, Any]:
    """What the writer noted about a table, a JSON object; empty where nothing was."""
    with parsing(str(path), "notes in UTF-8"):
        text = (table.schema.metadata or {}).get(_NOTES, b"{}").decode()
    notes = parse_json(text, f"{path}, its metadata")
    if not isinstance(notes, dict):
        raise ScanpickError(f"{path}: expected a JSON object in its metadata, got {type(notes).__name__}.")
    return notes


def strings_of(table: pa.Table, name: str, path: Path) -> list[str]:
    """A column of text, with a value in every row.

    Raises:
        ScanpickError: The column is missing, of another type, or has empty rows.
    """
    if name not in table.column_names:
        names = ", ".join(table.column_names)
        raise ScanpickError(f"{path}: expected a column '{name}', got: {names or 'no columns'}.")
    kind = table.schema.field(name).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    column = table.column(name)
    if column.null_count or not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        raise ScanpickError(f"{path}: expected text in every row of column '{name}', got {kind}.")
    with parsing(str(path), f"text in column '{name}'"):
        return list(column.to_pylist())
