"""Which sequence each frame belongs to, from a table with the columns ``frame_id`` and ``sequence``."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from scanpick.errors import ScanpickError
from scanpick.structures.checks import name_some

COLUMNS = ("frame_id", "sequence")


def read_sequences(path: Path, frame_ids: Sequence[str]) -> list[str]:
    """The sequences of these frames, in their order; a workspace's ``frames.parquet`` has them.

    Raises:
        ScanpickError: The file cannot be read, lacks a column, or does not tell of every frame.
    """
    try:
        rows = _from_parquet(path) if path.suffix.lower() == ".parquet" else _from_csv(path)
    except (OSError, ValueError, csv.Error, pa.ArrowException) as error:
        raise ScanpickError(f"{path}: cannot read sequences from it: {error}.") from error
    missing = [frame_id for frame_id in frame_ids if rows.get(frame_id) is None]
    if missing:
        raise ScanpickError(
            f"{path}: no sequence of {len(missing)} of {len(frame_ids)} frames: {name_some(missing)}. "
            f"It tells of {name_some(list(rows), 3) or 'none'}."
        )
    return [rows[frame_id] for frame_id in frame_ids]


def _from_parquet(path: Path) -> dict[str, str]:
    _check_columns(path, pq.read_schema(path).names)
    table = pq.read_table(path, columns=list(COLUMNS)).to_pydict()
    return {str(frame_id): str(name) for frame_id, name in zip(table["frame_id"], table["sequence"], strict=True)}


def _from_csv(path: Path) -> dict[str, str]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        _check_columns(path, list(rows.fieldnames or []))
        return {row["frame_id"]: row["sequence"] for row in rows}


def _check_columns(path: Path, names: Sequence[str]) -> None:
    if missing := [name for name in COLUMNS if name not in names]:
        raise ScanpickError(
            f"{path}: expected the columns {' and '.join(COLUMNS)}, got no {' and no '.join(missing)}; "
            f"there are: {', '.join(names) or 'none'}."
        )
