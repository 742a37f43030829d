"""Columns about frames in a CSV or Parquet table with a column ``frame_id``: scores, weather, what you like."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from scanpick.errors import ScanpickError
from scanpick.formats.parquet import read_parquet
from scanpick.structures.checks import check_unique
from scanpick.texts import one_line, parse_csv, parsing, read_text, unguarded

ID_COLUMN = "frame_id"


def read_frame_columns(path: Path) -> tuple[list[str], dict[str, NDArray[Any]]]:
    """Read the frame ids and the other columns of a table.

    Numbers become float64 with NaN where a value is missing, truth values become bool, all else text with "" where a
    value is missing. Frame ids stay text, also where they look like numbers ("000123").

    Raises:
        ScanpickError: The file cannot be read, has no column ``frame_id``, or names a frame twice.
    """
    table = read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    if ID_COLUMN not in table.column_names:
        raise ScanpickError(f"{path}: expected a column '{ID_COLUMN}', got: {', '.join(table.column_names) or 'none'}.")
    with parsing(str(path), "columns of numbers or text"):
        frame_ids = [_text(value) for value in table.column(ID_COLUMN).to_pylist()]
        check_unique(str(path), frame_ids)
        columns = {name: table.column(name) for name in table.column_names if name != ID_COLUMN}
        return frame_ids, {name: _as_array(path, name, column) for name, column in columns.items()}


def _read_csv(path: Path) -> pa.Table:
    text = read_text(path)
    options = pa.csv.ConvertOptions(strings_can_be_null=True)
    parsed = pa.csv.ParseOptions(newlines_in_values=True)
    with parsing(str(path), "CSV"):
        try:
            table = pa.csv.read_csv(pa.BufferReader(text.encode()), convert_options=options, parse_options=parsed)
        except pa.ArrowException as fault:
            raise ValueError(one_line(fault)) from fault
    table = table.rename_columns([unguarded(name) for name in table.column_names])
    for place, name in enumerate(table.column_names):
        if name == ID_COLUMN:  # read apart, since an id may be "NA", which means a missing value elsewhere
            values: list[str | None] = [row[ID_COLUMN] for row in parse_csv(text, str(path))]
        elif pa.types.is_string(table.schema.field(name).type):
            values = [None if value is None else unguarded(value) for value in table.column(name).to_pylist()]
        else:
            continue
        table = table.set_column(place, name, pa.array(values, type=pa.string()))
    return table


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _as_array(path: Path, name: str, column: pa.ChunkedArray) -> NDArray[Any]:
    kind = column.type
    if pa.types.is_boolean(kind) and column.null_count == 0:
        return np.array(column.to_pylist(), dtype=bool)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind):
        return np.array([np.nan if value is None else value for value in column.to_pylist()], dtype=np.float64)
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        raise ScanpickError(f"{path}: expected numbers or text in the column '{name}', got {kind}.")
    return np.array([_text(value) for value in column.to_pylist()], dtype=np.str_)
