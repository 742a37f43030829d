"""Readers of data sets: one file each, found by name or by looking at the folder."""

from collections.abc import Callable
from typing import Any

from scanpick.datasets.dataset import Dataset
from scanpick.datasets.detection import open_by_specification
from scanpick.registry import Registry

DATASETS: Registry[Callable[..., Dataset]] = Registry(
    "data set",
    {
        "kitti-object": "scanpick.datasets.kitti_object:KittiObject",
        "kitti-tracking": "scanpick.datasets.kitti_tracking:KittiTracking",
        "kitti-raw": "scanpick.datasets.kitti_raw:KittiRaw",
        "kitti-odometry": "scanpick.datasets.kitti_odometry:KittiOdometry",
        "nuscenes": "scanpick.datasets.nuscenes.reader:NuScenes",
        "argoverse2": "scanpick.datasets.argoverse2:Argoverse2",
        "openpcdet": "scanpick.datasets.openpcdet:OpenPCDetFolder",
        "infos": "scanpick.datasets.infos:InfoFrames",
        "pandaset": "scanpick.datasets.pandaset:PandaSet",
        "waymo": "scanpick.datasets.waymo:WaymoOpen",
        "rosbag": "scanpick.datasets.rosbag:RosRecordings",
        "folder": "scanpick.datasets.folder:PointCloudFolder",
        "simulated": "scanpick.datasets.simulated:SimulatedDrives",
    },
    group="scanpick.datasets",
)


def open_dataset(specification: str, **options: Any) -> Dataset:
    """Open ``NAME:ARGUMENT`` (``simulated:demo``, ``folder:clouds``) or a path whose layout is recognised.

    Raises:
        ScanpickError: Neither a known name nor a folder, nothing usable in it, or an unknown option.
    """
    return open_by_specification(DATASETS, specification, options)


__all__ = ["DATASETS", "Dataset", "open_dataset"]
