"""Vectors that were made elsewhere, by frame id."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from scanpick.errors import ScanpickError
from scanpick.files import sha256_of_file
from scanpick.formats.vectors import read_vectors
from scanpick.structures import EmbeddingTable


def read_embeddings(path: Path, ids_path: Path | None = None, *, name: str = "imported") -> EmbeddingTable:
    """Read the user's own embeddings.

    A ``.npy`` file holds an (N, D) array of numbers, and `ids_path` the N frame ids of its rows (text with one id a
    line, or a column ``frame_id`` of CSV or Parquet). A ``.parquet`` or ``.csv`` file holds a column ``frame_id`` and
    either one column of lists of equal length, or columns of numbers; see `scanpick.formats.vectors` for which. The
    table's meta names what was taken and what was left out.

    Raises:
        ScanpickError: A file cannot be read, ids and rows do not match, an id comes twice, or a vector is not finite.
    """
    vectors = read_vectors(path, ids_path)
    if vectors.frame_ids is None:
        raise ScanpickError(
            f"{path}: rows of a .npy file have no names. Give the frame ids of the rows: `ids=FILE`, one id a line."
            if path.suffix.lower() == ".npy"
            else f"{path}: expected a column 'frame_id', or a list of the rows' ids beside it: `ids=FILE`."
        )
    settings = {"file": path.name, "sha256": sha256_of_file(path)}
    if ids_path is not None:
        settings |= {"ids_file": ids_path.name, "ids_sha256": sha256_of_file(ids_path)}
    meta = {"encoder": "import", "settings": settings}
    if vectors.columns:
        meta |= {"columns": vectors.columns, "left_out": list(vectors.left_out)}
    with np.errstate(over="ignore"):  # what is too large becomes infinite, which is told as such
        values = np.asarray(vectors.values, dtype=np.float32)
    return EmbeddingTable(name, tuple(vectors.frame_ids), values, meta)
