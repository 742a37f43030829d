"""What `pick` gives: the frames to label, where they are written, and what a reader should know about them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scanpick.errors import ScanpickError
from scanpick.formats.selection_table import selection_columns
from scanpick.structures import Selection
from scanpick.structures.columns import Columns
from scanpick.workspace.labelled import count_labelled
from scanpick.workspace.selections import facts_of
from scanpick.workspace.workspace import Workspace


@dataclass(frozen=True, eq=False, repr=False)
class Picks(Columns):
    """The frames to label, best first. A notebook shows them on a map of the pool.

    Attributes:
        pool: The folder that they were picked in.
        name: What the selection is called there.
        selection: The frames with the reason for each.
        encoder: What made the vectors.
        labelled: How many frames were labelled already.
        labelled_missing: Labelled frames that the data set does not have any more.
        files: What was written for others: file name -> file (frames.txt, selection.csv, report.html, ...).
        set_aside: Frame id -> why it cannot be used.
    """

    pool: Workspace
    name: str
    selection: Selection
    encoder: str
    labelled: int
    labelled_missing: tuple[str, ...]
    files: Mapping[str, Path]
    set_aside: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.selection)

    def __iter__(self) -> Iterator[str]:
        return iter(self.frame_ids)

    def __repr__(self) -> str:
        usable = self.pool.manifest().frames.usable
        return (
            f"Picks({len(self)} of {usable} frames by {self.selection.strategy}, '{self.name}' in '{self.pool.path}')"
        )

    @property
    def frame_ids(self) -> tuple[str, ...]:
        """The frames to label, best first."""
        return self.selection.frame_ids

    @property
    def doubts(self) -> dict[str, dict[str, str]]:
        """Kind of doubt -> frame id -> what looks wrong with a frame that can be used."""
        return self.pool.frames().doubts_by_kind

    @property
    def notes(self) -> dict[str, int]:
        """What the reader did to points -> to how many."""
        return self.pool.frames().note_counts

    @property
    def have_labels(self) -> int:
        """How many of the picks have labels in the data set."""
        return labels_there(self.pool, self.selection)

    def columns(self) -> Mapping[str, Sequence[Any]]:
        """The columns of ``selection.csv``."""
        return selection_columns(self.selection, facts_of(self.pool, self.selection))

    def _repr_html_(self) -> str:
        from scanpick.reports.small_map import small_map

        try:
            picture = small_map(self.pool, self.name)
        except ScanpickError:  # the folder has changed since
            picture = ""
        return f"{picture}{super()._repr_html_()}"


def labels_there(pool: Workspace, selection: Selection) -> int:
    """How many picks have labels in the data set; 0 where it has moved, or cannot be read for the moment."""
    try:
        return count_labelled(pool.dataset(), selection.frame_ids)
    except (ScanpickError, OSError):
        return 0
