"""A selection as a table: CSV for spreadsheets and scripts, Parquet for everything, with the summary inside.

One row a pick, in the order of the picks: ``rank`` (from 1), ``index`` (the row of a file of embeddings, where that is
what was selected from), ``frame_id``, ``sequence``, ``gain``, ``nearest_selected``, ``distance``, ``cost``, one
``contribution_<objective>`` each, ``path``. Columns that nothing is known about are left out. Gains are infinite where
nothing was chosen before a pick whose gain is a distance; such a pick has no nearest frame and no distance (empty in
CSV, null in Parquet).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scanpick.arrays import Float64Array
from scanpick.errors import ScanpickError
from scanpick.formats.parquet import notes_of, read_parquet, write_parquet
from scanpick.structures import Selection
from scanpick.structures.selection import CONTRIBUTION_PREFIX
from scanpick.texts import advised, parsing, read_csv, write_csv

REQUIRED_COLUMNS = ("rank", "frame_id", "gain", "nearest_selected", "distance", "cost")


@dataclass(frozen=True)
class FrameFacts:
    """What a table says about frames besides what a selection knows.

    Attributes:
        sequences: Frame id -> its sequence.
        paths: Frame id -> the file of its points.
        rows: Picked or nearest frame id -> its row in the file of embeddings.
        ids_given: Whether frame ids mean something; else they only number the rows, and a table has these instead.
    """

    sequences: Mapping[str, str] | None = None
    paths: Mapping[str, str] | None = None
    rows: Mapping[str, int] | None = None
    ids_given: bool = True


def write_selection(path: Path, selection: Selection, facts: FrameFacts | None = None) -> None:
    """Write a selection atomically, as Parquet or CSV by the suffix of `path`.

    Raises:
        ScanpickError: The suffix is another.
    """
    facts = facts or FrameFacts()
    columns = selection_columns(selection, facts)
    if path.suffix == ".parquet":
        meta = {"strategy": selection.strategy, "summary": dict(selection.summary)}
        arrays = {name: _arrow(values) for name, values in columns.items()}
        write_parquet(path, pa.table(arrays), meta)
    elif path.suffix == ".csv":
        rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
        write_csv(path, list(columns), rows)
    else:
        raise ScanpickError(f"{path}: expected a file name that ends in .csv or .parquet, got '{path.suffix}'.")


def read_selection(path: Path) -> Selection:
    """Read a selection back. A CSV does not keep the strategy and the summary; its stem stands for the strategy.

    Raises:
        ScanpickError: The file cannot be read, lacks a column, or its ranks are not 1, 2, ... in this order.
    """
    columns, meta = _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_csv(path)
    if "index" in columns:  # rows of a file without ids
        columns.setdefault("frame_id", columns["index"])
    missing = [name for name in REQUIRED_COLUMNS if name not in columns]
    if missing:
        raise ScanpickError(f"{path}: expected the columns {', '.join(REQUIRED_COLUMNS)}; {missing[0]} is missing.")
    with parsing(str(path), "a selection", error=advised("Select again")):
        ranks = [int(value) for value in columns["rank"]]
        if ranks != list(range(1, len(ranks) + 1)):
            raise ValueError("ranks that are not 1, 2, 3, ... in this order")
        return Selection(
            strategy=str(meta.get("strategy", path.stem)),
            frame_ids=tuple(str(value) for value in columns["frame_id"]),
            gains=_floats(columns["gain"]),
            nearest_selected=tuple(str(value or "") for value in columns["nearest_selected"]),
            distances=_floats(columns["distance"]),
            costs=_floats(columns["cost"]),
            contributions={
                name.removeprefix(CONTRIBUTION_PREFIX): _floats(values)
                for name, values in columns.items()
                if name.startswith(CONTRIBUTION_PREFIX)
            },
            summary=dict(meta.get("summary", {})),
        )


def selection_columns(selection: Selection, facts: FrameFacts) -> dict[str, list[Any]]:
    """The columns of the table: those of the selection, and what is known about its frames."""
    ids, known = selection.frame_ids, {name: list(values) for name, values in selection.columns().items()}
    columns: dict[str, list[Any]] = {"rank": known.pop("rank")}
    if facts.rows is not None:
        columns["index"] = [facts.rows[frame_id] for frame_id in ids]
    if facts.ids_given:
        columns["frame_id"] = known["frame_id"]
    if facts.sequences is not None:
        columns["sequence"] = [facts.sequences[frame_id] for frame_id in ids]
    del known["frame_id"]
    known["nearest_selected"] = [_name_of(frame_id, facts) for frame_id in selection.nearest_selected]
    columns |= known
    if facts.paths is not None:
        columns["path"] = [facts.paths[frame_id] for frame_id in ids]
    return columns


def _name_of(frame_id: str, facts: FrameFacts) -> str:
    return str(facts.rows[frame_id]) if frame_id and not facts.ids_given and facts.rows is not None else frame_id


def _arrow(values: list[Any]) -> pa.Array:
    if not values or isinstance(values[0], str):
        return pa.array(values, pa.string())
    return pa.array(values, pa.int64() if isinstance(values[0], int) else pa.float64())


def _read_parquet(path: Path) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    table = read_parquet(path, "Select again")
    with parsing(str(path), "a selection", error=advised("Select again")):
        return table.to_pydict(), notes_of(table, path)


def _read_csv(path: Path) -> tuple[dict[str, list[Any]], dict[str, Any]]:
    rows = read_csv(path, ("rank",))
    return {name: [row[name] for row in rows] for name in (rows[0] if rows else REQUIRED_COLUMNS)}, {}


def _floats(values: list[Any]) -> Float64Array:
    return np.array([np.nan if value in (None, "") else float(value) for value in values], dtype=np.float64)
