"""Frozen features of camera images, from a file or from the user's own function."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

from scanpick.arrays import Float32Array
from scanpick.encoders.imported import read_embeddings
from scanpick.encoders.pretraining.frames import UnlabelledFrames
from scanpick.errors import FrameError, ScanpickError
from scanpick.files import atomic_path
from scanpick.formats.arrays import read_arrays
from scanpick.structures import EmbeddingTable

IMAGES_AT_ONCE = 16

Teacher = Callable[[Sequence[np.ndarray]], np.ndarray]
"""Gives (n, T) features of n images, each (H, W, 3) uint8 RGB."""


@dataclass(frozen=True)
class ImageFeatures:
    """Features of the images of frames.

    Attributes:
        values: Frame id -> (T,) feature.
        problems: Frame id -> why its image has none, where there is one.
    """

    values: Mapping[str, Float32Array]
    problems: Mapping[str, str] = field(default_factory=dict)

    @property
    def dimension(self) -> int:
        """T."""
        return len(next(iter(self.values.values())))


def teacher_features(
    teacher: str, frames: UnlabelledFrames, kept: Path, *, advance: Callable[[int], None] = lambda steps: None
) -> ImageFeatures:
    """Features of the images of frames. Frames without an image, or without a line in the file, have none.

    Args:
        teacher: A ``.npz`` (``frame_ids`` and ``features``) or ``.parquet`` file (as for imported embeddings), or
            ``module:attribute`` of a function that is given images; the module is found in the working folder, too.
        frames: The frames.
        kept: Where the features that a function gave are kept, so that an interrupted run need not make them again.
        advance: Called with the number of frames done.

    Raises:
        ScanpickError: The file or function cannot be used, or gives nothing for these frames.
    """
    path = Path(teacher)
    if path.suffix.lower() in (".npz", ".parquet"):
        table = read_features(path)
        known = {frame_id: row for row, frame_id in enumerate(table.frame_ids)}
        values = {r.frame_id: table.values[known[r.frame_id]] for r in frames.records if r.frame_id in known}
        features = ImageFeatures(values)
        advance(len(frames))
    elif ":" in teacher:
        features = _made_features(teacher, frames, kept, advance)
    else:
        raise ScanpickError(
            f"Teacher '{teacher}': expected a .npz or .parquet file of features by frame id, or module:attribute."
        )
    if not features.values:
        raise ScanpickError(f"Teacher '{teacher}': none of the {len(frames)} frames has an image feature.")
    return features


def read_features(path: Path) -> EmbeddingTable:
    """Features by frame id from a ``.npz`` file with ``frame_ids`` (N,) and ``features`` (N, T), or a ``.parquet``.

    Raises:
        ScanpickError: The file cannot be read, or holds something else, NaN, infinity or an id twice.
    """
    if path.suffix.lower() == ".parquet":
        return read_embeddings(path, name="teacher")
    frame_ids, values = read_arrays(path, ("frame_ids", "features"))
    if frame_ids.dtype.kind != "U" or values.dtype.kind not in "fiu" or values.ndim != 2 or values.shape[1] == 0:
        raise ScanpickError(
            f"{path}: expected text 'frame_ids' and an (N, T) array of numbers 'features', got {frame_ids.dtype} of "
            f"shape {frame_ids.shape} and {values.dtype} of shape {values.shape}."
        )
    return EmbeddingTable("teacher", tuple(frame_ids.tolist()), values.astype(np.float32))


def _made_features(teacher: str, frames: UnlabelledFrames, kept: Path, advance: Callable[[int], None]) -> ImageFeatures:
    images = {r.frame_id: path for r, path in zip(frames.records, frames.images, strict=True) if path is not None}
    advance(len(frames) - len(images))
    if kept.exists():
        table = read_features(kept)
        if set(table.frame_ids) <= images.keys():
            advance(len(images))
            return ImageFeatures(dict(zip(table.frame_ids, table.values, strict=True)))
    function = load_teacher(teacher)
    values: dict[str, Float32Array] = {}
    problems: dict[str, str] = {}
    for start in range(0, len(images), IMAGES_AT_ONCE):
        batch: dict[str, np.ndarray] = {}
        for frame_id, path in list(images.items())[start : start + IMAGES_AT_ONCE]:
            try:
                batch[frame_id] = _image(path)
            except FrameError as error:
                problems[frame_id] = str(error)
        if batch:
            given = _given(teacher, function(list(batch.values())), len(batch))
            values |= dict(zip(batch, given, strict=True))
        advance(min(IMAGES_AT_ONCE, len(images) - start))
    if values:
        table = EmbeddingTable("teacher", tuple(values), np.stack(list(values.values())))  # says what is not finite
        with atomic_path(kept) as temporary:
            np.savez(temporary, frame_ids=np.array(table.frame_ids, dtype=np.str_), features=table.values)
    return ImageFeatures(values, problems)


def load_teacher(teacher: str) -> Teacher:
    """Import the function that ``module:attribute`` names; the module may lie in the working folder.

    Raises:
        ScanpickError: It cannot be imported or called.
    """
    module_name, _, attribute = teacher.partition(":")
    sys.path.insert(0, str(Path.cwd()))
    try:
        function = getattr(importlib.import_module(module_name), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ScanpickError(f"Teacher '{teacher}': cannot be imported: {error}.") from error
    finally:
        sys.path.remove(str(Path.cwd()))
    if not callable(function):
        raise ScanpickError(f"Teacher '{teacher}': expected a function of images, got {type(function).__name__}.")
    return function


def _image(path: Path) -> np.ndarray:
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except (OSError, ValueError, Image.DecompressionBombError) as error:
        raise FrameError(f"{path}: cannot be read as an image: {error}.") from error


def _given(teacher: str, values: object, count: int) -> Float32Array:
    if hasattr(values, "detach"):  # a torch tensor, on whatever device
        values = values.detach().cpu().numpy()
    array = np.asarray(values)
    if array.ndim != 2 or len(array) != count or array.shape[1] == 0 or array.dtype.kind not in "fiu":
        raise ScanpickError(
            f"Teacher '{teacher}': expected ({count}, T) features of {count} images, got {array.dtype} of shape "
            f"{array.shape}."
        )
    return array.astype(np.float32)
