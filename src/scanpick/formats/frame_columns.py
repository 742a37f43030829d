"""Columns about frames in a CSV or Parquet table with a column ``frame_id``: scores, weather, what you like."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from scanpick.errors import ScanpickError
from scanpick.files import check_regular
from scanpick.structures.checks import check_unique
from scanpick.texts import parse_csv, read_text

ID_COLUMN = "frame_id"


def read_frame_columns(path: Path) -> tuple[list[str], dict[str, NDArray[Any]]]:
    """Read the frame ids and the other columns of a table.

    Numbers become float64 with NaN where a value is missing, truth values become bool, all else text with "" where a
    value is missing. Frame ids stay text, also where they look like numbers ("000123").

    Raises:
        ScanpickError: The file cannot be read, has no column ``frame_id``, or names a frame twice.
    """
    try:
        check_regular(path)
        table = pq.ParquetFile(path).read() if path.suffix == ".parquet" else _read_csv(path)
    except (OSError, ValueError, csv.Error, pa.ArrowException) as error:
        raise ScanpickError(f"{path}: cannot read columns from it: {error}.") from error
    if ID_COLUMN not in table.column_names:
        raise ScanpickError(f"{path}: expected a column '{ID_COLUMN}', got: {', '.join(table.column_names) or 'none'}.")
    frame_ids = [str(value) for value in table.column(ID_COLUMN).to_pylist()]
    check_unique(str(path), frame_ids)
    columns = {name: table.column(name) for name in table.column_names if name != ID_COLUMN}
    return frame_ids, {name: _as_array(path, name, column) for name, column in columns.items()}


def _read_csv(path: Path) -> pa.Table:
    text = read_text(path)
    options = pa.csv.ConvertOptions(strings_can_be_null=True)
    parsing = pa.csv.ParseOptions(newlines_in_values=True)
    table = pa.csv.read_csv(io.BytesIO(text.encode()), convert_options=options, parse_options=parsing)
    if ID_COLUMN not in table.column_names:
        return table
    # Read apart, since an id may be "NA", which means a missing value elsewhere
    frame_ids = pa.array([row[ID_COLUMN] for row in parse_csv(text, str(path))], type=pa.string())
    return table.set_column(table.column_names.index(ID_COLUMN), ID_COLUMN, frame_ids)


def _as_array(path: Path, name: str, column: pa.ChunkedArray) -> NDArray[Any]:
    kind = column.type
    if pa.types.is_boolean(kind) and column.null_count == 0:
        return np.array(column.to_pylist(), dtype=bool)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_null(kind):
        return np.array([np.nan if value is None else value for value in column.to_pylist()], dtype=np.float64)
    if pa.types.is_nested(kind) or pa.types.is_binary(kind):
        raise ScanpickError(f"{path}: expected numbers or text in the column '{name}', got {kind}.")
    return np.array(["" if value is None else str(value) for value in column.to_pylist()], dtype=np.str_)
