"""Embeddings of objects in frames: an .npz file with ``values`` (M, D) and ``frame_id`` (M,), the frame of each.

Files that scanpick writes also hold ``box`` (M, 6), the centre and the extents along x, y, z of the box around an
object's points in metres, LiDAR frame, and ``num_points`` (M,).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scanpick.arrays import Embeddings
from scanpick.errors import ScanpickError
from scanpick.files import atomic_path
from scanpick.formats.arrays import read_arrays
from scanpick.structures.embedded_objects import EmbeddedObjects
from scanpick.texts import parsing


def read_object_embeddings(path: Path) -> tuple[Embeddings, list[str]]:
    """The (M, D) float32 vectors and the M frame ids.

    Raises:
        ScanpickError: The file cannot be read, or lacks an array or has one of another shape.
    """
    values, frame_ids = read_arrays(path, ("values", "frame_id"))
    if values.ndim != 2 or values.dtype.kind not in "fiu" or frame_ids.shape != (len(values),):
        raise ScanpickError(
            f"{path}: expected values (M, D) of numbers and frame_id (M,), got {values.dtype} {values.shape} and "
            f"{frame_ids.shape}."
        )
    with parsing(str(path), "frame ids in UTF-8"):
        names = [name.decode() if isinstance(name, bytes) else str(name) for name in frame_ids.tolist()]
    with np.errstate(over="ignore"):  # numbers too large for float32 become infinite, which is told as such
        return values.astype(np.float32), names


def write_object_embeddings(path: Path, objects: EmbeddedObjects, frame_ids: Sequence[str]) -> None:
    """Write the objects of the frames with these ids, atomically."""
    names = np.repeat(np.array(frame_ids, dtype=np.str_), objects.counts)
    with atomic_path(path) as temporary:
        np.savez(temporary, values=objects.values, frame_id=names, box=objects.boxes, num_points=objects.num_points)


def read_objects_of(path: Path, frame_ids: Sequence[str]) -> EmbeddedObjects:
    """Read back what was written for these frames; a `ScanpickError` where the file holds something else."""
    values, names = read_object_embeddings(path)
    row_of = {frame_id: row for row, frame_id in enumerate(frame_ids)}
    rows = np.array([row_of.get(name, -1) for name in names], dtype=np.int64)
    boxes, num_points = read_arrays(path, ("box", "num_points"))
    if (rows < 0).any() or (np.diff(rows) < 0).any():
        raise ScanpickError(f"{path}: expected the objects of the embedding's frames, in their order.")
    with parsing(str(path), "boxes and numbers of points"):
        return EmbeddedObjects(np.bincount(rows, minlength=len(frame_ids)), values, boxes, num_points)
