"""Labelled frames of a data set as scenes for training and prediction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from scanpick.datasets import Dataset
from scanpick.detectors.scene import Scene
from scanpick.errors import FrameError, ScanpickError
from scanpick.formats.kitti_cameras import KITTI_IMAGE_SIZE
from scanpick.structures import Boxes3D, Calibration
from scanpick.structures.checks import name_some


@dataclass(frozen=True)
class Scenes:
    """Scenes that could be read, and the frames that could not.

    Attributes:
        scenes: In the order asked for.
        set_aside: Frame id -> reason.
    """

    scenes: list[Scene]
    set_aside: dict[str, str] = field(default_factory=dict)


def read_scenes(
    dataset: Dataset,
    frame_ids: Sequence[str],
    *,
    need_labels: bool,
    advance: Callable[[int], None] = lambda steps: None,
) -> Scenes:
    """Read frames with their labels.

    Args:
        dataset: Where they are.
        frame_ids: Which.
        need_labels: Set frames without labels aside; otherwise they get no boxes, and labels are not read at all.
        advance: Called with the number of frames done.

    Raises:
        ScanpickError: A frame id is unknown.
    """
    known = {record.frame_id for record in dataset.records}
    unknown = [frame_id for frame_id in frame_ids if frame_id not in known]
    if unknown:
        raise ScanpickError(
            f"{len(unknown)} of {len(frame_ids)} frames are not in the data set: {name_some(unknown)}. Expected ids "
            f"such as {name_some(sorted(known), 3)}."
        )
    scenes, set_aside = [], {}
    for frame_id in frame_ids:
        try:
            frame = dataset.read(frame_id)
            boxes = Boxes3D.empty()
            if need_labels:
                labels = dataset.labels(frame_id)
                if labels is None:
                    raise FrameError("has no labels")
                boxes = labels.boxes
            scenes.append(Scene(frame_id, frame.points[:, :4], boxes))
        except FrameError as error:
            set_aside[frame_id] = str(error)
        advance(1)
    return Scenes(scenes, set_aside)


def camera_of_frame(dataset: Dataset, frame_id: str) -> Calibration:
    """The calibration of a frame, with an image size: KITTI's where no image tells.

    Raises:
        ScanpickError: The frame has no calibration.
    """
    calibration = dataset.calibration(frame_id)
    if calibration is None:
        raise ScanpickError(f"Frame '{frame_id}' has no calibration, which KITTI result files need.")
    return replace(calibration, image_size=calibration.image_size or KITTI_IMAGE_SIZE)
