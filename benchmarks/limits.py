"""What the machine does at best: multiply-adds of float32 matrix products, and bytes from memory, per second."""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from benchmarks.measuring import timed

SIDE, DIMENSIONS = 4096, 384
"""The product is (SIDE, DIMENSIONS) times its transpose: the shape that distances have."""

BYTES = 2**29
"""Read at a time: far more than any cache holds."""


def multiply_adds_per_second() -> float:
    """In matrix products on one thread."""
    X = np.random.default_rng(0).standard_normal((SIDE, DIMENSIONS), dtype=np.float32)
    products = np.empty((SIDE, SIDE), dtype=np.float32)
    return SIDE * SIDE * DIMENSIONS / least_seconds(lambda: np.matmul(X, X.T, out=products))


def bytes_per_second() -> float:
    """In matrix-vector products, which read every number once."""
    X = np.ones((BYTES // 4 // DIMENSIONS, DIMENSIONS), dtype=np.float32)
    return X.nbytes / least_seconds(lambda: X @ X[0])


def least_seconds(function: Callable[[], object], repeats: int = 7) -> float:
    """Of processor time, which a busy machine disturbs least; the first run, which wakes things up, aside."""
    return min([timed(function)[2] for _ in range(repeats + 1)][1:])


def main() -> None:
    """Started by `benchmarks.selection` in a process of its own: JOB.json RESULT.json."""
    limits = {"multiply_adds_per_s": multiply_adds_per_second(), "bytes_per_s": bytes_per_second()}
    Path(sys.argv[2]).write_text(json.dumps(limits))


if __name__ == "__main__":
    main()
