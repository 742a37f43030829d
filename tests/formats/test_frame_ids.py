"""Lists of frame ids in every form they come in; what is no list is an error that names the file."""

from pathlib import Path

import numpy as np
import pyarrow
import pyarrow.parquet
import pytest

from scanpick.errors import ScanpickError
from scanpick.formats.frame_ids import read_frame_ids

IDS = ["000001", "drive/000002", "ü"]


def write(path: Path) -> Path:
    if path.suffix == ".parquet":
        pyarrow.parquet.write_table(pyarrow.table({"rank": [1, 2, 3], "frame_id": IDS}), path)
    elif path.suffix == ".csv":
        path.write_text("rank,frame_id\n" + "".join(f"{rank},{name}\n" for rank, name in enumerate(IDS)), "utf-8")
    elif path.suffix == ".npy":
        np.save(path, np.array(IDS))
    else:
        path.write_text("\n".join(IDS) + "\n\n", "utf-8")
    return path


@pytest.mark.parametrize("name", ["ids.txt", "ids", "ids.csv", "ids.parquet", "ids.npy"])
def test_every_form(tmp_path: Path, name: str) -> None:
    assert read_frame_ids(write(tmp_path / name)) == IDS


def test_written_on_windows(tmp_path: Path) -> None:
    (tmp_path / "ids.txt").write_bytes(b"\xef\xbb\xbfa\r\nb\r\n")
    assert read_frame_ids(tmp_path / "ids.txt") == ["a", "b"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("ids.txt", b"", "found none"),
        ("ids.txt", b"a\nb\na\n", "duplicates: a"),
        ("ids.txt", b"\xff\xfe\x00", "cannot read frame ids"),
        ("ids.csv", b"rank,name\n1,a\n", "expected a column 'frame_id', got: rank, name"),
        ("ids.csv", b"", "got: no columns"),
        ("ids.parquet", b"PAR1", "cannot read frame ids"),
        ("ids.npy", b"\x93NUMPY", "cannot read frame ids"),
    ],
)
def test_what_is_no_list(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ScanpickError, match=message):
        read_frame_ids(tmp_path / name)


def test_arrays_are_not_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "ids.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(ScanpickError, match="cannot read frame ids"):
        read_frame_ids(tmp_path / "ids.npy")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ScanpickError, match="cannot read frame ids"):
        read_frame_ids(tmp_path / "none.txt")
