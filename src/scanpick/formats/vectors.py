"""Tables of vectors from elsewhere: ``.npy`` arrays, and columns of Parquet and CSV files.

Of a table with many columns of numbers, vectors are those that are named alike with numbers from 0 or 1 on
(``embedding_0``, ``embedding_1``, ...), or else all that hold fractions. Whatever else is there (an index of pandas,
labels, row numbers, scores) is left out and told.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
from numpy.typing import NDArray

from scanpick.arrays import Float32Array
from scanpick.errors import ScanpickError
from scanpick.formats.arrays import read_array
from scanpick.formats.frame_ids import COLUMN, read_frame_ids
from scanpick.formats.parquet import read_parquet
from scanpick.structures.checks import check_unique, name_some
from scanpick.texts import parsing, read_text, unguarded

_ID_COLUMNS = (COLUMN, "filenames", "filename")
"""What names the rows; the last two as lightly writes them."""

_INDEX = re.compile(r"|index|level_\d+|__index_level_\d+__|Unnamed: ?\d+")
"""Names that an index gets when it is written without one."""

_BOOKKEEPING = {
    *("label", "labels", "target", "split", "score", "scores", "rank", "gain", "distance", "cost"),
    *("time", "time_s", "timestamp", "timestamp_ns", "num_points", "index_in_sequence", "sequence"),
}
"""Columns of fractions that are no dimensions, whatever else is there."""


@dataclass(frozen=True, eq=False)
class Vectors:
    """N vectors with what names them.

    Attributes:
        values: (N, D) numbers; a memory map stays one.
        frame_ids: N ids, or None where the rows have none.
        columns: The columns that were taken, in words; "" for an array.
        left_out: The columns that were not.
    """

    values: NDArray[np.number]
    frame_ids: list[str] | None
    columns: str = ""
    left_out: tuple[str, ...] = ()


def read_vectors(path: Path, ids_path: Path | None = None) -> Vectors:
    """Read vectors from a ``.npy`` file, or a ``.parquet`` or ``.csv`` table: a column of lists, or columns of numbers.

    The ids of the rows are in the table's column ``frame_id``, or in a file of their own.

    Raises:
        ScanpickError: The file cannot be read or holds no vectors, it is not clear which columns they are, a row has
            none, or there is another number of ids.
    """
    readers = {".npy": _from_npy, ".parquet": _from_parquet, ".csv": _from_csv}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise ScanpickError(f"{path}: expected a .npy, .parquet or .csv file of embeddings, got '{path.suffix}'.")
    with parsing(str(path), "embeddings"):
        try:
            vectors = reader(path)
        except (OSError, EOFError, pa.ArrowException) as fault:
            raise ScanpickError(f"{path}: cannot read embeddings from it: {fault}.") from fault
    if vectors.values.shape[1] == 0:
        raise ScanpickError(f"{path}: expected vectors of at least one number, got shape {vectors.values.shape}.")
    if ids_path is None:
        return vectors
    if vectors.frame_ids is not None:
        raise ScanpickError(f"{path}: the file names its own rows; leave the ids ({ids_path}) out.")
    frame_ids = read_frame_ids(ids_path)
    if len(frame_ids) != len(vectors.values):
        raise ScanpickError(f"{path} has {len(vectors.values)} rows, but {ids_path} has {len(frame_ids)} ids.")
    return Vectors(vectors.values, frame_ids, vectors.columns, vectors.left_out)


def _from_npy(path: Path) -> Vectors:
    values = read_array(path, mapped=True)
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise ScanpickError(f"{path}: expected an (N, D) array of numbers, got {values.dtype} of shape {values.shape}.")
    return Vectors(values, None)


def _from_parquet(path: Path) -> Vectors:
    table = read_parquet(path)
    pandas = json.loads((table.schema.metadata or {}).get(b"pandas", b"{}"))
    index = {name for name in pandas.get("index_columns", []) if isinstance(name, str)}
    return _from_table(path, table, index)


def _from_csv(path: Path) -> Vectors:
    options = pa.csv.ConvertOptions(column_types={name: pa.string() for name in _ID_COLUMNS}, strings_can_be_null=True)
    table = pa.csv.read_csv(pa.BufferReader(read_text(path).encode()), convert_options=options)
    for name in {*_ID_COLUMNS} & {*table.column_names}:
        ids = [None if value is None else unguarded(value) for value in table.column(name).to_pylist()]
        table = table.set_column(table.column_names.index(name), name, pa.array(ids, pa.string()))
    return _from_table(path, table, set())


def _from_table(path: Path, table: pa.Table, index: set[str]) -> Vectors:
    id_column = next((name for name in _ID_COLUMNS if name in table.column_names), None)
    schema = [field for field in table.schema if field.name != id_column]
    chosen = _vector_columns(path, schema, index)
    frame_ids = None if id_column is None else _ids(path, table.column(id_column))
    for name in chosen:
        _check_filled(path, name, table.column(name), frame_ids)
    if _is_list(table.schema.field(chosen[0]).type):
        values = _from_lists(path, table.column(chosen[0]).combine_chunks())
    else:
        with np.errstate(over="ignore"):  # what is too large becomes infinite, which is told as such
            values = np.empty((table.num_rows, len(chosen)), dtype=np.float32)
            for place, name in enumerate(chosen):
                values[:, place] = table.column(name).to_numpy()
    told = chosen[0] if len(chosen) == 1 else f"{chosen[0]} to {chosen[-1]} ({len(chosen)} columns)"
    return Vectors(values, frame_ids, told, tuple(field.name for field in schema if field.name not in chosen))


def _vector_columns(path: Path, schema: list[pa.Field], index: set[str]) -> list[str]:
    """The columns that make the vectors, in order; a `ScanpickError` where there is none, or two readings."""
    shown = ", ".join(f"{field.name} ({field.type})" for field in schema[:12]) or "no other column"
    expected = f"{path}: expected one column of lists, or columns of numbers such as embedding_0, embedding_1, ..."
    usable = [field for field in schema if field.name not in index and not _INDEX.fullmatch(field.name)]
    lists = [field.name for field in usable if _is_list(field.type)]
    if len(lists) > 1:
        raise ScanpickError(f"{expected}, got the lists {', '.join(lists)}. Keep one of them.")
    if lists:
        return lists
    fractions = [field.name for field in usable if pa.types.is_floating(field.type)]
    whole = [field.name for field in usable if pa.types.is_integer(field.type)]
    series = _series([*fractions, *whole])
    candidates = [names for names in series if set(names) & set(fractions)] or (series if not fractions else [])
    if len(candidates) == 1:
        return candidates[0]
    if len(candidates) > 1:
        told = " or ".join(f"{names[0]} to {names[-1]}" for names in candidates)
        raise ScanpickError(f"{path}: the vectors may be the columns {told}. Keep those that are meant.")
    others = [name for name in fractions if name.lower() not in _BOOKKEEPING]
    alike = {name.rstrip("0123456789") for name in others if name[-1].isdigit()}
    if len(others) > 1 and len(alike) == 1 and not all(name.startswith(tuple(alike)) for name in others):
        raise ScanpickError(f"{expected}; it is not clear which of {name_some(others, 12)} are meant. Keep only these.")
    if not others:
        raise ScanpickError(f"{expected}, got: {shown}.")
    return others


def _series(names: list[str]) -> list[list[str]]:
    """Names that are alike but for a number at their end, which counts from 0 or 1 without gaps; two at least."""
    numbered: defaultdict[str, dict[int, str]] = defaultdict(dict)
    for name in names:
        match = re.fullmatch(r"(.*?)(\d{1,9})", name)
        if match:
            numbered[match[1]].setdefault(int(match[2]), name)
    found = []
    for by_number in numbered.values():
        numbers = sorted(by_number)
        if len(numbers) > 1 and numbers[0] in (0, 1) and numbers[-1] - numbers[0] == len(numbers) - 1:
            found.append([by_number[number] for number in numbers])
    return found


def _is_list(kind: pa.DataType) -> bool:
    return bool(pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind))


def _ids(path: Path, column: pa.ChunkedArray) -> list[str]:
    if column.null_count:
        raise ScanpickError(f"{path}: expected a frame id in every row, {column.null_count} are empty.")
    frame_ids = [str(value) for value in column.to_pylist()]
    check_unique(str(path), frame_ids)
    return frame_ids


def _check_filled(path: Path, name: str, column: pa.ChunkedArray, frame_ids: list[str] | None) -> None:
    if not column.null_count:
        return
    rows = np.flatnonzero(column.is_null().to_numpy()).tolist()
    where = f"rows {name_some(rows)}" if frame_ids is None else f"frames {name_some([frame_ids[row] for row in rows])}"
    raise ScanpickError(
        f"{path}: expected a value in every row, the column '{name}' has empty ones: {where} hold no vector. "
        f"Leave them out."
    )


def _from_lists(path: Path, column: pa.Array) -> Float32Array:
    flat = column.flatten()
    if flat.null_count:
        raise ScanpickError(f"{path}: expected numbers in the lists, {flat.null_count} are empty.")
    if not (pa.types.is_floating(flat.type) or pa.types.is_integer(flat.type)):
        raise ScanpickError(f"{path}: expected numbers in the lists, got {flat.type}.")
    lengths = np.unique(np.array(column.value_lengths())) if len(column) else np.array([0])
    if len(lengths) != 1:
        raise ScanpickError(f"{path}: expected lists of one length, got lengths from {lengths[0]} to {lengths[-1]}.")
    with np.errstate(over="ignore"):
        values = np.asarray(flat.to_numpy(zero_copy_only=False), dtype=np.float32)
    return values.reshape(len(column), int(lengths[0]))
