"""``reviews/<selection>.parquet``: what people decided about frames while they looked at a selection.

One row a frame: ``frame_id``, ``decision`` (accept, reject, pin, or empty), ``reason``, ``tags`` (separated by commas).
The file is a table of columns by frame id, so that `select` takes it: ``table="pool/reviews/diversity-1.parquet"`` with
the constraint ``exclude="decision == 'reject'"``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa
from filelock import FileLock, Timeout

from scanpick.errors import ScanpickError
from scanpick.formats.parquet import read_parquet, strings_of, write_parquet
from scanpick.structures.checks import check_known
from scanpick.structures.frame import is_plain_text
from scanpick.workspace.workspace import Workspace

DECISIONS = ("accept", "reject", "pin")
COLUMNS = ("frame_id", "decision", "reason", "tags")

_LOCK_S = 10.0
_LONGEST = 500


@dataclass(frozen=True)
class Decision:
    """What was decided about one frame.

    Attributes:
        decision: One of `DECISIONS`, or "" where only tags were given.
        reason: Why, in somebody's words.
        tags: Words to find the frame by, sorted.
    """

    decision: str = ""
    reason: str = ""
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.decision not in ("", *DECISIONS):
            raise ScanpickError(f"Unknown decision '{self.decision}'. Expected one of: {', '.join(DECISIONS)}, or ''.")
        for text in (self.reason, *self.tags):
            if text and (not is_plain_text(text) or len(text) > _LONGEST):
                raise ScanpickError(f"Reasons and tags are one line of at most {_LONGEST} letters, got {text[:60]!r}.")
        for tag in self.tags:
            if not tag or "," in tag:
                raise ScanpickError(f"A tag is a word without a comma, got '{tag}'.")
        object.__setattr__(self, "tags", tuple(sorted(set(self.tags))))


class ChangedSinceError(ScanpickError):
    """Somebody else has decided about a frame since it was looked at."""


def review_path(workspace: Workspace, selection: str) -> Path:
    """The file of a selection's decisions.

    Raises:
        ScanpickError: The name cannot be one of a selection.
    """
    return workspace.path / "reviews" / workspace.selection_path(selection).name


def read_review(workspace: Workspace, selection: str) -> dict[str, Decision]:
    """Frame id -> what was decided; empty before the first decision.

    Raises:
        ScanpickError: The file is damaged.
    """
    path = review_path(workspace, selection)
    if not path.is_file():
        return {}
    table = read_parquet(path)
    columns = [strings_of(table, name, path) for name in COLUMNS]
    return {
        frame_id: Decision(decision, reason, tuple(tag for tag in tags.split(",") if tag))
        for frame_id, decision, reason, tags in zip(*columns, strict=True)
    }


def decide(
    workspace: Workspace,
    selection: str,
    frame_ids: Sequence[str],
    *,
    decision: str | None = None,
    reason: str | None = None,
    add_tags: Iterable[str] = (),
    remove_tags: Iterable[str] = (),
    seen: Mapping[str, Decision] | None = None,
) -> dict[str, Decision]:
    """Write decisions about frames, beside those about other frames.

    Args:
        workspace: The workspace.
        selection: The selection that was looked at.
        frame_ids: The frames, picked or not.
        decision: "accept", "reject", "pin"; "" takes a decision back; None leaves it as it is.
        reason: Why; a new decision without one has none.
        add_tags: Tags to add.
        remove_tags: Tags to take away.
        seen: What whoever decides saw of these frames. Nothing is written where one has another decision by now.

    Returns:
        Frame id -> decision, of all frames that have one.

    Raises:
        ChangedSinceError: A frame has another decision than was seen.
        ScanpickError: A frame, the selection or the decision is unknown, or the folder may not be written into.
    """
    check_known("frames", frame_ids, workspace.frames().row_of)
    if selection not in workspace.selection_names():
        raise ScanpickError(f"{workspace.path} has no selection '{selection}' to decide about.")
    if workspace.read_only:
        raise ScanpickError(f"{workspace.path} may not be written into, so nothing can be decided there.")
    path = review_path(workspace, selection)
    path.parent.mkdir(exist_ok=True)
    # A lock of its own: people decide while an embedding is made, which holds the workspace for hours.
    try:
        with FileLock(path.parent / ".lock", timeout=_LOCK_S):
            known = read_review(workspace, selection)
            changed = [one for one in frame_ids if seen is not None and known.get(one) != seen.get(one)]
            if changed:
                raise ChangedSinceError(f"Somebody else has decided about {changed[0]} since; look at it again.")
            for frame_id in frame_ids:
                old = known.pop(frame_id, Decision())
                tags = tuple((set(old.tags) | set(add_tags)) - set(remove_tags))
                new = replace(old, tags=tags)
                if decision is not None:
                    new = Decision(decision, reason or "", tags)
                elif reason is not None:
                    new = replace(new, reason=reason)
                if new != Decision():
                    known[frame_id] = new
            _write(path, known)
    except Timeout as error:
        raise ScanpickError(f"{path}: another process has been writing decisions for {_LOCK_S:g} s.") from error
    return known


def _write(path: Path, known: Mapping[str, Decision]) -> None:
    rows = sorted(known.items())
    columns = {
        "frame_id": [frame_id for frame_id, _ in rows],
        "decision": [one.decision for _, one in rows],
        "reason": [one.reason for _, one in rows],
        "tags": [",".join(one.tags) for _, one in rows],
    }
    write_parquet(path, pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()}))
