"""A pick from Python is the pick of the command, and does nothing twice."""

import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

import scanpick as sp
from tests.cli.running import run
from tests.workspace.drives import write_drives


@pytest.fixture
def drives(tmp_path: Path) -> Path:
    return write_drives(tmp_path / "drives", frames=12, drives=2)


def test_the_same_picks_as_the_command(drives: Path, tmp_path: Path) -> None:
    picks = sp.pick(drives, "25%", tmp_path / "here", encoder="statistics", workers=1)
    run("pick", drives, "--budget", "25%", "--encoder", "statistics", "--out", tmp_path / "there", "-w1")
    for name in ("frames.txt", "selection.csv", "selection.parquet", "report.html"):
        assert picks.files[name].read_bytes() == (tmp_path / "there" / name).read_bytes()
    assert list(picks) == picks.files["frames.txt"].read_text().split()


def test_four_lines_in_a_script_without_a_guard(drives: Path, tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import scanpick as sp\n"
        f"picks = sp.pick({str(drives)!r}, 3, {str(tmp_path / 'out')!r}, encoder='statistics', report=False)\n"
        "print(*picks)\n"
    )
    ran = subprocess.run([sys.executable, str(script)], capture_output=True, text=True)
    assert ran.stdout.split() == (tmp_path / "out" / "frames.txt").read_text().split(), ran.stderr


def test_nothing_is_done_twice(drives: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: Counter[str] = Counter()
    for place in (
        "datasets.open_by_specification",
        "workspace.workspace.read_manifest",
        "workspace.workspace.read_frame_table",
        "workspace.workspace.read_embedding",
        "workspace.selections.write_selection",
        "datasets.folder.PointCloudFolder.read",
    ):
        _count(monkeypatch, f"scanpick.{place}", done)
    sp.pick(drives, 2, tmp_path / "out", encoder="statistics", workers=1, report=False)
    assert done == {
        "open_by_specification": 1,
        "read_frame_table": 1,
        "read_embedding": 1,
        "write_selection": 2,  # Parquet and CSV
        "read": 12,
    }


def _count(monkeypatch: pytest.MonkeyPatch, place: str, done: Counter[str]) -> None:
    from pkgutil import resolve_name

    owner, _, name = place.rpartition(".")
    before = getattr(resolve_name(owner), name)

    def counted(*arguments: Any, **named: Any) -> Any:
        done[name] += 1
        return before(*arguments, **named)

    monkeypatch.setattr(resolve_name(owner), name, counted)


def test_what_is_shown(drives: Path, tmp_path: Path) -> None:
    picks = sp.pick(drives, 3, tmp_path / "out", encoder="statistics", workers=1, report=False)
    assert repr(picks) == f"Picks(3 of 12 frames by diversity, 'diversity-1' in '{tmp_path / 'out'}')"
    page = picks._repr_html_()
    assert page.count("<circle") == 12
    assert page.count("<tr>") == 4
    assert picks.to_arrow().column("frame_id").to_pylist() == list(picks)
    assert picks.set_aside == {}


def test_pandas_is_asked_for_by_name(monkeypatch: pytest.MonkeyPatch, drives: Path, tmp_path: Path) -> None:
    monkeypatch.setattr("scanpick.structures.columns.find_spec", lambda name: None)
    picks = sp.pick(drives, 3, tmp_path / "out", encoder="statistics", workers=1, report=False)
    with pytest.raises(sp.ScanpickError, match=r"pip install 'scanpick\[pandas\]'"):
        picks.to_pandas()
