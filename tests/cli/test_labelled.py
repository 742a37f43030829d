"""``--labelled``: lists, folders of label files and what the data set has, together; and what has left the data set."""

from pathlib import Path

import pytest

from tests.cli.running import error_of, run_json
from tests.datasets.samples import write_kitti_object
from tests.workspace.drives import write_drives

IDS = [f"{number:06d}" for number in range(8)]


@pytest.fixture
def drives(tmp_path: Path) -> Path:
    return write_drives(tmp_path / "drives", frames=12)


@pytest.fixture
def pool(tmp_path: Path, drives: Path) -> Path:
    run_json("index", drives, "--out", tmp_path / "pool", "--workers", 1)
    return tmp_path / "pool"


def select(pool: Path, *labelled: object, more: tuple[object, ...] = ()) -> dict[str, object]:
    flags = [flag for one in labelled for flag in ("--labelled", one)]
    return run_json("select", pool, "-s", "random", "-b", "100%", "--at-most", *flags, *more)


def test_several_are_the_union(pool: Path, tmp_path: Path) -> None:
    """A list, a table, and a folder of label files by sequence, beside what annotation tools leave there."""
    (tmp_path / "a.txt").write_text("drive_0/000000\ndrive_0/000001\n")
    (tmp_path / "b.csv").write_text("frame_id,who\ndrive_0/000001,x\ndrive_1/000006,y\n")
    for name in ("drive_0/000002.txt", "drive_1/000007.json", "drive_1/._000008.txt", "classes.txt", "notes.md"):
        (tmp_path / "labels" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "labels" / name).write_text("")
    facts = select(pool, tmp_path / "a.txt", tmp_path / "b.csv", tmp_path / "labels")
    left = {f"drive_{number // 6}/{number:06d}" for number in range(12)}
    left -= {f"drive_0/00000{number}" for number in (0, 1, 2)} | {f"drive_1/00000{number}" for number in (6, 7)}
    assert set(facts["picks"]) == left  # type: ignore[call-overload]


def test_what_has_left_the_data_set(pool: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("drive_0/000000\ndrive_9/000001\n")
    message = error_of("select", pool, "-s", "random", "-b", 2, "--labelled", tmp_path / "a.txt")
    assert "1 of 2 labelled frames are not in the data set: drive_9/000001. Expected ids such as drive_0/" in message
    facts = select(pool, tmp_path / "a.txt", more=("--labelled-missing", "ignore"))
    assert len(facts["picks"]) == 11  # type: ignore[arg-type]
    assert str(facts["labelled_missing"]).startswith("1 labelled frames are not in the data set (any more): drive_9")
    (tmp_path / "a.txt").write_text("000000\n000001\n")
    flags = ("--labelled", tmp_path / "a.txt", "--labelled-missing", "ignore")
    assert "2 of 2 labelled frames are not in" in error_of("select", pool, "-s", "random", "-b", 2, *flags)


def test_a_folder_without_labels_is_none(pool: Path, drives: Path) -> None:
    message = error_of("select", pool, "-s", "random", "-b", 2, "--labelled", drives)
    assert "expected files of labels named as their frames" in message
    assert "got 000000.bin" in message


def test_labels_of_the_data_set(tmp_path: Path) -> None:
    """Picks that have labels are counted; auto leaves all frames out that have."""
    root = write_kitti_object(tmp_path / "kitti", IDS)
    for frame_id in IDS[:3]:
        (root / "training" / "label_2" / f"{frame_id}.txt").unlink()
    run_json("index", root, "--out", tmp_path / "pool", "--workers", 1)
    told = "5 of 8 picks have labels in the data set; --labelled auto leaves labelled frames out"
    assert select(tmp_path / "pool")["have_labels"] == told
    facts = select(tmp_path / "pool", "auto")
    assert sorted(facts["picks"]) == IDS[:3]  # type: ignore[call-overload]
    assert "have_labels" not in facts
