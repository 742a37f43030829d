"""What every data set offers."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from scanpick.errors import FrameError
from scanpick.structures import Calibration, Frame, FrameRecord, Labels


@runtime_checkable
class Dataset(Protocol):
    """Frames listed cheaply, read one at a time.

    Records come in a fixed order: by sequence, then in time. A data set is picklable, since frames are read in
    worker processes.
    """

    @property
    def name(self) -> str:
        """What it is, for reports ("kitti-object", "folder", "simulated:demo")."""

    @property
    def description(self) -> str:
        """One line on what was found and how it was understood (layout, columns)."""

    @property
    def records(self) -> Sequence[FrameRecord]:
        """Every frame, without reading points."""

    def read(self, frame_id: str) -> Frame:
        """The points of one frame, with its calibration where there is one.

        Raises:
            FrameError: This frame cannot be used; the run goes on without it.
        """

    def labels(self, frame_id: str) -> Labels | None:
        """The labels of one frame; None where it has none.

        Raises:
            FrameError: The labels are there but cannot be read.
        """

    def calibration(self, frame_id: str) -> Calibration | None:
        """The calibration of one frame; None where it has none.

        Raises:
            FrameError: The calibration is there but cannot be read.
        """


def has_labels(dataset: Dataset, frame_id: str) -> bool:
    """Whether a frame has labels, be they broken. A data set may have a method `has_labels`, which reads no file."""
    asked: Callable[[str], bool] | None = getattr(dataset, "has_labels", None)
    if asked is not None:
        return asked(frame_id)
    try:
        return dataset.labels(frame_id) is not None
    except FrameError:
        return True
