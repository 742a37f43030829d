"""``sp.select``: order the frames of a pool by what their labels are worth, within a budget."""

from __future__ import annotations

import contextlib
import dataclasses
import filecmp
import inspect
import tempfile
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from scanpick.arrays import Embeddings
from scanpick.errors import FrameError, ScanpickError, unknown_name
from scanpick.face.pools import open_pool, predictions_in
from scanpick.formats.frame_columns import read_frame_columns
from scanpick.formats.labelled_ids import read_labelled_ids
from scanpick.formats.object_embeddings import read_object_embeddings
from scanpick.formats.selection_table import FrameFacts, write_selection
from scanpick.formats.vectors import read_vectors
from scanpick.selection import Budget, Pool, parse_budget
from scanpick.selection import select as select_from_arrays
from scanpick.selection.calibration import with_calibrated_boxes
from scanpick.selection.columns import with_columns, with_detections, with_objects
from scanpick.selection.config import SelectionConfig
from scanpick.selection.strategies import STRATEGIES
from scanpick.selection.strategy import Strategy
from scanpick.structures import Selection
from scanpick.workspace.changes import Changes
from scanpick.workspace.embedding_files import read_objects
from scanpick.workspace.index import changes_of_folder
from scanpick.workspace.labelled import AUTO, LabelledFrames, labelled_frames
from scanpick.workspace.labels import LabelledPool, LabelTable, returned_labels
from scanpick.workspace.pool import in_rounds, pool_of
from scanpick.workspace.rounds import Rounds
from scanpick.workspace.selections import facts_of, keep_selection
from scanpick.workspace.workspace import Workspace

Paths = str | Path | Sequence[str | Path]
"""One file, or several."""


def select(
    pool: Pool | Workspace | str | Path,
    strategy: str | Strategy = "diversity",
    budget: Budget | str | int | None = None,
    **settings: Any,
) -> Selection:
    """Order frames by what their labels are worth, as far as the budget goes.

    Args:
        pool: Arrays; or the folder of a pool, in which the selection is kept; or a file of embeddings (.npy, .csv,
            .parquet), whose rows without ids are known by number.
        strategy: A name in `STRATEGIES`, or, on arrays, a strategy with its options.
        budget: What may be spent: ``185``, ``"5%"``, ``"120 objects"``, ``"300 EUR at 0.5/frame + 0.04/box"``.
        **settings: `seed`, `constraints`, `options`, `at_most` and `threads`, which `scanpick.selection.select`
            describes; with a folder or a file also `objectives`, and what `select_from` takes.

    Raises:
        ScanpickError: The budget is larger than what can be picked, a name or option is unknown, or the pool lacks
            what the strategy or a constraint needs.

    Example:
        >>> import numpy as np, scanpick as sp
        >>> pool = sp.Pool(("a", "b", "c"), {"toy": np.array([[0.0], [1.0], [5.0]])})
        >>> sp.select(pool, "diversity", 2, seed=1).frame_ids
        ('b', 'c')
        >>> np.save("vectors.npy", np.array([[0.0], [1.0], [5.0]]))
        >>> sp.select("vectors.npy", "diversity", 2).frame_ids
        ('1', '2')
    """
    if isinstance(pool, Pool):
        others = settings.keys() - inspect.signature(select_from_arrays).parameters.keys()
        if others:
            raise ScanpickError(f"select: {', '.join(sorted(others))} are for the folder of a pool; arrays hold all.")
        return select_from_arrays(pool, strategy, budget, **settings)
    if not isinstance(strategy, str) or isinstance(budget, Budget):
        raise ScanpickError("select: with a folder, name the strategy, and write the budget as text, such as '5%'.")
    asked = {name: settings.pop(name) for name in SelectionConfig.model_fields if name in settings}
    given = {name: value for name, value in asked.items() if value is not None}
    config = SelectionConfig.of({"strategy": strategy, "budget": budget, **given})
    return select_from(pool, config, **settings).shown


def select_from(
    source: Workspace | str | Path,
    asked: SelectionConfig,
    *,
    ids: str | Path | None = None,
    embedding: str | Sequence[str] = (),
    labelled: Paths = (),
    labelled_missing: Literal["error", "ignore"] = "error",
    table: Paths = (),
    predictions: str | Path | None = None,
    min_score: float | None = None,
    objects: Paths = (),
    name: str | None = None,
    replace: bool = False,
    out: str | Path | None = None,
    keep: bool = True,
    threads: int | None = None,
    leave_out: Collection[str] = (),
) -> Selected:
    """Select from the folder of a pool, in which the selection is kept, or from a file of embeddings.

    Args:
        source: The folder, or the file: .npy (N, D), .csv or .parquet.
        asked: What decides the selection.
        ids: The ids of the rows of the file, one a line.
        embedding: An embedding of the pool, or several: the first one is the default of strategies.
        labelled: Frames that have labels already: files of ids, folders of label files, or "auto" for all that have
            labels in the data set.
        labelled_missing: What to do about labelled frames that there are not (any more).
        table: Scores and other columns by frame_id, CSV or Parquet.
        predictions: A predictions table, or the name of predictions in the pool: boxes and classes to expect.
        min_score: Count boxes of `predictions` from this score on.
        objects: Embeddings of objects: those beside an embedding of the pool, or an .npz file with values (M, D) and
            frame_id (M,).
        name: What to call the selection; strategy and next number by default.
        replace: Replace what is there under this name, or in `out`.
        out: A .csv or .parquet file to write the picks to.
        keep: Whether anything is written; the review page first shows what would be picked.
        threads: Threads; all cores by default.
        leave_out: Frames that are neither picked nor counted.

    Raises:
        ScanpickError: An argument does not fit, or a selection or file would be replaced.
    """
    out = None if out is None else Path(out)
    if out is not None and out.suffix not in (".csv", ".parquet"):
        raise ScanpickError(f"`out=...`: expected a file name that ends in .csv or .parquet, got '{out}'.")
    STRATEGIES.make(asked.strategy, asked.strategy_options)
    path = source.path if isinstance(source, Workspace) else Path(source)
    if path.is_dir() or not path.suffix:
        found = from_workspace(open_pool(source), [embedding] if isinstance(embedding, str) else embedding, asked)
    else:
        found = from_file(path, None if ids is None else Path(ids))
    found = found.with_labelled([str(text) for text in several(labelled)], ignore_missing=labelled_missing == "ignore")
    found = found.without(leave_out)
    tables, boxes = [Path(path) for path in several(table)], None if predictions is None else Path(predictions)
    found = found.with_tables(tables, boxes, min_score, [str(text) for text in several(objects)]).calibrated(asked)
    selection = asked.select(found.pool, threads=threads)
    return save(found, selection, asked, name, out, replace=replace) if keep else Selected(found, selection, None, None)


def several(paths: Paths) -> Sequence[str | Path]:
    """What was given alone or as several."""
    return [paths] if isinstance(paths, str | Path) else paths


@dataclass(frozen=True)
class Selected:
    """A selection with what it was made from.

    Attributes:
        source: What it was selected from.
        selection: The picks.
        name: What the selection is called in its pool, or None where it was not kept there.
        out: The file that the picks were written to, or None.
        changes: What has changed in the folder of the data set since it was indexed; None where nothing has.
    """

    source: Source
    selection: Selection
    name: str | None
    out: Path | None
    changes: Changes | None = None

    @property
    def shown(self) -> Selection:
        """The selection as its table has it: rows of a file without ids go by their numbers."""
        selection = self.selection
        if self.source.ids_given:
            return selection

        def numbers(frame_ids: Sequence[str]) -> tuple[str, ...]:
            return tuple(frame_id and str(int(frame_id)) for frame_id in frame_ids)

        nearest = numbers(selection.nearest_selected)
        return dataclasses.replace(selection, frame_ids=numbers(selection.frame_ids), nearest_selected=nearest)


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
        labelled = (self.pool.labelled | self.pool.mask(ids)) & ~self.pool.excluded
        pool = dataclasses.replace(self.pool, labelled=labelled)
        return dataclasses.replace(self, pool=pool, labelled=found)

    def without(self, frame_ids: Collection[str]) -> Source:
        """The same without these frames."""
        if not frame_ids:
            return self
        excluded = self.pool.excluded | np.isin(np.array(self.pool.frame_ids), np.array(sorted(frame_ids)))
        pool = dataclasses.replace(self.pool, excluded=excluded, labelled=self.pool.labelled & ~excluded)
        return dataclasses.replace(self, pool=pool)

    def with_tables(
        self, tables: Sequence[Path], predictions: Path | None, min_score: float | None, objects: Sequence[str] = ()
    ) -> Source:
        """The same with columns from tables, counts from predictions and embeddings of objects."""
        pool = self.pool
        for path in tables:
            frame_ids, columns = read_frame_columns(path)
            pool = with_columns(pool, [self.row_id(text) for text in frame_ids], columns)
        if predictions is not None:
            _, boxes = predictions_in(predictions, self.workspace)
            found = {self.row_id(frame_id): one for frame_id, one in boxes.items()}
            pool = with_detections(pool, found, min_score)
        for given in objects:
            name, values, frame_ids = self._objects(given)
            pool = with_objects(pool, name, values, [self.row_id(text) for text in frame_ids])
        return dataclasses.replace(self, pool=pool)

    def calibrated(self, asked: SelectionConfig) -> Source:
        """The same with expected boxes that fit the labelled frames, where boxes are paid for."""
        strata = asked.constraints.strata
        budgets = [asked.budget, *(strata.budgets.values() if strata else ())]
        if not any(one and parse_budget(one).counts_boxes for one in budgets):
            return self
        return self.with_true_boxes()

    def with_true_boxes(self) -> Source:
        """The same with expected boxes that fit the labelled frames."""
        if self.pool.expected_boxes is None:
            return self
        drawn = self._boxes_drawn() if self.workspace is not None else {}
        return dataclasses.replace(self, pool=with_calibrated_boxes(self.pool, drawn))

    def _boxes_drawn(self) -> dict[str, int]:
        """Labelled frame id -> number of boxes of the classes that predictions know, or of all where they know none."""
        assert self.workspace is not None
        found: dict[str, list[str]] = {}
        if self.pool.labelled.any():
            with contextlib.suppress(ScanpickError):  # a data set that has moved has no labels to learn from
                dataset = LabelledPool(self.workspace.dataset(), LabelTable(), returned_labels(self.workspace))
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


def from_workspace(workspace: Workspace, embeddings: Sequence[str], asked: SelectionConfig) -> Source:
    """The usable frames of a workspace, with these embeddings and those that are named in the settings.

    Raises:
        ScanpickError: No embedding is named and there are several to choose from.
    """
    names = list(dict.fromkeys([*embeddings, *_embeddings_in(asked.options), *_embeddings_in(asked.objectives)]))
    if not names:
        known = workspace.embedding_names()
        if len(known) > 1 and asked.strategy != "random":
            raise ScanpickError(
                f"{workspace.path} has {len(known)} embeddings: {', '.join(known)}. Name one with `embedding=...`."
            )
        names = known[:1]
    return Source(in_rounds(pool_of(workspace, names), Rounds.of(workspace)), workspace)


def save(
    source: Source, selection: Selection, asked: SelectionConfig, name: str | None, out: Path | None, *, replace: bool
) -> Selected:
    """Write the selection where it belongs.

    Into a workspace that is read-only nothing is written; the selection is in `out` alone.

    Raises:
        ScanpickError: A selection or a file would be replaced, or there is nowhere to write to.
    """
    workspace = source.workspace
    if workspace is None:
        kept, name, facts = selection, None, _row_facts(source, selection)
    else:
        facts = facts_of(workspace, selection)
        if not workspace.read_only:
            settings = asked.model_dump(mode="json", exclude_defaults=True)
            name, kept = keep_selection(
                workspace, selection, source.pool, name=name, replace=replace, settings=settings
            )
        elif out is None:
            raise ScanpickError(
                f"{workspace.path} may not be written into. Name a file for the picks: `out='picks.csv'`"
            )
        else:
            kept, name = selection, None
    if out is not None:
        if not replace:
            _check_not_others(out, kept, facts)
        write_selection(out, kept, facts)
    changes = None if workspace is None else changes_of_folder(workspace)
    return Selected(source, selection, name, out, changes or None)


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
                f"replaced (`replace=True`)."
            )


def _row_facts(source: Source, selection: Selection) -> FrameFacts:
    named = {*selection.frame_ids, *selection.nearest_selected} - {""}
    rows = {frame_id: row for row, frame_id in enumerate(source.pool.frame_ids) if frame_id in named}
    return FrameFacts(rows=rows, ids_given=source.ids_given)


def _embeddings_in(settings: Any) -> list[str]:
    if isinstance(settings, Mapping):
        named = settings.get("embedding")
        return [named] if isinstance(named, str) else [n for value in settings.values() for n in _embeddings_in(value)]
    return [name for value in settings for name in _embeddings_in(value)] if isinstance(settings, list) else []


def _numbered(row: int, count: int) -> str:
    return f"{row:0{len(str(max(count - 1, 0)))}d}"  # padded, so that the order of texts is that of the rows
