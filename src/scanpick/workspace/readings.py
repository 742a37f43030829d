"""What reading frames gave: a block of rows, and files of such blocks from which a killed run goes on."""

from __future__ import annotations

import contextlib
import hashlib
import io
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpick.arrays import Embeddings, Int64Array, StringArray
from scanpick.errors import FrameError
from scanpick.files import write_bytes
from scanpick.structures import Labels
from scanpick.structures.embedded_objects import EmbeddedObjects

Found = Labels | FrameError | None
"""What there is of a frame's labels: they, why they cannot be read, or none."""

_OBJECTS = "objects_"
"""Prefix of the arrays of objects in a file."""


@dataclass(frozen=True, eq=False)
class Readings:
    """n frames that were read, and encoded where an encoder was given.

    Attributes:
        frame_ids: (n,) ids.
        sources: (n,) marks of the files as they were when read.
        contents: (n,) hex digests of the points, "" where a frame cannot be used.
        num_points: (n,) int64.
        problems: (n,) why a frame cannot be used, "" where it can.
        doubts: (n,) what looks wrong with a frame that can be used (see `FrameTable`), "" where nothing does.
        notes: (n,) what the reader did to the points (see `FrameTable`), "" where nothing.
        encoding_problems: (n,) why a usable frame cannot be encoded, "" where it can.
        values: (n, D) float32 vectors, zero where there is a problem; D is 0 without an encoder.
        objects: The objects in the frames, where the encoder embeds them; none where there is a problem.
        labels: Frame id -> what there is of its labels, where they were read. They are not kept in files of readings.
    """

    frame_ids: StringArray
    sources: StringArray
    contents: StringArray
    num_points: Int64Array
    problems: StringArray
    doubts: StringArray
    notes: StringArray
    encoding_problems: StringArray
    values: Embeddings
    objects: EmbeddedObjects | None = None
    labels: Mapping[str, Found] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frame_ids)

    def rows(self, keep: Sequence[int]) -> Readings:
        """Some of the rows."""
        columns: dict[str, Any] = {name: array[list(keep)] for name, array in self._columns().items()}
        return Readings(**columns, objects=None if self.objects is None else self.objects.of_frames(keep))

    def joined(self, other: Readings) -> Readings:
        """These rows and those of another."""
        theirs = other._columns()
        columns: dict[str, Any] = {
            name: np.concatenate([array, theirs[name]]) for name, array in self._columns().items()
        }
        both = [part.objects for part in (self, other) if part.objects is not None]
        objects = EmbeddedObjects.joined(both) if both else None
        return Readings(**columns, objects=objects, labels={**self.labels, **other.labels})

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All of it as arrays by name."""
        objects = {} if self.objects is None else vars(self.objects)
        return self._columns() | {f"{_OBJECTS}{name}": array for name, array in objects.items()}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, NDArray[Any]]) -> Readings:
        """What `arrays` gave."""
        columns: dict[str, Any] = {name: array for name, array in arrays.items() if not name.startswith(_OBJECTS)}
        objects = {name.removeprefix(_OBJECTS): array for name, array in arrays.items() if name.startswith(_OBJECTS)}
        return cls(**columns, objects=EmbeddedObjects(**objects) if objects else None)

    def _columns(self) -> dict[str, NDArray[Any]]:
        return {name: array for name, array in vars(self).items() if name not in ("objects", "labels")}


class ReadingStore:
    """Files of readings by block number, for one data set and one encoder with its settings.

    A file that is cut off or changed is as good as missing.

    Args:
        folder: Where the files are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def load(self, number: int) -> Readings | None:
        """The readings of a block, or None where there are none."""
        try:
            content = self._path(number).read_bytes()
        except FileNotFoundError:
            return None
        digest, packed = content[:32], content[32:]
        if hashlib.sha256(packed).digest() != digest:
            return None
        with np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
            return Readings.of_arrays(arrays)

    def save(self, number: int, readings: Readings) -> None:
        """Write the readings of a block atomically."""
        packed = io.BytesIO()
        np.savez(packed, allow_pickle=False, **readings.arrays())
        write_bytes(self._path(number), hashlib.sha256(packed.getvalue()).digest() + packed.getvalue())

    def clear(self) -> None:
        """Remove all of it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # other stores are there, or none ever was
            self.folder.parent.rmdir()

    def clear_others(self, keep: Sequence[ReadingStore]) -> None:
        """Remove this store and those beside it, which killed runs left, but for some."""
        kept = {store.folder for store in keep}
        for folder in self.folder.parent.glob("*"):
            if folder not in kept:
                shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            self.folder.parent.rmdir()

    def _path(self, number: int) -> Path:
        return self.folder / f"{number:06d}.readings"
