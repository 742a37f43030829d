"""KITTI's tracking layout: sequences, time, and labels with track ids."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets import open_dataset
from scanpick.datasets.dataset import Dataset
from scanpick.datasets.kitti_tracking import KittiTracking
from scanpick.errors import FrameError, ScanpickError
from tests.datasets.samples import CAR, CAR_BOX, sweep, write_kitti_tracking, write_lines


def test_frames_are_listed_by_sequence_and_time(tmp_path: Path) -> None:
    dataset = KittiTracking(write_kitti_tracking(tmp_path, [2, 1]))
    assert isinstance(dataset, Dataset)
    assert [(r.frame_id, r.sequence, r.index_in_sequence, r.timestamp_ns) for r in dataset.records] == [
        ("0000/000000", "0000", 0, 0),
        ("0000/000001", "0000", 1, 100_000_000),
        ("0001/000000", "0001", 0, 0),
    ]
    assert "3 frames of 2 sequences in training/velodyne" in dataset.description


def test_gaps_in_a_sequence_stay_gaps(tmp_path: Path) -> None:
    write_kitti_tracking(tmp_path, [4])
    (tmp_path / "training" / "velodyne" / "0000" / "000001.bin").unlink()
    assert [record.index_in_sequence for record in KittiTracking(tmp_path).records] == [0, 2, 3]


def test_labels_are_those_of_the_frame_with_track_ids(tmp_path: Path) -> None:
    dataset = KittiTracking(write_kitti_tracking(tmp_path, [3]))
    labels = dataset.labels("0000/000002")
    assert labels is not None
    np.testing.assert_allclose(labels.boxes.array, [CAR_BOX], atol=1e-12)
    assert labels.track_ids is not None
    assert labels.track_ids.tolist() == [7]
    assert len(labels.dont_care_image_boxes) == 1
    none = dataset.labels("0000/000001")
    assert none is not None
    assert len(none) == 0
    np.testing.assert_array_equal(dataset.read("0000/000002").points, sweep(2))
    assert dataset.read("0000/000002").calibration is not None


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"zero 1 {CAR}", "line 2: expected a frame number"),
        ("0 1 Car 0 0", "line 2: expected 17 columns"),
        ("7", "line 2: expected a frame number"),
        ("0 7", "line 2: expected 17 columns"),
        (f"0 99999999999999999999 {CAR}", "line 2: expected a frame number"),
    ],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    write_kitti_tracking(tmp_path, [1])
    write_lines(tmp_path / "training" / "label_02" / "0000.txt", f"0 1 {CAR}", line)
    with pytest.raises(FrameError, match=message) as caught:
        KittiTracking(tmp_path).labels("0000/000000")
    assert caught.value.kind == "labels"


def test_changed_labels_are_read_again(tmp_path: Path) -> None:
    dataset = KittiTracking(write_kitti_tracking(tmp_path, [1]))
    before = dataset.labels("0000/000000")
    path = write_lines(tmp_path / "training" / "label_02" / "0000.txt", "")
    os.utime(path, ns=(0, 12345))
    after = dataset.labels("0000/000000")
    assert before is not None
    assert after is not None
    assert (len(before), len(after)) == (1, 0)


def test_without_label_or_calibration_files_there_are_none(tmp_path: Path) -> None:
    write_kitti_tracking(tmp_path, [1])
    (tmp_path / "training" / "calib" / "0000.txt").unlink()
    dataset = KittiTracking(tmp_path)
    assert dataset.calibration("0000/000000") is None
    with pytest.raises(FrameError, match="the calibration is missing"):
        dataset.labels("0000/000000")
    (tmp_path / "training" / "label_02" / "0000.txt").unlink()
    assert dataset.labels("0000/000000") is None


def test_nothing_found_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ScanpickError, match=r"no frames found: expected files such as 0000/000000.bin"):
        KittiTracking(tmp_path)
    with pytest.raises(ScanpickError, match="should be 'training' or 'testing', got 'train'"):
        open_dataset(str(write_kitti_tracking(tmp_path, [1])), split="train")


def test_it_is_picklable(tmp_path: Path) -> None:
    dataset = KittiTracking(write_kitti_tracking(tmp_path, [1]))
    assert dataset.labels("0000/000000") is not None
    assert pickle.loads(pickle.dumps(dataset)).records == dataset.records


def test_one_bad_box_costs_the_labels_of_its_frame_alone(tmp_path: Path) -> None:
    write_kitti_tracking(tmp_path, [2])
    path = tmp_path / "training" / "label_02" / "0000.txt"
    for bad, place in (("-4.0", r"column 13 \(length\): expected 0 or more"), ("nan", r"column 13 \(length\)")):
        write_lines(path, f"\ufeff0\t7 {CAR}", "", f"1 7 {CAR.replace('4.0', bad)}")
        labels = KittiTracking(tmp_path).labels("0000/000000")
        assert labels is not None
        assert labels.boxes.class_names.tolist() == ["Car"]
        with pytest.raises(FrameError, match=f"0000.txt, line 3, {place}"):
            KittiTracking(tmp_path).labels("0000/000001")


def test_a_tree_without_training_has_labels_too(tmp_path: Path) -> None:
    write_kitti_tracking(tmp_path, [1])
    (tmp_path / "training").rename(tmp_path / "flat")
    dataset = open_dataset(str(tmp_path / "flat"))
    assert "in velodyne" in dataset.description
    labels = dataset.labels("0000/000000")
    assert labels is not None
    assert len(labels) == 1
