"""`index`: every frame is read once and is either usable or set aside with its reason."""

import os
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from scanpick.datasets.folder import PointCloudFolder
from scanpick.datasets.point_files.cloud import NO_INTENSITY
from scanpick.errors import ScanpickError
from scanpick.structures import Frame
from scanpick.workspace import Workspace
from scanpick.workspace.embed import embed
from scanpick.workspace.index import index
from tests.workspace.drives import Toy, cloud, encoded, files_of, write_drives


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The frames that are read from now on, in this process."""
    calls: list[str] = []
    read = PointCloudFolder.read

    def counting(self: PointCloudFolder, frame_id: str) -> Frame:
        calls.append(frame_id)
        return read(self, frame_id)

    monkeypatch.setattr(PointCloudFolder, "read", counting)
    return calls


def test_lists_and_counts(tmp_path: Path) -> None:
    drives = write_drives(tmp_path / "drives", frames=40, drives=2)
    workspace = index(str(drives), tmp_path / "pool", workers=1)
    table = pyarrow.parquet.read_table(workspace.frames_path).to_pydict()
    assert table["frame_id"] == [f"drive_{frame // 20}/{frame:06d}" for frame in range(40)]
    assert table["sequence"] == ["drive_0"] * 20 + ["drive_1"] * 20
    assert table["index_in_sequence"] == list(range(20)) * 2
    assert table["num_points"] == [400] * 40
    assert table["status"] == ["ok"] * 40
    assert all(Path(path).is_absolute() and Path(path).is_file() for path in table["path"])
    manifest = workspace.manifest()
    assert (manifest.frames.count, manifest.frames.usable) == (40, 40)
    assert manifest.dataset.specification == str(drives)
    assert manifest.versions["numpy"] == np.__version__


def test_bad_frames_are_set_aside(tmp_path: Path) -> None:
    """Unreadable, empty and NaN frames among good ones: named with a reason, counted, and the run goes on."""
    drives = write_drives(tmp_path / "drives", frames=40)
    (drives / "drive_0" / "000003.bin").write_bytes(b"")
    (drives / "drive_0" / "000004.bin").write_bytes(b"x" * 33)
    points = cloud(1)
    points[:, 0] = np.inf
    (drives / "drive_1" / "000030.bin").write_bytes(points.tobytes())
    workspace = index(str(drives), tmp_path / "pool", workers=1)
    frames = workspace.frames()
    assert sorted(frames.set_aside) == ["drive_0/000003", "drive_0/000004", "drive_1/000030"]
    kinds = [reason.partition(":")[0] for reason in frames.set_aside.values()]
    assert kinds == ["empty", "unreadable", "not finite"]
    assert frames.usable.sum() == 37
    assert all(frames.contents[frames.row_of[frame_id]] == "" for frame_id in frames.set_aside)


def test_only_changed_files_are_read_again(tmp_path: Path, reads: list[str]) -> None:
    drives = write_drives(tmp_path / "drives", frames=40)
    index(str(drives), tmp_path / "pool", workers=1)
    before = files_of(tmp_path / "pool")
    reads.clear()
    index(str(drives), tmp_path / "pool", workers=1)
    assert reads == []
    assert files_of(tmp_path / "pool") == before

    (drives / "drive_0" / "000003.bin").write_bytes(cloud(999).tobytes())
    (drives / "drive_1" / "000041.bin").write_bytes(cloud(1000).tobytes())
    (drives / "drive_0" / "000000.bin").unlink()
    table = index(str(drives), tmp_path / "pool", workers=1).frames()
    assert sorted(reads) == ["drive_0/000003", "drive_1/000041"]
    assert len(table) == 40
    reads.clear()
    index(str(drives), tmp_path / "fresh", workers=1)
    assert files_of(tmp_path / "pool") == files_of(tmp_path / "fresh")


def test_set_aside_frames_are_tried_again(tmp_path: Path, reads: list[str]) -> None:
    """What spoilt them may lie outside of the file of points, so their file alone does not tell."""
    drives = write_drives(tmp_path / "drives", frames=10)
    (drives / "drive_0" / "000003.bin").write_bytes(b"")
    index(str(drives), tmp_path / "pool", workers=1)
    reads.clear()
    index(str(drives), tmp_path / "pool", workers=1)
    assert reads == ["drive_0/000003"]


def test_other_options_read_everything_again(tmp_path: Path, reads: list[str]) -> None:
    drives = write_drives(tmp_path / "drives", frames=10)
    before = index(str(drives), tmp_path / "pool", workers=1).frames()
    reads.clear()
    table = index(str(drives), tmp_path / "pool", options={"intensity": 2}, workers=1).frames()
    assert len(reads) == 10
    assert not set(table.contents) & set(before.contents)
    with pytest.raises(ScanpickError, match=r"10 wrong columns.*read as 5 columns, but the values look like 4 columns"):
        index(str(drives), tmp_path / "pool", options={"columns": 5}, workers=1)


def test_damaged_table_is_noticed_and_made_again(tmp_path: Path) -> None:
    drives = write_drives(tmp_path / "drives", frames=10)
    workspace = index(str(drives), tmp_path / "pool", workers=1)
    before = files_of(tmp_path / "pool")
    content = workspace.frames_path.read_bytes()
    workspace.frames_path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ScanpickError, match="cut off or changed since it was written"):
        workspace.frames()
    index(str(drives), tmp_path / "pool", workers=1)
    assert files_of(tmp_path / "pool") == before


def test_damaged_settings_are_made_again(tmp_path: Path) -> None:
    drives = write_drives(tmp_path / "drives", frames=10)
    workspace = index(str(drives), tmp_path / "pool", workers=1)
    before = files_of(tmp_path / "pool")
    workspace.manifest_path.write_text("format = 1\n[data")
    index(str(drives), tmp_path / "pool", workers=1)
    assert files_of(tmp_path / "pool") == before


def test_again_reads_what_looks_the_same(tmp_path: Path, reads: list[str]) -> None:
    """A file that was replaced by another of the same size and time."""
    drives = write_drives(tmp_path / "drives", frames=10)
    path = drives / "drive_0" / "000003.bin"
    workspace = index(str(drives), tmp_path / "pool", workers=1)
    stat, before = path.stat(), workspace.frames().contents[3]
    path.write_bytes(cloud(999).tobytes())
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    reads.clear()
    index(str(drives), tmp_path / "pool", workers=1)
    assert reads == []
    index(str(drives), tmp_path / "pool", again=True, workers=1)
    assert len(reads) == 10
    assert workspace.frames().contents[3] != before


def test_paths_that_are_no_text_are_told(tmp_path: Path) -> None:
    folder = tmp_path / os.fsdecode(b"\xff")
    try:
        write_drives(folder, frames=4)
    except OSError:
        return  # this file system has no such names
    with pytest.raises(ScanpickError, match="its name is no valid text"):
        index(str(folder), tmp_path / "pool", workers=1)


def test_same_bytes_for_any_number_of_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the frames are encoded on the way."""
    monkeypatch.setattr("scanpick.workspace.worker_pool.POOL_PAYS_AFTER_S", 0.0)
    drives = write_drives(tmp_path / "drives", frames=150)
    for workers in (1, 2):
        index(str(drives), tmp_path / f"by_{workers}", encoder=Toy(), workers=workers)
    assert files_of(tmp_path / "by_1") == files_of(tmp_path / "by_2")
    stores = [next((tmp_path / name / ".readings").iterdir()) for name in ("by_1", "by_2")]
    assert files_of(stores[0]) == files_of(stores[1])


def test_none_usable_is_an_error(tmp_path: Path) -> None:
    drives = write_drives(tmp_path / "drives", frames=4)
    for path in drives.rglob("*.bin"):
        path.write_bytes(b"")
    with pytest.raises(ScanpickError, match=r"none of its 4 frames can be used: 4 empty\. The first: empty: "):
        index(str(drives), tmp_path / "pool", options={"columns": 4}, workers=1)
    assert not (tmp_path / "pool" / "scanpick.toml").exists()


def test_a_workspace_belongs_to_one_data_set(tmp_path: Path) -> None:
    index(str(write_drives(tmp_path / "one", frames=4)), tmp_path / "pool", workers=1)
    with pytest.raises(ScanpickError, match=r"is the workspace of .*one, got .*two"):
        index(str(write_drives(tmp_path / "two", frames=4)), tmp_path / "pool", workers=1)


@pytest.mark.parametrize("name", ["", "folder:"])
def test_never_into_the_data_set_itself(tmp_path: Path, name: str) -> None:
    """A workspace hides its folder from the reader, so that the frames would be gone; below it there is room."""
    drives = write_drives(tmp_path / "drives", frames=4)
    before = sorted(drives.rglob("*"))
    with pytest.raises(ScanpickError, match="is the data set's own folder"):
        index(f"{name}{drives}", drives, workers=1)
    assert sorted(drives.rglob("*")) == before
    index(f"{name}{drives}", drives / "pool", workers=1)
    assert len(index(f"{name}{drives}", drives / "pool", workers=1).frames()) == 4


def test_named_by_a_relative_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The workspace can be used from another folder, whether the data set was named or recognised."""
    write_drives(tmp_path / "drives", frames=4)
    monkeypatch.chdir(tmp_path)
    index("drives", Path("recognised"), workers=1)
    index("folder:drives", Path("named"), workers=1)
    monkeypatch.chdir("/")
    for name, specification in (("recognised", ""), ("named", "folder:")):
        workspace = Workspace.open(tmp_path / name)
        assert workspace.manifest().dataset.specification == f"{specification}{tmp_path / 'drives'}"
        assert len(workspace.dataset().records) == 4


def test_unexpected_errors_name_the_frame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bug in a reader is not taken for a bad frame."""

    def broken(self: PointCloudFolder, frame_id: str) -> Frame:
        raise ZeroDivisionError

    monkeypatch.setattr(PointCloudFolder, "read", broken)
    with pytest.raises(ZeroDivisionError) as caught:
        index(str(write_drives(tmp_path / "drives", frames=4)), tmp_path / "pool", workers=1)
    assert "drive_0/000000" in caught.value.__notes__[0]


def test_a_folder_named_like_a_simulated_set_is_not_taken_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "demo").mkdir()
    monkeypatch.chdir(tmp_path)
    workspace = index("simulated:demo", tmp_path / "pool", options={"frames": 2}, workers=1)
    assert workspace.manifest().dataset.specification == "simulated:demo"


def test_a_data_set_that_has_moved(tmp_path: Path) -> None:
    """What was made stays, once the points of frames agree; another data set is refused, and nothing is changed."""
    old, new = write_drives(tmp_path / "drives", frames=12), tmp_path / "elsewhere" / "drives"
    workspace = index(str(old), tmp_path / "pool", options={"columns": 4}, workers=1)
    embed(workspace, Toy(log=tmp_path / "log"), workers=1)
    new.parent.mkdir()
    old.rename(new)
    with pytest.raises(ScanpickError, match=r"is no longer there\. Where it has moved, name its new place"):
        workspace.dataset()
    with pytest.raises(ScanpickError, match="or say that this is the same data set, moved"):
        index(str(new), workspace.path, workers=1)
    other = write_drives(tmp_path / "other", frames=12, seed=1)
    before = files_of(workspace.path)
    with pytest.raises(ScanpickError, match=r"of 12 frames compared, 12 are missing there or have other points"):
        index(str(other), workspace.path, moved=True, workers=1)
    assert files_of(workspace.path) == before
    index(str(new), workspace.path, moved=True, workers=1)
    assert workspace.manifest().dataset.specification == str(new)
    assert dict(workspace.manifest().dataset.options) == {"columns": 4}
    assert workspace.frames().records[0].path == new / "drive_0" / "000000.bin"
    embed(workspace, Toy(log=tmp_path / "log"), workers=1)
    assert len(encoded(tmp_path / "log")) == 12, "every frame was encoded once"


def _with_rings(folder: Path, frames: int, seed: int) -> None:
    folder.mkdir(parents=True)
    for frame in range(frames):
        points = cloud(seed + frame) * np.float32([1, 1, 1, 255])
        np.column_stack([points, np.arange(len(points)) % 32]).astype("<f4").tofile(folder / f"{frame:03d}.bin")


def test_a_pool_that_grows_by_files_of_other_columns_is_read_as_a_fresh_one(tmp_path: Path) -> None:
    """What the files show is found again from all of them; nothing that was read otherwise is kept."""
    drives = write_drives(tmp_path / "drives", frames=6, drives=1)
    before = index(str(drives), tmp_path / "grown", workers=1)
    assert before.manifest().dataset.reading == {"columns": 4, "intensity": 1}
    _with_rings(drives / "later", 20, 100)
    grown = index(str(drives), tmp_path / "grown", workers=1)
    fresh = index(str(drives), tmp_path / "fresh", workers=1)
    assert grown.manifest().dataset.reading == {"columns": 5, "intensity": 255}
    assert grown.frames_path.read_bytes() == fresh.frames_path.read_bytes()
    set_aside = grown.frames().set_aside
    assert sorted(set_aside) == [f"drive_0/{frame:06d}" for frame in range(6)]
    assert all("read as 5 columns, but the values look like 4 columns" in reason for reason in set_aside.values())


def test_a_workspace_opens_its_data_set_as_it_was_indexed(tmp_path: Path) -> None:
    """Between two steps the folder may have grown by files that would change how all of it is read."""
    drives = write_drives(tmp_path / "drives", frames=6, drives=1)
    workspace = index(str(drives), tmp_path / "pool", workers=1)
    before = workspace.dataset().read("drive_0/000000").points
    _with_rings(drives / "later", 20, 100)
    np.testing.assert_array_equal(workspace.dataset().read("drive_0/000000").points, before)


def test_doubts_and_notes_are_kept_for_frames_that_are_not_read_again(tmp_path: Path, reads: list[str]) -> None:
    drives = tmp_path / "drives"
    drives.mkdir()
    for frame in range(4):
        np.save(drives / f"{frame}.npy", cloud(frame)[:, :3])
    np.save(drives / "crop.npy", cloud(9)[:30, :3] / 30)
    index(str(drives), tmp_path / "pool", workers=1)
    reads.clear()
    table = index(str(drives), tmp_path / "pool", workers=1).frames()
    assert reads == []
    assert table.note_counts == {NO_INTENSITY: 1630}
    assert list(table.doubts_by_kind) == ["no sweep"]
    assert list(table.doubts_by_kind["no sweep"]) == ["crop"]


def test_frames_that_are_all_not_in_metres_are_refused(tmp_path: Path) -> None:
    drives = tmp_path / "drives"
    drives.mkdir()
    for frame in range(3):
        np.save(drives / f"{frame}.npy", cloud(frame) * [1000, 1000, 1000, 1])
    with pytest.raises(ScanpickError, match=r"all of its 3 frames have implausible units.*millimetres"):
        index(str(drives), tmp_path / "pool", workers=1)
    np.save(drives / "3.npy", cloud(3))
    table = index(str(drives), tmp_path / "pool", workers=1).frames()
    assert list(table.doubts_by_kind["implausible units"]) == ["0", "1", "2"]
