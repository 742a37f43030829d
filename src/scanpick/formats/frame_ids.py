"""Lists of frame ids in files: which frames are labelled already, or what the rows of an array stand for."""

import csv
from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet

from scanpick.errors import ScanpickError
from scanpick.structures.checks import check_unique

COLUMN = "frame_id"


def read_frame_ids(path: Path) -> list[str]:
    """Read frame ids, in the order of the file.

    A ``.parquet`` or ``.csv`` file has a column ``frame_id``, a ``.npy`` file holds an array of text; any other file
    is text with one id a line.

    Raises:
        ScanpickError: The file cannot be read, has no such column, holds no id, or holds one twice.
    """
    readers = {".parquet": _from_parquet, ".csv": _from_csv, ".npy": _from_npy}
    try:
        frame_ids = readers.get(path.suffix.lower(), _from_text)(path)
    except (OSError, ValueError, csv.Error, pyarrow.ArrowException) as error:
        raise ScanpickError(f"{path}: cannot read frame ids from it: {error}.") from error
    if not frame_ids:
        raise ScanpickError(f"{path}: expected frame ids, one a line or in a column '{COLUMN}', found none.")
    check_unique(str(path), frame_ids)
    return frame_ids


def _from_text(path: Path) -> list[str]:
    lines = (line.strip() for line in path.read_text(encoding="utf-8-sig").splitlines())
    return [line for line in lines if line]


def _from_csv(path: Path) -> list[str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        _check_column(path, list(rows.fieldnames or []))
        return [row[COLUMN] for row in rows if row[COLUMN]]


def _from_parquet(path: Path) -> list[str]:
    file = pyarrow.parquet.ParquetFile(path)
    _check_column(path, file.schema_arrow.names)
    column = file.read(columns=[COLUMN]).column(COLUMN)
    if column.null_count:
        raise ScanpickError(f"{path}: expected a frame id in every row, {column.null_count} are empty.")
    return [str(value) for value in column.to_pylist()]


def _from_npy(path: Path) -> list[str]:
    array = np.load(path, allow_pickle=False)
    if array.ndim != 1 or array.dtype.kind not in "USiu":
        raise ScanpickError(f"{path}: expected a 1-D array of text, got {array.dtype} of shape {array.shape}.")
    return [value.decode() if isinstance(value, bytes) else str(value) for value in array.tolist()]


def _check_column(path: Path, columns: list[str]) -> None:
    if COLUMN not in columns:
        raise ScanpickError(f"{path}: expected a column '{COLUMN}', got: {', '.join(columns) or 'no columns'}.")
