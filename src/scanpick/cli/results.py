"""What verbs print at their end: facts as a table or as JSON, and the frames that were set aside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.markup import escape
from rich.table import Table

from scanpick.cli.output import console, log, print_json
from scanpick.cli.wording import in_flags
from scanpick.face.picks import labels_there
from scanpick.formats.kitti_cameras import KITTI_IMAGE_SIZE
from scanpick.structures import Selection
from scanpick.structures.checks import name_some
from scanpick.workspace.frame_table import FrameTable
from scanpick.workspace.workspace import Workspace

CHANGED = "has changed since it was indexed ({}): run scanpick index to take that in"
"""What to say of a data set whose folder looks different."""


def print_facts(facts: Mapping[str, Any], *, as_json: bool) -> None:
    """Print facts: as one JSON object, or as a table of two columns."""
    if as_json:
        print_json(facts)
        return
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in facts.items():
        table.add_row(name.replace("_", " "), escape(_told(value)))
    console.print(table)


def print_set_aside(
    set_aside: Mapping[str, str],
    most: int = 5,
    *,
    all_named_in: str = "the column 'status' of frames.parquet",
) -> None:
    """Name the first frames that cannot be used, with their reasons, on stderr."""
    if not set_aside:
        return
    log.print(f"[yellow]{len(set_aside)} frames were set aside:[/]")
    for frame_id, reason in list(set_aside.items())[:most]:
        log.print(f"  {escape(frame_id)}: {escape(in_flags(reason))}", highlight=False, soft_wrap=True)
    if len(set_aside) > most:
        log.print(f"  and {len(set_aside) - most} more; {all_named_in} names them all")


def findings(table: FrameTable) -> dict[str, Any]:
    """What reading showed beside the points, as facts: kind of doubt -> frames, note -> points."""
    doubts = {kind: len(frames) for kind, frames in table.doubts_by_kind.items()}
    return {"doubts": doubts} | {"notes": table.note_counts}


def print_findings(table: FrameTable, specification: str) -> None:
    """Say what looks wrong with usable frames, and what was done to points, a line each, on stderr."""
    for kind, frames in table.doubts_by_kind.items():
        log.print(
            f"[yellow]{len(frames)} of {int(table.usable.sum())} frames, {escape(kind)}:[/] "
            f"{escape('; '.join(f'{frame_id}: {seen}' for frame_id, seen in list(frames.items())[:2]))}"
            f"{' and more' if len(frames) > 2 else ''}. "
            f"Leave out what is no sweep with the option pattern; see: scanpick doctor {escape(specification)}",
            highlight=False,
            soft_wrap=True,
        )
    for note, count in table.note_counts.items():
        log.print(f"note: {count} {escape(note)}", highlight=False, soft_wrap=True)


def print_cut(cut: Sequence[str], assumed_size: Sequence[str]) -> None:
    """Say how many frames were cut to the camera's view, on stderr."""
    if cut:
        log.print(f"{len(cut)} frames were cut to the camera's view, where labels are; --view all takes all points.")
    if assumed_size:
        width, height = KITTI_IMAGE_SIZE
        log.print(f"The image of {len(assumed_size)} of them is not there; its size was taken as {width}x{height}.")


def frame_facts(workspace: Workspace) -> dict[str, Any]:
    """What a workspace points at, and how many frames can be used."""
    manifest = workspace.manifest()
    return {
        "workspace": str(workspace.path),
        "data_set": manifest.dataset.specification,
        "found": manifest.dataset.description,
        "frames": manifest.frames.count,
        "usable": manifest.frames.usable,
        "set_aside": manifest.frames.count - manifest.frames.usable,
    }


def labelled_facts(workspace: Workspace, missing: Sequence[str], selection: Selection) -> dict[str, str]:
    """What to say about labels that are there already: of picks, and of frames that have left the data set."""
    facts = {}
    if missing:
        facts["labelled_missing"] = (
            f"{len(missing)} labelled frames are not in the data set (any more): {name_some(missing)}"
        )
    if count := labels_there(workspace, selection):
        facts["have_labels"] = (
            f"{count} of {len(selection)} picks have labels in the data set; --labelled auto leaves labelled frames out"
        )
    return facts


def _told(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_told(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_told(part) for part in value)
    return f"{value:g}" if isinstance(value, float) else in_flags(str(value))
