"""What data sets may say beyond points and labels."""

from pathlib import Path

import numpy as np

from scanpick.datasets import open_dataset
from scanpick.datasets.dataset import cameras, ego_pose, licence
from scanpick.datasets.inspection import inspect_dataset
from scanpick.datasets.joined import JoinedDataset, Part
from scanpick.datasets.metadata import motion_columns
from scanpick.datasets.view import DatasetView
from scanpick.structures import Camera
from tests.datasets.drive_samples import write_argoverse2
from tests.datasets.samples import write_kitti_object


def test_a_reader_without_poses_cameras_and_licence_says_so(tmp_path: Path) -> None:
    dataset = open_dataset(str(write_kitti_object(tmp_path, ["000000"])))
    assert ego_pose(dataset, "000000") is None
    assert cameras(dataset, "000000") == ()
    assert licence(dataset) == ""


def test_data_sets_that_are_joined_keep_poses_cameras_and_licences(tmp_path: Path) -> None:
    drive = open_dataset(str(write_argoverse2(tmp_path / "drives", {"val/log-a": 2})))
    frame_id = drive.records[0].frame_id
    own = open_dataset(str(write_kitti_object(tmp_path / "own", ["000000"])))
    joined = DatasetView(JoinedDataset([Part(drive, "a"), Part(own)]))
    np.testing.assert_array_equal(ego_pose(joined, f"a/{frame_id}"), ego_pose(drive, frame_id))
    assert ego_pose(joined, "000000") is None
    assert [camera.name for camera in cameras(joined, f"a/{frame_id}")] == [
        one.name for one in cameras(drive, frame_id)
    ]
    assert cameras(drive, frame_id)
    assert licence(joined) == licence(drive) != ""


def test_what_a_reader_says_is_asked_for(tmp_path: Path) -> None:
    dataset = open_dataset(str(write_kitti_object(tmp_path, ["000000"])))
    camera = Camera.pinhole("front", None, np.diag([700.0, 700, 1]), np.eye(4), (10, 20))
    dataset.ego_pose = lambda frame_id: np.eye(4)  # type: ignore[attr-defined]
    dataset.cameras = lambda frame_id: [camera]  # type: ignore[attr-defined]
    dataset.licence = "not for sale"  # type: ignore[attr-defined]
    np.testing.assert_array_equal(ego_pose(dataset, "000000"), np.eye(4))
    assert cameras(dataset, "000000") == (camera,)
    assert camera.calibration.focal_px.tolist() == [700, 700]
    assert inspect_dataset(dataset).summary()["licence"] == "not for sale"


def test_speed_is_that_of_the_way_over_time() -> None:
    way = np.array([[0.0, 0, 1], [3, 4, 9], [3, 4, 9]])
    columns = motion_columns(way, np.array([0, 10**9, 2 * 10**9]))
    assert [row["speed"] for row in columns] == [5.0, 2.5, 0.0]
    assert columns[1]["position_y_m"] == 4.0
    assert motion_columns(way[:1], np.array([5])) == [{"position_x_m": 0.0, "position_y_m": 0.0}]
