"""Time the geometry kernels on one core, and check them against outside libraries in the same run.

python benchmarks/geometry.py [--json FILE]
"""

import argparse
import json
import os
import time
from collections.abc import Callable
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import shapely  # noqa: E402

from scanpick.geometry.nms import nms_rotated  # noqa: E402
from scanpick.geometry.points_in_boxes import box_of_points  # noqa: E402
from scanpick.geometry.rotated_iou import bev_iou, bev_iou_of_pairs, iou_3d_of_pairs  # noqa: E402

PAIRS = 100_000


def cpu_seconds(run: Callable[[], object], repeats: int = 7) -> float:
    """Least processor time of a few runs, after one that compiles."""
    run()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        run()
        times.append(time.process_time() - start)
    return min(times)


def overlapping_pairs(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Boxes of a car's size with a shifted and turned copy each; nearly all overlap."""
    a = np.column_stack(
        [rng.uniform(-50, 50, (PAIRS, 3)), rng.uniform(1.4, 4.5, (PAIRS, 3)), rng.uniform(-4, 4, PAIRS)]
    )
    b = a + rng.normal(0, [0.5, 0.5, 0.2, 0.2, 0.2, 0.1, 0.5], (PAIRS, 7))
    return a, b


def shapely_iou(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The same by GEOS, relative to the first box's centre."""
    b = b - np.pad(a[:, :3], ((0, 0), (0, 4)))
    a = np.pad(a[:, 3:], ((0, 0), (3, 0)))
    polygons = []
    for boxes in (a, b):
        corners = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]]) / 2
        along, across = boxes[:, 3, None] * corners[:, 0], boxes[:, 4, None] * corners[:, 1]
        cos, sin = np.cos(boxes[:, 6, None]), np.sin(boxes[:, 6, None])
        x, y = cos * along - sin * across + boxes[:, :1], sin * along + cos * across + boxes[:, 1:2]
        polygons.append(shapely.polygons(np.stack([x, y], axis=-1)))
    shared = shapely.area(shapely.intersection(*polygons))
    return shared / (a[:, 3] * a[:, 4] + b[:, 3] * b[:, 4] - shared)


def measure_boxes() -> dict[str, float | int]:
    """Rotated IoU, suppression, points in boxes."""
    rng = np.random.default_rng(0)
    a, b = overlapping_pairs(rng)
    expected = shapely_iou(a, b)
    crowd = np.column_stack([rng.uniform(0, 70, (1000, 3)), rng.uniform(1, 4, (1000, 3)), rng.uniform(-4, 4, 1000)])
    scores = rng.uniform(size=1000)
    points = rng.uniform(0, 70, (120_000, 4)).astype(np.float32)
    return {
        "iou_pairs": PAIRS,
        "iou_pairs_that_overlap": int((expected > 0).sum()),
        "bev_iou_s": cpu_seconds(lambda: bev_iou_of_pairs(a, b)),
        "iou_3d_s": cpu_seconds(lambda: iou_3d_of_pairs(a, b)),
        "shapely_bev_iou_s": cpu_seconds(lambda: shapely_iou(a, b), repeats=1),
        "bev_iou_greatest_error": float(np.abs(bev_iou_of_pairs(a, b) - expected).max()),
        "bev_iou_matrix_1000x1000_s": cpu_seconds(lambda: bev_iou(crowd, crowd)),
        "nms_rotated_1000_s": cpu_seconds(lambda: nms_rotated(crowd, scores, 0.1)),
        "box_of_120000_points_in_40_boxes_s": cpu_seconds(lambda: box_of_points(points, crowd[:40])),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the numbers here")
    arguments = parser.parse_args()
    numbers = {"boxes": measure_boxes()}
    print(json.dumps(numbers, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(numbers, indent=1) + "\n")


if __name__ == "__main__":
    main()
