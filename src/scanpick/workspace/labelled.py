"""Which frames of a workspace have labels already."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from scanpick.datasets.dataset import Dataset, has_labels
from scanpick.formats.labelled_ids import read_labelled_ids
from scanpick.structures.checks import check_known
from scanpick.workspace.rounds import Place, Rounds
from scanpick.workspace.workspace import Workspace

AUTO = "auto"
"""Stands for every frame for which the data set has labels."""


@dataclass(frozen=True)
class LabelledFrames:
    """Frames that have labels.

    Attributes:
        frame_ids: Those that the data set has.
        missing: Those that it does not have any more.
    """

    frame_ids: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def labelled_frames(
    workspace: Workspace, sources: Sequence[str | Path], *, ignore_missing: bool = False
) -> LabelledFrames:
    """The union of what several sources name.

    Args:
        workspace: An indexed workspace.
        sources: Files and folders as `read_labelled_ids` takes them, or `AUTO`.
        ignore_missing: Pass over ids that the data set does not have, as long as it has some.

    Raises:
        ScanpickError: A source cannot be read, names no frame, or names frames that the data set does not have.
    """
    known = workspace.frames().row_of
    paths = [Path(source) for source in sources if source != AUTO]
    named = read_labelled_ids(paths)
    for path in paths:
        ids = [frame_id for frame_id, source in named.items() if source == path]
        if not ignore_missing or not any(frame_id in known for frame_id in ids):
            check_known("labelled frames", ids, known, source=f"{path}: ")
    wanted = set(named)
    if AUTO in sources:
        dataset = workspace.dataset()
        there = {record.frame_id for record in dataset.records}
        wanted |= {frame_id for frame_id in Rounds.of(workspace).at(Place.LABELLED) if frame_id in known}
        wanted |= {frame_id for frame_id in known if frame_id in there and has_labels(dataset, frame_id)}
    return LabelledFrames(
        tuple(frame_id for frame_id in known if frame_id in wanted),
        tuple(frame_id for frame_id in named if frame_id not in known),
    )


def count_labelled(dataset: Dataset, frame_ids: Sequence[str]) -> int:
    """For how many of these frames the data set has labels."""
    there = {record.frame_id for record in dataset.records}
    return sum(frame_id in there and has_labels(dataset, frame_id) for frame_id in frame_ids)
