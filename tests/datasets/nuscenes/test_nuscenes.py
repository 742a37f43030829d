"""nuScenes' tables and their relatives: frames, boxes, poses, cameras, and what is refused."""

import json
import os
import pickle
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanpick.datasets import open_dataset
from scanpick.datasets.dataset import cameras, ego_pose, licence
from scanpick.datasets.inspection import inspect_dataset
from scanpick.errors import FrameError, ScanpickError
from scanpick.geometry.quaternions import rotations_from_quaternions
from tests.datasets.drive_samples import TOP, UPSIDE_DOWN, nuscenes_pose, one_transform, write_nuscenes, write_table
from tests.datasets.samples import CAR_BOX, sweep

DATA = Path(os.environ.get("SCANPICK_TEST_DATA", "nowhere"))
FORMATS = DATA / "formats"


@pytest.fixture
def drives(tmp_path: Path) -> Path:
    return write_nuscenes(tmp_path, {"scene-0103": 2, "scene-0061": 3})


def test_key_frames_come_by_scene_in_time_with_what_the_tables_say(drives: Path) -> None:
    dataset = open_dataset(str(drives))
    assert dataset.name == "nuscenes"
    assert "5 key frames of 2 scenes, LIDAR_TOP" in dataset.description
    assert [record.sequence for record in dataset.records] == ["scene-0061"] * 3 + ["scene-0103"] * 2
    record = dataset.records[1]
    assert record.frame_id == f"scene-0061/{(record.timestamp_ns or 0) // 1000}"
    assert dict(record.metadata) == {
        **{"location": "boston-seaport", "log": "n008-2018", "vehicle": "n008", "description": "Rain, turn left"},
        **{"split": "train", "speed": 5.0},
        **{"position_x_m": record.metadata["position_x_m"], "position_y_m": record.metadata["position_y_m"]},
    }
    assert dataset.records[-1].metadata["split"] == "val"
    assert "non-commercial" in licence(dataset)


def test_points_and_boxes_are_in_the_vehicles_axes_at_the_lidar(drives: Path) -> None:
    dataset = open_dataset(str(drives))
    frame_id = dataset.records[3].frame_id
    frame, labels = dataset.read(frame_id), dataset.labels(frame_id)
    np.testing.assert_allclose(frame.points[:, :4], sweep(0), atol=1e-5)
    assert frame.points.shape[1] == 5
    assert labels is not None
    np.testing.assert_allclose(labels.boxes.array, [CAR_BOX], atol=1e-9)
    assert labels.boxes.class_names.tolist() == ["vehicle.car"]
    pose = ego_pose(dataset, frame_id)
    assert pose is not None
    np.testing.assert_allclose(
        pose[:3, 3], np.add(nuscenes_pose(0)[0], one_transform(*nuscenes_pose(0))[:3, :3] @ TOP[0])
    )
    common = open_dataset(str(drives), classes="common").labels(frame_id)
    assert common is not None
    assert common.boxes.class_names.tolist() == ["Car"]


def test_a_camera_sees_what_the_vehicle_drives_towards(drives: Path) -> None:
    dataset = open_dataset(str(drives))
    (camera,) = cameras(dataset, dataset.records[0].frame_id)
    assert camera.name == "CAM_FRONT"
    assert camera.image_path is not None
    assert camera.image_path.suffix == ".jpg"
    assert camera.calibration.image_size == (1600, 900)
    assert camera.calibration.fault == ""
    ahead = camera.calibration.camera_SE3_lidar @ [30.0, 0, 0, 1]
    np.testing.assert_allclose(ahead[2], 30 + TOP[0][0] - 1.7 - 0.02 * 5.0)  # taken 20 ms later
    assert "has no points" not in str(inspect_dataset(dataset).problems)
    assert not inspect_dataset(dataset).problems


def test_sweeps_between_are_frames_without_labels(drives: Path) -> None:
    dataset: Any = open_dataset(f"nuscenes:{drives}", frames="all")
    assert [dataset.has_labels(record.frame_id) for record in dataset.records[:4]] == [True, False, True, False]
    between = dataset.records[1].frame_id
    assert dataset.labels(between) is None
    assert cameras(dataset, between) == ()
    np.testing.assert_allclose(dataset.read(between).points[:, :4], sweep(101), atol=1e-5)


def test_lidars_are_merged_by_the_pose_at_their_own_times(tmp_path: Path) -> None:
    lidars = {"LIDAR_TOP": TOP, "LIDAR_FRONT_LEFT": UPSIDE_DOWN}
    write_nuscenes(tmp_path, {"scene-0061": 2}, lidars=lidars)
    merged, top = open_dataset(str(tmp_path), lidar="all"), open_dataset(str(tmp_path))
    frame_id = merged.records[0].frame_id
    assert frame_id == top.records[0].frame_id
    points = merged.read(frame_id).points
    assert "LIDAR_TOP + LIDAR_FRONT_LEFT" in merged.description
    np.testing.assert_allclose(points[:1200, :4], sweep(0), atol=1e-5)
    np.testing.assert_allclose(points[1200:, :4], sweep(0), atol=1e-4)
    one = open_dataset(str(tmp_path), lidar="LIDAR_FRONT_LEFT")
    shift = np.subtract(TOP[0], UPSIDE_DOWN[0]) - [0.1, 0, 0]  # driven in the 20 ms that it is later
    np.testing.assert_allclose(one.read(one.records[0].frame_id).points[:, :3], sweep(0)[:, :3] + shift, atol=1e-5)
    with pytest.raises(ScanpickError, match=r"Unknown lidar 'RADAR'. Known: LIDAR_FRONT_LEFT, LIDAR_TOP, all, auto"):
        open_dataset(str(tmp_path), lidar="RADAR")


def test_truckscenes_has_several_lidars_and_no_top_one(tmp_path: Path) -> None:
    left, right = ((4.0, 1.0, 2.0), (1.0, 0.0, 0.0, 0.0)), ((4.0, -1.0, 2.5), (1.0, 0.0, 0.0, 0.0))
    write_nuscenes(tmp_path, {"scene-abc-1": 2}, lidars={"LIDAR_LEFT": left, "LIDAR_RIGHT": right})
    dataset = open_dataset(str(tmp_path))
    assert "LIDAR_RIGHT + LIDAR_LEFT in the vehicle's axes at LIDAR_RIGHT" in dataset.description
    assert len(dataset.read(dataset.records[0].frame_id).points) == 2400
    assert "split" not in dataset.records[0].metadata


def test_t4_folders_are_scenes_of_one_data_set(tmp_path: Path) -> None:
    for name in ("drive-a", "drive-b"):
        write_nuscenes(tmp_path / name, {"scene": 2}, tables="annotation")
    dataset = open_dataset(str(tmp_path))
    assert [record.sequence for record in dataset.records] == ["drive-a/scene"] * 2 + ["drive-b/scene"] * 2
    assert "T4 tables (drive-a, drive-b)" in dataset.description


def test_lyft_has_its_own_places_and_no_intensity(tmp_path: Path) -> None:
    write_nuscenes(tmp_path / "v1.01-train", {"host-a": 2}, tables="v1.01-train", suffix=".bin")
    (tmp_path / "v1.01-train" / "lidar").mkdir()
    dataset = open_dataset(str(tmp_path))
    assert "Lyft" in licence(dataset)
    assert dataset.records[0].metadata["split"] == "train"
    assert not dataset.read(dataset.records[0].frame_id).points[:, 3].any()


def test_one_of_several_versions_is_asked_for(drives: Path) -> None:
    shutil.copytree(drives / "v1.0-mini", drives / "v1.0-test")
    write_table(drives / "v1.0-test" / "sample_annotation.json", [])
    with pytest.raises(
        ScanpickError, match=r"holds the tables v1.0-mini, v1.0-test. Choose some with the option version"
    ):
        open_dataset(str(drives))
    test = open_dataset(str(drives), version="v1.0-test")
    assert test.labels(test.records[0].frame_id) is None
    assert test.records[0].metadata["split"] == "test"
    assert open_dataset(str(drives / "v1.0-mini")).labels(test.records[0].frame_id) is not None


def test_files_that_are_not_there_are_counted_and_broken_ones_set_aside(drives: Path) -> None:
    dataset = open_dataset(str(drives))
    first, second = dataset.records[0], dataset.records[1]
    assert first.path is not None
    assert second.path is not None
    first.path.unlink()
    second.path.write_bytes(second.path.read_bytes()[:1003])
    again = pickle.loads(pickle.dumps(open_dataset(str(drives))))
    assert len(again.records) == 4
    assert "1 listed files are not on disk" in again.description
    with pytest.raises(FrameError, match="1003 bytes"):
        again.read(second.frame_id)
    shutil.rmtree(drives / "samples" / "LIDAR_TOP")
    with pytest.raises(ScanpickError, match=r"none of the 5 files of LiDARs that .* lists is there"):
        open_dataset(str(drives))


@pytest.mark.parametrize(
    ("table", "change", "message"),
    [
        ("sample_data", {"filename": "../../etc/passwd"}, "expected names of files below it"),
        ("sample_data", {"filename": "/etc/passwd"}, "expected names of files below it"),
        ("sample_data", {"timestamp": -5}, "expected timestamps in microseconds"),
        ("sample_data", {"timestamp": 1e19}, "expected timestamps in microseconds"),
        ("sample_data", {"timestamp": None}, "expected a value of timestamp"),
        ("sample_data", {"sample_token": "lost"}, r"sample.json: lacks 1 rows .* the token 'lost'"),
        ("sample_data", {"ego_pose_token": "lost"}, r"ego_pose.json: lacks 1 rows"),
        ("ego_pose", {"rotation": [0, 0, 0, 0]}, "expected quaternions of length 1"),
        ("ego_pose", {"rotation": [[1, 0, 0], [0, 1, 0], [0, 0, 1]]}, "expected a JSON list of objects with"),
        ("ego_pose", {"translation": [1, 2]}, "expected 3 numbers as translation"),
        ("scene", {"log_token": "lost"}, "log.json: lacks"),
    ],
)
def test_broken_tables_are_told(drives: Path, table: str, change: dict[str, Any], message: str) -> None:
    path = drives / "v1.0-mini" / f"{table}.json"
    rows = json.loads(path.read_text(encoding="utf-8"))
    rows[0] |= change
    write_table(path, rows)
    with pytest.raises(ScanpickError, match=message):
        open_dataset(str(drives), frames="all")


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_damage_to_tables_ends_otherwise_than_in_a_sentence(drives: Path, data: st.DataObject) -> None:
    names = ["sample_data", "ego_pose", "sample", "scene", "sensor", "calibrated_sensor", "sample_annotation"]
    path = drives / "v1.0-mini" / f"{data.draw(st.sampled_from(names))}.json"
    whole = path.read_bytes()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.one_of(st.just(len(whole)), st.integers(start, min(start + 40, len(whole)))))
    put = data.draw(
        st.sampled_from([b"", b"\x00", b"[", b"{", b"null", b"1e400", b"9" * 400, b"\xff", b'"', b"-1", b"true"])
    )
    path.write_bytes(whole[:start] + put + whole[end:])
    try:
        dataset = open_dataset(str(drives))
        for record in dataset.records[:2]:
            dataset.read(record.frame_id)
            dataset.labels(record.frame_id)
            cameras(dataset, record.frame_id)
    except ScanpickError:
        return
    finally:
        path.write_bytes(whole)


@pytest.mark.skipif(not FORMATS.is_dir(), reason="SCANPICK_TEST_DATA is not set")
def test_the_boxes_of_a_real_frame_hold_the_points_that_nuscenes_counts() -> None:
    root = FORMATS / "nuscenes" / "derived_v1.0-mini"
    dataset = open_dataset(str(root))
    (record,) = dataset.records
    pose, points = ego_pose(dataset, record.frame_id), dataset.read(record.frame_id).points
    assert pose is not None
    world = points[:, :3].astype(np.float64) @ pose[:3, :3].T + pose[:3, 3]
    annotations = json.loads((root / "v1.0-mini" / "sample_annotation.json").read_text(encoding="utf-8"))
    exact = 0
    for row in annotations:
        (axes,) = rotations_from_quaternions("annotation", np.array([row["rotation"]]))
        inside = np.abs((world - row["translation"]) @ axes) <= np.array(row["size"])[[1, 0, 2]] / 2
        exact += int(inside.all(axis=1).sum()) == row["num_lidar_pts"]
    assert (exact, len(annotations)) == (69, 69)
    labels = dataset.labels(record.frame_id)
    assert labels is not None
    assert len(labels) == 69


@pytest.mark.skipif(not FORMATS.is_dir(), reason="SCANPICK_TEST_DATA is not set")
def test_t4s_own_sample_is_read() -> None:
    dataset = open_dataset(str(FORMATS / "t4dataset"))
    counts = [len(dataset.labels(record.frame_id) or ()) for record in dataset.records]
    assert counts == [2, 2, 0]
    assert [record.metadata["position_x_m"] for record in dataset.records] == [0, 10, 20]
