"""Made-up drives, vectors and targets."""

import numpy as np

from scanpick.evaluation.probes import ProbeFrames, Vectors
from scanpick.evaluation.probes.targets import Targets


def drives(count: int, frames: int, seed: int = 0, dimension: int = 12, noise: float = 0.3):
    """`count` drives of `frames` frames at 10 Hz; vectors wander about a place of each drive.

    Gives sequences, times and (N, D) vectors.
    """
    rng = np.random.default_rng(seed)
    sequences = np.repeat([f"drive_{number}" for number in range(count)], frames)
    times = np.tile(np.arange(frames) * 0.1, count)
    places = rng.normal(size=(count, dimension)).repeat(frames, axis=0)
    return sequences, times, places + noise * rng.normal(size=(count * frames, dimension))


def probe_frames(sequences, times, columns, held_out=None) -> ProbeFrames:
    ids = tuple(f"{number:04d}" for number in range(len(sequences)))
    targets = Targets(tuple(columns), np.stack(list(columns.values()), axis=1).astype(np.float64))
    return ProbeFrames(ids, sequences, times, targets, held_out)


def changed_slightly(name: str, values, seed: int = 0) -> Vectors:
    """Vectors with a changed copy of every other frame."""
    rng = np.random.default_rng(seed)
    rows = np.arange(0, len(values), 2)
    return Vectors(name, values, {"noise": (rows, values[rows] + 0.1 * rng.normal(size=values[rows].shape))})
