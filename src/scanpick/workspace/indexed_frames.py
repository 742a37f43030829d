"""The frames of a workspace as they were indexed, for those who hand them over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scanpick.datasets import Dataset
from scanpick.errors import FrameError, ScanpickError, call
from scanpick.structures import Frame, FrameRecord, Labels
from scanpick.workspace.frame_table import FrameTable
from scanpick.workspace.reading import digest_of, source_of
from scanpick.workspace.workspace import Workspace


@dataclass(frozen=True)
class IndexedFrames:
    """A data set that gives a frame only while its points are those that were indexed, and so picked from.

    Attributes:
        dataset: Where frames are read.
        table: What the index found.
        again: How to have it look again, for messages.
    """

    dataset: Dataset
    table: FrameTable
    again: str

    @classmethod
    def of(cls, workspace: Workspace) -> IndexedFrames:
        """Those of a workspace, whose data set is opened."""
        again = call("index", workspace.manifest().dataset.specification, out=workspace.path)
        return cls(workspace.dataset(), workspace.frames(), again)

    @property
    def records(self) -> Sequence[FrameRecord]:
        """Every frame that was indexed."""
        return self.table.records

    def read(self, frame_id: str) -> Frame:
        """The points of one frame. See `Dataset.read`.

        Raises:
            FrameError: It cannot be read, is gone, or has other points than those that were indexed.
        """
        try:
            frame = self.dataset.read(frame_id)
        except ScanpickError as error:
            kind = error.kind if isinstance(error, FrameError) else "changed"
            told = f"{error} It was read when it was indexed and picked. Select again after: {self.again}"
            raise FrameError(told, kind=kind) from error
        if digest_of(frame.points) != self.table.contents[self.table.row_of[frame_id]]:
            raise FrameError(
                f"Frame '{frame_id}' has other points than when it was indexed and picked. Select again after: "
                f"{self.again}",
                kind="changed",
            )
        return frame

    def labels(self, frame_id: str) -> Labels | None:
        """The labels of one frame. See `Dataset.labels`."""
        return self.dataset.labels(frame_id)

    def changed(self, frame_ids: Sequence[str]) -> list[str]:
        """Which of these have another file than when they were indexed, by its size and time; nothing is read."""
        rows = {frame_id: self.table.row_of[frame_id] for frame_id in frame_ids}
        return [
            frame_id for frame_id, row in rows.items() if source_of(self.table.records[row]) != self.table.sources[row]
        ]
