"""The named sets: which drives they are made of."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from scanpick.datasets.simulated.scenarios import scenario_shares
from scanpick.errors import unknown_name

RATE_HZ = 10
EVALUATION_STRIDE = 5
"""Evaluation frames are half a second apart: at the same number they show more."""


@dataclass(frozen=True)
class Drive:
    """One drive of a set, in its split ``pool`` or ``evaluation``. Its number is part of its seed.

    Frames are `stride` sweeps apart. The drive lasts `horizon` sweeps, however many frames are asked for: that decides
    what it is like.
    """

    number: int
    scenario: str
    split: str
    frames: int
    stride: int
    horizon: int

    @property
    def sequence(self) -> str:
        """Name of the drive."""
        return f"drive_{self.number:02d}_{self.scenario}"

    def frame_id(self, index: int) -> str:
        """Id of the frame at a sweep."""
        return f"drive_{self.number:02d}/{index:06d}"


@dataclass(frozen=True)
class Layout:
    """How a named set is put together: frames of the pool and for evaluation, each spread over drives of their own.

    `key` is part of every seed, so that sets differ.
    """

    pool: int
    pool_drives: int
    evaluation: int
    evaluation_drives: int
    key: int


SETS: dict[str, Layout] = {
    "demo": Layout(pool=300, pool_drives=12, evaluation=0, evaluation_drives=0, key=1),
    "drives": Layout(pool=1200, pool_drives=80, evaluation=200, evaluation_drives=40, key=2),
}


def drives_of(name: str, *, frames: int | None = None, seed: int = 0) -> list[Drive]:
    """The drives of a set, in order.

    Args:
        name: Name of the set.
        frames: How many frames in all. Fewer than the set has shorten every drive; more add further drives of the
            same kind. Frames that are in both are the same.
        seed: Another seed, another set.

    Raises:
        ScanpickError: The set is unknown.
    """
    if name not in SETS:
        raise unknown_name("simulated set", name, SETS)
    layout = SETS[name]
    total = layout.pool + layout.evaluation
    wanted = total if frames is None else frames
    drives: list[Drive] = []
    while wanted > 0:
        batch = _batch(layout, len(drives), seed)
        drives += _shorten(batch, min(wanted, total))
        wanted -= total
    return [drive for drive in drives if drive.frames > 0]


def _batch(layout: Layout, first_number: int, seed: int) -> list[Drive]:
    rng = np.random.default_rng([layout.key, seed, first_number])
    parts = [("pool", layout.pool, layout.pool_drives, 1)]
    if layout.evaluation:
        parts.append(("evaluation", layout.evaluation, layout.evaluation_drives, EVALUATION_STRIDE))
    drives: list[Drive] = []
    for split, frames, count, stride in parts:
        scenarios = _draw_scenarios(count, rng)
        # Some drives are long and some short, as in real pools.
        weights = rng.uniform(0.3, 1.7, count) if split == "pool" else np.ones(count)
        for scenario, length in zip(scenarios, apportion(frames, weights), strict=True):
            drives.append(Drive(first_number + len(drives), scenario, split, length, stride, length * stride))
    return drives


def _draw_scenarios(count: int, rng: np.random.Generator) -> list[str]:
    """Every scenario by its share, in a random order."""
    shares = scenario_shares()
    counts = apportion(count, np.array(list(shares.values())))
    names = [name for name, times in zip(shares, counts, strict=True) for _ in range(times)]
    return [names[place] for place in rng.permutation(count)]


def _shorten(drives: list[Drive], wanted: int) -> list[Drive]:
    """The same drives with fewer frames; both splits keep their part."""
    splits = list(dict.fromkeys(drive.split for drive in drives))
    parts = [[drive for drive in drives if drive.split == split] for split in splits]
    totals = apportion(wanted, np.array([sum(drive.frames for drive in part) for part in parts], dtype=np.float64))
    short: list[Drive] = []
    for part, total in zip(parts, totals, strict=True):
        counts = apportion(total, np.array([drive.frames for drive in part], dtype=np.float64))
        short += [replace(drive, frames=count) for drive, count in zip(part, counts, strict=True)]
    return short


def apportion(total: int, weights: np.ndarray) -> list[int]:
    """Whole numbers that sum to `total`, in proportion to `weights` (largest remainders; ties to the first)."""
    shares = weights / weights.sum() * total
    counts = np.floor(shares).astype(np.int64)
    order = np.argsort(-(shares - counts), kind="stable")
    counts[order[: total - counts.sum()]] += 1
    return [int(count) for count in counts]
