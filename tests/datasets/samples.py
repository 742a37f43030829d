"""Small made-up frames, and folders of them in the layouts that readers know."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from scanpick.arrays import Points

CALIBRATION = """\
P2: 700 0 600 0 0 700 180 0 0 0 1 0
R0_rect: 1 0 0 0 1 0 0 0 1
Tr_velo_to_cam: 0 -1 0 0 0 0 -1 0 1 0 0 0
Tr_imu_to_velo:
"""
"""A camera in the place of the LiDAR that looks along +x."""

CAR = "Car 0.10 1 -1.57 100 110 200 210 1.5 2.0 4.0 -2 1.75 10 -1.5707963267948966"
"""A car whose box in the LiDAR frame is `CAR_BOX`."""

CAR_BOX = (10.0, 2.0, -1.0, 4.0, 2.0, 1.5, 0.0)

FAR_CAR = "Car 0.00 2 -1.57 300 110 310 120 1.5 2.0 4.0 -2 1.75 60 -1.5707963267948966"
"""A car where `sweep` has no points."""

DONT_CARE = "DontCare -1 -1 -10 400 120 420 140 -1 -1 -1 -1000 -1000 -1000 -10"


def sweep(seed: int = 0, num_points: int = 1200) -> Points:
    """(P, 4) points of a street: ground, two walls, and some inside `CAR_BOX`."""
    rng = np.random.default_rng(seed)
    ground, walls = num_points // 2, num_points // 3
    inside = num_points - ground - walls
    xyz = np.concatenate(
        [
            rng.uniform([-40, -20, -1.8], [40, 20, -1.7], (ground, 3)),
            rng.uniform([-40, 18, -1.7], [40, 20, 3], (walls, 3)),
            rng.uniform([8.5, 1.5, -1.5], [11.5, 2.5, -0.5], (inside, 3)),
        ]
    )
    return np.column_stack([xyz, rng.uniform(0, 1, num_points)]).astype(np.float32)


def write_bin(path: Path, points: Points) -> Path:
    """Write points as KITTI does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(np.ascontiguousarray(points, dtype="<f4").tobytes())
    return path


def write_lines(path: Path, *lines: str) -> Path:
    """Write a text file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def write_kitti_object(
    root: Path, frame_ids: Sequence[str], *, part: str = "training", points: str = "velodyne", labels: bool = True
) -> Path:
    """Write a KITTI object folder in which each frame has one car and a region that was not labelled."""
    for seed, frame_id in enumerate(frame_ids):
        write_bin(root / part / points / f"{frame_id}.bin", sweep(seed))
        write_lines(root / part / "calib" / f"{frame_id}.txt", CALIBRATION)
        if labels:
            write_lines(root / part / "label_2" / f"{frame_id}.txt", CAR, DONT_CARE)
    return root


def write_mapping(root: Path, raw_frames: Sequence[tuple[str, int]]) -> None:
    """Write the devkit's mapping; object id k is ``raw_frames[k]``. The lines are stored in reverse order."""
    lines = [f"{drive[:10]} {drive} {index:010d}" for drive, index in raw_frames]
    write_lines(root / "mapping" / "train_mapping.txt", *reversed(lines))
    places = [str(len(lines) - k) for k in range(len(lines))]
    write_lines(root / "mapping" / "train_rand.txt", ",".join(places))


def write_kitti_tracking(root: Path, lengths: Sequence[int]) -> Path:
    """Write tracking sequences of so many frames; the car has track id 7 and is labelled in even frames."""
    for sequence, length in enumerate(lengths):
        name = f"{sequence:04d}"
        for index in range(length):
            write_bin(root / "training" / "velodyne" / name / f"{index:06d}.bin", sweep(100 * sequence + index))
        rows = [line for index in range(0, length, 2) for line in (f"{index} 7 {CAR}", f"{index} -1 {DONT_CARE}")]
        write_lines(root / "training" / "label_02" / f"{name}.txt", *rows)
        write_lines(root / "training" / "calib" / f"{name}.txt", CALIBRATION.replace("R0_rect:", "R_rect"))
    return root


RAW_LIDAR_TO_CAMERA = """\
calib_time: 15-Mar-2012 11:37:16
R: 0 -1 0 0 0 -1 1 0 0
T: 0 0.1 0
"""

RAW_CAMERAS = """\
calib_time: 09-Jan-2012 13:57:47
corner_dist: 9.950000e-02
R_rect_00: 1 0 0 0 1 0 0 0 1
S_rect_02: 1.242000e+03 3.750000e+02
P_rect_02: 700 0 600 45 0 700 180 0 0 0 1 0
"""


def write_kitti_raw(root: Path, drives: Sequence[str], length: int = 3, *, calibration: bool = True) -> Path:
    """Write raw drives ("2011_09_26_drive_0001_sync") of so many frames."""
    for seed, drive in enumerate(drives):
        data = root / drive[:10] / drive / "velodyne_points" / "data"
        for index in range(length):
            write_bin(data / f"{index:010d}.bin", sweep(100 * seed + index))
        if calibration:
            write_lines(root / drive[:10] / "calib_velo_to_cam.txt", RAW_LIDAR_TO_CAMERA)
            write_lines(root / drive[:10] / "calib_cam_to_cam.txt", RAW_CAMERAS)
    return root
