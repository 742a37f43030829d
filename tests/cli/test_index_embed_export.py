"""``scanpick index``, ``embed``, ``export`` and ``report``: the main job step by step."""

from pathlib import Path

import numpy as np
import pytest

from scanpick.encoders import DEFAULT_ENCODER
from scanpick.errors import ScanpickError
from scanpick.workspace import Workspace, pool_of, save_selection
from scanpick.workspace.selections import load_selection
from tests.cli.running import error_of, run, run_json
from tests.workspace.drives import files_of, write_drives


@pytest.fixture
def drives(tmp_path: Path) -> Path:
    return write_drives(tmp_path / "drives", frames=20)


@pytest.fixture
def pool(tmp_path: Path, drives: Path) -> Path:
    run_json("index", drives, "--out", tmp_path / "pool", "--workers", 1)
    return tmp_path / "pool"


def test_index(drives: Path, tmp_path: Path) -> None:
    facts = run_json("index", drives, "--out", tmp_path / "pool", "--workers", 1)
    assert (facts["frames"], facts["usable"], facts["set_aside"]) == (20, 20, 0)
    assert facts["data_set"] == str(drives)


def test_options_of_the_data_set(drives: Path, tmp_path: Path) -> None:
    """--columns and --option columns=4 are the same, and are kept in the workspace; wrong ones are refused."""
    arguments = ("index", drives, "--workers", 1, "--out")
    run_json(*arguments, tmp_path / "flag", "--columns", 4)
    run_json(*arguments, tmp_path / "pair", "--option", "columns=4")
    for name in ("flag", "pair"):
        workspace = Workspace.open(tmp_path / name)
        assert int(workspace.manifest().dataset.options["columns"]) == 4
        assert ".bin has 4 columns (as asked)" in workspace.manifest().dataset.description
    assert "the values look like 4 columns" in error_of(*arguments, tmp_path / "other", "--columns", 5)
    assert "not both" in error_of(*arguments, tmp_path / "both", "--columns", 5, "-o", "columns=5")
    assert "expected NAME=VALUE" in error_of(*arguments, tmp_path / "bad", "--option", "columns")
    assert "Unknown option" in error_of(*arguments, tmp_path / "bad", "--option", "colums=5")


def test_embed(pool: Path) -> None:
    facts = run_json("embed", pool, "--workers", 1)
    assert (facts["embedding"], facts["frames"], facts["dimension"]) == (DEFAULT_ENCODER, 20, 450)
    facts = run_json("embed", pool, "--encoder", "scan_context", "--encoder-option", "descriptor=key", "--name", "key")
    assert (facts["embedding"], facts["dimension"], facts["settings"]["descriptor"]) == ("key", 20, "key")
    facts = run_json("embed", pool, "--encoder", "statistics", "--workers", 1)
    assert facts["dimension"] == 66
    assert Workspace.open(pool).embedding_names() == ["key", DEFAULT_ENCODER, "statistics"]


def test_embed_imports(pool: Path, tmp_path: Path) -> None:
    """--file alone says that it is an import; ids are checked."""
    ids = Workspace.open(pool).frames().frame_ids
    np.save(tmp_path / "mine.npy", np.arange(40.0).reshape(20, 2))
    (tmp_path / "ids.txt").write_text("\n".join(ids))
    arguments = ("embed", pool, "--file", tmp_path / "mine.npy", "--ids", tmp_path / "ids.txt")
    facts = run_json(*arguments, "--name", "mine")
    assert (facts["embedding"], facts["encoder"], facts["dimension"]) == ("mine", "import", 2)
    (tmp_path / "ids.txt").write_text("\n".join([*ids[1:], "other"]))
    assert "1 of its 20 ids are not in the data set: other" in error_of(*arguments)
    assert f"no row for 1 of 20 frames: {ids[0]}" in error_of(*arguments, "--allow-extra")
    assert "needs --file FILE" in error_of("embed", pool, "--encoder", "import")


def test_not_a_workspace(tmp_path: Path) -> None:
    for verb in (("embed",), ("export", "--out", tmp_path / "out"), ("report",)):
        message = error_of(verb[0], tmp_path, *verb[1:])
        assert "is not a workspace" in message
        assert "scanpick index DATASET --out" in message


@pytest.fixture
def selected(pool: Path) -> Path:
    from scanpick.selection import select

    workspace = Workspace.open(pool)
    seen = pool_of(workspace)
    save_selection(workspace, "chosen", select(seen, "random", 4), seen)
    return pool


def test_export_lists(selected: Path, tmp_path: Path) -> None:
    facts = run_json("export", selected, "--out", tmp_path / "out")
    assert facts["selection"] == "chosen"
    assert sorted(files_of(tmp_path / "out")) == ["frames.txt", "selection.csv", "selection.parquet"]


@pytest.mark.parametrize("how", ["--copy", "--link"])
def test_export_frames(selected: Path, drives: Path, tmp_path: Path, how: str) -> None:
    facts = run_json("export", selected, "--selection", "chosen", how, "--out", tmp_path / "out")
    assert facts["written"] == {"points": 4}
    frames = sorted((tmp_path / "out" / "training" / "velodyne").iterdir())
    assert [path.name for path in frames] == [f"{number:06d}.bin" for number in range(4)]
    assert all(path.is_symlink() == (how == "--link") for path in frames)
    ids = (tmp_path / "out" / "frames.txt").read_text().split()
    assert frames[0].read_bytes() == (drives / f"{ids[0]}.bin").read_bytes()
    assert Path(facts["list"]).read_text().split() == [path.stem for path in frames]


def test_export_either_copies_or_links(selected: Path, tmp_path: Path) -> None:
    assert "not both" in error_of("export", selected, "--copy", "--link", "--out", tmp_path / "out")


def test_export_never_into_the_data_set(selected: Path, drives: Path) -> None:
    before = files_of(drives)
    for how in ((), ("--copy",), ("--link",)):
        assert "is the data set's own folder" in error_of("export", selected, *how, "--out", drives)
    assert files_of(drives) == before


def test_export_of_frames_that_changed(selected: Path, drives: Path, tmp_path: Path) -> None:
    """A frame with other points than were indexed is not handed over, and said; a touched file is the same frame."""
    picked = (load_selection(Workspace.open(selected))[1]).frame_ids
    paths = [drives / f"{frame_id}.bin" for frame_id in picked]
    np.fromfile(paths[0], dtype="<f4").reshape(-1, 4)[::-1].tofile(paths[0])
    paths[1].touch()
    paths[2].write_bytes(b"cut off")
    out = tmp_path / "out"
    result = run("export", selected, "--copy", "--out", out)
    assert result.exit_code == 0
    assert f"{picked[0]}: Frame '{picked[0]}' has other points than when it was indexed" in result.stderr
    assert (out / "ImageSets/chosen.txt").read_text().split() == ["000001", "000003"]
    assert not (out / "training/velodyne/000000.bin").exists()
    facts = run_json("export", selected, "--copy", "--out", out)
    assert list(facts["failed"]) == [picked[0], picked[2]]
    assert all("Select again after: `scanpick.index(" in reason for reason in facts["failed"].values())
    lists = run("export", selected, "--out", tmp_path / "lists")
    assert "files of 3 picked frames have changed since they were indexed" in lists.stderr


def test_export_replaces_only_what_an_export_wrote(selected: Path, tmp_path: Path) -> None:
    """Refused before anything is written, unless --replace insists."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "frames.txt").write_text("mine")
    for how in ((), ("--copy",), ("--link",)):
        assert "frames.txt was not written by an export" in error_of("export", selected, *how, "--out", out)
    assert files_of(out) == {"frames.txt": b"mine"}
    run_json("export", selected, "--copy", "--out", out, "--replace")
    assert (out / "frames.txt").read_text() != "mine"
    (out / "training/velodyne/000001.bin").write_bytes(b"mine")
    before = files_of(out)
    assert "000001.bin was changed since an export wrote it" in error_of("export", selected, "--copy", "--out", out)
    assert files_of(out) == before


def test_names_that_files_cannot_have(selected: Path) -> None:
    with pytest.raises(ScanpickError, match="at most 200 bytes"):
        Workspace.open(selected).selection_path("é" * 101)


def test_report(selected: Path, tmp_path: Path) -> None:
    """Also of a selection that was made without any embedding."""
    facts = run_json("report", selected, "--out", tmp_path / "page.html")
    assert Path(facts["report"]).read_text().startswith("<!doctype html>")


def test_help_of_every_verb_shows_an_example() -> None:
    from scanpick.cli.app import VERBS

    for verb in VERBS:
        result = run(verb, "--help")
        assert result.exit_code == 0, verb
        assert f"scanpick {verb}" in result.stdout, verb
