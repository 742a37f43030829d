"""The readers on real frames: what the folders hold is found, and boxes lie where the points are."""

import csv
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets import open_dataset
from scanpick.geometry.points_in_boxes import count_points_in_boxes
from scanpick.geometry.transforms import wrap_angle


@pytest.mark.parametrize(
    ("folder", "pattern"),
    [
        ("kitti", "training/velodyne_reduced/*.bin"),
        ("kitti_tracking", "training/velodyne/*/*.bin"),
        ("kitti_raw", "*/*/velodyne_points/data/*.bin"),
        ("view_of_delft", "lidar/training/velodyne/*.bin"),
        ("view_of_delft/lidar", "training/velodyne/*.bin"),
    ],
)
def test_every_file_is_a_frame_in_order_of_time(test_data: Path, folder: str, pattern: str) -> None:
    dataset = open_dataset(str(test_data / folder))
    assert {record.path for record in dataset.records} == set((test_data / folder).glob(pattern))
    places = [(record.sequence, record.index_in_sequence) for record in dataset.records]
    assert places == sorted(places)
    assert len(set(places)) == len(places)


@pytest.mark.parametrize(("folder", "share"), [("kitti", 0.97), ("kitti_tracking", 0.998), ("view_of_delft", 0.95)])
def test_nearly_all_boxes_hold_points(test_data: Path, folder: str, share: float) -> None:
    """A wrong convention of rotation, height or frame would empty many; the others are far or hidden."""
    dataset = open_dataset(str(test_data / folder))
    counts = []
    for record in dataset.records:
        labels = dataset.labels(record.frame_id)
        assert labels is not None
        counts.append(count_points_in_boxes(dataset.read(record.frame_id).points, labels.boxes.array))
    assert (np.concatenate(counts) > 0).mean() > share


def test_view_of_delft_rotations_are_the_yaw_of_kittis_convention(test_data: Path) -> None:
    """Its rotation turns about the LiDAR's -z axis from the image's +x; KITTI's reading agrees to the camera's tilt.

    Long boxes turned by the yaw hold far more points than the same boxes turned by a right angle more.
    """
    dataset = open_dataset(str(test_data / "view_of_delft"))
    upright, turned = 0, 0
    for record in dataset.records:
        labels, points = dataset.labels(record.frame_id), dataset.read(record.frame_id).points
        assert labels is not None
        assert labels.camera_objects is not None
        told = -(labels.camera_objects.rotation_y + np.pi / 2)
        assert np.degrees(np.abs(wrap_angle(labels.boxes.yaws - told))).max() < 0.7
        long = labels.boxes.array[labels.boxes.sizes[:, 0] > 2 * labels.boxes.sizes[:, 1]]
        upright += int(count_points_in_boxes(points, long).sum())
        turned += int(count_points_in_boxes(points, long + np.array([0, 0, 0, 0, 0, 0, np.pi / 2])).sum())
    assert upright > 1.5 * turned


def test_raw_frames_and_object_frames_know_each_other(test_data: Path) -> None:
    """The mapping of object ids and the list beside a raw drive say the same; so do the points."""
    objects = {record.frame_id: record for record in open_dataset(str(test_data / "kitti")).records}
    raw = open_dataset(str(test_data / "kitti_raw"))
    same = {record.frame_id: record for record in raw.records}
    shared = 0
    for path in (test_data / "kitti_raw").rglob("object_frame_ids.tsv"):
        with path.open(newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                found = objects.get(row["kitti_object_training_id"])
                if found is not None:
                    record = same[f"{path.parent.name}/{row['raw_frame']}"]
                    assert (found.sequence, found.index_in_sequence) == (record.sequence, record.index_in_sequence)
                    shared += 1
    assert shared > 0


def test_the_train_split_holds_every_frame(test_data: Path) -> None:
    everything, train = (open_dataset(str(test_data / "kitti"), **options) for options in ({}, {"split": "train"}))
    assert train.records == everything.records
