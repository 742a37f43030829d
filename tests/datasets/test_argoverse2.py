"""Argoverse 2: sweeps, boxes, poses, cameras, and what is set aside."""

import os
from pathlib import Path

import numpy as np
import pyarrow
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanpick.datasets import open_dataset
from scanpick.datasets.dataset import cameras, ego_pose, licence
from scanpick.datasets.inspection import inspect_dataset
from scanpick.errors import FrameError, ScanpickError
from scanpick.geometry.points_in_boxes import count_points_in_boxes
from tests.datasets.drive_samples import CAMERA, UP_LIDAR, write_argoverse2, write_feather
from tests.datasets.samples import CAR_BOX, sweep

DATA = Path(os.environ.get("SCANPICK_TEST_DATA", "nowhere"))


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    return write_argoverse2(tmp_path, {"val/log-a": 3, "train/log-b": 2})


def test_logs_are_sequences_in_time(logs: Path) -> None:
    for folder in (logs, logs / "val", logs / "val" / "log-a"):
        assert open_dataset(str(folder)).name == "argoverse2"
    dataset = open_dataset(str(logs))
    assert "5 frames of 2 logs (2 with labels)" in dataset.description
    assert [record.sequence for record in dataset.records] == ["log-a"] * 3 + ["log-b"] * 2
    assert dataset.records[4].metadata["split"] == "train"
    assert dataset.records[1].metadata["speed"] == 5.0
    assert dataset.records[1].timestamp_ns == 315_966_265_100_000_000
    assert "non-commercial" in licence(dataset)


def test_points_boxes_and_cameras_have_their_origin_at_the_upper_lidar(logs: Path) -> None:
    dataset = open_dataset(str(logs / "val"))
    frame_id = dataset.records[0].frame_id
    frame, labels = dataset.read(frame_id), dataset.labels(frame_id)
    np.testing.assert_allclose(frame.points[:, :3], sweep(0)[:, :3], atol=0.02)  # float16 in the file
    np.testing.assert_allclose(frame.points[:, 3], sweep(0)[:, 3], atol=0.003)
    np.testing.assert_allclose(frame.points[0, 4:], [0, 1e-6])
    assert labels is not None
    np.testing.assert_allclose(labels.boxes.array, [CAR_BOX])
    pose = ego_pose(dataset, frame_id)
    assert pose is not None
    np.testing.assert_allclose(pose[:3, 3], np.add([1000, 50, 7], UP_LIDAR))
    (camera,) = cameras(dataset, frame_id)
    assert camera.image_path is not None
    place = np.linalg.inv(camera.calibration.camera_SE3_lidar)[:3, 3]
    np.testing.assert_allclose(place, np.subtract(CAMERA[0], UP_LIDAR))
    assert camera.calibration.fault == ""
    assert not inspect_dataset(dataset).problems
    common = open_dataset(str(logs), classes="common").labels(frame_id)
    assert common is not None
    assert common.boxes.class_names.tolist() == ["Car"]


def test_logs_without_calibration_labels_or_poses_are_read_and_told(tmp_path: Path) -> None:
    write_argoverse2(tmp_path, {"test/log": 2}, calibration=False)
    (tmp_path / "test" / "log" / "annotations.feather").unlink()
    (tmp_path / "test" / "log" / "city_SE3_egovehicle.feather").unlink()
    dataset = open_dataset(str(tmp_path))
    frame_id = dataset.records[0].frame_id
    assert "taken to be at 1.35, 0, 1.64 m of the rear axle in 1 without calibration" in dataset.description
    assert dataset.labels(frame_id) is None
    assert ego_pose(dataset, frame_id) is None
    assert cameras(dataset, frame_id) == ()
    assert "speed" not in dataset.records[0].metadata


def test_what_is_wrong_with_a_file_is_told(logs: Path) -> None:
    dataset = open_dataset(str(logs / "val"))
    path, frame_id = dataset.records[0].path, dataset.records[0].frame_id
    assert path is not None
    write_feather(path, {"x": np.zeros(3), "y": np.zeros(3)})
    with pytest.raises(FrameError, match="got no z, intensity, laser_number, offset_ns"):
        dataset.read(frame_id)
    path.write_bytes(b"ARROW1 but not really")
    with pytest.raises(FrameError, match="expected a Feather file"):
        dataset.read(frame_id)
    poses = logs / "val" / "log-a" / "city_SE3_egovehicle.feather"
    poses.write_bytes(poses.read_bytes()[:100])
    with pytest.raises(ScanpickError, match="expected a Feather file"):
        open_dataset(str(logs / "val"))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_a_sweep_ends_otherwise_than_in_a_frame_error(logs: Path, data: st.DataObject) -> None:
    dataset = open_dataset(str(logs / "val" / "log-a"))
    path = dataset.records[0].path
    assert path is not None
    whole = path.read_bytes()
    place = data.draw(st.one_of(st.integers(0, 600), st.integers(len(whole) - 900, len(whole) - 8)))
    put = data.draw(st.binary(min_size=1, max_size=8))
    path.write_bytes(whole[:place] + put + whole[place + len(put) :])
    try:
        assert len(dataset.read(dataset.records[0].frame_id).points) > 0
    except FrameError:
        return
    finally:
        path.write_bytes(whole)


@pytest.mark.skipif(not (DATA / "argoverse2").is_dir(), reason="SCANPICK_TEST_DATA is not set")
def test_the_boxes_of_real_sweeps_hold_the_points_that_argoverse_counts() -> None:
    dataset = open_dataset(str(DATA / "argoverse2"))
    exact = total = 0
    for record in dataset.records:
        labels, points = dataset.labels(record.frame_id), dataset.read(record.frame_id).points
        assert record.path is not None
        assert labels is not None
        with pyarrow.ipc.open_file(record.path.parents[2] / "annotations.feather") as file:
            table = file.read_all()
        claimed = table["num_interior_pts"].to_numpy()[table["timestamp_ns"].to_numpy() == record.timestamp_ns]
        exact += int((count_points_in_boxes(points, labels.boxes.array) == claimed).sum())
        total += len(claimed)
    assert (exact, total) == (209, 209)
