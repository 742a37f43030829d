"""Frames of a data set seen from above, all to one scale, as pages hold them: pictures as data, boxes as lines."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from scanpick.arrays import Points
from scanpick.datasets import Dataset
from scanpick.errors import ScanpickError
from scanpick.reports.bev import BevView, Picture, bev_image, box_outlines, fitting_view
from scanpick.structures import Boxes3D

_COLOURS = 64  # of a picture's palette: a fifth of the size, and no difference to see


@dataclass(frozen=True)
class FrameFromAbove:
    """A frame that was drawn.

    Attributes:
        picture: The PNG as a data URI.
        outlines: SVG points of its labels' boxes, in the picture's pixels.
        labelled_boxes: How many boxes the labels have, out of view or not.
    """

    picture: str
    outlines: tuple[str, ...]
    labelled_boxes: int


@dataclass(frozen=True)
class FramesFromAbove:
    """Frames that were drawn.

    Attributes:
        bev: What each picture shows.
        frames: Frame id -> how it looks.
        problems: Frame id -> why it cannot be read any more.
    """

    bev: BevView
    frames: Mapping[str, FrameFromAbove]
    problems: Mapping[str, str]


def draw_frames(
    dataset: Dataset,
    frame_ids: Sequence[str],
    *,
    pixels: int,
    fit_to: int,
    most_bytes: float = math.inf,
    advance: Callable[[int], None] = lambda steps: None,
) -> FramesFromAbove:
    """Read and draw frames.

    Args:
        dataset: Reads them.
        frame_ids: Which, each once.
        pixels: Height and width of a picture.
        fit_to: Number of frames at the beginning whose points decide what the pictures show.
        most_bytes: Of all pictures; frames that do not fit are left out.
        advance: Called with 1 after each frame.
    """
    problems: dict[str, str] = {}

    def read(frame_id: str) -> tuple[Points, Boxes3D] | None:
        advance(1)
        try:
            return dataset.read(frame_id).points, _labelled_boxes(dataset, frame_id)
        except ScanpickError as error:
            problems[frame_id] = str(error)
            return None

    first = {frame_id: read(frame_id) for frame_id in frame_ids[:fit_to]}
    bev = fitting_view([found[0] for found in first.values() if found is not None], pixels=pixels)
    frames: dict[str, FrameFromAbove] = {}
    written = 0
    for frame_id in frame_ids:
        found = first.pop(frame_id) if frame_id in first else read(frame_id)
        if found is None:
            continue
        points, boxes = found
        picture = data_uri(bev_image(points, bev))
        written += len(picture)
        if written > most_bytes:
            break
        frames[frame_id] = FrameFromAbove(picture, outlines_of(boxes, bev), len(boxes))
    return FramesFromAbove(bev, frames, problems)


def _labelled_boxes(dataset: Dataset, frame_id: str) -> Boxes3D:
    """The frame's labels where there are any; ones that cannot be read do not matter to a picture of the points."""
    try:
        labels = dataset.labels(frame_id)
    except ScanpickError:
        return Boxes3D.empty()
    return Boxes3D.empty() if labels is None else labels.boxes


def outlines_of(boxes: Boxes3D, bev: BevView) -> tuple[str, ...]:
    """SVG points of the boxes' outlines in the picture's pixels; boxes out of view are left out."""
    height, width = bev.shape
    lines = bev.pixels(box_outlines(boxes))
    inside = ((lines >= 0) & (lines <= (width, height))).all(axis=2)  # (B, 7) points
    shown = lines[np.any(inside, axis=1)]
    return tuple(" ".join(f"{x:.1f},{y:.1f}" for x, y in line) for line in shown)


def data_uri(picture: Picture) -> str:
    """A picture as a small PNG inside a text."""
    content = io.BytesIO()
    palette = Image.fromarray(picture).quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    palette.save(content, "PNG", compress_level=8)  # the last level takes three times as long for a twentieth
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()
