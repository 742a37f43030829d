"""A small KITTI folder and studies on it that run in seconds."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from scanpick.studies.config import StudyConfig
from scanpick.studies.study import Study
from tests.datasets.samples import CALIBRATION, DONT_CARE, write_bin, write_lines, write_mapping

DRIVES = 8
FRAMES_A_DRIVE = 7
BROKEN, UNLABELLED, DOUBLE = "000003", "000010", "000019"
"""A frame whose points cannot be read, one without labels, and one with the points of the frame before it."""

METRIC = "Car_bev_hard_exact_0.1"
DETECTORS = Path(__file__).parent / "toy_detector"


def write_toy_kitti(root: Path) -> Path:
    """Frames of drives with one to five cars, and now and then a pedestrian, each a clump of points."""
    raw = []
    for number in range(DRIVES * FRAMES_A_DRIVE):
        frame_id, rng = f"{number:06d}", np.random.default_rng(number)
        raw.append((f"2011_09_26_drive_{number // FRAMES_A_DRIVE:04d}_sync", 3 * (number % FRAMES_A_DRIVE)))
        cars = rng.integers(1, 6)
        cells = rng.choice(16, cars, replace=False)
        places = np.column_stack([12 + 8 * (cells % 4), 8 * (cells // 4) - 12]) + rng.uniform(-1, 1, (cars, 2))
        clumps = [
            np.column_stack([*(rng.uniform(-s / 2, s / 2, 30 + 10 * k) + at for s, at in ((4, x), (2, y), (1.4, -1)))])
            for k, (x, y) in enumerate(places)
        ]
        ground = rng.uniform([0, -24, -1.8], [48, 24, -1.7], (400 + 30 * (number // FRAMES_A_DRIVE), 3))
        xyz = np.concatenate([ground, *clumps])
        points = np.column_stack([xyz, rng.uniform(0, 1, len(xyz))]).astype(np.float32)
        names = ["Car" if k or number % 5 else "Pedestrian" for k in range(cars)]
        lines = [_label(name, x, y) for name, (x, y) in zip(names, places, strict=True)]
        write_bin(root / "training" / "velodyne" / f"{frame_id}.bin", points)
        write_lines(root / "training" / "calib" / f"{frame_id}.txt", CALIBRATION)
        write_lines(root / "training" / "label_2" / f"{frame_id}.txt", *lines, DONT_CARE)
    write_mapping(root, raw)
    points_of = root / "training" / "velodyne"
    (points_of / f"{BROKEN}.bin").write_bytes(b"not a multiple of four columns")
    (root / "training" / "label_2" / f"{UNLABELLED}.txt").unlink()
    (points_of / f"{DOUBLE}.bin").write_bytes((points_of / f"{int(DOUBLE) - 1:06d}.bin").read_bytes())
    return root


def _label(name: str, x: float, y: float) -> str:
    """A box of 4 x 2 x 1.5 m with the camera in the place of the LiDAR."""
    left, right = (600 + 700 * (-y + side) / x for side in (-1, 1))
    top, bottom = 180 + 700 * 0.25 / x, 180 + 700 * 1.75 / x
    return f"{name} 0 0 -1.57 {left:.2f} {top:.2f} {right:.2f} {bottom:.2f} 1.5 2 4 {-y:.3f} 1.75 {x:.3f} -1.5708"


def toy_values(root: Path, **changes: Any) -> dict[str, Any]:
    """A study of two seeds and two rounds with every kind of strategy, as plain values."""
    values = {
        "name": "toy",
        "data": [{"source": f"kitti-object:{root}"}],
        "split": {"by": "drives", "folds": 2},
        "start": {"frames": 4},
        "rounds": [3, 4],
        "strategies": ["random", "diversity"],
        "encoder": {"name": "statistics"},
        "detector": {
            "name": "toy",
            "iterations": 20,
            "learning_rate": 0.1,
            "settings": {"checkpoint_every": 5},
        },
        "seeds": [0, 1],
        "metrics": [METRIC, "Car_3d_hard_R40_0.1"],
        "cost": {"per_frame": 0.5, "per_box": 0.25, "classes": ["Car", "Pedestrian"]},
    }
    return values | changes


def toy_study(root: Path, folder: Path, *, jobs: int = 1, in_process: bool = True, **changes: Any) -> Study:
    """A study of `toy_values`."""
    return Study(StudyConfig.of(toy_values(root, **changes)), folder, jobs, in_process)


def table(folder: Path, name: str) -> list[dict[str, str]]:
    """The rows of a table of a study."""
    with (folder / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def numbers(folder: Path) -> dict[str, list[dict[str, str]]]:
    """All tables without what must differ from run to run: how long things took."""
    tables = {name: table(folder, name) for name in ("trainings", "scores", "picks")}
    return {name: [{k: v for k, v in row.items() if k != "seconds"} for row in rows] for name, rows in tables.items()}
