"""What a user types, and the data set it opens."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets import open_dataset
from scanpick.errors import ScanpickError
from tests.datasets.samples import write_kitti_object, write_kitti_raw, write_kitti_tracking


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
    with pytest.raises(ScanpickError, match="expected a folder of frames, got a file"):
        open_dataset(str(folders / "clouds" / "a" / "1.npy"))


def test_unknown_options_fail_with_the_nearest_known_one(folders: Path) -> None:
    with pytest.raises(ScanpickError, match=r"'point'\. Did you mean 'points'\? Known: columns, follow, points, split"):
        open_dataset(str(folders / "object"), point="velodyne")


def test_a_layout_that_is_not_read_yet_is_named(tmp_path: Path) -> None:
    lidar = tmp_path / "val" / "log" / "sensors" / "lidar"
    lidar.mkdir(parents=True)
    (lidar / "315968.feather").write_bytes(b"")
    with pytest.raises(ScanpickError, match=r"looks like Argoverse 2.*not read yet"):
        open_dataset(str(tmp_path))


def test_nothing_is_not_the_current_folder() -> None:
    with pytest.raises(ScanpickError, match="Expected a folder of LiDAR frames"):
        open_dataset("")
