"""The frames of a workspace as they were indexed, for those who hand them over."""

from __future__ import annotations

from collections.abc import Sequence

from scanpick.datasets.view import DatasetView
from scanpick.errors import FrameError, ScanpickError
from scanpick.structures import Frame, FrameRecord
from scanpick.workspace.reading import digest_of, source_of
from scanpick.workspace.workspace import Workspace


class IndexedFrames(DatasetView):
    """The data set of a workspace, which gives a frame only while its points are those that were indexed.

    Args:
        workspace: The workspace; its data set is opened.
    """

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(workspace.dataset())
        self._table, self.again = workspace.frames(), workspace.index_again()

    @property
    def records(self) -> Sequence[FrameRecord]:
        """Every frame that was indexed."""
        return self._table.records

    def read(self, frame_id: str) -> Frame:
        """The points of one frame. See `Dataset.read`.

        Raises:
            FrameError: It cannot be read, is gone, or has other points than those that were indexed.
        """
        try:
            frame = self.dataset.read(frame_id)
        except ScanpickError as error:
            kind = error.kind if isinstance(error, FrameError) else "changed"
            said = f"{error} It was read when it was indexed and picked. Select again after: {self.again}"
            raise FrameError(said, kind=kind) from error
        if digest_of(frame.points) != self._table.contents[self._table.row_of[frame_id]]:
            raise FrameError(
                f"Frame '{frame_id}' has other points than when it was indexed and picked. Select again after: "
                f"{self.again}",
                kind="changed",
            )
        return frame

    def changed(self, frame_ids: Sequence[str]) -> list[str]:
        """Which of these have another file than when they were indexed, by its size and time; nothing is read."""
        rows = {frame_id: self._table.row_of[frame_id] for frame_id in frame_ids}
        return [
            frame_id
            for frame_id, row in rows.items()
            if source_of(self._table.records[row]) != self._table.sources[row]
        ]
