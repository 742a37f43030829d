"""KITTI's calibration files: object, tracking and raw, with and without colons, whole and broken."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.formats.kitti_text import parse_calibration_entries, read_calibration, read_raw_calibration

P2 = "700 0 600 45 0 700 180 0.2 0 0 1 0.003"
OBJECT = (
    f"P0: {P2}\nP2: {P2}\nR0_rect: 0 0 1 0 1 0 -1 0 0\nTr_velo_to_cam: 0 -1 0 1 0 0 -1 2 1 0 0 3\nTr_imu_to_velo:\n"
)
LIDAR = "calib_time: 15-Mar-2012 11:37:16\nR: 0 -1 0 0 0 -1 1 0 0\nT: 1 2 3\ndelta_f: 0 0\n"
CAMERAS = f"calib_time: 09-Jan-2012 13:57:47\nR_rect_00: 0 0 1 0 1 0 -1 0 0\nP_rect_02: {P2}\nS_rect_02: 1242 375\n"
POINT = np.array([5.0, 1.0, 2.0, 1.0])
IN_CAMERA = [8.0, 0.0, 0.0, 1.0]
"""`POINT` as both files take it: to (-1 + 1, -2 + 2, 5 + 3), then rectified."""


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_rectification_comes_after_the_lidar(tmp_path: Path) -> None:
    calibration = read_calibration(write(tmp_path / "1.txt", OBJECT))
    np.testing.assert_array_equal(calibration.camera_SE3_lidar @ POINT, IN_CAMERA)
    np.testing.assert_array_equal(calibration.projection.ravel(), [float(word) for word in P2.split()])
    assert calibration.image_size is None


def test_trackings_names_and_missing_colons(tmp_path: Path) -> None:
    text = OBJECT.replace("R0_rect:", "R_rect").replace("Tr_velo_to_cam:", "Tr_velo_cam").replace("\n", "  \r\n")
    calibration = read_calibration(write(tmp_path / "1.txt", text))
    np.testing.assert_array_equal(calibration.camera_SE3_lidar @ POINT, IN_CAMERA)


def test_raw_files_give_the_same_with_the_size_of_the_image(tmp_path: Path) -> None:
    lidar, cameras = write(tmp_path / "a.txt", LIDAR), write(tmp_path / "b.txt", CAMERAS)
    calibration = read_raw_calibration(lidar, cameras)
    np.testing.assert_array_equal(calibration.camera_SE3_lidar @ POINT, IN_CAMERA)
    assert calibration.image_size == (1242, 375)
    write(cameras, CAMERAS.replace("S_rect_02", "S_rect_03"))
    assert read_raw_calibration(lidar, cameras).image_size is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("P2:", "P9:", r"expected an entry 'P2', got only: P0, P9, R0_rect"),
        ("R0_rect: 0", "R0_rect:", "expected 9 numbers after 'R0_rect', got 8"),
        ("P2: 700", "P2: wide", "line 2: expected numbers after 'P2'"),
        ("P2: 700", "P2: nan", "expected finite numbers"),
        ("R0_rect: 0 0 1", "R0_rect: 0 0 0", "invertible"),
        (OBJECT, "", "expected an entry 'P2', got only: nothing"),
    ],
)
def test_broken_files_are_told_with_their_name(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = write(tmp_path / "000007.txt", OBJECT.replace(old, new))
    with pytest.raises(ScanpickError, match=message) as caught:
        read_calibration(path)
    assert "000007.txt" in str(caught.value)


def test_files_that_are_no_text_are_told(tmp_path: Path) -> None:
    (tmp_path / "1.txt").write_bytes(b"\xff\xfe\x00")
    for name, message in (("1.txt", "expected UTF-8 text.*UTF-16"), ("none.txt", "cannot be read")):
        with pytest.raises(ScanpickError, match=f"{name}: {message}"):
            read_calibration(tmp_path / name)


def test_entries_without_numbers_are_left_out() -> None:
    entries = parse_calibration_entries("a: 1 2\nb:\n\nc 3\n", source="text")
    assert {name: values.tolist() for name, values in entries.items()} == {"a": [1, 2], "c": [3]}


RECTIFICATION, TO_CAMERA = "0 0 1 0 1 0 -1 0 0", "0 -1 0 1 0 0 -1 2 1 0 0 3"
PADDED = "0 0 1 0 0 1 0 0 -1 0 0 0"


@pytest.mark.parametrize(
    "text",
    [
        f"P2: {P2}\nR0_rect: {PADDED}\nTr_velo_to_cam: {TO_CAMERA}\n",
        f"P2: {P2} 0 0 0 1\nR0_rect: {PADDED} 0 0 0 1\nTr_velo_to_cam: {TO_CAMERA} 0 0 0 1\n",
        f"camera: front\nP2: {P2}\nR0_rect: {RECTIFICATION}\nTr: {TO_CAMERA}\nDate 2024-01-02 noon\n",
        f"\ufeffP2:\t{P2}\t\r\nr0_rect\t{RECTIFICATION}\r\nTR_VELO_TO_CAM :{TO_CAMERA}\r\n\r\n".replace(" 0 ", "\t0 "),
        f"P0: {P2}\nP2: 1 {P2[4:]}\nR0_rect: {RECTIFICATION}\n"
        + "".join(f"Tr_velo_to_cam_{i}: {TO_CAMERA if i == 0 else '1 0 0 0 0 1 0 0 0 0 1 0'}\n" for i in range(5)),
    ],
    ids=["12 numbers", "16 numbers", "words, odometry", "marks, tabs, case", "waymo"],
)
def test_calibrations_of_converters_are_the_same_matrices(tmp_path: Path, text: str) -> None:
    calibration = read_calibration(write(tmp_path / "1.txt", text))
    np.testing.assert_array_equal(calibration.camera_SE3_lidar @ POINT, IN_CAMERA)
    np.testing.assert_array_equal(calibration.projection.ravel(), [float(word) for word in P2.split()])


def test_without_a_rectification_it_is_the_identity(tmp_path: Path) -> None:
    calibration = read_calibration(write(tmp_path / "1.txt", f"P2: {P2}\nTr: {TO_CAMERA}\n"))
    np.testing.assert_array_equal(calibration.camera_SE3_lidar @ POINT, [0, 0, 8, 1])


@pytest.mark.parametrize(
    ("to_camera", "message"),
    [
        ("1 0 0 0 0 1 0 0 0 0 1 0", r"y axis, which is down, points to the left .*the identity"),
        ("0 1 0 0 0 0 1 0 1 0 0 0", "points up"),
        ("0 1 0 0 0 0 -1 0 1 0 0 0", "mirrored"),
        ("0 -1 0 0 0 0 -1 -80 1 0 0 -270", "270 m away from the LiDAR"),
        ("0 -2 0 0 0 0 -2 0 2 0 0 0", "not of length 1"),
    ],
)
def test_what_cannot_be_a_camera_is_told(tmp_path: Path, to_camera: str, message: str) -> None:
    path = write(tmp_path / "1.txt", f"P2: {P2}\nTr_velo_to_cam: {to_camera}\n")
    with pytest.raises(ScanpickError, match=f"1.txt: no camera is like this.*{message}"):
        read_calibration(path)


def test_other_padding_is_no_padding(tmp_path: Path) -> None:
    text = OBJECT.replace("R0_rect: 0 0 1 0 1 0 -1 0 0", "R0_rect: 0 0 1 5 0 1 0 0 -1 0 0 0")
    with pytest.raises(ScanpickError, match="expected 9 numbers after 'R0_rect', got 12"):
        read_calibration(write(tmp_path / "1.txt", text))
