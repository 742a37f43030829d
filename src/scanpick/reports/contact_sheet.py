"""The picks seen from above, each with its rank and the reason it was picked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from scanpick.arrays import Int64Array
from scanpick.datasets import Dataset
from scanpick.errors import ScanpickError
from scanpick.reports.bev import BevView, fitting_view
from scanpick.reports.frames_from_above import FrameFromAbove, draw_frames
from scanpick.reports.numbers import plural, significant
from scanpick.structures import Detections, FrameRecord, Selection

MOST_VIEWS = 1000
"""Picks that are drawn; the page lists as many."""

FIRST_VIEWS = 24
"""Picks that are seen without unfolding; their points decide the scale of all."""

SMALLEST_SCORE = 0.3
"""Predicted boxes below it are not shown: a detector has hundreds of them."""

_PIXELS = 360


@dataclass(frozen=True)
class View:
    """A card of the contact sheet.

    Attributes:
        rank: 1 for the first pick.
        record: The frame.
        reason: Why it was picked.
        drawn: How it looks; None where it cannot be read any more.
        problem: Why it cannot be read.
    """

    rank: int
    record: FrameRecord
    reason: str
    drawn: FrameFromAbove | None
    problem: str


@dataclass(frozen=True)
class ContactSheet:
    """The cards of the first picks, all to one scale: what each picture shows is `bev`."""

    views: tuple[View, ...]
    bev: BevView

    @property
    def labelled_boxes(self) -> int:
        """How many boxes the data set's labels have in these frames."""
        return sum(view.drawn.labelled_boxes for view in self.views if view.drawn)


def draw_contact_sheet(
    dataset: Dataset | ScanpickError,
    records: Sequence[FrameRecord],
    selection: Selection,
    picks: Int64Array,
    predictions: Mapping[str, Detections] | None = None,
    *,
    advance: Callable[[int], None] = lambda steps: None,
) -> ContactSheet:
    """Read and draw the picks, `MOST_VIEWS` at most. A frame that cannot be read any more gets a card without picture.

    Args:
        dataset: Reads the frames; or why it cannot be opened, and then there are no cards.
        records: The frames of the pool.
        selection: The picks.
        picks: (K,) their rows in `records`.
        predictions: Frame id -> what a detector found, which the cards count.
        advance: Called with 1 after each frame.
    """
    if isinstance(dataset, ScanpickError):
        return ContactSheet((), fitting_view([], pixels=_PIXELS))
    shown = selection.frame_ids[:MOST_VIEWS]
    drawn = draw_frames(dataset, shown, pixels=_PIXELS, fit_to=FIRST_VIEWS, advance=advance)
    views = [
        View(
            rank=rank + 1,
            record=records[picks[rank]],
            reason=pick_reason(selection, rank) + _predicted((predictions or {}).get(frame_id)),
            drawn=drawn.frames.get(frame_id),
            problem=drawn.problems.get(frame_id, ""),
        )
        for rank, frame_id in enumerate(shown)
    ]
    return ContactSheet(tuple(views), drawn.bev)


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
