"""From the flags of ``scanpick select`` to settings and a pool, and from a selection to files and facts."""

from __future__ import annotations

import contextlib
import dataclasses
import filecmp
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from scanpick.arrays import Embeddings
from scanpick.cli.results import labelled_facts
from scanpick.errors import FrameError, ScanpickError, unknown_name
from scanpick.formats.frame_columns import read_frame_columns
from scanpick.formats.labelled_ids import read_labelled_ids
from scanpick.formats.object_embeddings import read_object_embeddings
from scanpick.formats.predictions import read_predictions
from scanpick.formats.selection_table import FrameFacts, write_selection
from scanpick.formats.vectors import read_vectors
from scanpick.options import parse_pairs
from scanpick.selection import Pool, parse_budget
from scanpick.selection.calibration import with_calibrated_boxes
from scanpick.selection.columns import with_columns, with_detections, with_objects
from scanpick.selection.config import SelectionConfig
from scanpick.structures import Selection
from scanpick.texts import parse_yaml
from scanpick.workspace.embedding_files import read_objects
from scanpick.workspace.labelled import AUTO, LabelledFrames, labelled_frames
from scanpick.workspace.pool import pool_of
from scanpick.workspace.selections import facts_of, keep_selection
from scanpick.workspace.workspace import Workspace


@dataclass(frozen=True)
class Source:
    """What is selected from.

    Attributes:
        pool: The frames.
        workspace: Where they come from, or None for a file of embeddings.
        ids_given: Whether the ids of the rows of that file were given; else they are numbers.
        facts: What a reader of the result should know about what was read.
        labelled: The labelled frames, where they come from a workspace.
    """

    pool: Pool
    workspace: Workspace | None = None
    ids_given: bool = True
    facts: Mapping[str, str] = field(default_factory=dict)
    labelled: LabelledFrames = field(default_factory=LabelledFrames)

    def row_id(self, text: str) -> str:
        """The id in the pool for an id in a file beside it: rows that have no ids are known by number."""
        if self.ids_given:
            return text
        if not text.isdecimal() or int(text) >= len(self.pool):
            raise ScanpickError(f"Expected the number of a row from 0 to {len(self.pool) - 1}, got '{text}'.")
        return _numbered(int(text), len(self.pool))

    def with_labelled(self, sources: Sequence[str], *, ignore_missing: bool = False) -> Source:
        """The same with the frames labelled that are named by files and folders, or by the data set (`AUTO`).

        Raises:
            ScanpickError: Frames are not there, a source cannot be read, or there is no data set to ask.
        """
        if not sources:
            return self
        if self.workspace is not None:
            found = labelled_frames(self.workspace, [text.strip() for text in sources], ignore_missing=ignore_missing)
            rows = {frame_id: row for row, frame_id in enumerate(self.pool.frame_ids)}
            ids = [frame_id for frame_id in found.frame_ids if frame_id in rows]  # others were set aside
        else:
            if AUTO in sources:
                raise ScanpickError("Labelled frames are found by themselves (auto) only where there is a data set.")
            known = set(self.pool.frame_ids)
            ids = [self.row_id(text) for text in read_labelled_ids([Path(text) for text in sources])]
            there = [frame_id for frame_id in ids if frame_id in known]
            found = LabelledFrames(tuple(there), tuple(frame_id for frame_id in ids if frame_id not in known))
            ids = there if there and ignore_missing else ids
        pool = dataclasses.replace(self.pool, labelled=self.pool.mask(ids))
        return dataclasses.replace(self, pool=pool, labelled=found)

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

    def calibrated(self, asked: SelectionConfig) -> Source:
        """The same with expected boxes that fit the labelled frames, where boxes are paid for."""
        strata = asked.constraints.strata
        budgets = [asked.budget, *(strata.budgets.values() if strata else ())]
        if self.pool.expected_boxes is None or not any(one and parse_budget(one).counts_boxes for one in budgets):
            return self
        drawn = self._boxes_drawn() if self.workspace is not None else {}
        return dataclasses.replace(self, pool=with_calibrated_boxes(self.pool, drawn))

    def _boxes_drawn(self) -> dict[str, int]:
        """Labelled frame id -> number of boxes of the classes that predictions know, or of all where they know none."""
        assert self.workspace is not None
        found: dict[str, list[str]] = {}
        if self.pool.labelled.any():
            with contextlib.suppress(ScanpickError):  # a data set that has moved has no labels to learn from
                dataset = self.workspace.dataset()
                for frame_id in np.array(self.pool.frame_ids)[self.pool.labelled].tolist():
                    with contextlib.suppress(FrameError):  # labels that cannot be read
                        labels = dataset.labels(frame_id)
                        if labels is not None:
                            found[frame_id] = [str(name).casefold() for name in labels.boxes.class_names]
        classes = {name.casefold() for name in self.pool.class_counts}
        counted = classes & {name for names in found.values() for name in names}
        return {frame_id: sum(not counted or name in counted for name in names) for frame_id, names in found.items()}

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
    """The rows of a file of vectors; those of a .npy file stay on disk. See `read_vectors`."""
    found = read_vectors(embeddings, ids)
    names, count = found.frame_ids, len(found.values)
    facts = {"vectors": found.columns} if found.columns else {}
    if found.left_out:
        facts["left out"] = ", ".join(found.left_out)
    with np.errstate(over="ignore"):  # numbers too large for float32 become infinite, which is told as such
        pool = Pool(
            tuple(names or (_numbered(row, count) for row in range(count))),
            {embeddings.stem: cast(Embeddings, found.values)},
        )
    return Source(pool, ids_given=names is not None, facts=facts)


def from_workspace(path: Path, embeddings: Sequence[str], asked: SelectionConfig) -> Source:
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
    return Source(pool_of(workspace, names), workspace)


def save(
    source: Source, selection: Selection, asked: SelectionConfig, name: str | None, out: Path | None, *, replace: bool
) -> dict[str, str]:
    """Write the selection where it belongs; returns what was written where, and what else is to be said of it.

    Into a workspace that is read-only nothing is written; the selection is in `out` alone.

    Raises:
        ScanpickError: A selection or a file would be replaced, or there is nowhere to write to.
    """
    written: dict[str, str] = {}
    workspace = source.workspace
    if workspace is None:
        facts = _row_facts(source, selection)
    else:
        written |= labelled_facts(workspace, source.labelled, selection)
        facts = facts_of(workspace)
        if not workspace.read_only:
            settings = asked.model_dump(mode="json", exclude_defaults=True)
            name, selection = keep_selection(
                workspace, selection, source.pool, name=name, replace=replace, settings=settings
            )
            written["selection"] = str(workspace.selection_path(name))
        elif out is None:
            raise ScanpickError(f"{workspace.path} may not be written into. Name a file for the picks: --out picks.csv")
    if out is not None:
        if not replace:
            _check_not_others(out, selection, facts)
        write_selection(out, selection, facts)
        written["out"] = str(out)
    return written


def _check_not_others(out: Path, selection: Selection, facts: FrameFacts) -> None:
    """A file may be written again as it is, but not replaced unasked."""
    if not out.exists():
        return
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / out.name
        write_selection(made, selection, facts)
        if not filecmp.cmp(made, out, shallow=False):
            raise ScanpickError(
                f"{out} is there already, and holds something else than these picks. Give another file, or have it "
                f"replaced (--replace)."
            )


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
    if "expected_boxes" in summary:
        facts["expected_boxes"] = summary["expected_boxes"]
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
    # A comma inside of a value starts no option
    pairs = re.split(r",(?=\s*\w+\s*=(?!=))", match[3]) if match[3] else []
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
