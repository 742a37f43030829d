"""What became of a pool's frames since it was indexed: new ones, others that changed, and those that are gone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from scanpick.errors import ScanpickError
from scanpick.workspace.reading import source_of
from scanpick.workspace.workspace import Workspace


@dataclass(frozen=True)
class Changes:
    """How many frames are new, have changed, are gone."""

    new: int = 0
    changed: int = 0
    gone: int = 0

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone)

    def __str__(self) -> str:
        return f"{self.new} new, {self.changed} changed, {self.gone} gone"

    @classmethod
    def between(cls, before: Mapping[str, str], after: Mapping[str, str]) -> Changes:
        """From frame id -> mark before and after: equal marks, equal frames.

        Example:
            >>> Changes.between({"a": "1", "b": "1"}, {"b": "2", "c": "1"})
            Changes(new=1, changed=1, gone=1)
        """
        same = sum(after.get(frame_id) == mark for frame_id, mark in before.items())
        there = len(before.keys() & after.keys())
        return cls(len(after) - there, there - same, len(before) - there)


def changes_of_folder(workspace: Workspace) -> Changes | None:
    """What a look at the folder of the data set shows, by names, sizes and times of files; no points are read.

    None where frames are computed, or the data set cannot be opened for the moment.
    """
    if not all(place.is_absolute() for place in workspace.manifest().dataset.places):
        return None
    try:
        records = workspace.dataset().records
    except (ScanpickError, OSError):
        return None
    frames = workspace.frames()
    before = dict(zip(frames.frame_ids, frames.sources, strict=True))
    return Changes.between(before, {record.frame_id: source_of(record) for record in records})
