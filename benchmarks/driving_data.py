"""Embeddings like those of a fleet's frames, and others without any structure: L2-normalised float32."""

from pathlib import Path

import numpy as np

FRAMES = 500
"""Frames of a sequence, and rows that are made at a time."""

STEP, NOISE, OUTLIERS = 0.05, 0.02, 0.005
"""Length of a step between two frames, noise of a frame (both over a length of 1), and share of odd frames."""


def driving_like(rows: int, dimensions: int, rng: np.random.Generator) -> np.ndarray:
    """One sequence (rows, dimensions): a slow random walk from a random place, with noise and a few odd frames."""
    scale = np.float32(1 / np.sqrt(dimensions))  # so that a standard normal vector has a length of about 1
    steps = rng.standard_normal((rows, dimensions), dtype=np.float32) * (scale * np.float32(STEP))
    steps[0] = rng.standard_normal(dimensions, dtype=np.float32) * scale
    X = np.cumsum(steps, axis=0)
    X += rng.standard_normal((rows, dimensions), dtype=np.float32) * (scale * np.float32(NOISE))
    odd = rng.random(rows) < OUTLIERS
    X[odd] = rng.standard_normal((int(odd.sum()), dimensions), dtype=np.float32)
    return X


def gaussian(rows: int, dimensions: int, rng: np.random.Generator) -> np.ndarray:
    """(rows, dimensions) of independent directions: nothing is near anything."""
    return rng.standard_normal((rows, dimensions), dtype=np.float32)


KINDS = {"driving": driving_like, "gaussian": gaussian}


def write_data(path: Path, kind: str, rows: int, dimensions: int, seed: int = 0) -> None:
    """Write (rows, dimensions) float32 as .npy. Fewer rows with the same seed are a prefix, up to whole sequences."""
    rng = np.random.default_rng(seed)
    X = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(rows, dimensions))
    for start in range(0, rows, FRAMES):
        block = KINDS[kind](min(FRAMES, rows - start), dimensions, rng)
        X[start : start + FRAMES] = block / np.linalg.norm(block, axis=1, keepdims=True)
    X.flush()


def typical_radius(X: np.ndarray, neighbours: int, sample: int = 500) -> float:
    """The median distance of a sample of rows to their `neighbours`-th nearest other row."""
    rows = np.linspace(0, len(X) - 1, min(sample, len(X))).astype(int)
    nearest = min(neighbours, len(X) - 1)
    squared = 2 - 2 * np.asarray(X[rows]) @ np.asarray(X).T
    return float(np.median(np.sqrt(np.maximum(np.partition(squared, nearest, axis=1)[:, nearest], 0))))
