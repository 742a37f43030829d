"""Whole clips: neighbouring frames of a sequence that are picked together."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import NamedTuple

import numpy as np

from scanpick.arrays import BoolArray, Float64Array, Int64Array
from scanpick.errors import ScanpickError
from scanpick.selection.constraints import Clips
from scanpick.selection.kernels.picker import Picker
from scanpick.selection.pool import Pool
from scanpick.selection.rules import NOTHING, in_time_order

NO_CLIP = "in stretches shorter than a clip"


class ClipFinder:
    """Lays clips over the frames that can still be picked.

    Args:
        clips: Their length and what parts them.
        whole: The pool with all its frames, since one that is set aside or filtered out parts clips too.
        counts: (W,) bool: the frames of it that the selection sees; rows and columns below are numbered in these.
    """

    def __init__(self, clips: Clips, whole: Pool, counts: BoolArray) -> None:
        if whole.sequences is None:
            raise ScanpickError("clips need to know the sequence of each frame, and the pool does not say.")
        if clips.max_step_s is not None and whole.times_s is None:
            raise ScanpickError("clips with max_step_s need the times of the frames, and the pool has none.")
        self.length = clips.length
        stretches = list(in_time_order(whole, whole.sequences))
        line = np.concatenate([NOTHING, *stretches])
        begins = np.zeros(len(line), dtype=bool)
        begins[np.cumsum([0, *(len(stretch) for stretch in stretches)])[:-1]] = True
        begins[1:] |= ~counts[line[:-1]]
        if clips.max_step_s is not None and whole.times_s is not None:
            begins[1:] |= ~(np.diff(whole.times_s[line]) <= clips.max_step_s)  # an unknown time parts as well
        row = np.cumsum(counts) - 1
        self._line = row[line[counts[line]]]  # place on the line -> row
        self._begins = begins[counts[line]]
        self._place = np.empty(len(self._line), dtype=np.int64)
        self._place[self._line] = np.arange(len(self._line))

    def around(self, frame: int, available: BoolArray) -> Int64Array:
        """The clip around a frame, in order of time; empty where too few neighbours can be picked.

        The frame is in the middle (of an even number: the one before the middle) where there is room, else as near
        to it as can be.
        """
        place = int(self._place[frame])
        first, last = place, place  # the free stretch [first, last], no longer than could matter
        while place - first < self.length - 1 and not self._begins[first] and available[self._line[first - 1]]:
            first -= 1
        while (
            last - place < self.length - 1
            and last + 1 < len(self._line)
            and not self._begins[last + 1]
            and available[self._line[last + 1]]
        ):
            last += 1
        if last - first + 1 < self.length:
            return NOTHING
        start = min(max(place - (self.length - 1) // 2, first), last - self.length + 1)
        return self._line[start : start + self.length]

    def costs(self, costs: Float64Array, available: BoolArray, per_clip: float) -> Float64Array:
        """(N,) the cost of the clip around each frame as things are now; infinite where there is none."""
        count = len(self._line)
        if count == 0:
            return np.zeros(0)
        places = np.arange(count)
        free = available[self._line]
        begins = free & (self._begins | ~np.concatenate([[False], free[:-1]]))
        ends = free & np.concatenate([begins[1:] | ~free[1:], [True]])[:count]
        first = np.maximum.accumulate(np.where(begins, places, 0))
        last = np.minimum.accumulate(np.where(ends, places, count)[::-1])[::-1]
        start = np.minimum(np.maximum(places - (self.length - 1) // 2, first), last - self.length + 1)
        whole = free & (last - first + 1 >= self.length)
        sums = np.concatenate([[0.0], np.cumsum(costs[self._line])])
        result = np.full(count, np.inf)
        result[self._line[whole]] = sums[start[whole] + self.length] - sums[start[whole]] + per_clip
        return result

    def windows(self, available: BoolArray) -> Int64Array:
        """(W, L) every clip that can be picked as things are now, ordered by its place in time."""
        count = len(self._line)
        if count < self.length:
            return np.zeros((0, self.length), dtype=np.int64)
        parted = np.concatenate([[0], np.cumsum(self._begins)])
        blocked = np.concatenate([[0], np.cumsum(~available[self._line])])
        starts = np.arange(count - self.length + 1)
        ends = starts + self.length
        whole = (parted[ends] == parted[starts + 1]) & (blocked[ends] == blocked[starts])
        return self._line[starts[whole][:, None] + np.arange(self.length)]


class Offer(NamedTuple):
    """What could be picked next.

    Attributes:
        frames: One frame, or those of a clip in order of time; none where there is no clip around the anchor.
        gain: What they are worth.
        anchor: The frame that the strategy named.
    """

    frames: Int64Array
    gain: float
    anchor: int


class Offers(ABC):
    """Turns what a picker says into frames or clips."""

    def impossible(self, available: BoolArray) -> Int64Array:
        """Frames that no offer can hold from the start, for want of a clip."""
        return NOTHING

    @abstractmethod
    def next(self, picker: Picker, available: BoolArray) -> Offer | None:
        """The best offer; None where nothing is left."""


class Singles(Offers):
    """Single frames.

    Args:
        weights: (N,) what the picker multiplies gains with, or None.
    """

    def __init__(self, weights: Float64Array | None) -> None:
        self._weights = weights

    def next(self, picker: Picker, available: BoolArray) -> Offer | None:
        """The best frame."""
        found = picker.best()
        if found is None:
            return None
        index, value = found
        gain = value if self._weights is None else value / float(self._weights[index])
        return Offer(np.array([index]), gain, index)


class AnchoredClips(Singles):
    """The clip around the best frame."""

    def __init__(self, finder: ClipFinder, weights: Float64Array | None) -> None:
        super().__init__(weights)
        self._finder = finder

    def impossible(self, available: BoolArray) -> Int64Array:
        """Frames around which no clip fits."""
        no_costs = np.zeros(len(available))
        return np.flatnonzero(available & np.isinf(self._finder.costs(no_costs, available, 0.0)))

    def next(self, picker: Picker, available: BoolArray) -> Offer | None:
        """The clip around the best frame."""
        offer = super().next(picker, available)
        return None if offer is None else offer._replace(frames=self._finder.around(offer.anchor, available))


class ClipsByMean(AnchoredClips):
    """The clip whose frames have the largest mean gain, or gain per cost.

    While gains are infinite, as distances are before anything is chosen, the clip lies around the picker's best
    frame. Ties go to the clip whose first frame has the lowest id.

    Args:
        finder: Lays the clips.
        costs: (N,) what frames cost, or None where every clip costs the same.
        per_clip: What a clip costs on top.
    """

    def __init__(self, finder: ClipFinder, costs: Float64Array | None, per_clip: float) -> None:
        super().__init__(finder, None)
        self._costs = costs
        self._per_clip = per_clip

    def next(self, picker: Picker, available: BoolArray) -> Offer | None:
        """The best clip."""
        windows = self._finder.windows(available)
        if len(windows) == 0:
            return None
        gains = picker.gains()
        if not np.isfinite(gains[windows]).all():
            return super().next(picker, available)
        means = gains[windows].mean(axis=1)
        value = means
        if self._costs is not None:
            paid = self._costs[windows].sum(axis=1) + self._per_clip
            value = means / np.where(paid > 0, paid, paid[paid > 0].min(initial=1.0))
        best = np.flatnonzero(value == value.max())
        winner = best[np.argmin(windows[best, 0])]
        clip = windows[winner]
        return Offer(clip, float(means[winner]), int(clip[(len(clip) - 1) // 2]))
