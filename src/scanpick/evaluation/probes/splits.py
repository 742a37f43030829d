"""Which frames are learned from and which are predicted, so that neighbours in time never leak.

Frames of one drive are in one group, and a group is never on both sides. Where there are fewer than three drives, each
is cut into blocks of consecutive frames instead, and frames near in time to a predicted one are not learned from.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from scanpick.arrays import BoolArray, Float64Array, Int64Array, StringArray
from scanpick.errors import ScanpickError

LEAST_GROUPS = 3
"""One to predict, and two to learn from and choose settings on."""

BLOCKS = 8
"""Blocks that fewer drives are cut into."""

MOST_LEFT_OUT_SINGLY = 30
"""Up to so many groups each is left out by itself; more are left out in parts."""

FOLDS = 10
INNER_FOLDS = 5

Split = tuple[Int64Array, Int64Array]
"""Rows to learn from, rows to predict."""


@dataclass(frozen=True, eq=False)
class Grouping:
    """Groups of frames that belong together.

    Attributes:
        groups: (N,) number of each frame's group.
        sequences: (N,) each frame's drive.
        times_s: (N,) time of each frame in its drive.
        gap_s: Frames of one drive that are nearer in time than this are never on both sides.
        in_blocks: Whether groups are blocks of time rather than drives.
    """

    groups: Int64Array
    sequences: StringArray
    times_s: Float64Array
    gap_s: float
    in_blocks: bool

    @property
    def count(self) -> int:
        """How many groups there are."""
        return len(np.unique(self.groups))


def group_frames(sequences: StringArray, times_s: Float64Array, *, gap_s: float) -> Grouping:
    """Group frames by drive, or by blocks of time where there are fewer than three drives.

    Raises:
        ScanpickError: There are fewer frames than groups are needed.
    """
    drives = np.unique(sequences, return_inverse=True)[1].astype(np.int64)
    if len(sequences) < LEAST_GROUPS:
        raise ScanpickError(f"Probes need at least {LEAST_GROUPS} frames, got {len(sequences)}.")
    count = int(drives.max()) + 1
    if count >= LEAST_GROUPS:
        return Grouping(drives, sequences, times_s, gap_s, in_blocks=False)
    blocks = np.zeros(len(drives), dtype=np.int64)
    for drive in range(count):
        rows = np.flatnonzero(drives == drive)
        rows = rows[np.argsort(times_s[rows], kind="stable")]
        parts = min(-(-BLOCKS // count), len(rows))
        blocks[rows] = np.arange(len(rows)) * parts // len(rows) + blocks.max() + (drive > 0)
    return Grouping(blocks, sequences, times_s, gap_s, in_blocks=True)


def leave_out(grouping: Grouping, rows: Int64Array, folds: int, rng: np.random.Generator) -> list[Split]:
    """Leave out each group in turn, or each of `folds` parts of the groups where there are many.

    Args:
        grouping: All frames.
        rows: The frames to use.
        folds: Parts of about as many frames each, where there are more than `MOST_LEFT_OUT_SINGLY` groups.
        rng: Decides which of equally large groups come first.
    """
    count = len(np.unique(grouping.groups[rows]))
    part_of = _parts(grouping.groups[rows], count if count <= MOST_LEFT_OUT_SINGLY else folds, rng)
    found = []
    for part in range(int(part_of.max(initial=-1)) + 1):
        train, test = rows[part_of != part], rows[part_of == part]
        train = _far_enough(grouping, train, test)
        if len(train) and len(test):
            found.append((train, test))
    return found


def outer_splits(
    grouping: Grouping, rows: Int64Array, rng: np.random.Generator, held_out: BoolArray | None = None
) -> list[Split]:
    """The splits that scores are measured on.

    Args:
        grouping: All N frames.
        rows: The frames to use.
        rng: See `leave_out`.
        held_out: (N,) the frames to predict, from all others of other drives, instead of each drive in turn.
    """
    if held_out is None:
        return leave_out(grouping, rows, FOLDS, rng)
    test = rows[held_out[rows]]
    train = rows[~held_out[rows] & ~np.isin(grouping.groups[rows], grouping.groups[test])]
    train = _far_enough(grouping, train, test)
    return [(train, test)] if len(train) and len(test) else []


def _parts(groups: Int64Array, folds: int, rng: np.random.Generator) -> Int64Array:
    """(n,) part of each frame: the largest groups first, each to the part with the fewest frames."""
    names, members, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    shuffled = rng.permutation(len(names))
    filled = np.zeros(min(folds, len(names)), dtype=np.int64)
    part_of_group = np.zeros(len(names), dtype=np.int64)
    for group in shuffled[np.argsort(-sizes[shuffled], kind="stable")]:
        part_of_group[group] = filled.argmin()
        filled[part_of_group[group]] += sizes[group]
    return part_of_group[members]


def _far_enough(grouping: Grouping, train: Int64Array, test: Int64Array) -> Int64Array:
    """The rows of `train` that are no neighbours in time of `test`."""
    keep = np.ones(len(train), dtype=bool)
    for sequence in _shared(grouping.sequences[train], grouping.sequences[test]):
        mine = np.flatnonzero(grouping.sequences[train] == sequence)
        theirs = np.sort(grouping.times_s[test[grouping.sequences[test] == sequence]])
        times = grouping.times_s[train[mine]]
        place = np.searchsorted(theirs, times)
        before = times - theirs[np.maximum(place - 1, 0)]
        after = theirs[np.minimum(place, len(theirs) - 1)] - times
        keep[mine] = np.minimum(np.abs(before), np.abs(after)) > grouping.gap_s
    return train[keep]


def _shared(one: StringArray, other: StringArray) -> Sequence[str]:
    return [str(name) for name in np.intersect1d(one, other)]
