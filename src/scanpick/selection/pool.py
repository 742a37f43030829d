"""What a strategy may look at: arrays about the frames, no files and no models."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpick.arrays import BoolArray, Embeddings, Float64Array, Int64Array, StringArray
from scanpick.errors import ScanpickError, unknown_name
from scanpick.structures.checks import as_array, check_known, check_unique, name_some

_BLOCK_ROWS = 16384

# Fields that hold one array, or one for each name, with their types; N is their first dimension.
_ARRAYS: dict[str, tuple[type, tuple[None, ...]]] = {
    "labelled": (np.bool_, ()),
    "excluded": (np.bool_, ()),
    "sequences": (np.str_, ()),
    "times_s": (np.float64, ()),
    "positions_m": (np.float64, (None,)),
    "expected_boxes": (np.float64, ()),
}
_TABLES: dict[str, tuple[type, tuple[None, ...]]] = {
    "embeddings": (np.float32, (None,)),
    "scores": (np.float64, ()),
    "class_counts": (np.float64, ()),
}


@dataclass(frozen=True, eq=False)
class Pool:
    """N frames that a selection sees: those that may be picked and those that are labelled already.

    Attributes:
        frame_ids: N ids, each once.
        embeddings: Name -> (N, D) float32, finite wherever a frame is not excluded. The first is the one that a
            strategy uses unless told otherwise. A memory map stays one.
        labelled: (N,) bool: has labels already; never picked, but counts as covered. Default: none.
        excluded: (N,) bool: neither picked nor counted (set aside, filtered out). Default: none.
        sequences: (N,) the drive of each frame, or None where drives are not known.
        times_s: (N,) float64 seconds, comparable within a sequence; NaN where unknown.
        positions_m: (N, 2) or (N, 3) float64 of the vehicle, comparable within a sequence, or None.
        scores: Name -> (N,) float64: uncertainties and other numbers to weigh with; NaN where unknown.
        expected_boxes: (N,) float64: how many boxes the frame is expected to need, or None. NaN for a labelled frame
            of which it is not known.
        boxes_note: How these numbers of boxes were found, for the summary of whoever spends by them.
        metadata: Name -> (N,) array of numbers or strings, for expressions, balances and strata.
        class_counts: Class name -> (N,) float64: how many objects of the class the frame is expected to hold. NaN for
            a labelled frame of which it is not known.
        objects: Name -> embeddings of objects in frames, for object-level diversity.
    """

    frame_ids: tuple[str, ...]
    embeddings: Mapping[str, Embeddings] = field(default_factory=dict)
    labelled: BoolArray = None  # type: ignore[assignment]  # an array from __post_init__ on
    excluded: BoolArray = None  # type: ignore[assignment]
    sequences: StringArray | None = None
    times_s: Float64Array | None = None
    positions_m: Float64Array | None = None
    scores: Mapping[str, Float64Array] = field(default_factory=dict)
    expected_boxes: Float64Array | None = None
    boxes_note: str = ""
    metadata: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    class_counts: Mapping[str, Float64Array] = field(default_factory=dict)
    objects: Mapping[str, ObjectEmbeddings] = field(default_factory=dict)

    def __post_init__(self) -> None:
        object.__setattr__(self, "frame_ids", tuple(self.frame_ids))
        check_unique("Pool.frame_ids", self.frame_ids)
        count = len(self.frame_ids)
        for name, (dtype, shape) in _ARRAYS.items():
            value = getattr(self, name)
            if value is None and dtype is np.bool_:
                value = np.zeros(count, dtype=bool)
            if value is not None:
                object.__setattr__(self, name, as_array(f"Pool.{name}", value, dtype, (count, *shape)))
        for name, (dtype, shape) in _TABLES.items():
            columns = {
                key: as_array(f"Pool.{name}[{key!r}]", value, dtype, (count, *shape))
                for key, value in getattr(self, name).items()
            }
            object.__setattr__(self, name, columns)
        metadata = {name: _metadata_column(name, column, count) for name, column in self.metadata.items()}
        object.__setattr__(self, "metadata", metadata)
        for name, values in self.embeddings.items():
            self._check_embedding(name, values)
        if self.expected_boxes is not None:
            self._check_not_negative("expected_boxes", self.expected_boxes)
        for name, counts in self.class_counts.items():
            self._check_not_negative(f"class_counts[{name!r}]", counts)
        for name, table in self.objects.items():
            if len(table.frame_index) and table.frame_index.max() >= count:
                raise ScanpickError(
                    f"Pool.objects[{name!r}]: expected frame indices below {count}, got {table.frame_index.max()}."
                )

    def __len__(self) -> int:
        return len(self.frame_ids)

    def mask(self, frame_ids: Sequence[str], what: str = "labelled") -> BoolArray:
        """(N,) bool: which frames of the pool are named by `frame_ids`; `what` they are is said in messages.

        Raises:
            ScanpickError: An id is not in the pool, or is given twice.
        """
        check_unique(f"The {what} frames", frame_ids)
        index = {frame_id: row for row, frame_id in enumerate(self.frame_ids)}
        check_known(f"{what} frames", frame_ids, index, where=f"the pool of {len(self)} frames")
        mask = np.zeros(len(self), dtype=bool)
        mask[[index[frame_id] for frame_id in frame_ids]] = True
        return mask

    def embedding(self, name: str | None = None) -> Embeddings:
        """The (N, D) embedding of this name, or the first one.

        Raises:
            ScanpickError: There is none of that name, or none at all.
        """
        if not self.embeddings:
            raise ScanpickError("The pool has no embedding, and this selection needs one. Embed the frames first.")
        if name is None:
            return next(iter(self.embeddings.values()))
        if name not in self.embeddings:
            raise unknown_name("embedding", name, self.embeddings)
        return self.embeddings[name]

    def take(self, rows: Int64Array) -> Pool:
        """The pool of these rows, in this order. Without copies where that is every row in its place."""
        if len(rows) == len(self) and (rows == np.arange(len(self))).all():
            return self
        arrays = {name: getattr(self, name) for name in _ARRAYS}
        taken: dict[str, Any] = {name: None if array is None else array[rows] for name, array in arrays.items()}
        for name in (*_TABLES, "metadata"):
            taken[name] = {key: column[rows] for key, column in getattr(self, name).items()}
        objects = {name: table.take(rows, len(self)) for name, table in self.objects.items()}
        frame_ids = tuple(self.frame_ids[row] for row in rows)
        return dataclasses.replace(self, frame_ids=frame_ids, objects=objects, **taken)

    def _check_embedding(self, name: str, values: Embeddings) -> None:
        if len(values) and values.shape[1] == 0:
            raise ScanpickError(f"Embedding '{name}': expected vectors of at least one number, got none.")
        for start in range(0, len(values), _BLOCK_ROWS):  # a memory map is not read into memory at once
            block = values[start : start + _BLOCK_ROWS]
            with np.errstate(over="ignore", invalid="ignore"):
                if np.isfinite(block.sum()):  # cheap; a sum is finite only where every number is
                    continue
            bad = ~np.isfinite(block).all(axis=1) & ~self.excluded[start : start + _BLOCK_ROWS]
            if bad.any():
                names = [self.frame_ids[start + row] for row in np.flatnonzero(bad)]
                raise ScanpickError(
                    f"Embedding '{name}': expected finite numbers, got NaN or infinity in frames {name_some(names)}. "
                    f"Embed these frames again or exclude them."
                )

    def _check_not_negative(self, what: str, values: Float64Array) -> None:
        bad = ~((values >= 0) & np.isfinite(values)) & ~self.excluded
        bad &= ~(self.labelled & np.isnan(values))  # not known of a labelled frame: whoever needs it says so
        if bad.any():
            names = [self.frame_ids[row] for row in np.flatnonzero(bad)]
            raise ScanpickError(
                f"Pool.{what}: expected numbers of 0 or more, got others for frames {name_some(names)}."
            )


@dataclass(frozen=True, eq=False)
class ObjectEmbeddings:
    """M objects in frames, each a vector.

    Attributes:
        values: (M, D) float32, finite.
        frame_index: (M,) int64: the row of its frame in the pool.
    """

    values: Embeddings
    frame_index: Int64Array

    def __post_init__(self) -> None:
        values = as_array("ObjectEmbeddings.values", self.values, np.float32, (None, None))
        frame_index = as_array("ObjectEmbeddings.frame_index", self.frame_index, np.int64, (len(values),))
        bad = np.flatnonzero(~np.isfinite(values).all(axis=1))
        if len(bad):
            raise ScanpickError(
                f"ObjectEmbeddings.values: expected finite numbers, got NaN or infinity in the rows {name_some(bad)}."
            )
        if len(frame_index) and frame_index.min() < 0:
            raise ScanpickError(f"ObjectEmbeddings.frame_index: expected 0 or more, got {frame_index.min()}.")
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "frame_index", frame_index)

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: Int64Array, frame_count: int) -> ObjectEmbeddings:
        """The objects of the frames `rows`, renumbered, ordered by frame; `frame_count` is N of the old pool."""
        new_row = np.full(frame_count, -1, dtype=np.int64)
        new_row[rows] = np.arange(len(rows))
        frame = new_row[self.frame_index]
        order = np.argsort(frame, kind="stable")
        kept = order[frame[order] >= 0]
        return ObjectEmbeddings(self.values[kept], frame[kept])


def _metadata_column(name: str, column: Any, count: int) -> NDArray[Any]:
    array = np.asarray(column)
    if array.dtype.kind == "O":  # a column of Python objects: text, unless all are numbers
        numbers = all(isinstance(value, int | float) for value in array.ravel())
        array = array.astype(np.float64 if numbers else np.str_)
    if array.dtype.kind not in "biufUS":
        raise ScanpickError(f"Pool.metadata[{name!r}]: expected numbers or text, got values of type {array.dtype}.")
    return as_array(f"Pool.metadata[{name!r}]", array, np.str_ if array.dtype.kind == "S" else array.dtype, (count,))
