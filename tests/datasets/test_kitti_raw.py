"""KITTI's raw layout: drives, times, object ids and the calibration of a date."""

import pickle
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets.dataset import Dataset
from scanpick.datasets.kitti_raw import KittiRaw
from scanpick.errors import FrameError, ScanpickError
from tests.datasets.samples import sweep, write_bin, write_kitti_raw, write_lines

DRIVES = ["2011_09_26_drive_0001_sync", "2011_09_28_drive_0002_sync"]


def test_frames_are_listed_by_drive_and_time(tmp_path: Path) -> None:
    dataset = KittiRaw(write_kitti_raw(tmp_path, DRIVES, length=2))
    assert isinstance(dataset, Dataset)
    assert [(r.frame_id, r.sequence, r.index_in_sequence, r.timestamp_ns) for r in dataset.records] == [
        (f"{drive}/{index:010d}", drive, index, index * 100_000_000) for drive in DRIVES for index in range(2)
    ]
    np.testing.assert_array_equal(dataset.read(f"{DRIVES[1]}/0000000001").points, sweep(101))
    assert dataset.labels(f"{DRIVES[0]}/0000000000") is None


def test_a_date_or_a_drive_can_be_opened_alone(tmp_path: Path) -> None:
    write_kitti_raw(tmp_path, DRIVES, length=2)
    for root in (tmp_path / "2011_09_26", tmp_path / "2011_09_26" / DRIVES[0]):
        dataset = KittiRaw(root)
        assert [record.sequence for record in dataset.records] == [DRIVES[0]] * 2
        assert dataset.calibration(f"{DRIVES[0]}/0000000000") is not None


def test_timestamps_are_read_where_they_are_there(tmp_path: Path) -> None:
    write_kitti_raw(tmp_path, DRIVES[:1], length=4)
    times = tmp_path / "2011_09_26" / DRIVES[0] / "velodyne_points" / "timestamps.txt"
    write_lines(times, "1970-01-01 00:00:01.000000001", "", "1970-01-01 00:01:00.5")
    found = [record.timestamp_ns for record in KittiRaw(tmp_path).records]
    assert found == [1_000_000_001, None, 60_500_000_000, None]  # a blank line, and one that is missing
    for wrong in ("yesterday", "NaT", "2011-13-01 00:00:00"):
        write_lines(times, "", wrong)
        with pytest.raises(ScanpickError, match=f"timestamps.txt, line 2: expected a time .* got '{wrong}'"):
            KittiRaw(tmp_path)


def test_names_that_are_no_frame_numbers_are_counted(tmp_path: Path) -> None:
    """A time as a name would be a frame number beyond any, and its time beyond int64."""
    data = tmp_path / "day" / "drive" / "velodyne_points" / "data"
    for name in ("1305031102175304", "1305031102275304"):
        write_bin(data / f"{name}.bin", sweep())
    assert [record.index_in_sequence for record in KittiRaw(tmp_path).records] == [0, 1]


def test_calibration_is_put_together_from_both_files(tmp_path: Path) -> None:
    dataset = KittiRaw(write_kitti_raw(tmp_path, DRIVES[:1]))
    calibration = dataset.read(f"{DRIVES[0]}/0000000000").calibration
    assert calibration is not None
    np.testing.assert_array_equal(calibration.camera_SE3_lidar @ [5, 1, 2, 1], [-1, -1.9, 5, 1])
    assert calibration.projection[0, 3] == 45
    assert calibration.image_size == (1242, 375)


def test_missing_and_broken_calibrations(tmp_path: Path) -> None:
    frame_id = f"{DRIVES[0]}/0000000000"
    dataset = KittiRaw(write_kitti_raw(tmp_path, DRIVES[:1], calibration=False))
    assert dataset.calibration(frame_id) is None
    write_kitti_raw(tmp_path, DRIVES[:1])
    write_lines(tmp_path / "2011_09_26" / "calib_velo_to_cam.txt", "R: 0 0 0 0 0 0 0 0 0", "T: 0 0 0")
    with pytest.raises(FrameError, match=r"calib_velo_to_cam.txt: .*invertible") as caught:
        dataset.calibration(frame_id)
    assert dataset.read(frame_id).calibration is None
    assert caught.value.kind == "calibration"


def test_nothing_found_is_an_error_and_it_is_picklable(tmp_path: Path) -> None:
    with pytest.raises(ScanpickError, match="no raw drives found"):
        KittiRaw(tmp_path)
    dataset = KittiRaw(write_kitti_raw(tmp_path, DRIVES))
    assert pickle.loads(pickle.dumps(dataset)).records == dataset.records


def test_marks_tabs_and_windows_lines_change_nothing(tmp_path: Path) -> None:
    write_kitti_raw(tmp_path, DRIVES[:1])
    drive = tmp_path / "2011_09_26" / DRIVES[0]
    write_lines(drive / "velodyne_points" / "timestamps.txt", *["1970-01-01 00:00:01.5"] * 3)
    before = KittiRaw(tmp_path)
    expected = before.calibration(before.records[0].frame_id)
    for path in tmp_path.rglob("*.txt"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"  \r\n"))
    after = KittiRaw(tmp_path)
    assert after.records == before.records
    found = after.calibration(after.records[0].frame_id)
    assert expected is not None
    assert found is not None
    np.testing.assert_array_equal(found.camera_SE3_lidar, expected.camera_SE3_lidar)


def test_hidden_folders_are_passed_over(tmp_path: Path) -> None:
    write_kitti_raw(tmp_path, DRIVES[:1])
    write_bin(tmp_path / ".trash" / "drive" / "velodyne_points" / "data" / "0000000000.bin", sweep())
    assert {record.sequence for record in KittiRaw(tmp_path).records} == {DRIVES[0]}
