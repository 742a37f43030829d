"""The predictions table: detections of many frames in one Parquet file.

One row a detection: ``frame_id, class, score, x, y, z, length, width, height, yaw``, boxes in the LiDAR frame as on
`Boxes3D`; then, where there are any, ``left, top, right, bottom`` in pixels, class probabilities ``p_<class>``, and
further columns of numbers. Rows of a frame need not be neighbours. A frame that was looked at and in which nothing was
found has no row: scanpick lists such frames in the file's metadata, so that they are told from frames never looked at.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scanpick.arrays import Float64Array, Int64Array, StringArray
from scanpick.errors import ScanpickError
from scanpick.formats.parquet import notes_of, read_parquet, strings_of, write_parquet
from scanpick.structures import Boxes3D, Detections
from scanpick.structures.checks import check_unique, name_some
from scanpick.texts import parsing

BOX_COLUMNS = ("x", "y", "z", "length", "width", "height", "yaw")
REQUIRED_COLUMNS = ("frame_id", "class", "score", *BOX_COLUMNS)
IMAGE_COLUMNS = ("left", "top", "right", "bottom")
PROBABILITY_PREFIX = "p_"

_NO_DETECTIONS = "frames_without_detections"


def write_predictions(path: Path, detections: Iterable[Detections], meta: Mapping[str, Any] | None = None) -> None:
    """Write the table atomically.

    Args:
        path: The Parquet file.
        detections: Each frame once, frames without detections too. Those with some must all have image boxes or none,
            the same probability classes and the same extras.
        meta: What made them (detector, weights' sha256, ...); anything JSON holds.

    Raises:
        ScanpickError: A frame comes twice, frames differ in their columns, or an extra takes a column's name.
    """
    frames = list(detections)
    check_unique("Predictions: frame ids", [frame.frame_id for frame in frames])
    filled = [frame for frame in frames if len(frame)]
    _check_same_columns(filled)
    columns = _columns(filled)
    notes = dict(meta or {}) | {_NO_DETECTIONS: [frame.frame_id for frame in frames if not len(frame)]}
    write_parquet(path, pa.table(columns), notes)


def read_predictions(path: Path) -> dict[str, Detections]:
    """Read the table: frame id -> detections, in the order in which frames appear, those without any last.

    Raises:
        ScanpickError: The file cannot be read, a column is missing or of another type, or a value is missing, not
            finite, or a negative size; the column and row are named.
    """
    table = _read_table(path)
    numbers = {name: _numbers(table, name, path) for name in table.column_names if name not in ("frame_id", "class")}
    class_names = np.array(strings_of(table, "class", path), dtype=np.str_)
    boxes = np.column_stack([numbers[name] for name in BOX_COLUMNS])
    negative = np.flatnonzero((boxes[:, 3:6] < 0).any(axis=1))
    if len(negative):
        raise ScanpickError(f"{path}: expected sizes >= 0, got negative ones in row {name_some(negative + 1)}.")
    probabilities = [name for name in table.column_names if name.startswith(PROBABILITY_PREFIX)]
    has_image_boxes = all(name in numbers for name in IMAGE_COLUMNS)
    known = {*REQUIRED_COLUMNS, *probabilities, *(IMAGE_COLUMNS if has_image_boxes else ())}

    found = {}
    for frame_id, rows in _rows_by_frame(np.array(strings_of(table, "frame_id", path), dtype=np.str_)):
        found[frame_id] = Detections(
            frame_id,
            Boxes3D(boxes[rows], class_names[rows]),
            numbers["score"][rows],
            np.column_stack([numbers[name][rows] for name in probabilities]) if probabilities else None,
            tuple(name.removeprefix(PROBABILITY_PREFIX) for name in probabilities),
            np.column_stack([numbers[name][rows] for name in IMAGE_COLUMNS]) if has_image_boxes else None,
            {name: values[rows] for name, values in numbers.items() if name not in known},
        )
    with parsing(str(path), f"a list of ids under '{_NO_DETECTIONS}'"):
        for frame_id in notes_of(table, path).get(_NO_DETECTIONS, []):
            found.setdefault(str(frame_id), Detections.empty(str(frame_id)))
    return found


def read_predictions_meta(path: Path) -> dict[str, Any]:
    """What the writer noted about the table; empty where it was not written by scanpick."""
    notes = notes_of(read_parquet(path), path)
    return {name: value for name, value in notes.items() if name != _NO_DETECTIONS}


def _columns(frames: list[Detections]) -> dict[str, pa.Array]:
    boxes = Boxes3D.concatenate([frame.boxes for frame in frames])
    counts = [len(frame) for frame in frames]
    ids = np.repeat(np.array([frame.frame_id for frame in frames], dtype=np.str_), counts)
    columns: dict[str, Any] = {
        "frame_id": _dictionary(ids),
        "class": _dictionary(boxes.class_names),
        "score": _joined([frame.scores for frame in frames]),
    }
    columns |= {name: boxes.array[:, column] for column, name in enumerate(BOX_COLUMNS)}
    if not frames:
        return columns
    first = frames[0]
    if first.image_boxes is not None:
        rectangles = _joined([frame.image_boxes for frame in frames])
        columns |= {name: rectangles[:, column] for column, name in enumerate(IMAGE_COLUMNS)}
    if first.class_probabilities is not None:
        chances = _joined([frame.class_probabilities for frame in frames])
        names = first.probability_classes
        columns |= {f"{PROBABILITY_PREFIX}{name}": chances[:, column] for column, name in enumerate(names)}
    columns |= {name: _joined([frame.extras[name] for frame in frames]) for name in first.extras}
    return columns


def _check_same_columns(frames: list[Detections]) -> None:
    for frame in frames:
        for has, what in (
            (lambda f: f.image_boxes is not None, "image boxes"),
            (lambda f: f.probability_classes if f.class_probabilities is not None else None, "probability classes"),
            (lambda f: sorted(f.extras), "extras"),
        ):
            if has(frame) != has(frames[0]):
                raise ScanpickError(
                    f"Predictions: expected the same {what} in every frame, got {has(frames[0])} in frame "
                    f"'{frames[0].frame_id}' and {has(frame)} in frame '{frame.frame_id}'."
                )
        for name in frame.extras:
            if name in (*REQUIRED_COLUMNS, *IMAGE_COLUMNS) or name.startswith(PROBABILITY_PREFIX):
                raise ScanpickError(f"Predictions: the extra '{name}' of frame '{frame.frame_id}' has a column's name.")


def _joined(arrays: Iterable[Float64Array | None]) -> Float64Array:
    parts = [array for array in arrays if array is not None]
    return np.concatenate(parts) if parts else np.zeros(0)


def _dictionary(strings: StringArray) -> pa.Array:
    return pa.array(strings.tolist(), type=pa.string()).dictionary_encode()


def _read_table(path: Path) -> pa.Table:
    if not path.is_file():
        raise ScanpickError(f"{path}: expected a predictions table (Parquet), got no such file.")
    table = read_parquet(path)
    missing = [name for name in REQUIRED_COLUMNS if name not in table.column_names]
    if missing:
        raise ScanpickError(
            f"{path}: expected the columns {', '.join(REQUIRED_COLUMNS)}, got no {', '.join(missing)}; "
            f"there are: {', '.join(table.column_names)}."
        )
    for name in table.column_names:
        if table[name].null_count:
            row = int(np.flatnonzero(table[name].is_null().to_numpy())[0]) + 1
            raise ScanpickError(f"{path}: expected a value in every row, got none in column '{name}', row {row}.")
    return table


def _numbers(table: pa.Table, name: str, path: Path) -> Float64Array:
    kind = table.schema.field(name).type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise ScanpickError(f"{path}: expected numbers in column '{name}', got {kind}.")
    values = np.asarray(table[name].to_numpy(), dtype=np.float64)
    bad = np.flatnonzero(~np.isfinite(values))
    if len(bad):
        raise ScanpickError(
            f"{path}: expected finite numbers in column '{name}', got NaN or infinity in row {name_some(bad + 1)}."
        )
    return values


def _rows_by_frame(frame_ids: StringArray) -> list[tuple[str, Int64Array]]:
    """Frame ids in order of first appearance, each with its rows in order."""
    names, first, inverse = np.unique(frame_ids, return_index=True, return_inverse=True)
    order = np.argsort(inverse, kind="stable")
    groups = np.split(order, np.searchsorted(inverse[order], np.arange(1, len(names))))
    return [(str(names[group]), groups[group]) for group in np.argsort(first)]
