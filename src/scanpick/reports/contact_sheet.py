"""The first picks seen from above, each with its rank and the reason it was picked for."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from PIL import Image

from scanpick.arrays import Int64Array
from scanpick.datasets import Dataset
from scanpick.errors import ScanpickError
from scanpick.reports.bev import BevView, Picture, bev_image, box_outlines, fitting_view
from scanpick.reports.numbers import plural, significant
from scanpick.structures import Boxes3D, Detections, FrameRecord, Selection

MOST_VIEWS = 24
SMALLEST_SCORE = 0.3
"""Predicted boxes below it are not shown: a detector has hundreds of them."""

_PIXELS = 360
_COLOURS = 64  # of a picture's palette: a fifth of the size, and no difference to see


@dataclass(frozen=True)
class View:
    """A card of the contact sheet.

    Attributes:
        rank: 1 for the first pick.
        record: The frame.
        reason: Why it was picked.
        picture: The PNG as a data URI; empty where the frame cannot be read any more.
        problem: Why it cannot be read.
        outlines: SVG points of its labels' boxes, in the picture's pixels.
    """

    rank: int
    record: FrameRecord
    reason: str
    picture: str
    problem: str
    outlines: tuple[str, ...]


@dataclass(frozen=True)
class ContactSheet:
    """The cards, all of one scale.

    Attributes:
        views: The first picks.
        bev: What each picture shows.
        labelled_boxes: How many boxes the data set's labels have in these frames.
    """

    views: tuple[View, ...]
    bev: BevView
    labelled_boxes: int


def draw_contact_sheet(
    dataset: Dataset | ScanpickError,
    records: Sequence[FrameRecord],
    selection: Selection,
    picks: Int64Array,
    predictions: Mapping[str, Detections] | None = None,
    *,
    advance: Callable[[int], None] = lambda steps: None,
) -> ContactSheet:
    """Read and draw the first `MOST_VIEWS` picks. A frame that cannot be read any more gets a card without picture.

    Args:
        dataset: Reads the frames; or why it cannot be opened, and then there are no cards.
        records: The frames of the pool.
        selection: The picks.
        picks: (K,) their rows in `records`.
        predictions: Frame id -> what a detector found, which the cards count.
        advance: Called with 1 after each frame.
    """
    if isinstance(dataset, ScanpickError):
        return ContactSheet((), fitting_view([], pixels=_PIXELS), 0)
    clouds, boxes, problems = {}, {}, {}
    for frame_id in selection.frame_ids[:MOST_VIEWS]:
        try:
            clouds[frame_id] = dataset.read(frame_id).points
        except ScanpickError as error:
            problems[frame_id] = str(error)
        else:
            boxes[frame_id] = labelled_boxes_of(dataset, frame_id)
        advance(1)
    bev = fitting_view(list(clouds.values()), pixels=_PIXELS)
    views = [
        View(
            rank=rank + 1,
            record=records[picks[rank]],
            reason=pick_reason(selection, rank) + _predicted((predictions or {}).get(frame_id)),
            picture=data_uri(bev_image(clouds[frame_id], bev)) if frame_id in clouds else "",
            problem=problems.get(frame_id, ""),
            outlines=outlines_of(boxes.get(frame_id, Boxes3D.empty()), bev),
        )
        for rank, frame_id in enumerate(selection.frame_ids[:MOST_VIEWS])
    ]
    return ContactSheet(tuple(views), bev, sum(len(some) for some in boxes.values()))


def _predicted(found: Detections | None) -> str:
    if found is None:
        return ""
    count = int((found.scores >= SMALLEST_SCORE).sum())
    return f"; {plural(count, 'predicted box', 'predicted boxes')} with a score of {SMALLEST_SCORE:g} or more"


def pick_reason(selection: Selection, rank: int) -> str:
    """Why a frame was picked, in words, from what its strategy left behind. `rank` counts from 0."""
    gain, distance = float(selection.gains[rank]), float(selection.distances[rank])
    nearest = selection.nearest_selected[rank]
    gain_means = str(selection.summary.get("gain_means", ""))
    parts = []
    if nearest and (math.isclose(gain, distance, rel_tol=1e-4) or not math.isfinite(gain)):
        parts.append(f"{significant(distance)} from the nearest chosen frame, {nearest}{_rank_of(selection, nearest)}")
    else:
        if math.isfinite(gain):
            parts.append(f"gain {significant(gain)}" + (f" ({gain_means})" if gain_means else ""))
        if nearest:
            parts.append(f"nearest chosen frame {nearest}{_rank_of(selection, nearest)}, {significant(distance)} away")
        elif rank == 0 and not math.isfinite(gain):
            parts.append("the start: nothing was chosen before")
    parts += [
        f"{name} {significant(float(values[rank]))}"
        for name, values in selection.contributions.items()
        if math.isfinite(values[rank])
    ]
    return "; ".join(parts)


def _rank_of(selection: Selection, frame_id: str) -> str:
    picked = {name: place + 1 for place, name in enumerate(selection.frame_ids)}
    return f" (#{picked[frame_id]})" if frame_id in picked else " (labelled)"


def labelled_boxes_of(dataset: Dataset, frame_id: str) -> Boxes3D:
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
    inside = [((line >= 0) & (line <= (width, height))).all(axis=1).any() for line in lines]
    shown = [line for line, seen in zip(lines, inside, strict=True) if seen]
    return tuple(" ".join(f"{x:.1f},{y:.1f}" for x, y in line) for line in shown)


def data_uri(picture: Picture) -> str:
    """A picture as a small PNG inside a text."""
    content = io.BytesIO()
    palette = Image.fromarray(picture).quantize(_COLOURS, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    palette.save(content, "PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(content.getvalue()).decode()
