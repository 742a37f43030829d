"""Labelled frames of a data set as scenes for training and prediction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from scanpick.datasets import Dataset
from scanpick.detectors.scene import Scene
from scanpick.errors import FrameError, ScanpickError
from scanpick.structures import Boxes3D
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
