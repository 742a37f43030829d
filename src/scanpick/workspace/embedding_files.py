"""``embeddings/<name>/``: ``embeddings.npy`` (N, D) float32, ``frame_ids.parquet``, ``meta.json``.

``meta.json`` is written last and holds the fingerprints of the other two, so that a killed writer or a damaged file
shows.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
import pyarrow.parquet

from scanpick.arrays import Embeddings
from scanpick.errors import ScanpickError
from scanpick.files import atomic_path, sha256_of_file, write_text
from scanpick.structures import EmbeddingTable


@dataclass(frozen=True, eq=False)
class StoredEmbedding:
    """An embedding on disk.

    Attributes:
        table: The frames and their vectors, memory-mapped.
        contents: N hex digests of the points that the vectors were made from.
    """

    table: EmbeddingTable
    contents: tuple[str, ...]


def write_embedding(
    folder: Path,
    frame_ids: Sequence[str],
    contents: Sequence[str],
    blocks: Iterable[Embeddings],
    dimension: int,
    meta: Mapping[str, Any],
) -> None:
    """Write an embedding whose (N, D) rows come in `blocks`, so that they need not fit into memory."""
    values_path, ids_path = folder / "embeddings.npy", folder / "frame_ids.parquet"
    (folder / "meta.json").unlink(missing_ok=True)
    with atomic_path(values_path) as temporary, temporary.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (len(frame_ids), dimension)}
        np.lib.format.write_array_header_1_0(file, header)
        for block in blocks:
            file.write(np.ascontiguousarray(block, dtype="<f4").tobytes())
    with atomic_path(ids_path) as temporary:
        columns = [pyarrow.array(column, type=pyarrow.string()) for column in (frame_ids, contents)]
        pyarrow.parquet.write_table(pyarrow.table(columns, names=["frame_id", "content"]), temporary)
    meta = {
        **meta,
        "frames": len(frame_ids),
        "dimension": dimension,
        "embeddings_sha256": sha256_of_file(values_path),
        "frame_ids_sha256": sha256_of_file(ids_path),
    }
    write_text(folder / "meta.json", json.dumps(meta, indent=2, ensure_ascii=False) + "\n")


def read_meta(folder: Path) -> dict[str, Any]:
    """Read ``meta.json``.

    Raises:
        ScanpickError: It is missing or no JSON object.
    """
    try:
        meta = json.loads((folder / "meta.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ScanpickError(f"{folder}: cannot read meta.json of this embedding: {error}.{_again(folder)}") from error
    if not isinstance(meta, dict):
        raise ScanpickError(f"{folder}: expected a JSON object in meta.json, got {type(meta).__name__}.")
    return meta


def read_embedding(folder: Path) -> StoredEmbedding:
    """Read an embedding and check that its files are those that were written.

    Raises:
        ScanpickError: A file is missing, cut off or changed.
    """
    meta = read_meta(folder)
    for name, key in (("embeddings.npy", "embeddings_sha256"), ("frame_ids.parquet", "frame_ids_sha256")):
        path = folder / name
        if not path.is_file() or sha256_of_file(path) != meta.get(key):
            raise ScanpickError(f"{path}: missing, cut off or changed since it was written.{_again(folder)}")
    ids = pyarrow.parquet.ParquetFile(folder / "frame_ids.parquet").read()
    values = np.load(folder / "embeddings.npy", mmap_mode="r", allow_pickle=False)
    table = EmbeddingTable(folder.name, tuple(ids.column("frame_id").to_pylist()), values, meta)
    return StoredEmbedding(table, tuple(ids.column("content").to_pylist()))


def _again(folder: Path) -> str:
    return f" Make it again with: scanpick embed {folder.parent.parent} --name {folder.name} --encoder ..."
