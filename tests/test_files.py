"""Files are written whole or not at all."""

import errno
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scanpick.files import atomic_path, remove_leftovers, sha256_of_file, sha256_of_text, write_bytes, write_text


def test_a_file_appears_whole_in_a_new_folder_with_usual_rights(tmp_path: Path) -> None:
    write_text(tmp_path / "a" / "b.csv", "rank\n1\n")
    assert (tmp_path / "a" / "b.csv").read_bytes() == b"rank\n1\n"
    (tmp_path / "plain").write_text("")
    assert (tmp_path / "a" / "b.csv").stat().st_mode == (tmp_path / "plain").stat().st_mode
    write_bytes(tmp_path / "a" / "b.csv", b"new")
    assert (tmp_path / "a" / "b.csv").read_bytes() == b"new"
    assert os.listdir(tmp_path / "a") == ["b.csv"]


def test_a_writer_that_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "x.npy"
    path.write_text("old")

    def fail_half_way() -> None:
        with atomic_path(path) as temporary:
            assert temporary.suffix == ".npy"  # numpy appends it where it is missing
            assert temporary.parent == tmp_path
            temporary.write_text("new")
            assert path.read_text() == "old"
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        fail_half_way()
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["x.npy"]


def test_fingerprints_are_sha256(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert sha256_of_file(tmp_path / "x") == sha256_of_text("abc") == hashlib.sha256(b"abc").hexdigest()


def test_what_a_killed_process_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    inside = tmp_path / "embeddings" / "mine"
    inside.mkdir(parents=True)
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()  # a number that no process has
    ours = [tmp_path / ".frames-abcd1234.tmp.parquet", inside / f".a-b-{process.pid}-abcd_123.tmp.npy"]
    others = [tmp_path / name for name in (".frames.tmp", "frames-abcd1234.tmp.parquet", ".x-abcd1234.parquet")]
    others.append(tmp_path / f".frames-{os.getppid()}-abcd1234.tmp.parquet")  # its writer is alive
    for path in (*ours, *others):
        path.write_text("x")
    (tmp_path / "linked").symlink_to(inside)
    with atomic_path(tmp_path / "picks.csv") as temporary:
        temporary.write_text("mine")
        remove_leftovers(tmp_path)
    assert (tmp_path / "picks.csv").read_text() == "mine"
    assert [path.exists() for path in ours] == [False, False]
    assert all(path.exists() for path in others)


def test_a_name_as_long_as_a_file_system_takes_is_written(tmp_path: Path) -> None:
    for name in ("n" * 251 + ".csv", "a." + "s" * 253):
        write_text(tmp_path / name, "x")
        assert (tmp_path / name).read_text() == "x"


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (OSError(errno.ENOSPC, "Error writing bytes to file"), "No space left"),
        (OSError("98304 requested and 24576 written"), "disk may be full"),
        (RuntimeError("[enforce fail at inline_container.cc:672] . unexpected pos 704 vs 598"), "disk may be full"),
        (RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed"), "disk may be full"),
    ],
)
def test_faults_of_writing_name_the_file(fault: Exception, told: str, tmp_path: Path) -> None:
    """Arrow, numpy and torch say neither which file they wrote nor, some, that the disk is full."""
    target = tmp_path / "file.bin"
    target.write_text("old")
    with pytest.raises(OSError, match=told) as raised, atomic_path(target):
        raise fault
    assert raised.value.filename == str(target)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["old"]


def test_faults_of_something_else_stay_as_they_are(tmp_path: Path) -> None:
    for fault in (FileNotFoundError(errno.ENOENT, "No such file", "other"), RuntimeError("of the network")):
        with pytest.raises(type(fault)) as raised, atomic_path(tmp_path / "file"):
            raise fault
        assert raised.value is fault
