"""``selections/<name>.parquet``, ``.csv``, ``.txt`` and ``.html``, and the lists that are handed over.

Every selection keeps files of its own. What lies beside the workspace's other files (``frames.txt``, ``selection.csv``,
``selection.parquet``, ``report.html``) are copies of those of the newest pick.
"""

from __future__ import annotations

import filecmp
import json
import re
from collections.abc import Mapping
from dataclasses import replace as replaced
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.errors import ScanpickError, call, unknown_name
from scanpick.files import write_bytes, write_text
from scanpick.formats.frame_ids import format_frame_ids
from scanpick.formats.selection_table import FrameFacts, read_selection, write_selection
from scanpick.seals import write_beside
from scanpick.selection.pool import Pool
from scanpick.structures import Selection
from scanpick.workspace.rounds import Rounds
from scanpick.workspace.workspace import Workspace


def save_selection(workspace: Workspace, name: str, selection: Selection, pool: Pool) -> Selection:
    """Write a selection of a workspace's frames as Parquet, with a CSV beside it. An older one is replaced.

    Args:
        workspace: The workspace.
        name: What the selection is called.
        selection: The picks.
        pool: What they were picked from.

    Returns:
        The selection as it was written: its summary also says which embeddings it saw, which frames were labelled,
        and by fingerprint which data.
    """
    selection = _with_origin(workspace, selection, pool)
    path = workspace.selection_path(name)
    with workspace.write_lock():
        facts = facts_of(workspace, selection)
        _write_ids(path.with_suffix(".txt"), selection)
        write_selection(path.with_suffix(".csv"), selection, facts)
        write_selection(path, selection, facts)  # the last one: with it, the selection is there
    return selection


def keep_selection(
    workspace: Workspace,
    selection: Selection,
    pool: Pool,
    *,
    name: str | None = None,
    replace: bool = False,
    verb: str = "select",
    settings: Mapping[str, Any] | None = None,
) -> tuple[str, Selection]:
    """Write a selection under a name of its own, and note it as the newest one.

    The same selection keeps its name, so that the same command may be run again.

    Args:
        workspace: The workspace.
        selection: The picks.
        pool: What they were picked from.
        name: What the selection is called; its strategy and the next number by default.
        replace: Whether another selection of this name is replaced.
        verb: What made it, for the record.
        settings: With which settings, for the record.

    Returns:
        The name, and the selection as `save_selection` gives it.

    Raises:
        ScanpickError: There is another selection of this name, which is not to be replaced.
    """
    with workspace.write_lock():
        made = _with_origin(workspace, selection, pool)
        if name is None:
            name = _own_name(workspace, made)
        kept = name in workspace.selection_names() and _is_kept(workspace, name, made)
        if name in workspace.selection_names() and not (kept or replace):
            raise ScanpickError(
                f"{workspace.path} has another selection '{name}' already, made from other settings or data. "
                f"Give this one another name, or replace that one (`replace=True`)."
            )
        if not kept and name in Rounds.of(workspace).kept:
            raise ScanpickError(
                f"{workspace.path}: the selection '{name}' was handed off in a round, and stays. Give another name."
            )
        if not kept:
            save_selection(workspace, name, selection, pool)
        workspace.record_step(f"{verb} {name}", settings or {})
    return name, made


def _with_origin(workspace: Workspace, selection: Selection, pool: Pool) -> Selection:
    labelled = [frame_id for frame_id, yes in zip(pool.frame_ids, pool.labelled, strict=True) if yes]
    data = workspace.frames().data_sha256
    seen = {"embeddings": list(pool.embeddings), "labelled_ids": labelled, "data_sha256": data}
    return replaced(selection, summary={**selection.summary, **seen})


def _own_name(workspace: Workspace, selection: Selection) -> str:
    numbers = [
        int(match[1])
        for name in workspace.selection_names()
        if (match := re.fullmatch(rf"{re.escape(selection.strategy)}-([1-9]\d*)", name))
    ]
    for number in sorted(numbers):
        if _is_kept(workspace, f"{selection.strategy}-{number}", selection):
            return f"{selection.strategy}-{number}"
    return f"{selection.strategy}-{max(numbers, default=0) + 1}"


def _is_kept(workspace: Workspace, name: str, selection: Selection) -> bool:
    """Whether the selection of this name is this one, to the last number."""
    try:
        kept = read_selection(workspace.selection_path(name))
    except ScanpickError:  # damaged, so it is not to be told
        return False
    numbers = [(one.gains, one.distances, one.costs, *one.contributions.values()) for one in (kept, selection)]
    texts = [
        (one.strategy, one.frame_ids, one.nearest_selected, list(one.contributions), _text(one.summary))
        for one in (kept, selection)
    ]
    return texts[0] == texts[1] and all(
        np.array_equal(old, new, equal_nan=True) for old, new in zip(*numbers, strict=True)
    )


def _text(summary: Mapping[str, Any]) -> str:
    return json.dumps(dict(summary), sort_keys=True)


def load_selection(workspace: Workspace, name: str | None = None) -> tuple[str, Selection]:
    """A selection with its name; without a name, the newest one.

    Raises:
        ScanpickError: There is none of this name, it is not known which is the newest, or its file is damaged.
    """
    names = workspace.selection_names()
    if not names:
        raise ScanpickError(
            f"{workspace.path} has no selection yet. Make one with: "
            f"{call('select', workspace.path, strategy='diversity', budget='5%')}"
        )
    if name is None:
        name = names[0] if len(names) == 1 else newest_selection(workspace)
    if name is None:
        raise ScanpickError(f"{workspace.path} has {len(names)} selections: {', '.join(names)}. Name one.")
    if name not in names:
        raise unknown_name("selection", name, names)
    selection = read_selection(workspace.selection_path(name))
    known = workspace.frames().row_of
    if any(frame_id not in known for frame_id in selection.frame_ids):
        raise ScanpickError(f"Selection '{name}' holds frames that the workspace no longer has. Select again.")
    return name, selection


def newest_selection(workspace: Workspace) -> str | None:
    """The selection that was made last, or made again; None where the workspace does not tell."""
    names = workspace.selection_names()
    made = [name for step in workspace.manifest().steps if (name := step.partition(" ")[2]) in names]
    return made[-1] if made else None


TABLES, LIST, PAGE = ("selection.csv", "selection.parquet"), "frames.txt", "report.html"
"""What is handed over, beside the workspace."""


def check_nobodys(folder: Path, *, replace: bool = False) -> None:
    """Copies of a selection's files replace older copies, and nobody else's files.

    Args:
        folder: Where they would be written.
        replace: Whether files of a workspace are replaced that are no such copies, or were changed since.

    Raises:
        ScanpickError: The folder holds another file of a name that a copy would get.
    """
    taken = [name for name in (*TABLES, LIST, PAGE) if (folder / name).exists()]
    if taken and not Workspace(folder).manifest_path.exists():
        raise ScanpickError(
            f"{folder} is no workspace, but holds {', '.join(taken)}, which would be replaced. Give another folder."
        )
    changed = [name for name in taken if name != PAGE and not (replace or _is_copy(folder / name))]
    if changed:
        raise ScanpickError(
            f"{folder}: {', '.join(changed)} would be replaced, and equals none of the files in selections: changed "
            f"by hand, or written by another version. Move it away, or have it replaced (`replace=True`)."
        )


def check_not_replaced(file: Path, folder: Path, name: str | None = None) -> None:
    """What a selection is made from must not be what its results replace: the same command would then differ.

    Args:
        file: What it is made from.
        folder: Where the results are written.
        name: What the selection will be called, if that is known.

    Raises:
        ScanpickError: The file is one that results are written to.
    """
    written = [folder / other for other in (*TABLES, LIST)]
    if name is not None:
        path = Workspace(folder).selection_path(name)
        written += [path, path.with_suffix(".csv"), path.with_suffix(".txt")]
    if file.resolve() in [path.resolve() for path in written]:
        raise ScanpickError(
            f"{file} would be replaced by the new picks, which are made from it. Give the list of an older selection "
            f"from {folder / 'selections'}, which stays, or copy it out of {folder} first."
        )


def publish(workspace: Workspace, name: str) -> list[Path]:
    """Copy a selection's lists, and its page where it has one, to the top of the workspace; an older page goes."""
    written = []
    for target in (*TABLES, LIST, PAGE):
        source, path = workspace.selection_path(name).with_suffix(Path(target).suffix), workspace.path / target
        if source.is_file():
            (write_beside if path.suffix == ".csv" else write_bytes)(path, source.read_bytes())
            written.append(path)
        elif path.exists() and _is_copy(path):
            path.unlink()
    return written


def publish_page(workspace: Workspace, name: str) -> None:
    """Copy a selection's page to the top of the workspace, unless what lies there is about another selection."""
    page, lists = workspace.path / PAGE, workspace.path / LIST
    source = workspace.selection_path(name).with_suffix(".html")
    ours = not lists.exists() or filecmp.cmp(lists, source.with_suffix(".txt"), shallow=False)
    if ours and newest_selection(workspace) in (None, name):
        write_bytes(page, source.read_bytes())


def _is_copy(path: Path) -> bool:
    kept = (path.parent / "selections").glob(f"*{path.suffix}")
    return any(filecmp.cmp(path, one, shallow=False) for one in kept)


def write_lists(workspace: Workspace, selection: Selection, folder: Path) -> list[Path]:
    """Write a selection for others: ``selection.csv``, ``selection.parquet`` and ``frames.txt``, one id a line."""
    facts = facts_of(workspace, selection)
    tables = [folder / name for name in TABLES]
    for path in tables:
        write_selection(path, selection, facts)
    _write_ids(folder / LIST, selection)
    return [*tables, folder / LIST]


def _write_ids(path: Path, selection: Selection) -> None:
    write_text(path, format_frame_ids(selection.frame_ids))


def facts_of(workspace: Workspace, selection: Selection) -> FrameFacts:
    """What a selection's table says about its frames: their sequences, and their files where they have any.

    Files are told by their place in the data set, not on this machine.
    """
    frames, root = workspace.frames(), workspace.manifest().dataset.root

    def place(path: Path) -> str:
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name

    records = [frames.records[frames.row_of[frame_id]] for frame_id in selection.frame_ids]
    paths = {record.frame_id: place(record.path) if record.path else "" for record in records}
    return FrameFacts(
        sequences={record.frame_id: record.sequence for record in records},
        paths=paths if any(paths.values()) else None,
    )
