"""Labelled frames of a data set as scenes for training and prediction."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from scanpick.arrays import BoxArray, Points
from scanpick.datasets import Dataset
from scanpick.detectors.scene import Scene
from scanpick.errors import FrameError, ScanpickError
from scanpick.formats.kitti_cameras import KITTI_IMAGE_SIZE
from scanpick.geometry.camera_view import image_fault, in_camera_view, reaches_around, view_fault
from scanpick.structures import Boxes3D, Calibration, Frame
from scanpick.structures.checks import check_known, name_some
from scanpick.structures.class_names import check_any_of
from scanpick.training.view import View


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
            if view is View.CAMERA or (view is View.AUTO and reaches_around(frame.points)):
                if dataset.calibration(frame_id) is not None:  # or it raises why it cannot be read
                    points = _seen(frame, boxes.array)
                    cut.append(frame_id)
                    if frame.calibration is not None and frame.calibration.image_size is None:
                        assumed.append(frame_id)
                elif view is View.CAMERA:
                    raise FrameError("has no calibration, which cutting to the camera's view needs")
            scenes.append(Scene(frame_id, points, boxes))
        except FrameError as error:
            set_aside[frame_id] = str(error)
        advance(1)
    return Scenes(scenes, set_aside, tuple(cut), tuple(assumed))


def _seen(frame: Frame, boxes: BoxArray | None = None) -> Points:
    """The points that the camera sees; all of them where there is none.

    Raises:
        FrameError: It cannot be the camera in which the (B, 7) boxes were labelled.
    """
    if frame.calibration is None:
        return frame.points[:, :4]
    camera = replace(frame.calibration, image_size=frame.calibration.image_size or KITTI_IMAGE_SIZE)
    seen = in_camera_view(frame.points, camera)
    fault = image_fault(frame.calibration)
    if not fault and frame.calibration.image_size is None and image_fault(camera):
        fault = f"{image_fault(camera)} (KITTI's size, since its image is not there)"
    if not fault and reaches_around(frame.points):
        fault = view_fault(frame.points, seen, np.zeros((0, 7)) if boxes is None else boxes)
    if fault:
        raise FrameError(
            f"is not cut to the camera's view: {fault}. Correct its calibration, or take all points (view=all).",
            kind="calibration",
        )
    return frame.points[seen, :4]


def camera_of_frame(dataset: Dataset, frame_id: str) -> Calibration:
    """The calibration of a frame, with an image size: KITTI's where no image tells.

    Raises:
        ScanpickError: The frame has no calibration.
    """
    calibration = dataset.calibration(frame_id)
    if calibration is None:
        raise ScanpickError(f"Frame '{frame_id}' has no calibration, which KITTI result files need.")
    return replace(calibration, image_size=calibration.image_size or KITTI_IMAGE_SIZE)
