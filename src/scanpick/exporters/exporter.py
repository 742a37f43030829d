"""What every exporter offers: a hand-off written in the form of a tool, and the tool's labels read back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from scanpick.arrays import Transform
from scanpick.errors import FrameError, ScanpickError
from scanpick.structures import Boxes3D, Camera, Detections, Frame, Labels


class FrameSource(Protocol):
    """Where an exporter gets frames from; every data set is one.

    It may also have the methods `cameras` and `ego_pose`, as data sets may (`datasets/dataset.py`).
    """

    def read(self, frame_id: str) -> Frame:
        """The points of one frame, with its calibration and image where there are any."""

    def labels(self, frame_id: str) -> Labels | None:
        """The labels of one frame; None where it has none."""


@dataclass(frozen=True)
class HandOff:
    """What is handed to an annotation tool.

    Attributes:
        source: Where frames come from.
        frame_ids: The frames to be labelled, in order of rank.
        name: What this set of frames is called there.
        pre_labels: Frame id -> a detector's boxes in the LiDAR frame, to be corrected rather than drawn.
        least_score: Pre-labels that score lower are left out.
        sequences: Frames in time order around those to be labelled, run by run (`context.runs_around`); each holds at
            least one of `frame_ids`, all of which are in one. Empty where frames are handed over one by one.
        class_names: The classes that annotators choose from, in order; those of the pre-labels are added.
    """

    source: FrameSource
    frame_ids: Sequence[str]
    name: str
    pre_labels: Mapping[str, Detections] = field(default_factory=dict)
    least_score: float = 0.0
    sequences: Sequence[Sequence[str]] = ()
    class_names: Sequence[str] = ()

    def __post_init__(self) -> None:
        missing = set(self.frame_ids) - {frame_id for run in self.sequences for frame_id in run}
        if self.sequences and missing:
            raise ScanpickError(f"HandOff.sequences: expected runs with all frames, got none with '{min(missing)}'.")

    @property
    def all_ids(self) -> list[str]:
        """Every frame that is written, once: the frames to be labelled, or the sequences around them, in order."""
        return list(dict.fromkeys(one for run in (self.sequences or [self.frame_ids]) for one in run))

    @property
    def classes(self) -> list[str]:
        """The classes in order: `class_names`, then what else the pre-labels are of, by name."""
        found = {str(name) for frame_id in self.all_ids for name in self.boxes(frame_id).boxes.class_names}
        return [*self.class_names, *sorted(found - set(self.class_names))]

    def boxes(self, frame_id: str) -> Detections:
        """The pre-labels of a frame that score high enough; none where it has none."""
        if (found := self.pre_labels.get(frame_id)) is None:
            return Detections.empty(frame_id)
        kept = found.scores >= self.least_score
        return Detections(frame_id, found.boxes[kept], found.scores[kept])

    def cameras(self, frame: Frame) -> tuple[Camera, ...]:
        """The cameras of a frame that have an image: all of the source, or else the front camera of the frame."""
        asked: Callable[[str], Sequence[Camera]] | None = getattr(self.source, "cameras", None)
        found = () if asked is None else tuple(asked(frame.frame_id))
        if not found and frame.calibration is not None and frame.image_path is not None:
            found = (Camera("image_2", frame.image_path, frame.calibration),)
        return tuple(camera for camera in found if camera.image_path is not None)

    def ego_pose(self, frame_id: str) -> Transform | None:
        """world_SE3_ego, (4, 4), metres; None where the source knows none."""
        asked: Callable[[str], Transform | None] | None = getattr(self.source, "ego_pose", None)
        return None if asked is None else asked(frame_id)

    def read(self, frame_id: str) -> Frame:
        """A frame with its points.

        Raises:
            FrameError: It cannot be used, or the source no longer has it: it costs only itself.
        """
        try:
            return self.source.read(frame_id)
        except FrameError:
            raise
        except ScanpickError as error:
            raise FrameError(str(error)) from error


@dataclass(frozen=True)
class ExportSummary:
    """What an export did.

    Attributes:
        folder: Where it is.
        names: Frame id -> the name it has there, for every frame that was to be written.
        counts: What was written -> how many ("points", "labels", "pre-labels", "calibrations", "images").
        failed: Frame id -> why it could not be exported.
        order: The file that lists the frames in order of rank; None where there is none.
        files: What there is to upload or to import, first things first.
        upload: How the tool takes it, a line of text each: commands to run, or where to click.
    """

    folder: Path
    names: Mapping[str, str]
    counts: Mapping[str, int]
    failed: Mapping[str, str] = field(default_factory=dict)
    order: Path | None = None
    files: tuple[Path, ...] = ()
    upload: tuple[str, ...] = ()

    @property
    def items(self) -> dict[str, str]:
        """Name in the tool -> frame id, which `LabelReader.read` asks for."""
        return {name: frame_id for frame_id, name in self.names.items() if frame_id not in self.failed}


@dataclass(frozen=True)
class ReturnedLabels:
    """What came back from an annotation tool.

    Attributes:
        labels: Frame id -> boxes in the LiDAR frame, of the tool's own class names; without boxes where the annotator
            found none. A frame that is not there has not been labelled yet.
        rejected: Frame id -> why the annotator refused it, in the tool's words.
        unknown: Names in the export that were not handed off, or not in this hand-off.
        class_names: The tool's classes, as they are: those of its list, and those of boxes.
        notes: What else a reader should know, in sentences: boxes of other kinds that were passed over, tilted boxes.
    """

    labels: Mapping[str, Labels]
    rejected: Mapping[str, str] = field(default_factory=dict)
    unknown: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def boxes(self) -> dict[str, Boxes3D]:
        """Frame id -> boxes alone."""
        return {frame_id: labels.boxes for frame_id, labels in self.labels.items()}


@runtime_checkable
class Exporter(Protocol):
    """Frames out, in the form of another tool. What it is made with are its options."""

    def write(
        self,
        hand_off: HandOff,
        out: Path,
        *,
        replace: bool = False,
        advance: Callable[[int], None] = lambda steps: None,
    ) -> ExportSummary:
        """Write a hand-off.

        Args:
            hand_off: What to write.
            out: The folder to write into, which may hold earlier exports; or a file ``NAME.zip``, where the tool takes
                one: what does not belong into it goes beside it as ``NAME-...``.
            replace: Also replace files that no export wrote, or that were changed since; never an original.
            advance: Told how many frames were done since it was last called.

        Raises:
            ScanpickError: A place is taken by somebody else's file; nothing is written then.
        """


@runtime_checkable
class LabelReader(Protocol):
    """An exporter whose tool gives labels back."""

    def read(self, path: Path, items: Mapping[str, str]) -> ReturnedLabels:
        """Read what the tool exported: a folder, a zip or a file.

        Args:
            path: The export.
            items: The tool's name -> frame id, from `ExportSummary.items`.

        Raises:
            ScanpickError: It is not of this tool, or malformed.
        """
