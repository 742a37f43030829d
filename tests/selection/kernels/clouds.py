"""Point clouds that kernels are tried on, and plain loops in float64 that they must agree with."""

import numpy as np


def walks(count: int, dimensions: int, seed: int = 0) -> np.ndarray:
    """Slow random walks of 100 points each, and a few outliers, L2-normalised."""
    rng = np.random.default_rng(seed)
    steps = rng.standard_normal((count, dimensions)) * 0.05
    steps[::100] = rng.standard_normal((len(steps[::100]), dimensions))
    points = np.concatenate([np.cumsum(walk, axis=0) for walk in np.split(steps, range(100, count, 100))])
    outliers = rng.random(count) < 0.02
    points[outliers] = rng.standard_normal((int(outliers.sum()), dimensions))
    return (points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def clouds() -> dict[str, np.ndarray]:
    """Name -> (N, D) float32."""
    rng = np.random.default_rng(7)
    gaussian = rng.standard_normal((900, 24))
    return {
        "walks": walks(1500, 33),
        "gaussian": gaussian.astype(np.float32),
        "unit": (gaussian / np.linalg.norm(gaussian, axis=1, keepdims=True)).astype(np.float32),
        "far from the origin": (gaussian + 1000).astype(np.float32),
        "duplicates": gaussian[rng.integers(0, 120, 900)].astype(np.float32),
        "integers": rng.integers(0, 3, (900, 5)).astype(np.float32),
        "constant": np.full((400, 6), 0.1, dtype=np.float32),
        "one dimension": np.arange(700, dtype=np.float32)[:, None],
        "huge": (gaussian * 1e30).astype(np.float32),
        "tiny": (gaussian * 1e-30).astype(np.float32),
        "zero vectors": np.where(rng.random((500, 1)) < 0.3, 0, gaussian[:500]).astype(np.float32),
    }


def squared_to(X: np.ndarray, index: int) -> np.ndarray:
    """(N,) float64 squared distances of all points to one."""
    return np.square(X.astype(np.float64) - X[index].astype(np.float64)).sum(axis=1)
