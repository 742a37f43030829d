"""How many picks are next to another pick in time.

The neighbours in time of a frame are the frames just before and just after it in its sequence, by
``index_in_sequence``, among the frames that may be used. A pick is redundant when one of them is picked too. Frames
that are alone in their sequence have no neighbours and are never redundant.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from scanpick.arrays import BoolArray, Int64Array


def time_neighbours(sequences: Sequence[str], indices: Int64Array) -> Int64Array:
    """(N, 2) row numbers of the frame before and the frame after each, -1 where there is none.

    Example:
        >>> time_neighbours(["a", "b", "a"], np.array([7, 0, 3])).tolist()
        [[2, -1], [-1, -1], [-1, 0]]
    """
    neighbours = np.full((len(sequences), 2), -1, dtype=np.int64)
    if not len(sequences):
        return neighbours
    codes = np.unique(np.asarray(sequences), return_inverse=True)[1]
    order = np.lexsort((np.arange(len(codes)), indices, codes))
    together = np.flatnonzero(codes[order[1:]] == codes[order[:-1]])
    earlier, later = order[together], order[together + 1]
    neighbours[later, 0] = earlier
    neighbours[earlier, 1] = later
    return neighbours


def redundant(neighbours: Int64Array, picks: Int64Array) -> BoolArray:
    """(K,) whether a neighbour in time of each pick is picked too."""
    picked = np.zeros(len(neighbours) + 1, dtype=bool)  # the last stands for "no neighbour", row -1
    picked[picks] = True
    beside = neighbours[picks]
    return picked[beside[:, 0]] | picked[beside[:, 1]]
