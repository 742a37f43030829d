"""From the flags of ``scanpick select`` to settings and a pool, and from a selection to files and facts."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.arrays import Embeddings
from scanpick.errors import ScanpickError, unknown_name
from scanpick.formats.arrays import read_array
from scanpick.formats.frame_columns import read_frame_columns
from scanpick.formats.frame_ids import read_frame_ids
from scanpick.formats.object_embeddings import read_object_embeddings
from scanpick.formats.predictions import read_predictions
from scanpick.formats.selection_table import FrameFacts, write_selection
from scanpick.options import parse_pairs
from scanpick.selection import Pool
from scanpick.selection.columns import with_columns, with_detections, with_objects
from scanpick.selection.config import SelectionConfig
from scanpick.structures import Selection
from scanpick.texts import parse_yaml
from scanpick.workspace.embedding_files import read_objects
from scanpick.workspace.pool import pool_of
from scanpick.workspace.selections import facts_of, save_selection
from scanpick.workspace.workspace import Workspace


@dataclass(frozen=True)
class Source:
    """What is selected from.

    Attributes:
        pool: The frames.
        workspace: Where they come from, or None for a file of embeddings.
        ids_given: Whether the ids of the rows of that file were given; else they are numbers.
    """

    pool: Pool
    workspace: Workspace | None = None
    ids_given: bool = True

    def row_id(self, text: str) -> str:
        """The id in the pool for an id in a file beside it: rows that have no ids are known by number."""
        if self.ids_given:
            return text
        if not text.isdecimal() or int(text) >= len(self.pool):
            raise ScanpickError(f"Expected the number of a row from 0 to {len(self.pool) - 1}, got '{text}'.")
        return _numbered(int(text), len(self.pool))

    def with_labelled(self, path: Path | None) -> Source:
        """The same with the frames labelled that a file names."""
        if path is None or self.workspace is not None:
            return self
        mask = self.pool.mask([self.row_id(text) for text in read_frame_ids(path)])
        return dataclasses.replace(self, pool=dataclasses.replace(self.pool, labelled=mask))

    def with_tables(
        self, tables: Sequence[Path], predictions: Path | None, min_score: float | None, objects: Sequence[str] = ()
    ) -> Source:
        """The same with columns from tables, counts from predictions and embeddings of objects."""
        pool = self.pool
        for path in tables:
            frame_ids, columns = read_frame_columns(path)
            pool = with_columns(pool, [self.row_id(text) for text in frame_ids], columns)
        if predictions is not None:
            found = {self.row_id(frame_id): one for frame_id, one in read_predictions(predictions).items()}
            pool = with_detections(pool, found, min_score)
        for given in objects:
            name, values, frame_ids = self._objects(given)
            pool = with_objects(pool, name, values, [self.row_id(text) for text in frame_ids])
        return dataclasses.replace(self, pool=pool)

    def _objects(self, given: str) -> tuple[str, Embeddings, list[str]]:
        """Name, vectors and frame ids of the objects in a file, or beside an embedding of the workspace.

        Raises:
            ScanpickError: There is neither, or the embedding has no objects.
        """
        path = Path(given)
        if path.suffix == ".npz" or self.workspace is None:
            return path.stem, *read_object_embeddings(path)
        if given not in self.workspace.embedding_names():
            raise unknown_name("file of objects (.npz) or embedding", given, self.workspace.embedding_names())
        objects, frame_ids = read_objects(self.workspace.embedding_folder(given))
        return given, objects.values, frame_ids


def from_file(embeddings: Path, ids: Path | None) -> Source:
    """The rows of a .npy file, memory-mapped.

    Raises:
        ScanpickError: The file cannot be read, is no (N, D) array of numbers, or has another number of ids.
    """
    values = read_array(embeddings, mapped=True)
    if values.ndim != 2 or values.dtype.kind not in "fiu":
        raise ScanpickError(f"{embeddings}: expected an (N, D) array of numbers, got {values.shape}.")
    count = len(values)
    names = [_numbered(row, count) for row in range(count)] if ids is None else read_frame_ids(ids)
    if len(names) != count:
        raise ScanpickError(f"{embeddings} has {count} rows, but {ids} has {len(names)} ids.")
    with np.errstate(over="ignore"):  # numbers too large for float32 become infinite, which is told as such
        return Source(Pool(tuple(names), {embeddings.stem: values}), ids_given=ids is not None)


def from_workspace(path: Path, embeddings: Sequence[str], asked: SelectionConfig, labelled: Path | None) -> Source:
    """The usable frames of a workspace, with the embeddings that were named by flag or are named in the settings.

    Raises:
        ScanpickError: No embedding is named and there are several to choose from.
    """
    workspace = Workspace.open(path)
    names = list(dict.fromkeys([*embeddings, *_embeddings_in(asked.options), *_embeddings_in(asked.objectives)]))
    if not names:
        known = workspace.embedding_names()
        if len(known) > 1 and asked.strategy != "random":
            raise ScanpickError(f"{path} has {len(known)} embeddings: {', '.join(known)}. Name one with --embedding.")
        names = known[:1]
    return Source(pool_of(workspace, names, labelled), workspace)


def save(source: Source, selection: Selection, asked: SelectionConfig, name: str, out: Path | None) -> dict[str, str]:
    """Write the selection where it belongs; returns what was written where."""
    written = {}
    if source.workspace is not None:
        with source.workspace.write_lock():
            selection = save_selection(source.workspace, name, selection, source.pool)
            source.workspace.record_step(f"select {name}", asked.model_dump(mode="json", exclude_defaults=True))
        written["selection"] = str(source.workspace.selection_path(name))
    if out is not None:
        facts = _row_facts(source, selection) if source.workspace is None else facts_of(source.workspace)
        write_selection(out, selection, facts)
        written["out"] = str(out)
    return written


def _row_facts(source: Source, selection: Selection) -> FrameFacts:
    named = {*selection.frame_ids, *selection.nearest_selected} - {""}
    rows = {frame_id: row for row, frame_id in enumerate(source.pool.frame_ids) if frame_id in named}
    return FrameFacts(rows=rows, ids_given=source.ids_given)


def as_shown(source: Source, selection: Selection) -> Selection:
    """The selection as it is printed: rows that have no ids go by their numbers, as in the table."""
    if source.ids_given:
        return selection

    def numbers(frame_ids: Sequence[str]) -> tuple[str, ...]:
        return tuple(frame_id and str(int(frame_id)) for frame_id in frame_ids)

    nearest = numbers(selection.nearest_selected)
    return dataclasses.replace(selection, frame_ids=numbers(selection.frame_ids), nearest_selected=nearest)


def facts_about(selection: Selection) -> dict[str, Any]:
    """What a selection's summary says, for printing."""
    summary = selection.summary
    frames = summary["frames"]
    facts: dict[str, Any] = {
        "strategy": selection.strategy,
        "budget": summary["budget"],
        "spent": f"{summary['spent']:.10g} {summary['unit']}",
        "left": f"{summary['left']:.10g} {summary['unit']}",
        "picked": f"{frames['picked']} of {frames['selectable']} frames ({frames['labelled']} labelled already)",
    }
    for name, account in summary.get("strata", {}).items():
        facts[name] = f"spent {account['spent']:.10g} of {account['limit']:.10g} {summary['unit']}"
    if "delta" in summary:
        facts["delta"] = ", ".join(f"{step['delta']:.4g} from rank {step['rank']}" for step in summary["delta"])
    if "purity" in summary:
        facts["purity"] = ", ".join(_point(point) for point in summary["purity"])
    if summary["stopped_early"]:
        facts["note"] = summary["stopped_early"]
    if summary["notes"]:
        facts["notes"] = "; ".join(summary["notes"])
    return facts


def _point(point: Mapping[str, float]) -> str:
    covers = f" (covers {point['coverage']:.0%})" if "coverage" in point else ""
    return f"{point['delta']:.4g}: {point['purity']:.0%}{covers}"


def settings_of(file: Mapping[str, Any], flags: Mapping[str, Any], limits: Mapping[str, Any]) -> dict[str, Any]:
    """Settings from a file and from flags, which win."""
    settings = dict(file) | {name: value for name, value in flags.items() if value not in (None, [], {})}
    given = {name: value for name, value in limits.items() if value is not None}
    if given:
        before = settings.get("constraints") or {}
        settings["constraints"] = (dict(before) if isinstance(before, Mapping) else {}) | given
    if "options" in flags and flags["options"] and isinstance(file.get("options"), Mapping):
        settings["options"] = {**file["options"], **flags["options"]}
    return settings


def parse_objective(text: str) -> dict[str, Any]:
    """An objective from ``TYPE^STRENGTH:NAME=VALUE,NAME=VALUE``; all but the type may be left out.

    Raises:
        ScanpickError: The text has another form.

    Example:
        >>> parse_objective("weight^2:column=entropy,scale=rank")
        {'type': 'weight', 'strength': 2.0, 'column': 'entropy', 'scale': 'rank'}
    """
    match = re.fullmatch(r"(\w+)(?:\^(\d+(?:\.\d*)?|\.\d+))?(?::(.*))?", text.strip(), flags=re.DOTALL)
    if match is None:
        raise ScanpickError(
            f"--objective: expected TYPE^STRENGTH:NAME=VALUE,... such as weight^2:column=entropy, got '{text}'."
        )
    objective: dict[str, Any] = {"type": match[1]}
    if match[2]:
        objective["strength"] = float(match[2])
    pairs = re.split(r",(?=\w+=)", match[3]) if match[3] else []  # a comma inside of a value starts no option
    return objective | parse_values(pairs, "--objective")


def parse_values(pairs: Sequence[str], flag: str) -> dict[str, Any]:
    """Options from ``NAME=VALUE`` texts; values are read as YAML, so ``[0.2, 0.4]`` is a list.

    Raises:
        ScanpickError: A text has another form, or a name comes twice.
    """
    values: dict[str, Any] = {}
    for name, text in parse_pairs(pairs, flag).items():
        try:
            values[name] = parse_yaml(text, name)
        except ScanpickError:
            values[name] = text  # an expression such as: a[0] == 'b'
    return values


def parse_gaps(texts: Sequence[str]) -> dict[str, float]:
    """Gaps from texts such as ``2s`` and ``30m``.

    Raises:
        ScanpickError: A text has another form, or a unit comes twice.
    """
    gaps: dict[str, float] = {}
    for text in texts:
        match = re.fullmatch(r"(\d+(?:\.\d*)?|\.\d+)\s*(s|m)", text.strip())
        if match is None or f"min_gap_{match[2]}" in gaps:
            raise ScanpickError(f"--min-gap: expected seconds or metres once each, such as 2s or 30m, got '{text}'.")
        gaps[f"min_gap_{match[2]}"] = float(match[1])
    return gaps


def parse_strata(text: str | None) -> dict[str, Any] | None:
    """Strata from ``COLUMN:VALUE=BUDGET,VALUE=BUDGET``.

    Raises:
        ScanpickError: The text has another form.
    """
    if text is None:
        return None
    by, colon, parts = text.partition(":")
    budgets = dict(part.split("=", 1) for part in parts.split(",") if part.count("=") == 1)
    if not (by and colon) or len(budgets) != len(parts.split(",")):
        raise ScanpickError(f"--strata: expected COLUMN:VALUE=BUDGET,... such as weather:rain=20,*=5%, got '{text}'.")
    return {"by": by.strip(), "budgets": {value.strip(): budget.strip() for value, budget in budgets.items()}}


def _embeddings_in(settings: Any) -> list[str]:
    if isinstance(settings, Mapping):
        named = settings.get("embedding")
        return [named] if isinstance(named, str) else [n for value in settings.values() for n in _embeddings_in(value)]
    return [name for value in settings for name in _embeddings_in(value)] if isinstance(settings, list) else []


def _numbered(row: int, count: int) -> str:
    return f"{row:0{len(str(max(count - 1, 0)))}d}"  # padded, so that the order of texts is that of the rows
