"""Pools for tests: drives as slow random walks, with everything that a strategy may look at."""

import numpy as np

from scanpick.selection import ObjectEmbeddings, Pool


def driving_pool(count=120, dimensions=6, sequences=4, labelled=0, seed=0, duplicates=0, name="toy"):
    """Drives with times, ways, scores, boxes, metadata, classes and objects."""
    rng = np.random.default_rng(seed)
    drive = np.sort(rng.integers(0, sequences, count)) if sequences else np.zeros(count, dtype=int)
    steps = rng.normal(size=(count, dimensions))
    X = np.cumsum(steps, axis=0) * 0.2 + rng.normal(size=(sequences or 1, dimensions))[drive]
    if duplicates:
        X[rng.choice(count, duplicates, replace=False)] = X[0]
    place = np.arange(count) - np.searchsorted(drive, drive)
    is_labelled = np.zeros(count, dtype=bool)
    is_labelled[rng.choice(count, labelled, replace=False)] = True
    objects = rng.integers(0, 4, count)
    return Pool(
        frame_ids=tuple(f"{d:02d}/{p:06d}" for d, p in zip(drive, place, strict=True)),
        embeddings={name: X.astype(np.float32), "other": rng.normal(size=(count, 3)).astype(np.float32)},
        labelled=is_labelled,
        sequences=np.array([f"{d:02d}" for d in drive], dtype=np.str_),
        times_s=place * 0.1,
        positions_m=np.cumsum(rng.normal(size=(count, 2)), axis=0),
        scores={"entropy": rng.random(count), "margin": rng.random(count)},
        expected_boxes=rng.integers(0, 6, count).astype(float),
        metadata={
            "weather": np.array(["rain", "dry", "fog"], dtype=np.str_)[rng.integers(0, 3, count)],
            "speed_mps": rng.random(count) * 20,
            "lanes": rng.integers(1, 4, count),
        },
        class_counts={"Car": rng.poisson(3, count).astype(float), "Pedestrian": rng.poisson(0.5, count).astype(float)},
        objects={
            "crops": ObjectEmbeddings(
                rng.normal(size=(objects.sum(), 4)).astype(np.float32), np.repeat(np.arange(count), objects)
            )
        },
    )
