"""Simulated drives as a KITTI folder: read back as they are, resumed, refused for other settings."""

import numpy as np
import pytest

from scanpick.datasets.kitti_object import KittiObject
from scanpick.datasets.simulated import SimulatedDrives
from scanpick.datasets.simulated.writer import KittiWriter
from scanpick.errors import ScanpickError
from scanpick.geometry.transforms import wrap_angle
from tests.cli.running import error_of, run_json


def write(folder, **options) -> SimulatedDrives:
    drives = SimulatedDrives("demo", **({"frames": 14} | options))
    writer = KittiWriter(drives, folder)
    for job in writer.prepare():
        writer(job)
    writer.finish()
    return drives


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    folder = tmp_path_factory.mktemp("simulated") / "out"
    return folder, write(folder)


def test_kitti_reader_reads_it_back(written):
    folder, drives = written
    read = KittiObject(folder)
    assert len(read.records) == 14
    for again, record in zip(read.records, drives.records, strict=True):
        assert (again.sequence, again.index_in_sequence) == (record.sequence, record.index_in_sequence)
        assert np.array_equal(read.read(again.frame_id).points, drives.read(record.frame_id).points)
        labels, expected = read.labels(again.frame_id), drives.labels(record.frame_id)
        assert labels.boxes.class_names.tolist() == expected.boxes.class_names.tolist()
        assert labels.boxes.array[:, :6] == pytest.approx(expected.boxes.array[:, :6], abs=0.02)
        assert np.abs(wrap_angle(labels.boxes.yaws - expected.boxes.yaws)).max(initial=0) < 0.01
        assert labels.occlusion.tolist() == expected.occlusion.tolist()
        assert labels.truncation == pytest.approx(expected.truncation, abs=0.006)
        assert labels.dont_care_image_boxes == pytest.approx(expected.dont_care_image_boxes, abs=0.006)
        calibration = read.calibration(again.frame_id)
        assert calibration.camera_SE3_lidar == pytest.approx(drives.calibration(record.frame_id).camera_SE3_lidar)


def test_lists_part_the_frames_by_drive(written):
    folder, drives = written
    lists = {name: (folder / "ImageSets" / f"{name}.txt").read_text().split() for name in ("train", "val", "trainval")}
    assert sorted(lists["train"] + lists["val"]) == lists["trainval"]
    sequence = {f"{place:06d}": record.sequence for place, record in enumerate(drives.records)}
    assert not {sequence[name] for name in lists["train"]} & {sequence[name] for name in lists["val"]}
    assert lists["val"]


def test_drives_for_evaluation_become_the_validation_list(tmp_path):
    drives = SimulatedDrives("drives", frames=10)
    writer = KittiWriter(drives, tmp_path / "out")
    writer.prepare()
    writer.finish()
    validation = (tmp_path / "out/ImageSets/val.txt").read_text().split()
    assert validation == [
        f"{place:06d}" for place, record in enumerate(drives.records) if record.metadata["split"] == "evaluation"
    ]


def test_finished_frames_are_not_done_again(tmp_path):
    folder = tmp_path / "out"
    drives = write(folder, frames=6)
    stamps = {path: path.stat().st_mtime_ns for path in folder.glob("training/*/*")}
    lost = folder / "training/velodyne_reduced/000002.bin"
    content = lost.read_bytes()
    lost.unlink()
    writer = KittiWriter(drives, folder)
    assert writer.prepare() == [(2,)]
    write(folder, frames=6)
    assert lost.read_bytes() == content
    unchanged = [path for path in stamps if path.name.startswith("00000") and "000002" not in path.name]
    assert len(unchanged) == 15
    assert all(path.stat().st_mtime_ns == stamps[path] for path in unchanged)


def test_other_settings_or_another_folder_are_refused(written, tmp_path):
    folder, _ = written
    with pytest.raises(ScanpickError, match=r"begun with other settings \(seed 0, now 1\)"):
        write(folder, seed=1)
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(ScanpickError, match="expected a new or empty folder"):
        write(tmp_path)
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "simulated.json").write_text("{")
    with pytest.raises(ScanpickError, match=r"simulated\.json: expected JSON"):
        write(broken)


def test_verb_writes_a_folder_and_goes_on_with_it(tmp_path):
    out = tmp_path / "drives"
    arguments = ("simulate", out, "--frames", 5, "--seed", 2, "--workers", 1)
    facts = run_json(*arguments)
    assert (facts["frames"], facts["written_now"]) == (5, 5)
    assert run_json(*arguments)["written_now"] == 0
    assert len(KittiObject(out).records) == 5
    assert "other settings (seed 2, now 3" in error_of("simulate", out, "--frames", 5, "--seed", 3)


def test_verb_writes_the_whole_turn(tmp_path):
    run_json("simulate", tmp_path / "full", "--frames", 1, "--full", "--workers", 1)
    (cloud,) = (tmp_path / "full/training/velodyne").iterdir()
    assert cloud.stat().st_size > 80_000 * 16


def test_a_linked_folder_is_not_written_through(tmp_path):
    """Labels in it that belong to somebody else would be replaced."""
    writer = KittiWriter(SimulatedDrives("demo", frames=1), tmp_path / "out")
    writer.prepare()
    (tmp_path / "mine/label_2").mkdir(parents=True)
    (tmp_path / "mine/label_2/000000.txt").write_text("mine")
    (tmp_path / "out/training").symlink_to(tmp_path / "mine")
    with pytest.raises(ScanpickError, match="is a link to"):
        writer((0,))
    assert (tmp_path / "mine/label_2/000000.txt").read_text() == "mine"
