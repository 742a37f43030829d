"""Any folder of point files: which files are frames, their ids, sequences and order."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets.dataset import Dataset
from scanpick.datasets.folder import PointCloudFolder
from scanpick.errors import FrameError, ScanpickError
from tests.datasets.samples import sweep, write_bin, write_lines


def save(path: Path, seed: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    np.save(path, sweep(seed))


def test_sub_folders_are_sequences_and_names_in_natural_order_are_time(tmp_path: Path) -> None:
    root = tmp_path / "pool"
    for name in ("b/frame_10.npy", "b/frame_9.npy", "a/x/1.npy", "top.npy", ".hidden/1.npy", "a/.part.npy"):
        save(root / name)
    write_lines(root / "a" / "notes.txt", "no points")
    dataset = PointCloudFolder(root)
    assert isinstance(dataset, Dataset)
    assert [(r.frame_id, r.sequence, r.index_in_sequence) for r in dataset.records] == [
        ("top", "pool", 0),
        ("a/x/1", "a/x", 0),
        ("b/frame_9", "b", 0),
        ("b/frame_10", "b", 1),
    ]
    assert all(record.timestamp_ns is None for record in dataset.records)
    assert "4 frames in 3 sequences, 4 .npy" in dataset.description


def test_files_in_the_root_do_not_join_a_sub_folder_of_the_same_name(tmp_path: Path) -> None:
    save(tmp_path / "pool" / "1.npy")
    save(tmp_path / "pool" / "pool" / "1.npy")
    assert [record.sequence for record in PointCloudFolder(tmp_path / "pool").records] == [".", "pool"]


def test_ids_that_clash_keep_their_suffix(tmp_path: Path) -> None:
    for name in ("a.npy", "a.npz", "a.npy.npy", "b.npy"):
        (tmp_path / name).write_bytes(b"")
    ids = [record.frame_id for record in PointCloudFolder(tmp_path).records]
    assert sorted(ids) == ["a.npy", "a.npy.npy", "a.npz", "b"]


def test_a_link_back_up_does_not_loop_and_a_linked_folder_is_followed_once(tmp_path: Path) -> None:
    save(tmp_path / "elsewhere" / "1.npy")
    save(tmp_path / "pool" / "2.npy")
    (tmp_path / "pool" / "linked").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "pool" / "again").symlink_to(tmp_path / "pool")
    opened = PointCloudFolder(tmp_path / "pool", follow=True)
    assert [record.frame_id for record in opened.records] == ["2", "linked/1"]


def test_names_that_cannot_be_ids_are_passed_over_and_counted(tmp_path: Path) -> None:
    save(tmp_path / "1.npy")
    save(tmp_path / "two\nlines.npy")
    Path(os.fsdecode(os.fsencode(tmp_path) + b"/not-utf8-\xff.npy")).write_bytes(b"")
    dataset = PointCloudFolder(tmp_path)
    assert [record.frame_id for record in dataset.records] == ["1"]
    assert "passed over: 2 files" in dataset.description


def test_a_pattern_leaves_other_files_out(tmp_path: Path) -> None:
    save(tmp_path / "lidar" / "1.npy")
    save(tmp_path / "radar" / "1.npy")
    assert [r.frame_id for r in PointCloudFolder(tmp_path, pattern="lidar/*").records] == ["lidar/1"]
    with pytest.raises(ScanpickError, match=r"no point files that match 'sonar/\*'"):
        PointCloudFolder(tmp_path, pattern="sonar/*")


def test_columns_of_bin_files_are_inferred_and_said_or_given(tmp_path: Path) -> None:
    five = np.column_stack([sweep(0), np.arange(1200) % 32]).astype(np.float32)
    write_bin(tmp_path / "1.bin", five[:1000])
    write_bin(tmp_path / "2.bin", five[:1001])
    inferred = PointCloudFolder(tmp_path)
    assert ".bin has 5 columns (inferred from the values of 2 of 2 files)" in inferred.description
    np.testing.assert_array_equal(inferred.read("1").points, five[:1000])
    given = PointCloudFolder(tmp_path, columns="4")
    assert ".bin has 4 columns (as asked)" in given.description
    with pytest.raises(FrameError, match="but they are of 5") as caught:
        given.read("2")
    assert caught.value.kind == "wrong columns"
    for wrong in ("four", 2, 2.5, True):
        with pytest.raises(ScanpickError, match="Option columns: expected a whole number from 3 to 16"):
            PointCloudFolder(tmp_path, columns=wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("stems", "times"),
    [
        (["315968385323560000", "1315968385323560001"], [315968385323560000, 1315968385323560001]),
        (["1305031102175304", "1305031102275304"], [1305031102175304000, 1305031102275304000]),
        (["1305031102175"], [1305031102175000000]),
        (["1305031102.5", "1305031102.175304123"], [1305031102175304123, 1305031102500000000]),
        (["0000000001", "0000000002"], [None, None]),
        (["1305031102175", "first"], [None, None]),
        (["9999999999999999999"], [None]),  # beyond int64
    ],
)
def test_names_that_are_times_give_the_time(tmp_path: Path, stems: list[str], times: list[int | None]) -> None:
    for stem in stems:
        save(tmp_path / f"{stem}.npy")
    dataset = PointCloudFolder(tmp_path)
    assert [record.timestamp_ns for record in dataset.records] == times
    assert ("times from names" in dataset.description) == (times[0] is not None)


def test_nothing_to_read_is_an_error_that_says_what_was_found(tmp_path: Path) -> None:
    write_lines(tmp_path / "a" / "1.txt", "x")
    with pytest.raises(ScanpickError, match=r"no point files: expected .bin, .e57, .las.*got 1 .txt"):
        PointCloudFolder(tmp_path)
    with pytest.raises(ScanpickError, match="no such folder"):
        PointCloudFolder(tmp_path / "nowhere")


def test_a_file_that_vanished_is_a_frame_error(tmp_path: Path) -> None:
    save(tmp_path / "1.npy")
    dataset = PointCloudFolder(tmp_path)
    (tmp_path / "1.npy").unlink()
    with pytest.raises(FrameError, match="cannot be read: No such file"):
        dataset.read("1")


def test_it_is_picklable(tmp_path: Path) -> None:
    save(tmp_path / "1.npy")
    dataset = pickle.loads(pickle.dumps(PointCloudFolder(tmp_path)))
    np.testing.assert_array_equal(dataset.read("1").points, sweep(0))


def test_folders_that_cannot_be_opened_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames in a closed folder must not be missed in silence."""
    save(tmp_path / "open" / "1.npy")
    save(tmp_path / "closed" / "1.npy")
    scandir = os.scandir

    def refuse(folder: str) -> object:
        if str(folder).endswith("closed"):
            raise PermissionError(13, "Permission denied", str(folder))
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    dataset = PointCloudFolder(tmp_path)
    assert [record.frame_id for record in dataset.records] == ["open/1"]
    assert f"not to be opened: 1 folder ({tmp_path / 'closed'})" in dataset.description
    with pytest.raises(ScanpickError, match=r"no point files.*not to be opened: 1 folder"):
        PointCloudFolder(tmp_path, pattern="nothing*")


def test_a_workspace_is_no_data_set(tmp_path: Path) -> None:
    save(tmp_path / "embeddings" / "scan_context" / "embeddings.npy")
    write_lines(tmp_path / "scanpick.toml", "format = 1")
    with pytest.raises(ScanpickError, match=r"is a workspace, not a folder of frames.*Name the data set instead"):
        PointCloudFolder(tmp_path)
