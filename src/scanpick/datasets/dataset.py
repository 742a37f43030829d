"""What every data set offers."""

from collections.abc import Callable, Sequence
from typing import Protocol, runtime_checkable

from scanpick.arrays import Transform
from scanpick.errors import FrameError
from scanpick.structures import Calibration, Camera, Frame, FrameRecord, Labels


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


def ego_pose(dataset: Dataset, frame_id: str) -> Transform | None:
    """world_SE3_ego: (4, 4) from a frame's own coordinates to those of a fixed world, metres; None where none is known.

    The frame's coordinates are those of its points: axes of the vehicle, origin at the sensor that the data set is
    about. A data set may have a method `ego_pose`.

    Raises:
        FrameError: The pose is there but cannot be read.
    """
    asked: Callable[[str], Transform | None] | None = getattr(dataset, "ego_pose", None)
    return None if asked is None else asked(frame_id)


def cameras(dataset: Dataset, frame_id: str) -> tuple[Camera, ...]:
    """The cameras of one frame, all around; none where it has none. A data set may have a method `cameras`.

    Raises:
        FrameError: A calibration or a list of images is there but cannot be read.
    """
    asked: Callable[[str], Sequence[Camera]] | None = getattr(dataset, "cameras", None)
    return () if asked is None else tuple(asked(frame_id))


def licence(dataset: Dataset) -> str:
    """Under which terms the data are given out, in a sentence; "" where that is not known.

    A data set may have an attribute `licence`. It speaks of the data, not of the reader.
    """
    return str(getattr(dataset, "licence", ""))
