"""``embeddings/<name>/``: ``embeddings.npy`` (N, D) float32, ``frame_ids.parquet``, ``meta.json``.

Where the encoder embeds objects, these are in ``objects.npz``; what was learned from all frames together (centres of
words, a whitening) is in an ``.npy`` file of its own. ``meta.json`` is written last and holds the fingerprints of the
others, so that a killed writer or a damaged file shows.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow

from scanpick.arrays import Embeddings, Float32Array
from scanpick.errors import ScanpickError, call
from scanpick.files import atomic_path, sha256_of_file
from scanpick.formats.arrays import read_array
from scanpick.formats.object_embeddings import read_objects_of, write_object_embeddings
from scanpick.formats.parquet import read_parquet, strings_of, write_parquet
from scanpick.structures import EmbeddingTable
from scanpick.structures.embedded_objects import EmbeddedObjects
from scanpick.texts import parsing, read_json, write_json

OBJECTS = "objects.npz"


@dataclass(frozen=True, eq=False)
class StoredEmbedding:
    """An embedding on disk.

    Attributes:
        table: The frames and their vectors, memory-mapped.
        contents: N hex digests of the points that the vectors were made from.
        objects: The objects in the frames, where they were asked for.
    """

    table: EmbeddingTable
    contents: tuple[str, ...]
    objects: EmbeddedObjects | None = None


def write_embedding(
    folder: Path,
    frame_ids: Sequence[str],
    contents: Sequence[str],
    blocks: Iterable[Embeddings],
    dimension: int,
    meta: Mapping[str, Any],
    *,
    objects: EmbeddedObjects | None = None,
    learned: Mapping[str, Float32Array] | None = None,
) -> None:
    """Write an embedding whose (N, D) rows come in `blocks`, so that they need not fit into memory.

    Args:
        folder: Where to.
        frame_ids: N ids.
        contents: N hex digests of the points.
        blocks: The vectors.
        dimension: D.
        meta: How they were made.
        objects: The objects in the N frames, where there are any.
        learned: What was learned from all of them, by name.
    """
    values_path, ids_path = folder / "embeddings.npy", folder / "frame_ids.parquet"
    (folder / "meta.json").unlink(missing_ok=True)
    with atomic_path(values_path) as temporary, temporary.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (len(frame_ids), dimension)}
        np.lib.format.write_array_header_1_0(file, header)
        for block in blocks:
            file.write(np.ascontiguousarray(block, dtype="<f4").tobytes())
    columns = [pyarrow.array(column, type=pyarrow.string()) for column in (frame_ids, contents)]
    write_parquet(ids_path, pyarrow.table(columns, names=["frame_id", "content"]))
    further: dict[str, Any] = {}
    if objects is not None:
        write_object_embeddings(folder / OBJECTS, objects, frame_ids)
        further |= {"objects": len(objects), "objects_sha256": sha256_of_file(folder / OBJECTS)}
    if learned:
        further["learned"] = {name: _write_array(folder / f"{name}.npy", array) for name, array in learned.items()}
    _remove_others(folder, {"embeddings", *(learned or {})}, with_objects=objects is not None)
    meta = {
        **meta,
        **further,
        "frames": len(frame_ids),
        "dimension": dimension,
        "embeddings_sha256": sha256_of_file(values_path),
        "frame_ids_sha256": sha256_of_file(ids_path),
    }
    write_json(folder / "meta.json", meta)


def read_meta(folder: Path) -> dict[str, Any]:
    """Read ``meta.json``.

    Raises:
        ScanpickError: It is missing, no JSON object, or changed since it was written.
    """
    return read_json(folder / "meta.json", _again(folder))


def read_embedding(folder: Path) -> StoredEmbedding:
    """Read an embedding and check that its files are those that were written.

    Raises:
        ScanpickError: A file is missing, cut off or changed.
    """
    meta = read_meta(folder)
    written = {"embeddings.npy": meta.get("embeddings_sha256"), "frame_ids.parquet": meta.get("frame_ids_sha256")}
    with parsing(str(folder / "meta.json"), "what was learned by name"):
        written |= {f"{name}.npy": sha256 for name, sha256 in meta.get("learned", {}).items()}
    for name, sha256 in written.items():
        path = folder / name
        if not path.is_file() or sha256_of_file(path) != sha256:
            raise ScanpickError(f"{path}: missing, cut off or changed since it was written. {_again(folder)}")
    ids_path = folder / "frame_ids.parquet"
    ids = read_parquet(ids_path, _again(folder))
    values = read_array(folder / "embeddings.npy", mapped=True)
    table = EmbeddingTable(folder.name, tuple(strings_of(ids, "frame_id", ids_path)), values, meta)
    return StoredEmbedding(table, tuple(strings_of(ids, "content", ids_path)))


def read_objects(folder: Path) -> tuple[EmbeddedObjects, list[str]]:
    """The objects in an embedding's frames, and the M ids of their frames; checked to be what was written.

    Raises:
        ScanpickError: The encoder gave none, or the file is missing, cut off or changed.
    """
    meta = read_meta(folder)
    path = folder / OBJECTS
    if "objects_sha256" not in meta:
        raise ScanpickError(
            f"The embedding '{folder.name}' has no embeddings of objects: its encoder '{meta.get('encoder')}' makes "
            f"none. Make some with: {call('embed', folder.parent.parent, encoder='recon-parts')}"
        )
    if not path.is_file() or sha256_of_file(path) != meta["objects_sha256"]:
        raise ScanpickError(f"{path}: missing, cut off or changed since it was written. {_again(folder)}")
    ids_path = folder / "frame_ids.parquet"
    frame_ids = strings_of(read_parquet(ids_path, _again(folder)), "frame_id", ids_path)
    objects = read_objects_of(path, frame_ids)
    return objects, np.repeat(np.array(frame_ids, dtype=np.str_), objects.counts).tolist()


def remove_unfinished(folder: Path) -> None:
    """Remove what a killed writer left of an embedding: files of arrays and ids without ``meta.json``."""
    if folder.is_dir() and not (folder / "meta.json").exists():
        with contextlib.suppress(OSError):  # not ours to remove, or something else is in it
            for path in (*folder.glob("*.npy"), folder / "frame_ids.parquet", folder / OBJECTS):
                path.unlink(missing_ok=True)
            folder.rmdir()


def _write_array(path: Path, array: Float32Array) -> str:
    with atomic_path(path) as temporary:
        np.save(temporary, array)
    return sha256_of_file(path)


def _remove_others(folder: Path, arrays: set[str], *, with_objects: bool) -> None:
    """Remove what an embedding that was here before had besides."""
    for path in folder.glob("*.npy"):
        if path.stem not in arrays and not path.name.startswith("."):
            path.unlink()
    if not with_objects:
        (folder / OBJECTS).unlink(missing_ok=True)


def _again(folder: Path) -> str:
    return f"Make it again with: {call('embed', folder.parent.parent, name=folder.name, encoder=...)}"
