"""Time the geometry kernels on one core, and check them against outside libraries in the same run.

python -m benchmarks.geometry [--json FILE] [--scan FILE.bin]

A peer that is not installed is left out, with a line that says what to install.
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
import torch  # noqa: E402
from numba import njit  # noqa: E402
from scipy.spatial import cKDTree  # noqa: E402

from benchmarks.measuring import peer  # noqa: E402
from scanpick.geometry.ball_query import Ring, ball_query  # noqa: E402
from scanpick.geometry.farthest_point_sampling import farthest_point_sampling  # noqa: E402
from scanpick.geometry.nearest_neighbours import nearest_neighbours  # noqa: E402
from scanpick.geometry.nms import nms_rotated  # noqa: E402
from scanpick.geometry.points_in_boxes import box_of_points  # noqa: E402
from scanpick.geometry.rotated_iou import bev_iou, bev_iou_of_pairs, iou_3d_of_pairs  # noqa: E402

shapely, fpsample, torch_quickfps = peer("shapely"), peer("fpsample"), peer("torch-quickfps")

PAIRS = 100_000
SAMPLINGS = ((16_384, 4_096), (120_000, 16_384))
PEER_HEIGHTS = (3, 5, 6, 7, 8, 9)
"""Of the peers' trees; the best one counts."""


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
    crowd = np.column_stack([rng.uniform(0, 70, (1000, 3)), rng.uniform(1, 4, (1000, 3)), rng.uniform(-4, 4, 1000)])
    scores = rng.uniform(size=1000)
    points = rng.uniform(0, 70, (120_000, 4)).astype(np.float32)
    found = bev_iou_of_pairs(a, b)
    beside: dict[str, float | int] = {}
    if shapely:
        beside["shapely_bev_iou_s"] = cpu_seconds(lambda: shapely_iou(a, b), repeats=1)
        beside["bev_iou_greatest_error"] = float(np.abs(found - shapely_iou(a, b)).max())
    return {
        "iou_pairs": PAIRS,
        "iou_pairs_that_overlap": int((found > 0).sum()),
        "bev_iou_s": cpu_seconds(lambda: bev_iou_of_pairs(a, b)),
        "iou_3d_s": cpu_seconds(lambda: iou_3d_of_pairs(a, b)),
        **beside,
        "bev_iou_matrix_1000x1000_s": cpu_seconds(lambda: bev_iou(crowd, crowd)),
        "nms_rotated_1000_s": cpu_seconds(lambda: nms_rotated(crowd, scores, 0.1)),
        "box_of_120000_points_in_40_boxes_s": cpu_seconds(lambda: box_of_points(points, crowd[:40])),
    }


def made_up_scan(rng: np.random.Generator) -> np.ndarray:
    """(120000, 3) float32: 64 beams over flat ground and walls at random distances, with 2 cm of noise."""
    azimuth, elevation = np.meshgrid(np.linspace(-np.pi, np.pi, 1875), np.radians(np.linspace(-24.8, 2, 64)))
    wall = np.repeat(rng.uniform(5, 80, 125), 15)
    to_ground = np.where(elevation < 0, 1.73 / np.maximum(-np.sin(elevation), 1e-3), np.inf)
    distance = np.minimum(np.minimum(to_ground, wall / np.cos(elevation)), 80) + rng.normal(0, 0.02, azimuth.shape)
    across = distance * np.cos(elevation)
    scan = np.stack([across * np.cos(azimuth), across * np.sin(azimuth), distance * np.sin(elevation)], axis=-1)
    return rng.permutation(scan.reshape(-1, 3)).astype(np.float32)


@njit
def plain_scan(points: np.ndarray, count: int) -> np.ndarray:
    """Farthest-point sampling by its definition."""
    nearest = np.full(len(points), np.inf, points.dtype)
    picks = np.zeros(count, np.int64)
    for k in range(1, count):
        x, y, z = points[picks[k - 1]]
        farthest = -1.0
        for i in range(len(points)):
            dx, dy, dz = points[i, 0] - x, points[i, 1] - y, points[i, 2] - z
            nearest[i] = min(nearest[i], dx * dx + dy * dy + dz * dz)
            if nearest[i] > farthest:
                farthest, picks[k] = nearest[i], i
    return picks


def measure_sampling(scan: np.ndarray) -> list[dict[str, float | int | str]]:
    """Farthest-point sampling against the plain scan and the peers, each at its best height."""
    torch.set_num_threads(1)
    rows = []
    for points, count in SAMPLINGS:
        cloud = np.ascontiguousarray(scan[np.arange(points) % len(scan)])
        if points > len(scan):  # a scan of fewer points is taken again, moved a little
            cloud += np.random.default_rng(0).normal(0, 0.02, cloud.shape).astype(np.float32)
        expected = plain_scan(cloud, count)
        tensor = torch.from_numpy(cloud)[None]
        contestants: dict[str, Callable[[], np.ndarray]] = {
            "scanpick": lambda cloud=cloud, count=count: farthest_point_sampling(cloud, count),
            "plain scan": lambda cloud=cloud, count=count: plain_scan(cloud, count),
        }
        for h in PEER_HEIGHTS if fpsample else ():
            contestants[f"fpsample h={h}"] = lambda cloud=cloud, count=count, h=h: fpsample.bucket_fps_kdline_sampling(
                cloud, count, h=h, start_idx=0
            )
        for h in PEER_HEIGHTS if torch_quickfps else ():
            contestants[f"torch-quickfps h={h}"] = lambda tensor=tensor, count=count, h=h: torch_quickfps.sample_idx(
                tensor, count, h=h, start_idx=0
            )[0].numpy()
        for name, run in contestants.items():
            rows.append(
                {
                    "points": points,
                    "picks": count,
                    "who": name,
                    "cpu_ms": 1e3 * cpu_seconds(run, 1 if name == "plain scan" else 7),
                    "share_of_equal_picks": float(np.mean(run() == expected)),
                }
            )
    return rows


def speed_ups(rows: list[dict[str, float | int | str]]) -> dict[str, float]:
    """How many times the time of the plain scan, and of the best peer, ours would fit into."""
    found = {}
    for points, _ in SAMPLINGS:
        times = {row["who"]: float(row["cpu_ms"]) for row in rows if row["points"] == points}
        ours, plain = times.pop("scanpick"), times.pop("plain scan")
        found[f"{points} points, over the plain scan"] = plain / ours
        if times:
            found[f"{points} points, over the best peer"] = min(times.values()) / ours
    return found


def measure_neighbours(scan: np.ndarray) -> dict[str, float]:
    """The ball queries of 3DSSD's first level, and nearest neighbours, against scipy's tree."""
    cloud = np.ascontiguousarray(scan[:16_384])
    centres = cloud[farthest_point_sampling(cloud, 4_096)]
    rings = [Ring(0, 0.2, 32), Ring(0.2, 0.4, 32), Ring(0.4, 0.8, 64)]
    return {
        "three_rings_4096_of_16384_s": cpu_seconds(lambda: ball_query(cloud, centres, rings)),
        "scipy_all_within_the_largest_s": cpu_seconds(lambda: cKDTree(cloud).query_ball_point(centres, 0.8)),
        "16_nearest_of_4096_in_16384_s": cpu_seconds(lambda: nearest_neighbours(cloud, centres, 16)),
        "scipy_16_nearest_s": cpu_seconds(lambda: cKDTree(cloud).query(centres, 16)),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the numbers here")
    parser.add_argument("--scan", type=Path, help="a KITTI .bin file to sample instead of a made-up scan")
    arguments = parser.parse_args()
    scan = made_up_scan(np.random.default_rng(0))
    if arguments.scan:
        read = np.fromfile(arguments.scan, np.float32).reshape(-1, 4)[:, :3]
        scan = np.random.default_rng(0).permutation(read)
    sampling = measure_sampling(scan)
    numbers = {
        "boxes": measure_boxes(),
        "sampling": sampling,
        "sampling_times_as_fast": speed_ups(sampling),
        "neighbours": measure_neighbours(scan),
    }
    print(json.dumps(numbers, indent=1))
    if arguments.json:
        arguments.json.write_text(json.dumps(numbers, indent=1) + "\n")


if __name__ == "__main__":
    main()
