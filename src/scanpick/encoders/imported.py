"""Vectors that were made elsewhere, by frame id."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
from numpy.typing import NDArray

from scanpick.arrays import Embeddings, Float32Array
from scanpick.errors import ScanpickError
from scanpick.files import sha256_of_file
from scanpick.formats.arrays import read_array
from scanpick.formats.frame_ids import COLUMN, read_frame_ids
from scanpick.formats.parquet import read_parquet
from scanpick.structures import EmbeddingTable
from scanpick.texts import parsing


def read_embeddings(path: Path, ids_path: Path | None = None, *, name: str = "imported") -> EmbeddingTable:
    """Read the user's own embeddings.

    A ``.npy`` file holds an (N, D) array of numbers, and `ids_path` the N frame ids of its rows (text with one id a
    line, or a column ``frame_id`` of CSV or Parquet). A ``.parquet`` file holds a column ``frame_id`` and either one
    column of lists of equal length, or columns of numbers.

    Raises:
        ScanpickError: A file cannot be read, ids and rows do not match, an id comes twice, or a vector is not finite.
    """
    suffix = path.suffix.lower()
    with parsing(str(path), "embeddings"):
        if suffix == ".npy":
            values, frame_ids = _from_npy(path, ids_path)
        elif suffix == ".parquet":
            values, frame_ids = _from_parquet(path, ids_path)
        else:
            raise ScanpickError(f"{path}: expected a .npy or .parquet file of embeddings, got '{path.suffix}'.")
    if values.shape[1] == 0:
        raise ScanpickError(f"{path}: expected vectors of at least one number, got shape {values.shape}.")
    settings = {"file": path.name, "sha256": sha256_of_file(path)}
    if ids_path is not None:
        settings |= {"ids_file": ids_path.name, "ids_sha256": sha256_of_file(ids_path)}
    return EmbeddingTable(name, tuple(frame_ids), _as_float32(values), {"encoder": "import", "settings": settings})


def _from_npy(path: Path, ids_path: Path | None) -> tuple[Embeddings, list[str]]:
    if ids_path is None:
        raise ScanpickError(
            f"{path}: rows of a .npy file have no names. Give the frame ids of the rows: --ids FILE, one id a line."
        )
    values = read_array(path, mapped=True)
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise ScanpickError(f"{path}: expected an (N, D) array of numbers, got {values.dtype} of shape {values.shape}.")
    frame_ids = read_frame_ids(ids_path)
    if len(frame_ids) != len(values):
        raise ScanpickError(f"{path} has {len(values)} rows, but {ids_path} has {len(frame_ids)} ids.")
    return values, frame_ids


def _from_parquet(path: Path, ids_path: Path | None) -> tuple[Embeddings, list[str]]:
    if ids_path is not None:
        raise ScanpickError(f"{path}: a Parquet file has its own column '{COLUMN}'; leave --ids out.")
    frame_ids = read_frame_ids(path)
    table = read_parquet(path)
    table = table.drop_columns([COLUMN])
    empty = [field.name for field in table.schema if table.column(field.name).null_count]
    if empty:
        raise ScanpickError(f"{path}: expected a value in every row, the column '{empty[0]}' has empty ones.")
    kinds = pyarrow.types
    lists = [field.name for field in table.schema if kinds.is_list(field.type) or kinds.is_fixed_size_list(field.type)]
    numbers = [field.name for field in table.schema if kinds.is_floating(field.type) or kinds.is_integer(field.type)]
    if len(lists) == 1:
        return _from_lists(path, table.column(lists[0]).combine_chunks(), table.num_rows), frame_ids
    if lists or not numbers:
        raise ScanpickError(
            f"{path}: expected one column of lists, or columns of numbers, beside '{COLUMN}', got: "
            f"{', '.join(f'{field.name} ({field.type})' for field in table.schema) or 'no other column'}."
        )
    values = np.column_stack([table.column(column).to_numpy() for column in numbers])
    return _as_float32(values), frame_ids


def _from_lists(path: Path, column: pyarrow.Array, rows: int) -> Embeddings:
    flat = column.flatten()
    if flat.null_count:
        raise ScanpickError(f"{path}: expected numbers in the lists, {flat.null_count} are empty.")
    lengths = np.unique(np.array(column.value_lengths())) if rows else np.array([0])
    if len(lengths) != 1:
        raise ScanpickError(f"{path}: expected lists of one length, got lengths from {lengths[0]} to {lengths[-1]}.")
    return _as_float32(flat.to_numpy(zero_copy_only=False)).reshape(rows, int(lengths[0]))


def _as_float32(values: NDArray[Any]) -> Float32Array:
    with np.errstate(over="ignore"):  # what is too large becomes infinite, which is told as such
        return np.asarray(values, dtype=np.float32)
