"""Constraints at work: which frames a pick rules out, and which picks come too close.

Every rule speaks of rows of the pool in the engine's order. Rules that can tell at once what a pick forbids do so in
`after`; one that is dear to keep up to date for all frames is asked about the one frame that is about to be picked.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scanpick.arrays import BoolArray, Embeddings, Float64Array, Int64Array, StringArray
from scanpick.errors import ScanpickError
from scanpick.selection.constraints import SEQUENCE, Constraints
from scanpick.selection.expressions import evaluate, value_text
from scanpick.selection.nearest import closer_than
from scanpick.selection.pool import Pool
from scanpick.structures.checks import name_some

NOTHING = np.zeros(0, dtype=np.int64)
"""No frames."""

_ROUNDING = 1e-6
"""Seconds or metres that float64 may be off by where times count from 1970."""


class Rule:
    """One constraint; by itself it rules out nothing.

    Attributes:
        reason: Why a frame is ruled out, after "they are ...".
    """

    reason: str

    def at_start(self) -> Int64Array:
        """Frames that cannot be picked from the start."""
        return NOTHING

    def refused(self, frames: Int64Array) -> Int64Array:
        """Frames found to be impossible; if one of `frames`, about to be picked together, is among them, it is not."""
        return NOTHING

    def after(self, frames: Int64Array) -> Int64Array:
        """Frames that cannot be picked any more, now that `frames` are."""
        return NOTHING


def rules_of(constraints: Constraints, pool: Pool, values: Embeddings | None) -> list[Rule]:
    """The rules that constraints come to on a pool; `values` (N, D) is the space that distances are measured in.

    Raises:
        ScanpickError: The pool lacks what a constraint needs.
    """
    rules: list[Rule] = []
    if constraints.max_per_sequence is not None:
        rules.append(MostPerSequence(_sequences(pool, "max_per_sequence"), constraints.max_per_sequence))
    for name, unit, gap in (("min_gap_s", "s", constraints.min_gap_s), ("min_gap_m", "m", constraints.min_gap_m)):
        if gap is not None:
            places = times_of(pool, name) if unit == "s" else travelled_way(pool, name)
            kept_to = np.flatnonzero(pool.labelled) if constraints.gaps_to_labelled else NOTHING
            rules.append(SmallestGap(_sequences(pool, name), places, gap, unit, kept_to))
    if constraints.min_distance is not None:
        if values is None:
            raise ScanpickError("min_distance needs an embedding, and the pool has none. Embed the frames first.")
        rules.append(SmallestDistance(values, constraints.min_distance, np.flatnonzero(pool.labelled)))
    return rules


class MostPerSequence(Rule):
    """At most `most` picks of a sequence."""

    def __init__(self, sequences: StringArray, most: int) -> None:
        self._group = np.unique(sequences, return_inverse=True)[1]
        self._most = most
        self.reason = f"in sequences with {most} picks already"
        self._picked = np.zeros(self._group.max(initial=-1) + 1, dtype=np.int64)
        self._by_group = np.argsort(self._group, kind="stable")
        self._starts = np.searchsorted(self._group[self._by_group], np.arange(len(self._picked) + 1))

    def refused(self, frames: Int64Array) -> Int64Array:
        """All of a clip that would bring its sequence above the number."""
        full = self._picked[self._group[frames[0]]] + len(frames) > self._most
        return frames if full else NOTHING

    def after(self, frames: Int64Array) -> Int64Array:
        """The rest of a sequence that is full."""
        group = self._group[frames[0]]
        self._picked[group] += len(frames)
        if self._picked[group] < self._most:
            return NOTHING
        return self._by_group[self._starts[group] : self._starts[group + 1]]


class Turns:
    """Parts of the pool that take turns: none gets another pick before all that have frames left have as many.

    Not a `Rule`: what it holds back may be picked in a later turn.

    Attributes:
        open: (N,) bool: the frames of the parts whose turn it is.
    """

    def __init__(self, values: StringArray, labelled: BoolArray) -> None:
        self._group = np.unique(values, return_inverse=True)[1]
        self._picked = np.bincount(self._group[labelled], minlength=self._group.max(initial=-1) + 1)
        self._level = -1
        self.open = np.zeros(len(values), dtype=bool)

    def after(self, frames: Int64Array) -> Int64Array:
        """Frames that have to wait, now that `frames`, of one part, are picked."""
        group = self._group[frames[0]]
        self._picked[group] += len(frames)
        waiting = np.flatnonzero(self.open & (self._group == group))
        self.open[waiting] = False
        return waiting

    def next(self, available: BoolArray) -> bool:
        """Give the turn to those with the fewest picks that can still have some; False where there are none."""
        left = np.unique(self._group[available])
        counts = self._picked[left]
        counts = counts[counts > self._level]
        if len(counts) == 0:
            return False
        self._level = int(counts.min())
        self.open = self._picked[self._group] <= self._level
        return True


def turns_of(constraints: Constraints, pool: Pool) -> Turns | None:
    """The turns that a constraint asks for.

    Raises:
        ScanpickError: The pool lacks the column, or the expression cannot be read.
    """
    if constraints.spread is None:
        return None
    if constraints.spread == SEQUENCE:
        return Turns(_sequences(pool, "spread"), pool.labelled)
    values = np.array([value_text(value) for value in evaluate(constraints.spread, pool)], dtype=np.str_)
    return Turns(values, pool.labelled)


class SmallestGap(Rule):
    """Picks of a sequence are at least `gap` apart in time or on the way; clips count from their nearest frames."""

    def __init__(self, sequences: StringArray, places: Float64Array, gap: float, unit: str, kept_to: Int64Array):
        group = np.unique(sequences, return_inverse=True)[1]
        self._order = np.lexsort((places, group))
        self._rank = np.empty(len(self._order), dtype=np.int64)
        self._rank[self._order] = np.arange(len(self._order))
        self._starts = np.searchsorted(group[self._order], np.arange(group.max(initial=-1) + 2))
        self._group, self._places, self._gap = group, places, gap
        self._kept_to = kept_to
        self.reason = f"less than {gap:g} {unit} from a chosen frame of their sequence"

    def at_start(self) -> Int64Array:
        """Frames near labelled ones."""
        return np.unique(np.concatenate([NOTHING, *(self._near(frame) for frame in self._kept_to)]))

    def after(self, frames: Int64Array) -> Int64Array:
        """Frames near the new picks."""
        return np.unique(np.concatenate([self._near(frame) for frame in frames]))

    def _near(self, frame: int) -> Int64Array:
        group, place = self._group[frame], self._places[frame]
        stretch = self._order[self._starts[group] : self._starts[group + 1]]
        places = self._places[stretch]
        # Frames exactly the gap apart are far enough, whatever rounding does to their places.
        first = np.searchsorted(places, place - self._gap + _ROUNDING, side="right")
        last = np.searchsorted(places, place + self._gap - _ROUNDING, side="left")
        return stretch[first:last]


class SmallestDistance(Rule):
    """Picks are at least `least` apart, and from labelled frames, in an embedding.

    The frame that is about to be picked is looked at alone. Once many in a row were refused, all frames are looked
    at against what was chosen since the last time, which is cheaper by the pair.
    """

    _PATIENCE = 16

    def __init__(self, values: Embeddings, least: float, labelled: Int64Array) -> None:
        self._values = values
        self._least = least
        self._chosen = labelled
        self._swept = 0
        self._left = np.delete(np.arange(len(values)), labelled)
        self._refused_in_a_row = 0
        self.reason = f"closer than {least:g} to a chosen frame"

    def refused(self, frames: Int64Array) -> Int64Array:
        """Frames that are too close to what was chosen before; frames of one clip may be close to each other."""
        close = frames[closer_than(self._values, frames, self._chosen, self._least)]
        if len(close) == 0:
            return close
        self._refused_in_a_row += 1
        return np.union1d(close, self._sweep()) if self._refused_in_a_row >= self._PATIENCE else close

    def after(self, frames: Int64Array) -> Int64Array:
        """Only those found when their turn comes."""
        self._chosen = np.concatenate([self._chosen, frames])
        self._refused_in_a_row = 0
        return NOTHING

    def _sweep(self) -> Int64Array:
        close = closer_than(self._values, self._left, self._chosen[self._swept :], self._least)
        found, self._left = self._left[close], self._left[~close]
        self._swept = len(self._chosen)
        self._refused_in_a_row = 0
        return found


def times_of(pool: Pool, what: str) -> Float64Array:
    """(N,) times in seconds, all of them known.

    Raises:
        ScanpickError: The pool has no times, or lacks some.
    """
    if pool.times_s is None or np.isnan(pool.times_s).all():
        if len(pool) == 0:
            return np.zeros(0)
        raise ScanpickError(f"{what} needs the times of the frames, and the pool has none.")
    _check_known(pool, pool.times_s[:, None], f"{what} needs the times of all frames; they are not known for")
    return pool.times_s


def travelled_way(pool: Pool, what: str) -> Float64Array:
    """(N,) metres travelled since the first frame of the sequence, in order of time (of ids where none are known).

    Raises:
        ScanpickError: The pool has no positions, or lacks some.
    """
    if pool.positions_m is None:
        raise ScanpickError(f"{what} needs the positions of the vehicle, and the pool has none.")
    _check_known(pool, pool.positions_m, f"{what} needs the positions of all frames; they are not known for")
    way = np.zeros(len(pool))
    for stretch in in_time_order(pool, _sequences(pool, what)):
        steps = np.linalg.norm(np.diff(pool.positions_m[stretch], axis=0), axis=1)
        way[stretch[1:]] = np.cumsum(steps)
    return way


def in_time_order(pool: Pool, sequences: StringArray) -> Iterator[Int64Array]:
    """The rows of each sequence in order of time; by id where the times of a sequence are not all known."""
    group = np.unique(sequences, return_inverse=True)[1]
    by_group = np.argsort(group, kind="stable")
    if len(group) == 0:
        return
    for stretch in np.split(by_group, np.flatnonzero(np.diff(group[by_group])) + 1):
        times = None if pool.times_s is None else pool.times_s[stretch]
        if times is None or np.isnan(times).any():
            yield stretch
        else:
            yield stretch[np.argsort(times, kind="stable")]


def _sequences(pool: Pool, what: str) -> StringArray:
    if pool.sequences is None:
        raise ScanpickError(f"{what} needs to know the sequence of each frame, and the pool does not say.")
    return pool.sequences


def _check_known(pool: Pool, values: Float64Array, message: str) -> None:
    unknown = np.flatnonzero(~np.isfinite(values).all(axis=1))
    if len(unknown):
        raise ScanpickError(f"{message} {name_some([pool.frame_ids[row] for row in unknown])}.")
