"""Which frames are near in time: the same drive at nearly the same moment."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from scanpick.arrays import BoolArray, Float64Array, StringArray


@dataclass(frozen=True, eq=False)
class Pairs:
    """What all pairs of N frames are to each other. Pairs that are neither near nor apart count for neither.

    Attributes:
        near: (N, N) two frames of one drive, close in time.
        apart: (N, N) of different drives, or far apart in time.
        same_sequence: (N, N) two frames of one drive.
    """

    near: BoolArray
    apart: BoolArray
    same_sequence: BoolArray


def time_pairs(sequences: StringArray, times_s: Float64Array, *, near_s: float, apart_s: float) -> Pairs:
    """Pairs of one drive up to `near_s` apart, and pairs more than `apart_s` apart or of different drives."""
    drives = np.unique(sequences, return_inverse=True)[1]
    same = drives[:, None] == drives[None, :]
    # Rounded to microseconds: 0.1 s steps of a clock in nanoseconds are not exact in float64.
    apart = np.abs(times_s[:, None] - times_s[None, :]).round(6)
    others = ~np.eye(len(drives), dtype=bool)
    return Pairs(same & others & (apart <= near_s), others & (~same | (apart > apart_s)), same & others)
