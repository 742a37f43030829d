"""ReCon on the parts of a scene: each is embedded as an object, as ReCon was trained, and a frame is their summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from pydantic import Field, PrivateAttr

from scanpick.arrays import Embeddings, Float32Array
from scanpick.encoders.recon.encoder import ReConOptions, scene_groups
from scanpick.encoders.scene_parts import PartSettings, cut_into_parts
from scanpick.encoders.words import count_words, fit_words, nearest_words
from scanpick.errors import ScanpickError
from scanpick.files import sha256_of_file
from scanpick.formats.arrays import read_array
from scanpick.geometry.vectors import unit_rows
from scanpick.structures import Frame
from scanpick.structures.embedded_objects import EmbeddedObjects


class ReConParts(ReConOptions, PartSettings):
    """A frame as the mean and the maximum of the ReCon features of its parts, and a bag of words of them.

    The scene is cut as `PartSettings` says; each part is moved to its centroid, scaled to the unit sphere, turned to
    the network's axes and embedded as an object. A frame's vector has three blocks, each of length 1 / sqrt(3) at
    most: the mean and the maximum over the parts' features, scaled to it, and the square root of the share that each
    word has of the `most` parts that a frame may have. So a crowded frame differs from an empty one, and the squared
    distance of two bags is Hellinger's. A frame without parts is the zero vector, an empty road like any other.

    The words are k-means centres of the parts of all frames of a pool, so they are known once these are embedded:
    `scanpick embed` fits them and keeps them beside the embedding, and the embedding depends on the pool through them.
    Where that must not be, give the `words.npy` of another embedding as `words_file`. Without either, as when an
    encoder is used on its own, a vector has the first two blocks only.

    Attributes:
        points: Points kept of a part, by farthest-point sampling; parts with fewer are used whole.
        groups: Patches of a part. Parts with fewer points repeat them.
        words: How many words are fitted; 0 for none.
        words_file: (K, C) .npy of words to use instead.

    Example:
        >>> ReConParts(random_weights="tiny").dimension  # and 64 more with words
        768
    """

    name: ClassVar[str] = "recon-parts"

    points: int = Field(256, ge=1)
    groups: int = Field(32, ge=1)
    words: int = Field(64, ge=0, le=4096)
    words_file: Path | None = None

    _words: Float32Array | None = PrivateAttr(None)

    def model_post_init(self, context: Any) -> None:
        """Read the words that are given.

        Raises:
            ScanpickError: There are no weights, or two kinds of them; or the words do not fit the network.
        """
        super().model_post_init(context)
        if self.words_file is not None:
            self._words = _read_words(self.words_file, self.feature_length)

    @property
    def settings(self) -> dict[str, Any]:
        """All options that the vectors depend on, with the sha256 of files."""
        options = {name: value for name, value in super().settings.items() if name != "words_file"}
        return options | {"words_sha256": None if self.words_file is None else sha256_of_file(self.words_file)}

    @property
    def dimension(self) -> int:
        """D: twice a part's feature, and the number of words once they are known."""
        return 2 * self.feature_length + (0 if self._words is None else len(self._words))

    @property
    def object_dimension(self) -> int:
        """Length of a part's feature."""
        return self.feature_length

    @property
    def learned(self) -> Mapping[str, Float32Array]:
        """The words that were fitted."""
        return {} if self._words is None or self.words_file is not None else {"words": self._words}

    def encode(self, frames: Sequence[Frame]) -> Embeddings:
        """See `Encoder.encode`."""
        return self.pooled(self.encode_objects(frames))

    def encode_objects(self, frames: Sequence[Frame]) -> EmbeddedObjects:
        """See `PartEncoder.encode_objects`. The parts of one frame are a batch, so other frames do not count."""
        return EmbeddedObjects.joined([self._encode_one(frame) for frame in frames])

    def pooled(self, objects: EmbeddedObjects) -> Embeddings:
        """See `PartEncoder.pooled`."""
        frames, first = len(objects.counts), objects.first
        filled = objects.counts > 0
        blocks = [np.zeros((frames, self.feature_length)) for _ in range(2)]
        if filled.any():
            values = objects.values.astype(np.float64)
            starts = first[:-1][filled]
            blocks[0][filled] = unit_rows(np.add.reduceat(values, starts) / objects.counts[filled, None])
            blocks[1][filled] = unit_rows(np.maximum.reduceat(values, starts))
        if self._words is not None:
            nearest = nearest_words(objects.values, self._words)
            frame_of = np.repeat(np.arange(frames), objects.counts)
            counts = count_words(nearest, frame_of, frames, len(self._words))
            blocks.append(np.sqrt(counts / self.most))
        return (np.hstack(blocks) / np.sqrt(len(blocks))).astype(np.float32)

    def fitted(self, values: Embeddings) -> ReConParts:
        """The encoder with words fitted to the parts of all frames; itself where words are given or none are wanted.

        Raises:
            ScanpickError: No frame has a part.
        """
        if len(values) == 0:
            raise ScanpickError(
                f"The encoder 'recon-parts' found nothing that stands on the ground in any frame. Check that z is up, "
                f"in metres, and how high the sensor is above the ground (sensor_height_m is {self.sensor_height_m:g})."
            )
        if self.words_file is not None or self.words == 0:
            return self
        fitted = self.model_copy()
        fitted._words = fit_words(values, self.words, self.seed)
        return fitted

    def _encode_one(self, frame: Frame) -> EmbeddedObjects:
        parts = cut_into_parts(frame.points, self)
        if len(parts) == 0:
            return EmbeddedObjects.none(1, self.feature_length)
        size = self.network.config.group_size
        clouds = [np.ascontiguousarray(frame.points[rows, :3]) for rows in parts.rows]
        groups = [scene_groups(cloud, self.points, self.groups, size, self.up) for cloud in clouds]
        neighbourhoods, centres = (np.stack(arrays) for arrays in zip(*groups, strict=True))
        values = self.features(neighbourhoods, centres)
        return EmbeddedObjects(
            np.array([len(parts)]), values, parts.boxes, np.array([len(rows) for rows in parts.rows])
        )


def _read_words(path: Path, dimension: int) -> Float32Array:
    words = read_array(path)
    if words.ndim != 2 or words.shape[1] != dimension or words.dtype.kind != "f":
        raise ScanpickError(
            f"{path}: expected words as numbers of shape (any, {dimension}), a part's feature each, got {words.dtype} "
            f"of shape {words.shape}. Words of other weights do not fit."
        )
    if len(words) == 0 or not np.isfinite(words).all():
        raise ScanpickError(f"{path}: expected at least one word, and finite numbers.")
    return words.astype(np.float32)
