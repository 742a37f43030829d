"""A tiny Waymo Open 2: a street of two LiDARs, as Parquet files in the official columns."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from scanpick.arrays import Float64Array

TOP_PLACE = (1.43, 0.0, 2.18)
HEIGHT, WIDTH = 16, 90
SPEED = 5.0
START_US = 1_500_000_000_000_000
BOX = (11.0, 2.0, 1.0, 4.5, 2.0, 1.6, 0.3)
"""In vehicle coordinates."""
_LIDAR, _BOX, _CALIBRATION = "[LiDARComponent].", "[LiDARBoxComponent].", "[LiDARCalibrationComponent]."


def write_waymo(root: Path, segments: Mapping[str, int], *, group_rows: int = 3) -> Path:
    """``SPLIT/SEGMENT`` -> number of frames. The testing split has no boxes."""
    for place, (name, frames) in enumerate(segments.items()):
        split, segment = name.split("/")
        times = [START_US + 100_000 * frame for frame in range(frames)]
        tables: dict[str, dict[str, Any]] = {
            "lidar": _lidar(times, place),
            "lidar_pose": _lidar_pose(times),
            "lidar_calibration": _calibration(),
            "vehicle_pose": {
                "key.frame_timestamp_micros": times,
                "[VehiclePoseComponent].world_from_vehicle.transform": [_pose(time).ravel().tolist() for time in times],
            },
            "stats": {
                "key.frame_timestamp_micros": times,
                "[StatsComponent].location": ["location_phx"] * frames,
                "[StatsComponent].time_of_day": ["Day"] * frames,
                "[StatsComponent].weather": ["sunny"] * frames,
            },
        }
        if split != "testing":
            tables["lidar_box"] = _boxes(times)
        for component, columns in tables.items():
            path = root / split / component / f"{segment}.parquet"
            path.parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(pa.table(columns), path, row_group_size=group_rows)
    return root


def _pose(time_us: int) -> Float64Array:
    pose = np.eye(4)
    pose[0, 3] = SPEED * (time_us - START_US) * 1e-6
    return pose


def _lidar(times: list[int], seed: int) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    columns: dict[str, Any] = {"key.frame_timestamp_micros": [], "key.laser_name": pa.array([], pa.int8())}
    rows = [(time, laser) for time in times for laser in (1, 2)]
    columns = {
        "key.frame_timestamp_micros": [time for time, _ in rows],
        "key.laser_name": pa.array([laser for _, laser in rows], pa.int8()),
    }
    for number in (1, 2):
        images = []
        for _ in rows:
            image = np.zeros((HEIGHT, WIDTH, 4), dtype=np.float32)
            image[..., 0] = rng.uniform(4, 40, (HEIGHT, WIDTH))
            image[..., 1] = rng.uniform(0, 3, (HEIGHT, WIDTH))
            if number == 2:  # few pixels have a second return
                image[:, 5:, 0] = -1
            images.append(image.ravel())
        name = f"{_LIDAR}range_image_return{number}"
        columns[f"{name}.values"] = pa.array(images, pa.list_(pa.float32()))
        columns[f"{name}.shape"] = pa.array([[HEIGHT, WIDTH, 4]] * len(rows), pa.list_(pa.int32(), 3))
    return columns


def _lidar_pose(times: list[int]) -> dict[str, Any]:
    """Every pixel of the top LiDAR was measured at the time of the frame."""
    images = []
    for time in times:
        image = np.zeros((HEIGHT, WIDTH, 6), dtype=np.float32)
        image[..., 3] = _pose(time)[0, 3]
        images.append(image.ravel())
    return {
        "key.frame_timestamp_micros": times,
        "key.laser_name": pa.array([1] * len(times), pa.int8()),
        "[LiDARPoseComponent].range_image_return1.values": pa.array(images, pa.list_(pa.float32())),
        "[LiDARPoseComponent].range_image_return1.shape": [[HEIGHT, WIDTH, 6]] * len(times),
    }


def _calibration() -> dict[str, Any]:
    top, front = np.eye(4), np.eye(4)
    top[:3, 3], front[:3, 3] = TOP_PLACE, (4.0, 0.0, 0.7)
    return {
        "key.laser_name": pa.array([1, 2], pa.int8()),
        f"{_CALIBRATION}extrinsic.transform": [top.ravel().tolist(), front.ravel().tolist()],
        f"{_CALIBRATION}beam_inclination.min": [-0.3, -0.4],
        f"{_CALIBRATION}beam_inclination.max": [0.04, 0.3],
        f"{_CALIBRATION}beam_inclination.values": pa.array(
            [np.linspace(-0.3, 0.04, HEIGHT), None], pa.list_(pa.float64())
        ),
    }


def _boxes(times: list[int]) -> dict[str, Any]:
    """A vehicle, and one without points, in each frame."""
    parts = ("center.x", "center.y", "center.z", "size.x", "size.y", "size.z", "heading")
    rows = [(time, name) for time in times for name in ("car", "hidden")]
    columns: dict[str, Any] = {
        "key.frame_timestamp_micros": [time for time, _ in rows],
        "key.laser_object_id": [name for _, name in rows],
        f"{_BOX}type": pa.array([1] * len(rows), pa.int8()),
        f"{_BOX}num_lidar_points_in_box": [0 if name == "hidden" else 7 for _, name in rows],
    }
    return columns | {f"{_BOX}box.{part}": [value] * len(rows) for part, value in zip(parts, BOX, strict=True)}
