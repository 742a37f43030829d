"""Every kind of problem is found, told by frame, and only where it is."""

import json
import pickle
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets import open_dataset
from scanpick.datasets.folder import PointCloudFolder
from scanpick.datasets.inspection import PROBLEM_KINDS, WITHOUT_2D, FrameInspector, collect, inspect_dataset
from scanpick.datasets.kitti_object import KittiObject
from scanpick.datasets.point_files.cloud import NO_INTENSITY
from tests.datasets.samples import CALIBRATION, CAR, CAR_BOX, FAR_CAR, sweep, write_bin, write_kitti_object, write_lines


def found(dataset: KittiObject | PointCloudFolder) -> set[tuple[str, str]]:
    return {(problem.kind, problem.frame_id) for problem in inspect_dataset(dataset).problems}


def test_a_sound_data_set_has_no_problems_and_is_counted(tmp_path: Path) -> None:
    write_kitti_object(tmp_path, ["000000", "000001", "000002"])
    (tmp_path / "training" / "label_2" / "000002.txt").unlink()
    summary = inspect_dataset(KittiObject(tmp_path)).summary()
    assert summary["problems"] == []
    assert summary["frames"] == summary["usable_frames"] == summary["sequences"] == 3
    assert summary["points_per_frame"] == {"min": 1200, "median": 1200.0, "max": 1200}
    assert summary["labelled_frames"] == 2
    assert summary["boxes"] == {"Car": 2}


def broken_kitti(root: Path) -> dict[str, str]:
    """A KITTI folder with one problem of each kind; frame id -> kind."""
    kinds = dict(zip([f"{number:06d}" for number in range(1, 1 + len(PROBLEM_KINDS))], PROBLEM_KINDS, strict=True))
    frame_of = {kind: frame_id for frame_id, kind in kinds.items()}
    write_kitti_object(root, ["000000", *kinds])
    clouds, training = root / "training" / "velodyne", root / "training"
    (clouds / f"{frame_of['unreadable']}.bin").write_bytes(b"\0" * 13)
    (clouds / f"{frame_of['empty']}.bin").write_bytes(b"")
    write_bin(clouds / f"{frame_of['not finite']}.bin", np.where(sweep(90) > 5, np.nan, sweep(90)))
    rings = np.arange(1200) % 32
    write_bin(clouds / f"{frame_of['wrong columns']}.bin", np.column_stack([sweep(91), rings]))
    write_bin(clouds / f"{frame_of['implausible units']}.bin", sweep(92) * [1000, 1000, 1000, 1])
    write_bin(clouds / f"{frame_of['implausible axes']}.bin", sweep(93)[:, [1, 2, 0, 3]])
    write_bin(clouds / f"{frame_of['intensity']}.bin", sweep(94) * [1, 1, 1, 255])
    write_bin(clouds / f"{frame_of['no sweep']}.bin", sweep(95)[-40:])
    write_bin(clouds / f"{frame_of['duplicate content']}.bin", sweep(0))
    (training / "calib" / f"{frame_of['missing calibration']}.txt").unlink()
    write_lines(training / "calib" / f"{frame_of['calibration']}.txt", "P2: x")
    write_lines(training / "label_2" / f"{frame_of['labels']}.txt", "Car 0")
    write_lines(training / "label_2" / f"{frame_of['box without points']}.txt", FAR_CAR, CAR)
    write_lines(training / "label_2" / f"{frame_of['implausible labels']}.txt", CAR.replace("4.0", "0"))
    elsewhere = ("wrong columns", "intensity", "implausible units", "implausible axes")
    for kind in elsewhere:  # their boxes would be empty too
        (training / "label_2" / f"{frame_of[kind]}.txt").unlink()
    return kinds


def test_each_kind_of_problem_is_found_in_its_frame_and_nowhere_else(tmp_path: Path) -> None:
    kinds = broken_kitti(tmp_path)
    dataset = KittiObject(tmp_path)
    assert found(dataset) == {(kind, frame_id) for frame_id, kind in kinds.items()}
    inspection = inspect_dataset(dataset)
    details = {problem.kind: problem.detail for problem in inspection.problems}
    assert list(details) == list(PROBLEM_KINDS)  # in the order of reports
    assert details["duplicate content"] == "the same points as 000000"
    assert details["box without points"] == "1 of 2 boxes: Car at 60 m"
    assert inspection.counts == dict.fromkeys(PROBLEM_KINDS, 1)
    set_aside = ("unreadable", "empty", "not finite", "wrong columns", "intensity")
    assert inspection.summary()["usable_frames"] == 1 + len(PROBLEM_KINDS) - len(set_aside)


def test_the_summary_is_json(tmp_path: Path) -> None:
    broken_kitti(tmp_path)
    summary = inspect_dataset(KittiObject(tmp_path)).summary()
    assert json.loads(json.dumps(summary)) == summary


def test_folders_of_points_need_no_calibration_and_their_notes_are_counted(tmp_path: Path) -> None:
    for seed in range(2):
        np.save(tmp_path / f"{seed}.npy", sweep(seed)[:, :3])
    inspection = inspect_dataset(PointCloudFolder(tmp_path))
    assert inspection.problems == ()
    assert inspection.summary()["notes"] == {NO_INTENSITY: 2400}


def test_the_order_in_which_workers_finish_does_not_matter(tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        np.save(tmp_path / f"{name}.npy", sweep(0))
    dataset = PointCloudFolder(tmp_path)
    inspector = pickle.loads(pickle.dumps(FrameInspector(dataset)))
    inspection = collect(dataset, [*inspector(["c"]), *inspector(["b", "a"])])
    assert [problem.frame_id for problem in inspection.problems] == ["b", "c"]
    assert inspection == inspect_dataset(dataset)


def test_a_frame_that_vanishes_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    dataset = KittiObject(write_kitti_object(tmp_path, ["000000"]))
    (tmp_path / "training" / "velodyne" / "000000.bin").unlink()
    assert found(dataset) == {("unreadable", "000000")}


def test_boxes_are_those_of_the_samples() -> None:
    """Guards the samples: inside `CAR_BOX` there are points."""
    x, y, z, length, width, height, _ = CAR_BOX
    inside = (np.abs(sweep()[:, :3] - [x, y, z]) <= np.array([length, width, height]) / 2).all(axis=1)
    assert inside.sum() == 200


@pytest.mark.parametrize("name", ["kitti", "kitti_tracking", "kitti_raw", "view_of_delft"])
def test_real_data_have_only_the_problems_that_they_have(test_data: Path, name: str) -> None:
    """Far or hidden boxes without points, and calibrations that are not there; nothing else."""
    inspection = inspect_dataset(open_dataset(str(test_data / name)))
    assert set(inspection.counts) <= {"box without points", "missing calibration"}
    assert ("missing calibration" in inspection.counts) == (not list((test_data / name).rglob("calib*")))
    assert inspection.summary()["usable_frames"] == len(inspection.frames) > 0


def test_labels_half_a_height_too_high_and_boxes_without_2d_part_are_told(tmp_path: Path) -> None:
    write_kitti_object(tmp_path, ["000000", "000001"])
    write_lines(
        tmp_path / "training" / "label_2" / "000001.txt", CAR.replace("1.75 10", "1.0 10").replace("200 210", "0 0")
    )
    inspection = inspect_dataset(KittiObject(tmp_path))
    ((kind, frame_id, detail),) = [(p.kind, p.frame_id, p.detail) for p in inspection.problems]
    assert (kind, frame_id) == ("implausible labels", "000001")
    assert "is y the centre's?" in detail
    assert inspection.summary()["notes"] == {WITHOUT_2D: 1}


def test_a_projection_that_was_never_filled_in_is_told_and_the_labels_stand(tmp_path: Path) -> None:
    write_kitti_object(tmp_path, ["000000"])
    text = CALIBRATION.replace("700 0 600 0 0 700 180 0", "1 0 0 0 0 1 0 0")
    write_lines(tmp_path / "training" / "calib" / "000000.txt", text)
    inspection = inspect_dataset(KittiObject(tmp_path))
    assert [(p.kind, p.detail) for p in inspection.problems] == [("calibration", "its focal length is 1 pixels")]
    assert inspection.summary()["boxes"] == {"Car": 1}
