"""More columns for a pool: from a table by frame id, from what a detector found, or of objects in frames."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scanpick.arrays import Embeddings, Float64Array, Int64Array
from scanpick.errors import ScanpickError
from scanpick.selection.pool import ObjectEmbeddings, Pool
from scanpick.structures import Detections
from scanpick.structures.checks import name_some

_POSITION = ("position_x_m", "position_y_m", "position_z_m")
_COUNT_PREFIX = "count_"


def with_columns(pool: Pool, frame_ids: Sequence[str], columns: Mapping[str, NDArray[Any]]) -> Pool:
    """The pool with further columns, matched by frame id.

    ``sequence``, ``time_s``, ``expected_boxes``, ``position_x_m``, ``position_y_m``, ``position_z_m`` and
    ``count_<class>`` have their own places in a pool; every other column of numbers becomes a score as well as
    metadata, and text metadata. Frames that the table does not have get NaN or empty text; frames that the pool does
    not have are passed over.

    Raises:
        ScanpickError: The table has no frame of the pool, or a column that has its own place does not fit there.
    """
    rows = _rows(pool.frame_ids, frame_ids)
    if len(rows) and (rows < 0).all():
        raise ScanpickError(
            f"The table has no frame of the pool: it has ids like {name_some(list(frame_ids), 2)}, "
            f"the pool has {name_some(pool.frame_ids, 2)}."
        )
    found = {name: _spread(np.asarray(column), rows) for name, column in columns.items()}
    changes: dict[str, Any] = {}
    if "sequence" in found:
        changes["sequences"] = found.pop("sequence").astype(np.str_)
    for name, place in (("time_s", "times_s"), ("expected_boxes", "expected_boxes")):
        if name in found:
            changes[place] = _numbers(name, found.pop(name))
    if "expected_boxes" in changes:
        changes["boxes_note"] = "a column of a table"
    axes = [name for name in _POSITION if name in found]
    if axes:
        changes["positions_m"] = np.stack([_numbers(name, found.pop(name)) for name in axes], axis=1)
    counts = {name: found.pop(name) for name in list(found) if name.startswith(_COUNT_PREFIX)}
    if counts:
        named = {name.removeprefix(_COUNT_PREFIX): _numbers(name, values) for name, values in counts.items()}
        changes["class_counts"] = {**pool.class_counts, **named}
    changes["metadata"] = {**pool.metadata, **found}
    changes["scores"] = {**pool.scores, **{name: values for name, values in found.items() if values.dtype.kind == "f"}}
    return dataclasses.replace(pool, **changes)


def with_detections(pool: Pool, detections: Mapping[str, Detections], min_score: float | None = None) -> Pool:
    """The pool with the expected number of boxes, and of objects of each class, from a detector's predictions.

    Args:
        pool: The frames. Each that may be picked must have predictions, an empty list where nothing was found.
        detections: Frame id -> what was detected.
        min_score: Count the boxes of at least this score. By default every box counts as much as its score says,
            which is then a probability from 0 to 1.

    Raises:
        ScanpickError: A frame has no predictions, or scores are not from 0 to 1.
    """
    needed = ~pool.labelled & ~pool.excluded
    missing = [
        frame_id for frame_id, need in zip(pool.frame_ids, needed, strict=True) if need and frame_id not in detections
    ]
    if missing:
        raise ScanpickError(
            f"The predictions have nothing on {len(missing)} of {int(needed.sum())} frames: {name_some(missing)}. "
            f"They have {name_some(list(detections), 3) or 'no frame'}. Predict these frames too, or exclude them."
        )
    known = np.array([frame_id in detections for frame_id in pool.frame_ids], dtype=bool)
    found = [detections.get(frame_id, Detections.empty(frame_id)) for frame_id in pool.frame_ids]
    worth = [_worth(one, min_score) for one in found]
    classes = sorted({str(name) for one in found for name in one.boxes.class_names})
    counts = {
        name: np.array([value[one.boxes.class_names == name].sum() for one, value in zip(found, worth, strict=True)])
        for name in classes
    }
    counts = {name: np.where(known, column, np.nan) for name, column in counts.items()}
    expected = np.where(known, np.array([value.sum() for value in worth], dtype=np.float64), np.nan)
    note = "sums of scores" if min_score is None else f"predictions of score {min_score:g} or more"
    counts = {**pool.class_counts, **counts}
    return dataclasses.replace(pool, expected_boxes=expected, boxes_note=note, class_counts=counts)


def with_objects(pool: Pool, name: str, values: Embeddings, frame_ids: Sequence[str]) -> Pool:
    """The pool with embeddings of objects (M, D), matched by the id of the frame that each is in.

    Objects in frames that the pool does not have are left out.

    Raises:
        ScanpickError: No object is in a frame of the pool, or a vector is not finite.
    """
    rows = _rows(frame_ids, pool.frame_ids)
    if len(rows) and (rows < 0).all():
        raise ScanpickError(
            f"Objects '{name}': none is in a frame of the pool: they have ids like {name_some(list(frame_ids), 2)}, "
            f"the pool has {name_some(pool.frame_ids, 2)}."
        )
    table = ObjectEmbeddings(values[rows >= 0], rows[rows >= 0])
    return dataclasses.replace(pool, objects={**pool.objects, name: table})


def _worth(detections: Detections, min_score: float | None) -> Float64Array:
    scores = detections.scores
    if min_score is not None:
        return (scores >= min_score).astype(np.float64)
    if ((scores < 0) | (scores > 1)).any():
        raise ScanpickError(
            f"Predictions of frame '{detections.frame_id}': expected scores from 0 to 1 to count boxes by, got "
            f"{scores.min():g} to {scores.max():g}. Give the score from which a box counts (`min_score=...`)."
        )
    return scores


def _rows(wanted: Sequence[str], frame_ids: Sequence[str]) -> Int64Array:
    """(n,) where each wanted id stands among `frame_ids`, -1 where it does not."""
    index = {frame_id: row for row, frame_id in enumerate(frame_ids)}
    return np.array([index.get(frame_id, -1) for frame_id in wanted], dtype=np.int64)


def _spread(column: NDArray[Any], rows: Int64Array) -> NDArray[Any]:
    if column.dtype.kind == "b" and (rows >= 0).all():
        return column[rows]
    missing: Any = "" if column.dtype.kind == "U" else np.nan
    spread = np.full(len(rows), missing, dtype=column.dtype if column.dtype.kind == "U" else np.float64)
    spread[rows >= 0] = column[rows[rows >= 0]]
    return spread


def _numbers(name: str, values: NDArray[Any]) -> Float64Array:
    if values.dtype.kind not in "bf":
        raise ScanpickError(f"The column '{name}': expected numbers, got text such as '{values[0]}'.")
    return values.astype(np.float64)
