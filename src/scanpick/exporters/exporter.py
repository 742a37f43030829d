"""What every exporter offers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from scanpick.structures import Frame, Labels


class FrameSource(Protocol):
    """Where an exporter gets frames from; every data set is one."""

    def read(self, frame_id: str) -> Frame:
        """The points of one frame, with its calibration and image where there are any."""

    def labels(self, frame_id: str) -> Labels | None:
        """The labels of one frame; None where it has none."""


@dataclass(frozen=True)
class ExportSummary:
    """What an export did.

    Attributes:
        folder: Where it is.
        names: Frame id -> the name it has there.
        counts: What was written -> how many ("points", "labels", "calibrations", "images").
        failed: Frame id -> why it could not be exported.
        order: The file that lists the frames in order of rank; None where there is none.
    """

    folder: Path
    names: Mapping[str, str]
    counts: Mapping[str, int]
    failed: Mapping[str, str] = field(default_factory=dict)
    order: Path | None = None


class Exporter(Protocol):
    """Frames out, in the form of another tool. Further keyword-only parameters are its options."""

    def __call__(
        self,
        source: FrameSource,
        frame_ids: Sequence[str],
        folder: Path,
        *,
        name: str,
        replace: bool = False,
        advance: Callable[[int], None] = lambda steps: None,
    ) -> ExportSummary:
        """Write these frames below `folder`.

        Args:
            source: Where frames come from.
            frame_ids: Which frames, in order.
            folder: Where to; it may hold earlier exports. Files go through an `ExportFolder`.
            name: What this set of frames is called there.
            replace: Also replace files that no export wrote, or that were changed since; never an original.
            advance: Told how many frames were done since it was last called.
        """
