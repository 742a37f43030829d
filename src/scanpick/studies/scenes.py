"""Labelled frames of a data set as scenes for training and prediction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from scanpick.arrays import Points
from scanpick.datasets import Dataset
from scanpick.detectors.scene import Scene
from scanpick.errors import FrameError, ScanpickError
from scanpick.formats.kitti_cameras import KITTI_IMAGE_SIZE
from scanpick.geometry.camera_view import in_camera_view
from scanpick.structures import Boxes3D, Calibration, Frame
from scanpick.structures.checks import check_known, name_some
from scanpick.structures.class_names import check_any_of

AROUND = 0.02
"""A frame of which a greater share of the points lies behind the sensor is not cut to a camera's view yet."""


class View(StrEnum):
    """Which points of a frame are taken.

    Frames in KITTI's form have labels in the front camera's view only: objects beside and behind it are not labelled,
    and a detector that trains on all points learns to overlook them. ``AUTO`` cuts frames that have a camera and reach
    around the sensor, as ``CAMERA`` does; ``ALL`` takes frames as they are.
    """

    AUTO = "auto"
    CAMERA = "camera"
    ALL = "all"


@dataclass(frozen=True)
class Scenes:
    """Scenes that could be read, and the frames that could not.

    Attributes:
        scenes: In the order asked for.
        set_aside: Frame id -> reason.
        cut: Frames that were cut to the camera's view.
        assumed_size: Those of them whose image has no known size; KITTI's was taken.
    """

    scenes: list[Scene]
    set_aside: dict[str, str] = field(default_factory=dict)
    cut: tuple[str, ...] = ()
    assumed_size: tuple[str, ...] = ()

    def check_any(self) -> None:
        """Raise `ScanpickError` where every frame was set aside, with the reasons."""
        if not self.scenes:
            by_reason: defaultdict[str, list[str]] = defaultdict(list)
            for frame_id, reason in self.set_aside.items():
                by_reason[reason.rstrip(".")].append(frame_id)
            reasons = [f"{name_some(ids, 3)}: {reason}" for reason, ids in list(by_reason.items())[:5]]
            raise ScanpickError(
                f"None of the {len(self.set_aside)} labelled frames can be trained on. "
                f"{'; '.join(reasons) or 'No frame was asked for'}."
            )

    def check_classes(self, class_names: tuple[str, ...]) -> None:
        """Raise `ScanpickError` where no frame has an object of these classes."""
        counts = Counter(name for scene in self.scenes for name in scene.boxes.class_names.tolist())
        check_any_of(counts, class_names, f"the {len(self.scenes)} labelled frames")


def read_scenes(
    dataset: Dataset,
    frame_ids: Sequence[str],
    *,
    need_labels: bool,
    view: View = View.AUTO,
    advance: Callable[[int], None] = lambda steps: None,
) -> Scenes:
    """Read frames with their labels.

    Args:
        dataset: Where they are.
        frame_ids: Which.
        need_labels: Set frames without labels aside; otherwise they get no boxes, and labels are not read at all.
        view: Which points are taken.
        advance: Called with the number of frames done.

    Raises:
        ScanpickError: A frame id is unknown.
    """
    check_known("frames", frame_ids, {record.frame_id: record for record in dataset.records})
    scenes, set_aside = [], {}
    cut: list[str] = []
    assumed: list[str] = []
    for frame_id in frame_ids:
        try:
            frame = dataset.read(frame_id)
            boxes = Boxes3D.empty()
            if need_labels:
                labels = dataset.labels(frame_id)
                if labels is None:
                    raise FrameError("has no labels")
                boxes = labels.boxes
            points = frame.points[:, :4]
            if _is_cut(frame, view):
                points = _seen(frame)
                cut.append(frame_id)
                if frame.calibration is not None and frame.calibration.image_size is None:
                    assumed.append(frame_id)
            scenes.append(Scene(frame_id, points, boxes))
        except FrameError as error:
            set_aside[frame_id] = str(error)
        advance(1)
    return Scenes(scenes, set_aside, tuple(cut), tuple(assumed))


def _is_cut(frame: Frame, view: View) -> bool:
    if view is View.CAMERA and frame.calibration is None:
        raise FrameError("has no calibration, which cutting to the camera's view needs")
    if view is not View.AUTO or frame.calibration is None or not len(frame.points):
        return view is View.CAMERA
    return bool((frame.points[:, 0] < -1).mean() > AROUND)


def _seen(frame: Frame) -> Points:
    assert frame.calibration is not None
    calibration = replace(frame.calibration, image_size=frame.calibration.image_size or KITTI_IMAGE_SIZE)
    return frame.points[in_camera_view(frame.points, calibration), :4]


def camera_of_frame(dataset: Dataset, frame_id: str) -> Calibration:
    """The calibration of a frame, with an image size: KITTI's where no image tells.

    Raises:
        ScanpickError: The frame has no calibration.
    """
    calibration = dataset.calibration(frame_id)
    if calibration is None:
        raise ScanpickError(f"Frame '{frame_id}' has no calibration, which KITTI result files need.")
    return replace(calibration, image_size=calibration.image_size or KITTI_IMAGE_SIZE)
