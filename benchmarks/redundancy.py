"""How much simulated drives repeat themselves, beside KITTI's: distances between embeddings of neighbouring frames.

python -m benchmarks.redundancy DATA [--encoder scanpick-ssl] [--frames 500]

DATA holds ``kitti``, ``kitti_tracking`` and ``kitti_raw``. Distances are divided by the median distance between frames
of different drives (of KITTI's object frames for KITTI, of the set for simulated ones), so 1 is "another place" and
0 the same cloud.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scanpick.arrays import Float64Array
from scanpick.datasets import Dataset, open_dataset
from scanpick.encoders import ENCODERS
from scanpick.structures import FrameRecord

GAPS_S = (0.1, 0.2, 0.5, 1.0, 2.0, 5.0)


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", type=Path)
    parser.add_argument("--encoder", default="scanpick-ssl")
    parser.add_argument("--frames", type=int, default=500, help="the first so many of a simulated set")
    asked = parser.parse_args()
    objects = embedded(open_dataset(str(asked.data / "kitti")), asked.encoder, None)
    scale = between_drives(*objects)
    print("| data set | frames |" + "".join(f" {gap} s |" for gap in GAPS_S) + " nearest of another drive |")
    print("|---|---|" + "---|" * (len(GAPS_S) + 1))
    print(row("KITTI object frames", *objects, scale))
    for name in ("kitti_tracking", "kitti_raw"):
        print(row(name, *embedded(open_dataset(str(asked.data / name)), asked.encoder, None), scale))
    for name in ("simulated:drives", "simulated:fleet"):
        frames = embedded(open_dataset(name), asked.encoder, asked.frames)
        print(row(name, *frames, between_drives(*frames)))


def embedded(dataset: Dataset, encoder: str, most: int | None) -> tuple[list[FrameRecord], Float64Array]:
    """Records of the pool's frames, drive by drive, and their vectors of unit length."""
    records = [record for record in dataset.records if record.metadata.get("split", "pool") == "pool"][:most]
    model = ENCODERS.make(encoder, {})
    values = np.concatenate([model.encode([dataset.read(record.frame_id)]) for record in records]).astype(np.float64)
    return records, values / np.linalg.norm(values, axis=1, keepdims=True)


def between_drives(records: Sequence[FrameRecord], values: Float64Array) -> float:
    """Median distance between frames of different drives."""
    drives = np.array([record.sequence for record in records])
    return float(np.median(distances(values, values)[drives[:, None] != drives]))


def row(name: str, records: Sequence[FrameRecord], values: Float64Array, scale: float) -> str:
    """One line: median distance to the frame so many seconds later, and to the nearest frame of another drive."""
    drives = np.array([record.sequence for record in records])
    times = np.array([record.timestamp_ns or 0 for record in records]) / 1e9
    away = distances(values, values) / scale
    same = drives[:, None] == drives
    cells = []
    for gap in GAPS_S:
        pairs = same & (np.abs(times[None] - times[:, None] - gap) < 0.05)
        cells.append(f"{np.median(away[pairs]):.2f}" if pairs.any() else "-")
    nearest = np.where(same, np.inf, away).min(axis=1)
    cells.append(f"{np.median(nearest):.2f}" if np.isfinite(nearest).all() else "-")
    return f"| {name} | {len(records)} | " + " | ".join(cells) + " |"


def distances(a: Float64Array, b: Float64Array) -> Float64Array:
    """(A, B) between rows of unit length."""
    return np.sqrt(np.maximum(2.0 - 2.0 * a @ b.T, 0.0))


if __name__ == "__main__":
    main()
