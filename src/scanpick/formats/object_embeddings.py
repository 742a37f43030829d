"""Embeddings of objects in frames: an .npz file with ``values`` (M, D) and ``frame_id`` (M,), the frame of each."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from scanpick.arrays import Embeddings
from scanpick.errors import ScanpickError


def read_object_embeddings(path: Path) -> tuple[Embeddings, list[str]]:
    """The (M, D) float32 vectors and the M frame ids.

    Raises:
        ScanpickError: The file cannot be read, or lacks an array or has one of another shape.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            values, frame_ids = arrays["values"], arrays["frame_id"]
    except (OSError, ValueError, EOFError, KeyError, AttributeError, TypeError, zipfile.BadZipFile) as error:
        raise ScanpickError(
            f"{path}: cannot read embeddings of objects from it: {error}. "
            f"Expected an .npz file with the arrays values (M, D) and frame_id (M,)."
        ) from error
    if values.ndim != 2 or values.dtype.kind not in "fiu" or frame_ids.shape != (len(values),):
        raise ScanpickError(
            f"{path}: expected values (M, D) of numbers and frame_id (M,), got {values.dtype} {values.shape} and "
            f"{frame_ids.shape}."
        )
    names = [name.decode() if isinstance(name, bytes) else str(name) for name in frame_ids.tolist()]
    with np.errstate(over="ignore"):  # numbers too large for float32 become infinite, which is told as such
        return values.astype(np.float32), names
