"""The named sets: which drives they are made of."""

from __future__ import annotations

from collections.abc import Sequence
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

    `street` is the number of the first drive on its street, where several drives share streets; `longest` the sweeps of
    the longest of these.
    """

    number: int
    scenario: str
    split: str
    frames: int
    stride: int
    horizon: int
    street: int | None = None
    longest: int = 0

    @property
    def sequence(self) -> str:
        """Name of the drive."""
        return f"drive_{self.number:02d}_{self.scenario}"

    def frame_id(self, index: int) -> str:
        """Id of the frame at a sweep."""
        return f"drive_{self.number:02d}/{index:06d}"


@dataclass(frozen=True)
class Part:
    """The drives of one split of a set.

    Attributes:
        split: Its name, a value of the column ``split``.
        frames: How many frames.
        drives: Drives they are spread over.
        lengths: How: ``equal``, ``mixed`` (the longest about six times the shortest) or ``kitti``, as lopsided as
            the drives that KITTI's object frames come from.
        strides: Sweeps from one frame to the next; each drive draws one of them.
        streets: ``own``, a street for each drive; ``shared``, streets that are driven again and again, as on the way
            to work.
    """

    split: str
    frames: int
    drives: int
    lengths: str = "mixed"
    strides: tuple[int, ...] = (1,)
    streets: str = "own"


@dataclass(frozen=True)
class Layout:
    """How a named set is put together: frames of the pool and for evaluation, each spread over drives of their own.

    `key` is part of every seed, so that sets differ.
    """

    key: int
    parts: tuple[Part, ...]

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return sum(part.frames for part in self.parts)


SETS: dict[str, Layout] = {
    "demo": Layout(1, (Part("pool", 300, 12),)),
    "drives": Layout(2, (Part("pool", 1200, 80), Part("evaluation", 200, 40, "equal", (EVALUATION_STRIDE,)))),
    "fleet": Layout(
        3,
        (
            Part("pool", 3000, 141, "kitti", (1, 2, 2, 3), "shared"),
            Part("balanced", 200, 40, "equal", (EVALUATION_STRIDE,)),
            Part("natural", 300, 60, "kitti", (2, 4, 6), "shared"),
        ),
    ),
}

KITTI_LENGTHS = (
    *(577, 321, 296, 288, 287, 275, 258, 243, 240, 235, 215, 208, 198, 197, 194, 192, 187, 178, 175, 166, 154, 152),
    *(132, 131, 128, 112, 107, 103, 96, 89, 88, 80, 72, 68, 65, 57, 51, 47, 38, 35, 28, 26, 25, 24, 23, 21, 21, 20),
    *(18, 17, 14, 13, 12, *[11] * 15, *[10] * 5, 9, 9, 8, 7, *[6] * 6, *[5] * 7, *[4] * 25, *[3] * 17, *[2] * 5),
    *(1, 1, 1, 1),
)
"""How many of KITTI's 7481 labelled object frames come from each of its 141 drives (devkit, train_mapping.txt)."""

NEW_STREET = 0.45
"""Of shared streets: the chance that a drive goes where no drive has been. Otherwise it follows one before it, each
with the same chance, so that a few streets are driven most (Simon's process, 1955)."""


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
    total = layout.frames
    wanted = total if frames is None else frames
    drives: list[Drive] = []
    while wanted > 0:
        batch = _batch(layout, len(drives), seed)
        drives += _shorten(batch, min(wanted, total))
        wanted -= total
    return [drive for drive in drives if drive.frames > 0]


def _batch(layout: Layout, first_number: int, seed: int) -> list[Drive]:
    rng = np.random.default_rng([layout.key, seed, first_number])
    drives: list[Drive] = []
    for part in layout.parts:
        scenarios = _draw_scenarios(part.drives, rng)
        lengths = apportion(part.frames, _weights(part, rng))
        strides = [part.strides[0]] * part.drives if len(part.strides) == 1 else rng.choice(part.strides, part.drives)
        for scenario, length, stride in zip(scenarios, lengths, strides, strict=True):
            number, horizon = first_number + len(drives), length * int(stride)
            drive = Drive(number, scenario, part.split, length, int(stride), horizon)
            drives.append(_on_shared_street(drive, drives, rng) if part.streets == "shared" else drive)
    longest: dict[int | None, int] = {}
    for drive in drives:
        longest[drive.street] = max(drive.horizon, longest.get(drive.street, 0))
    return [drive if drive.street is None else replace(drive, longest=longest[drive.street]) for drive in drives]


def _weights(part: Part, rng: np.random.Generator) -> np.ndarray:
    """How the frames of a part are spread over its drives."""
    if part.lengths == "equal":
        return np.ones(part.drives)
    if part.lengths == "mixed":
        return rng.uniform(0.3, 1.7, part.drives)
    # Evenly spaced quantiles, so that any number of drives is as lopsided, in a random order.
    ranks = np.linspace(0, len(KITTI_LENGTHS) - 1, part.drives).round().astype(np.int64)
    lengths = np.array(KITTI_LENGTHS, dtype=np.float64)[ranks]
    return rng.permutation(np.maximum(lengths, lengths.sum() / part.frames))  # no drive without a frame


def _on_shared_street(drive: Drive, before: Sequence[Drive], rng: np.random.Generator) -> Drive:
    """The drive on a street of its own, or on that of a drive before it."""
    followed = [other for other in before if other.street is not None]
    if not followed or rng.random() < NEW_STREET:
        return replace(drive, street=drive.number)
    leader = followed[rng.integers(len(followed))]
    return replace(drive, street=leader.street, scenario=leader.scenario)


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
