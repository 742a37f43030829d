"""``selections/<name>.parquet`` and ``.csv``, and the lists that are handed over."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from scanpick.errors import ScanpickError, unknown_name
from scanpick.files import write_text
from scanpick.formats.selection_table import FrameFacts, read_selection, write_selection
from scanpick.selection.pool import Pool
from scanpick.structures import Selection
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
    frames = workspace.frames()
    labelled = [frame_id for frame_id, yes in zip(pool.frame_ids, pool.labelled, strict=True) if yes]
    seen = {"embeddings": list(pool.embeddings), "labelled_ids": labelled, "data_sha256": frames.data_sha256}
    selection = replace(selection, summary={**selection.summary, **seen})
    path = workspace.selection_path(name)
    with workspace.write_lock():
        facts = facts_of(workspace)
        write_selection(path.with_suffix(".csv"), selection, facts)
        write_selection(path, selection, facts)
    return selection


def load_selection(workspace: Workspace, name: str | None = None) -> tuple[str, Selection]:
    """A selection with its name; without a name, the only one there is.

    Raises:
        ScanpickError: There is none of this name, several to choose from, or its file is damaged.
    """
    names = workspace.selection_names()
    if not names:
        raise ScanpickError(
            f"{workspace.path} has no selection yet. Make one with: "
            f"scanpick select {workspace.path} --strategy diversity --budget 5%"
        )
    if name is None:
        if len(names) > 1:
            raise ScanpickError(f"{workspace.path} has {len(names)} selections: {', '.join(names)}. Name one.")
        name = names[0]
    if name not in names:
        raise unknown_name("selection", name, names)
    selection = read_selection(workspace.selection_path(name))
    known = workspace.frames().row_of
    if any(frame_id not in known for frame_id in selection.frame_ids):
        raise ScanpickError(f"Selection '{name}' holds frames that the workspace no longer has. Select again.")
    return name, selection


TABLES, LIST, PAGE = ("selection.csv", "selection.parquet"), "frames.txt", "report.html"
"""What is handed over, beside the workspace."""


def check_nobodys(folder: Path) -> None:
    """Results replace older ones, and nobody else's files.

    Raises:
        ScanpickError: The folder is no workspace, but holds a file of a name that a result would get.
    """
    taken = [name for name in (*TABLES, LIST, PAGE) if (folder / name).exists()]
    if taken and not Workspace(folder).manifest_path.exists():
        raise ScanpickError(
            f"{folder} is no workspace, but holds {', '.join(taken)}, which would be replaced. Give another folder."
        )


def check_not_replaced(file: Path, folder: Path) -> None:
    """What a selection is made from must not be what its results replace: the same command would then differ.

    Raises:
        ScanpickError: The file is one that results are written to.
    """
    if file.resolve() in [(folder / name).resolve() for name in (*TABLES, LIST)]:
        raise ScanpickError(
            f"{file} would be replaced by the new picks, which are made from it. Copy it out of {folder} first, or "
            f"give another folder."
        )


def write_lists(workspace: Workspace, selection: Selection, folder: Path) -> list[Path]:
    """Write a selection for others: ``selection.csv``, ``selection.parquet`` and ``frames.txt``, one id a line."""
    facts = facts_of(workspace)
    tables = [folder / name for name in TABLES]
    for path in tables:
        write_selection(path, selection, facts)
    frames_path = folder / LIST
    write_text(frames_path, "".join(f"{frame_id}\n" for frame_id in selection.frame_ids))
    return [*tables, frames_path]


def facts_of(workspace: Workspace) -> FrameFacts:
    """What a selection's table says about frames: their sequences, and their files where they have any.

    Files are told by their place in the data set, not on this machine.
    """
    frames, root = workspace.frames(), workspace.manifest().dataset.root

    def place(path: Path) -> str:
        return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.name

    paths = {record.frame_id: place(record.path) if record.path else "" for record in frames.records}
    return FrameFacts(
        sequences={record.frame_id: record.sequence for record in frames.records},
        paths=paths if any(paths.values()) else None,
    )
