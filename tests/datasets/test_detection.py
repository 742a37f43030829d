"""What a user types, and the data set it opens."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets import open_dataset
from scanpick.errors import ScanpickError
from tests.datasets.drive_samples import write_nuscenes
from tests.datasets.samples import sweep, write_bin, write_kitti_object, write_kitti_raw, write_kitti_tracking


@pytest.fixture
def folders(tmp_path: Path) -> Path:
    write_kitti_object(tmp_path / "object", ["000000"])
    write_kitti_object(tmp_path / "reduced", ["000000"], points="velodyne_reduced")
    write_kitti_object(tmp_path / "test", ["000000"], part="testing", labels=False)
    write_kitti_object(tmp_path / "delft" / "lidar", ["00549"])
    write_kitti_tracking(tmp_path / "tracking", [2])
    write_kitti_raw(tmp_path / "raw", ["2011_09_26_drive_0001_sync"])
    (tmp_path / "clouds" / "a").mkdir(parents=True)
    np.save(tmp_path / "clouds" / "a" / "1.npy", np.zeros((3, 4)))
    return tmp_path


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("object", "kitti-object"),
        ("object/training", "kitti-object"),
        ("reduced", "kitti-object"),
        ("test", "kitti-object"),
        ("test/testing", "kitti-object"),
        ("delft", "kitti-object"),
        ("delft/lidar", "kitti-object"),
        ("tracking", "kitti-tracking"),
        ("tracking/training", "kitti-tracking"),
        ("raw", "kitti-raw"),
        ("raw/2011_09_26", "kitti-raw"),
        ("raw/2011_09_26/2011_09_26_drive_0001_sync", "kitti-raw"),
        ("clouds", "folder"),
        ("object/training/velodyne", "folder"),
    ],
)
def test_a_layout_is_recognised(folders: Path, folder: str, name: str) -> None:
    assert open_dataset(str(folders / folder)).name == name


def test_a_name_says_how_to_read_a_folder(folders: Path) -> None:
    assert open_dataset(f"folder:{folders / 'object'}").name == "folder"
    with pytest.raises(ScanpickError, match="no raw drives found"):
        open_dataset(f"kitti-raw:{folders / 'object'}")


def test_a_path_with_a_colon_is_a_path(folders: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folders / "clouds").rename(folders / "clouds:2024")
    monkeypatch.chdir(folders)
    assert open_dataset("clouds:2024").name == "folder"


@pytest.mark.parametrize(
    ("specification", "message"),
    [
        ("nowhere", "nowhere: no such folder. Expected a folder of LiDAR frames, or NAME:ARGUMENT"),
        ("foldr:clouds", "Unknown data set 'foldr'. Did you mean 'folder'?"),
        ("folder:", "expected something after the colon"),
        ("folder:nowhere", "nowhere: no such folder"),
    ],
)
def test_what_cannot_be_opened_is_told(specification: str, message: str) -> None:
    with pytest.raises(ScanpickError, match=message):
        open_dataset(specification)


def test_a_file_is_not_a_folder(folders: Path) -> None:
    with pytest.raises(ScanpickError, match=r"expected a folder of frames, a recording .*, got a file"):
        open_dataset(str(folders / "clouds" / "a" / "1.npy"))


def test_unknown_options_fail_with_the_nearest_known_one(folders: Path) -> None:
    known = r"Known: columns, follow, intensity, points, split"
    with pytest.raises(ScanpickError, match=rf"'point'\. Did you mean 'points'\? {known}"):
        open_dataset(str(folders / "object"), point="velodyne")


def test_a_folder_with_two_layouts_is_refused_by_both_names(folders: Path) -> None:
    write_nuscenes(folders / "raw", {"scene-0061": 1})
    with pytest.raises(
        ScanpickError, match=r"has the layouts of kitti-raw and nuscenes. Say which is meant: kitti-raw:"
    ):
        open_dataset(str(folders / "raw"))
    assert open_dataset(f"nuscenes:{folders / 'raw'}").name == "nuscenes"


def test_nothing_is_not_the_current_folder() -> None:
    with pytest.raises(ScanpickError, match="Expected a folder of LiDAR frames"):
        open_dataset("")


def _nuscenes(root: Path) -> Path:
    for part in ("samples", "sweeps"):
        ring = np.arange(1200)[:, None] % 32
        five = np.hstack([sweep(len(part)) * np.float32([1, 1, 1, 255]), ring])
        write_bin(root / part / "LIDAR_TOP" / f"n008__LIDAR_TOP__15331511{len(part)}.pcd.bin", five)
    write_bin(root / "samples" / "RADAR_FRONT" / "n008.pcd.bin", sweep()[:60])
    labels = root / "lidarseg" / "v1.0-mini" / "1_lidarseg.bin"
    labels.parent.mkdir(parents=True)
    labels.write_bytes(bytes(1200))
    return root


def test_nuscenes_without_its_tables_is_refused_with_the_pattern_that_reads_its_sweeps(tmp_path: Path) -> None:
    _nuscenes(tmp_path / "data" / "nuscenes")
    for folder in (tmp_path, tmp_path / "data", tmp_path / "data" / "nuscenes"):
        with pytest.raises(
            ScanpickError, match=r"nuScenes without its tables.*not read as such.*pattern=\*LIDAR_TOP\*"
        ):
            open_dataset(str(folder))
        dataset = open_dataset(str(folder), pattern="*LIDAR_TOP*")
        assert len(dataset.records) == 2
        assert ".bin has 5 columns" in dataset.description
        assert "intensity 0 to 255" in dataset.description
        points = dataset.read(dataset.records[0].frame_id).points
        np.testing.assert_allclose(points[:, :4], sweep(len("samples")), atol=1e-6)


@pytest.mark.parametrize("beside", ["gt_database", "kitti_gt_database", "lidarseg/v1", "labels", "radar_front", "maps"])
def test_what_stands_beside_the_sweeps_is_passed_over_and_counted(tmp_path: Path, beside: str) -> None:
    np.save(_made(tmp_path / "points") / "1.npy", sweep())
    write_bin(tmp_path / beside / "1.bin", sweep()[:40])
    dataset = open_dataset(str(tmp_path))
    assert [record.frame_id for record in dataset.records] == ["points/1"]
    assert "passed over by the names of their folders: 1 file of" in dataset.description
    assert len(open_dataset(str(tmp_path), pattern="*.*").records) == 2


def test_recordings_that_are_not_read_yet_are_named(tmp_path: Path) -> None:
    (_made(tmp_path / "training") / "segment.tfrecord").write_bytes(b"")
    with pytest.raises(ScanpickError, match=r"no point files.*Not read yet: .tfrecord \(Waymo Open"):
        open_dataset(str(tmp_path))


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder
