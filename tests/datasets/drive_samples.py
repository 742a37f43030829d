"""Small made-up drives along the street of `samples.sweep`, as nuScenes' tables, Argoverse 2 and KITTI odometry."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow

from scanpick.arrays import Float64Array, Transform
from scanpick.geometry.quaternions import transforms_from_quaternions
from tests.datasets.samples import CALIBRATION, CAR_BOX, sweep, write_bin, write_lines

START_US = 1_532_402_927_000_000
TOP = ((0.94, 0.0, 1.84), (0.5**0.5, 0.0, 0.0, -(0.5**0.5)))  # x of the sensor is to the right
UPSIDE_DOWN = ((1.5, 0.5, 0.8), (0.0, 1.0, 0.0, 0.0))
CAMERA = ((1.7, 0.0, 1.5), (0.5, -0.5, 0.5, -0.5))
SPEED = 5.0
HEADING = (np.cos(0.25), 0.0, 0.0, np.sin(0.25))  # half of 0.5 radians


def one_transform(place: Sequence[float], wxyz: Sequence[float]) -> Transform:
    """(4, 4) of one translation and quaternion."""
    return transforms_from_quaternions("sample", np.array([place]), np.array([wxyz]))[0]


def nuscenes_pose(time_s: float) -> tuple[list[float], list[float]]:
    """Where the vehicle is: a straight way at `SPEED`."""
    way = SPEED * time_s
    return [100 + way * np.cos(0.5), 200 + way * np.sin(0.5), 0.0], list(HEADING)


def write_nuscenes(
    root: Path,
    lengths: Mapping[str, int],
    *,
    tables: str = "v1.0-mini",
    lidars: Mapping[str, Any] | None = None,
    suffix: str = ".pcd.bin",
) -> Path:
    """Write scenes of so many key frames, 0.5 s apart, each followed by a sweep; one car that drives ahead.

    Every LiDAR sees the whole of `sweep`, which stays around the vehicle.
    """
    sensors = {"CAM_FRONT": CAMERA, **(lidars or {"LIDAR_TOP": TOP})}
    rows: dict[str, list[dict[str, Any]]] = {
        "category": [{"token": "c0", "name": "vehicle.car"}],
        "log": [{"token": "l0", "location": "boston-seaport", "vehicle": "n008", "logfile": "n008-2018"}],
        "sensor": [
            {"token": f"s-{name}", "channel": name, "modality": "camera" if "CAM" in name else "lidar"}
            for name in sensors
        ],
        "calibrated_sensor": [
            {"token": f"k-{name}", "sensor_token": f"s-{name}", "translation": list(at), "rotation": list(turned)}
            | {"camera_intrinsic": [[700, 0, 800.0], [0, 700, 450], [0, 0, 1]] if "CAM" in name else []}
            for name, (at, turned) in sensors.items()
        ],
        **{name: [] for name in ("scene", "sample", "sample_data", "ego_pose", "sample_annotation", "instance")},
    }
    top = next(name for name in sensors if "LIDAR" in name)
    ego_SE3_frame = np.eye(4)
    ego_SE3_frame[:3, 3] = sensors[top][0]
    for number, (scene, length) in enumerate(lengths.items()):
        rows["scene"].append(
            {"token": f"e{number}", "name": scene, "log_token": "l0", "description": "Rain, turn left"}
        )
        rows["instance"].append({"token": f"i{number}", "category_token": "c0"})
        for index in range(2 * length):
            key, time_s = index % 2 == 0, 0.25 * index + 100 * number
            sample = f"p{number}-{min(index + index % 2, 2 * length - 2)}"
            if key:
                place, turned = nuscenes_pose(time_s)
                world = one_transform(place, turned) @ ego_SE3_frame @ np.array([*CAR_BOX[:3], 1.0])
                rows["sample"].append({"token": sample, "scene_token": f"e{number}", "timestamp": 0})
                rows["sample_annotation"].append(
                    {"token": f"a-{sample}", "sample_token": sample, "instance_token": f"i{number}"}
                    | {"translation": world[:3].tolist(), "size": [CAR_BOX[4], CAR_BOX[3], CAR_BOX[5]]}
                    | {"rotation": turned, "num_lidar_pts": 200, "next": f"a-{sample}", "prev": f"a-{sample}"}
                )
            for name in sensors:
                if not key and "CAM" in name:
                    continue
                late = 0.0 if name == top else 0.02
                token, time_us = f"d{number}-{index}-{name}", START_US + round((time_s + late) * 1e6)
                place, turned = nuscenes_pose(time_s + late)
                rows["ego_pose"].append({"token": token, "translation": place, "rotation": turned})
                file = f"{'samples' if key else 'sweeps'}/{name}/n008__{name}__{time_us}"
                file += ".jpg" if "CAM" in name else suffix
                rows["sample_data"].append(
                    {"token": token, "sample_token": sample, "ego_pose_token": token, "timestamp": time_us}
                    | {"calibrated_sensor_token": f"k-{name}", "is_key_frame": key, "filename": file}
                    | {"width": 1600 if "CAM" in name else 0, "height": 900 if "CAM" in name else 0}
                )
                if "CAM" in name:
                    (root / file).parent.mkdir(parents=True, exist_ok=True)
                    (root / file).write_bytes(b"jpg")
                    continue
                world_SE3_frame = one_transform(*nuscenes_pose(time_s)) @ ego_SE3_frame
                sensor_SE3_frame = (
                    np.linalg.inv(one_transform(place, turned) @ one_transform(*sensors[name])) @ world_SE3_frame
                )
                write_bin(root / file, _in_sensor(sensor_SE3_frame, 100 * number + index))
    for name, table in rows.items():
        write_table(root / tables / f"{name}.json", table[::-1])
    return root


def write_table(path: Path, rows: Sequence[Mapping[str, Any]]) -> Path:
    """Write a table as nuScenes' are, a line for each value."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(list(rows), indent=0), encoding="utf-8")
    return path


def _in_sensor(sensor_SE3_frame: Transform, seed: int) -> Any:
    points = sweep(seed)
    xyz = points[:, :3].astype(np.float64) @ sensor_SE3_frame[:3, :3].T + sensor_SE3_frame[:3, 3]
    return np.column_stack([xyz, points[:, 3] * 255, np.arange(len(points)) % 32]).astype(np.float32)


def write_kitti_odometry(root: Path, lengths: Mapping[str, int], *, poses: bool = True) -> Path:
    """Write sequences of so many frames, driven straight ahead, 0.5 m in 0.1 s, with labels of points."""
    for number, (name, length) in enumerate(lengths.items()):
        folder = root / "sequences" / name
        for index in range(length):
            write_bin(folder / "velodyne" / f"{index:06d}.bin", sweep(100 * number + index))
            label = folder / "labels" / f"{index:06d}.label"
            label.parent.mkdir(exist_ok=True)
            label.write_bytes(bytes(4 * 1200))
        write_lines(folder / "calib.txt", *CALIBRATION.replace("Tr_velo_to_cam", "Tr").splitlines()[:3])
        write_lines(folder / "times.txt", *(f"{0.1 * index:e}" for index in range(length)))
        if poses:  # the camera's z is forward
            write_lines(folder / "poses.txt", *(f"1 0 0 0 0 1 0 0 0 0 1 {0.5 * index}" for index in range(length)))
    return root


UP_LIDAR = (1.3, 0.1, 1.6)


def write_argoverse2(root: Path, lengths: Mapping[str, int], *, calibration: bool = True) -> Path:
    """Write logs (``val/log-a``) of so many sweeps, 0.1 s apart, with one car that drives ahead, and a camera."""
    for number, (log, length) in enumerate(lengths.items()):
        folder = root / log
        times = [315_966_265_000_000_000 + 100_000_000 * index for index in range(length)]
        for index, time in enumerate(times):
            points = sweep(100 * number + index)
            columns = {name: (points[:, at] + UP_LIDAR[at]).astype(np.float16) for at, name in enumerate("xyz")}
            columns["intensity"] = np.rint(points[:, 3] * 255).astype(np.uint8)
            columns["laser_number"] = (np.arange(len(points)) % 64).astype(np.uint8)
            columns["offset_ns"] = np.full(len(points), 1000, dtype=np.int32)
            write_feather(folder / "sensors" / "lidar" / f"{time}.feather", columns)
        image = folder / "sensors" / "cameras" / "ring_front_center" / f"{times[0] + 20_000_000}.jpg"
        image.parent.mkdir(parents=True)
        image.write_bytes(b"jpg")
        way = np.arange(length)[:, None] * [0.5, 0, 0] + [1000.0, 50, 7]
        write_feather(folder / "city_SE3_egovehicle.feather", {"timestamp_ns": np.array(times)} | _pose(way))
        centres = np.repeat([np.add(CAR_BOX[:3], UP_LIDAR)], length, axis=0)
        sizes = {f"{name}_m": np.full(length, CAR_BOX[3 + at]) for at, name in enumerate(("length", "width", "height"))}
        names = {"track_uuid": ["u"] * length, "category": ["REGULAR_VEHICLE"] * length}
        write_feather(
            folder / "annotations.feather",
            {
                "timestamp_ns": np.array(times),
                **names,
                **sizes,
                **_pose(centres),
                "num_interior_pts": np.full(length, 200),
            },
        )
        if calibration:
            places, turned = np.array([UP_LIDAR, CAMERA[0]]), np.array([[1.0, 0, 0, 0], CAMERA[1]])
            sensors = {"sensor_name": ["up_lidar", "ring_front_center"]} | _pose(places, turned)
            write_feather(folder / "calibration" / "egovehicle_SE3_sensor.feather", sensors)
            numbers = {"fx_px": 1700.0, "fy_px": 1700.0, "cx_px": 775.0, "cy_px": 1024.0, "k1": 0.0}
            sizes_px = {"height_px": np.array([2048], np.uint16), "width_px": np.array([1550], np.uint16)}
            table = {"sensor_name": ["ring_front_center"]} | {
                name: np.array([value]) for name, value in numbers.items()
            }
            write_feather(folder / "calibration" / "intrinsics.feather", table | sizes_px)
    return root


def write_feather(path: Path, columns: Mapping[str, Any]) -> Path:
    """Write a Feather file, packed as Argoverse 2's are."""
    path.parent.mkdir(parents=True, exist_ok=True)
    table = pyarrow.table(dict(columns))
    options = pyarrow.ipc.IpcWriteOptions(compression="lz4")
    with pyarrow.OSFile(str(path), "wb") as file, pyarrow.ipc.new_file(file, table.schema, options=options) as writer:
        writer.write_table(table)
    return path


def _pose(places: Float64Array, turned: Float64Array | None = None) -> dict[str, Float64Array]:
    quaternions = np.repeat([[1.0, 0, 0, 0]], len(places), axis=0) if turned is None else turned
    found = {name: quaternions[:, at] for at, name in enumerate(("qw", "qx", "qy", "qz"))}
    return found | {name: places[:, at] for at, name in enumerate(("tx_m", "ty_m", "tz_m"))}
