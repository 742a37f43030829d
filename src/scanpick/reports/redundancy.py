"""How many picks are next to another pick in time.

The neighbours in time of a frame are the frames just before and just after it in its sequence, by
``index_in_sequence``, among the frames that may be used; where times are known, only if they are at most `NEAR_S`
seconds away. A pick is redundant when one of them is picked too. A frame without neighbours is never redundant.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scanpick.arrays import BoolArray, Int64Array
from scanpick.structures import FrameRecord

NEAR_S = 1.0
"""Frames farther apart than this are no near-duplicates: at town speed the vehicle has gone ten metres."""


def time_neighbours(records: Sequence[FrameRecord]) -> Int64Array:
    """(N, 2) row numbers of the frame before and the frame after each, -1 where there is none.

    Example:
        >>> frames = [FrameRecord("x", "a", 7), FrameRecord("y", "b", 0), FrameRecord("z", "a", 3)]
        >>> time_neighbours(frames).tolist()
        [[2, -1], [-1, -1], [-1, 0]]
    """
    sequences = [record.sequence for record in records]
    indices = np.array([record.index_in_sequence for record in records], dtype=np.int64)
    neighbours = np.full((len(sequences), 2), -1, dtype=np.int64)
    if not len(sequences):
        return neighbours
    codes = np.unique(np.asarray(sequences), return_inverse=True)[1]
    order = np.lexsort((np.arange(len(codes)), indices, codes))
    together = np.flatnonzero(codes[order[1:]] == codes[order[:-1]])
    earlier, later = order[together], order[together + 1]
    near = np.array([_near(records[a], records[b]) for a, b in zip(earlier, later, strict=True)], dtype=bool)
    earlier, later = earlier[near], later[near]
    neighbours[later, 0] = earlier
    neighbours[earlier, 1] = later
    return neighbours


def redundant(neighbours: Int64Array, picks: Int64Array) -> BoolArray:
    """(K,) whether a neighbour in time of each pick is picked too."""
    picked = np.zeros(len(neighbours) + 1, dtype=bool)  # the last stands for "no neighbour", row -1
    picked[picks] = True
    beside = neighbours[picks]
    return picked[beside[:, 0]] | picked[beside[:, 1]]


def _near(one: FrameRecord, other: FrameRecord) -> bool:
    if one.timestamp_ns is None or other.timestamp_ns is None:
        return True
    return abs(one.timestamp_ns - other.timestamp_ns) <= NEAR_S * 1e9
