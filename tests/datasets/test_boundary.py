"""Links that lead out of a data set are not followed unasked, and what is no file is not waited for."""

import os
from pathlib import Path

import pytest

from scanpick.datasets import open_dataset
from scanpick.errors import FrameError, ScanpickError
from tests.datasets.samples import sweep

POINTS = sweep().astype("<f4")


def write(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(POINTS.tobytes())
    return path


def ids_of(root: Path, **options: object) -> list[str]:
    return [record.frame_id for record in open_dataset(str(root), **options).records]


@pytest.fixture
def pool(tmp_path: Path) -> Path:
    """A folder with a frame, a link to it, and links to a file and a folder outside."""
    write(tmp_path / "pool/a/1.bin")
    write(tmp_path / "elsewhere/b/2.bin")
    (tmp_path / "pool/a/inside.bin").symlink_to(tmp_path / "pool/a/1.bin")
    (tmp_path / "pool/a/outside.bin").symlink_to("../../elsewhere/b/2.bin")
    (tmp_path / "pool/b").symlink_to(tmp_path / "elsewhere/b")
    return tmp_path / "pool"


def test_folder(pool: Path, tmp_path: Path) -> None:
    assert ids_of(pool) == ["a/1", "a/inside"]
    assert "2 links lead out of the folder: passed over, follow=true takes them" in open_dataset(str(pool)).description
    for follow in (True, "true"):
        assert ids_of(pool, follow=follow) == ["a/1", "a/inside", "a/outside", "b/2"]
    (tmp_path / "alias").symlink_to(pool)
    assert ids_of(tmp_path / "alias") == ["a/1", "a/inside"], "the root itself may be a link"
    with pytest.raises(
        ScanpickError, match=r"Option 'follow' of data set 'folder': Input should be a valid boolean.*got 'maybe'"
    ):
        open_dataset(str(pool), follow="maybe")


def test_folder_of_links_alone(tmp_path: Path) -> None:
    write(tmp_path / "elsewhere/1.bin")
    (tmp_path / "pool").mkdir()
    (tmp_path / "pool/1.bin").symlink_to(tmp_path / "elsewhere/1.bin")
    with pytest.raises(ScanpickError, match="1 link leads out of the folder: passed over, follow=true takes them"):
        open_dataset(str(tmp_path / "pool"))


LAYOUTS = {
    "kitti-object": ("training/velodyne/000000.bin", ["training", "training/velodyne"]),
    "kitti-tracking": ("training/velodyne/0000/000000.bin", ["training", "training/velodyne"]),
    "kitti-raw": ("2011_09_26/2011_09_26_drive_0001_sync/velodyne_points/data/0000000000.bin", []),
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_kitti_layouts(tmp_path: Path, name: str) -> None:
    """A linked frame is passed over, a linked layout refused, and follow=true takes both."""
    place, folders = LAYOUTS[name]
    whole = tmp_path / "whole"
    frame = write(whole / place)
    frame.with_name("0000000007.bin").symlink_to(write(tmp_path / "elsewhere.bin"))
    assert len(ids_of(whole)) == 1
    assert open_dataset(str(whole)).name == name
    assert "1 link leads out" in open_dataset(str(whole)).description
    assert len(ids_of(whole, follow="true")) == 2
    for number, folder in enumerate(folders):
        linked = tmp_path / f"linked{number}"
        (linked / folder).parent.mkdir(parents=True)
        (linked / folder).symlink_to(whole / folder)
        with pytest.raises(ScanpickError, match=r"leads out of the data set's folder, to .*follow=true"):
            open_dataset(str(linked))
        assert len(ids_of(linked, follow="true")) == 2


@pytest.mark.parametrize(("name", "link"), [("kitti-tracking", "training/velodyne/0000"), ("kitti-raw", "2011_09_26")])
def test_linked_sequences(tmp_path: Path, name: str, link: str) -> None:
    place, _ = LAYOUTS[name]
    write(tmp_path / "whole" / place)
    linked = tmp_path / "linked"
    (linked / link).parent.mkdir(parents=True)
    (linked / link).symlink_to(tmp_path / "whole" / link)
    with pytest.raises(ScanpickError, match="1 link leads out of the folder: passed over, follow=true takes them"):
        open_dataset(f"{name}:{linked}")
    assert len(ids_of(linked, follow="true")) == 1


@pytest.mark.parametrize("folder", ["label_2", "calib", "image_2"])
def test_files_of_frames(tmp_path: Path, folder: str) -> None:
    """A label, calibration or image that lies elsewhere is not read, and whoever asks for it learns how it is taken."""
    write(tmp_path / "kitti/training/velodyne/000000.bin")
    place = tmp_path / "kitti/training" / folder / ("000000.png" if folder == "image_2" else "000000.txt")
    place.parent.mkdir()
    (tmp_path / "secret").write_text("")
    place.symlink_to(tmp_path / "secret")
    opened = open_dataset(str(tmp_path / "kitti"))
    with pytest.raises(FrameError, match=r"to .*secret\. .*follow=true"):
        {"label_2": opened.labels, "calib": opened.calibration, "image_2": opened.read}[folder]("000000")
    place.unlink()
    place.parent.rmdir()
    place.parent.symlink_to(tmp_path)
    with pytest.raises(ScanpickError, match="follow=true"):
        open_dataset(str(tmp_path / "kitti"))


@pytest.mark.parametrize("suffix", ["bin", "npy", "npz", "pcd", "ply", "las", "laz"])
def test_a_pipe_is_not_waited_for(tmp_path: Path, suffix: str) -> None:
    write(tmp_path / "pool/1.bin")
    os.mkfifo(tmp_path / f"pool/2.{suffix}")
    opened = open_dataset(str(tmp_path / "pool"))
    with pytest.raises(FrameError, match="expected a file, got a pipe"):
        opened.read("2")


def test_lists_may_hold_ids_with_blanks(tmp_path: Path) -> None:
    for name in ("a b", "c", "d"):
        write(tmp_path / f"training/velodyne/{name}.bin")
    (tmp_path / "ImageSets").mkdir()
    (tmp_path / "ImageSets/some.txt").write_bytes(b"\xef\xbb\xbfa b\r\nc\r\n")
    assert sorted(ids_of(tmp_path, split="some")) == ["a b", "c"]
    (tmp_path / "ImageSets/some.txt").write_text("c d\n")
    assert sorted(ids_of(tmp_path, split="some")) == ["c", "d"]
