"""KITTI's object layout: what is found, in which order, and what comes out when it is read."""

import pickle
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from scanpick.datasets import open_dataset
from scanpick.datasets.dataset import Dataset
from scanpick.datasets.kitti_object import KittiObject
from scanpick.errors import FrameError, ScanpickError
from tests.datasets.samples import (
    CAR,
    CAR_BOX,
    DONT_CARE,
    sweep,
    write_bin,
    write_kitti_object,
    write_lines,
    write_mapping,
)


def test_a_frame_comes_back_with_points_calibration_labels_and_image(tmp_path: Path) -> None:
    write_kitti_object(tmp_path, ["000000", "000001"])
    (tmp_path / "training" / "image_2").mkdir()
    Image.new("RGB", (124, 37)).save(tmp_path / "training" / "image_2" / "000001.png")
    dataset = KittiObject(tmp_path)
    assert isinstance(dataset, Dataset)
    frame, labels = dataset.read("000001"), dataset.labels("000001")
    np.testing.assert_array_equal(frame.points, sweep(1))
    assert frame.calibration is not None
    assert frame.calibration.image_size == (124, 37)
    assert frame.image_path == tmp_path / "training" / "image_2" / "000001.png"
    assert dataset.read("000000").image_path is None
    assert labels is not None
    np.testing.assert_allclose(labels.boxes.array, [CAR_BOX], atol=1e-12)
    assert labels.boxes.class_names.tolist() == ["Car"]
    assert labels.truncation is not None
    assert labels.truncation.tolist() == [0.1]
    np.testing.assert_array_equal(labels.dont_care_image_boxes, [[400, 120, 420, 140]])
    assert labels.camera_objects is not None
    assert labels.camera_objects.class_names.tolist() == ["Car", "DontCare"]


def test_without_mapping_each_frame_is_a_sequence_of_its_own(tmp_path: Path) -> None:
    dataset = KittiObject(write_kitti_object(tmp_path, ["000010", "000009"]))
    assert [(r.frame_id, r.sequence, r.index_in_sequence, r.timestamp_ns) for r in dataset.records] == [
        ("000009", "000009", 0, None),
        ("000010", "000010", 0, None),
    ]
    assert "drives unknown" in dataset.description


def test_with_mapping_frames_are_ordered_by_drive_and_time(tmp_path: Path) -> None:
    drives = ["2011_09_26_drive_0009_sync", "2011_09_26_drive_0002_sync"]
    write_kitti_object(tmp_path, ["000000", "000001", "000002", "000007"])
    write_mapping(tmp_path, [(drives[0], 30), (drives[1], 12), (drives[0], 4), (drives[1], 1)])
    records = KittiObject(tmp_path).records
    assert [(r.frame_id, r.sequence, r.index_in_sequence, r.timestamp_ns) for r in records] == [
        ("000007", "000007", 0, None),  # beyond the mapping
        ("000001", drives[1], 12, 1_200_000_000),
        ("000002", drives[0], 4, 400_000_000),
        ("000000", drives[0], 30, 3_000_000_000),
    ]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [("train_rand.txt", "1,0", "number 2.*got '0'"), ("train_mapping.txt", "a b\nc", "line 1.*got 'a b'")],
)
def test_a_broken_mapping_is_named(tmp_path: Path, name: str, text: str, message: str) -> None:
    write_kitti_object(tmp_path, ["000000"])
    write_mapping(tmp_path, [("2011_09_26_drive_0009_sync", 3), ("2011_09_26_drive_0009_sync", 4)])
    write_lines(tmp_path / "mapping" / "train_rand.txt", "1,2")
    write_lines(tmp_path / "mapping" / name, text)
    with pytest.raises(ScanpickError, match=message):
        KittiObject(tmp_path)


def test_the_folder_of_points_with_more_frames_is_taken_and_that_is_said(tmp_path: Path) -> None:
    write_kitti_object(tmp_path, ["000000"])
    write_kitti_object(tmp_path, ["000000", "000001"], points="velodyne_reduced")
    dataset = KittiObject(tmp_path)
    assert len(dataset.records) == 2
    assert "velodyne_reduced (velodyne has 1)" in dataset.description
    assert len(KittiObject(tmp_path, points="velodyne").records) == 1
    write_bin(tmp_path / "training" / "velodyne" / "000001.bin", sweep())
    assert "training/velodyne (velodyne_reduced has 2)" in KittiObject(tmp_path).description
    with pytest.raises(ScanpickError, match="should be 'auto', 'velodyne' or 'velodyne_reduced', got 'nope'"):
        open_dataset(str(tmp_path), points="nope")


def test_a_split_is_the_listed_frames_that_are_on_disk(tmp_path: Path) -> None:
    write_kitti_object(tmp_path, ["000000", "000001", "000002"])
    write_lines(tmp_path / "ImageSets" / "train.txt", "000002", "000000", "000099")
    write_lines(tmp_path / "ImageSets" / "val.txt", "000050")
    dataset = KittiObject(tmp_path, split="train")
    assert [record.frame_id for record in dataset.records] == ["000000", "000002"]
    assert "(1 listed frame not on disk)" in dataset.description
    assert len(KittiObject(tmp_path).records) == 3
    with pytest.raises(
        ScanpickError, match=r"Split val: none of its 1 frame is .*lists 000050; there are 000000, 000001"
    ):
        KittiObject(tmp_path, split="val")
    with pytest.raises(ScanpickError, match=r"Unknown split 'tarin'\. Did you mean 'train'\? Known: testing, train"):
        KittiObject(tmp_path, split="tarin")


def test_testing_frames_have_no_labels_and_no_drives(tmp_path: Path) -> None:
    write_kitti_object(tmp_path, ["000000"], part="testing", labels=False)
    write_mapping(tmp_path, [("2011_09_26_drive_0009_sync", 3)])
    only = KittiObject(tmp_path)
    assert only.labels("000000") is None
    assert only.records[0].sequence == "000000"
    write_kitti_object(tmp_path, ["000000", "000001"])
    assert KittiObject(tmp_path).description.startswith("KITTI object layout: 2 frames of training/")
    assert KittiObject(tmp_path, split="testing").labels("000000") is None


def test_what_is_broken_in_a_frame_is_told_with_its_kind(tmp_path: Path) -> None:
    write_kitti_object(tmp_path, ["000000", "000001", "000002", "000003", "000004"])
    training = tmp_path / "training"
    (training / "velodyne" / "000000.bin").write_bytes(b"")
    (training / "velodyne" / "000001.bin").write_bytes(b"\0" * 1001)
    write_lines(training / "calib" / "000002.txt", "P2: 1 2 3")
    write_lines(training / "label_2" / "000003.txt", CAR.replace("4.0", "four"))
    (training / "calib" / "000004.txt").unlink()
    dataset = KittiObject(tmp_path)
    for frame_id, action, kind, message in [
        ("000000", dataset.read, "empty", "no points"),
        ("000001", dataset.read, "unreadable", "1001 bytes are not a whole number of points"),
        ("000002", dataset.calibration, "calibration", "expected 12 numbers after 'P2', got 3"),
        ("000002", dataset.labels, "calibration", "expected 12 numbers"),
        ("000003", dataset.labels, "labels", r"line 1, column 11 \(length\).*got 'four'"),
        ("000004", dataset.labels, "labels", "the calibration is missing"),
    ]:
        with pytest.raises(FrameError, match=message) as caught:
            action(frame_id)
        assert caught.value.kind == kind
        assert frame_id in str(caught.value)
    for frame_id in ("000002", "000004"):  # points need no camera
        assert dataset.read(frame_id).calibration is None


def test_boxes_of_negative_size_are_a_broken_label_unless_nobody_cares(tmp_path: Path) -> None:
    write_kitti_object(tmp_path, ["000000"])
    path = write_lines(tmp_path / "training" / "label_2" / "000000.txt", CAR.replace("1.5 2.0 4.0", "-1 -1 -1"))
    with pytest.raises(FrameError, match=r"000000.txt, line 1, column 9 \(height\): expected 0 or more, got -1"):
        KittiObject(tmp_path).labels("000000")
    write_lines(path, DONT_CARE.replace("DontCare", "dontcare"))
    labels = KittiObject(tmp_path).labels("000000")
    assert labels is not None
    assert len(labels) == 0


def test_an_empty_label_file_means_no_objects(tmp_path: Path) -> None:
    write_kitti_object(tmp_path, ["000000"])
    (tmp_path / "training" / "label_2" / "000000.txt").write_text("")
    labels = KittiObject(tmp_path).labels("000000")
    assert labels is not None
    assert len(labels) == 0


def test_a_broken_image_spoils_nothing_else(tmp_path: Path) -> None:
    write_kitti_object(tmp_path, ["000000"])
    write_lines(tmp_path / "training" / "image_2" / "000000.jpg", "no image")
    frame = KittiObject(tmp_path).read("000000")
    assert frame.calibration is not None
    assert frame.calibration.image_size is None
    assert frame.image_path is not None


def test_an_unknown_frame_and_an_empty_folder_are_named(tmp_path: Path) -> None:
    dataset = KittiObject(write_kitti_object(tmp_path, ["000000"]))
    with pytest.raises(ScanpickError, match=r"Unknown frame '000001' in kitti-object. It has 1 frame,"):
        dataset.read("000001")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScanpickError, match=r"no frames found: expected files such as 000000.bin"):
        KittiObject(tmp_path / "empty")
    with pytest.raises(ScanpickError, match="no such folder"):
        KittiObject(tmp_path / "nowhere")


def test_it_is_picklable(tmp_path: Path) -> None:
    dataset = KittiObject(write_kitti_object(tmp_path, ["000000"]))
    copy = pickle.loads(pickle.dumps(dataset))
    np.testing.assert_array_equal(copy.read("000000").points, dataset.read("000000").points)


def test_degrees_are_no_angle_of_a_box_and_sizes_of_0_are_doubted(tmp_path: Path) -> None:
    write_kitti_object(tmp_path, ["000000"])
    path = write_lines(tmp_path / "training" / "label_2" / "000000.txt", "", CAR.replace("1.5 2.0 4.0", "1.5 2.0 0"))
    labels = KittiObject(tmp_path).labels("000000")
    assert labels is not None
    assert labels.doubts == (f"{path}, line 2, column 11 (length): 0 m",)
    write_lines(path, CAR, DONT_CARE, CAR.replace("-1.5707963267948966", "-90"))
    with pytest.raises(FrameError, match=r"line 3, column 15 \(rotation_y\): expected radians.*got -90: degrees"):
        KittiObject(tmp_path).labels("000000")


def test_marks_tabs_and_windows_lines_change_nothing(tmp_path: Path) -> None:
    write_kitti_object(tmp_path, ["000000", "000001"])
    write_mapping(tmp_path, [("2011_09_26_drive_0009_sync", 3), ("2011_09_26_drive_0009_sync", 4)])
    write_lines(tmp_path / "ImageSets" / "train.txt", "000000", "000001")
    before = KittiObject(tmp_path, split="train")
    expected = [before.labels(record.frame_id) for record in before.records]
    for path in tmp_path.rglob("*.txt"):
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b" ", b"\t").replace(b"\n", b" \t\r\n"))
    after = KittiObject(tmp_path, split="train")
    assert after.records == before.records
    for record, labels in zip(after.records, expected, strict=True):
        found = after.labels(record.frame_id)
        assert found is not None
        assert labels is not None
        np.testing.assert_array_equal(found.boxes.array, labels.boxes.array)
        assert found.boxes.class_names.tolist() == labels.boxes.class_names.tolist() == ["Car"]


@pytest.mark.parametrize("flat", [True, False])
@pytest.mark.parametrize("suffix", [".bin", ".npy"])
def test_trees_without_training_and_of_other_formats_have_labels_too(tmp_path: Path, flat: bool, suffix: str) -> None:
    write_kitti_object(tmp_path, ["000000", "000001"])
    part = tmp_path / "training"
    (part / "velodyne" / "._000000.bin").write_bytes(b"macOS")
    if suffix == ".npy":
        for seed, path in enumerate(sorted((part / "velodyne").glob("0*.bin"))):
            np.save(path.with_suffix(".npy"), sweep(seed))
            path.unlink()
    if flat:
        for folder in list(part.iterdir()):
            folder.rename(tmp_path / folder.name)
        part.rmdir()
    dataset = open_dataset(str(tmp_path))
    assert dataset.name == "kitti-object"
    assert [record.frame_id for record in dataset.records] == ["000000", "000001"]
    np.testing.assert_array_equal(dataset.read("000001").points, sweep(1))
    labels = dataset.labels("000001")
    assert labels is not None
    np.testing.assert_allclose(labels.boxes.array, [CAR_BOX], atol=1e-12)


def test_a_part_that_is_given_itself_keeps_its_drives(tmp_path: Path) -> None:
    write_kitti_object(tmp_path, ["000000"])
    write_mapping(tmp_path, [("2011_09_26_drive_0009_sync", 3)])
    assert open_dataset(str(tmp_path / "training")).records == KittiObject(tmp_path).records
