"""``scanpick pick``: from a folder of frames to a list of frames to label."""

import csv
import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from scanpick.encoders import DEFAULT_ENCODER
from scanpick.workspace import Workspace
from tests.cli.running import error_of, run, run_json
from tests.workspace.drives import files_of, write_drives


@pytest.fixture(scope="module")
def drives(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty good frames in three drives, and one that is empty."""
    folder = write_drives(tmp_path_factory.mktemp("data") / "drives", frames=60, drives=3)
    (folder / "drive_1" / "999999.bin").write_bytes(b"")
    return folder


@pytest.fixture(scope="module")
def picked(drives: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("picked") / "out"
    return out, run_json("pick", drives, "--budget", 7, "--out", out, "--no-report", "--workers", 1)


def test_list_of_frames(picked: tuple[Path, dict[str, Any]]) -> None:
    """frames.txt, the CSV and the Parquet file tell the same picks in the same order."""
    out, facts = picked
    ids = (out / "frames.txt").read_text().split()
    assert len(ids) == len(set(ids)) == 7
    assert facts["picks"] == ids
    with (out / "selection.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [row["frame_id"] for row in rows] == ids
    assert [int(row["rank"]) for row in rows] == list(range(1, 8))
    assert all((Path(facts["data_set"]) / row["path"]).is_file() for row in rows)
    assert all(row["sequence"] == row["frame_id"].split("/")[0] for row in rows)
    gains = [float(row["gain"]) for row in rows[1:]]
    assert gains == sorted(gains, reverse=True), "farthest first: gains never rise"
    assert all(row["nearest_selected"] in ids[:rank] for rank, row in enumerate(rows[1:], start=1))
    assert pyarrow.parquet.read_table(out / "selection.parquet").column("frame_id").to_pylist() == ids


def test_the_list_that_picks_are_made_from_is_not_replaced_by_them(
    drives: Path, picked: tuple[Path, dict[str, Any]]
) -> None:
    out, _ = picked
    before = (out / "frames.txt").read_bytes()
    told = error_of("pick", drives, "--budget", 3, "--out", out, "--labelled", out / "frames.txt", "--no-report")
    assert "would be replaced by the new picks" in told
    assert (out / "frames.txt").read_bytes() == before


def test_bad_frames_are_counted_and_never_picked(picked: tuple[Path, dict[str, Any]]) -> None:
    out, facts = picked
    assert (facts["frames"], facts["usable"], facts["set_aside"]) == (61, 60, 1)
    table = pyarrow.parquet.read_table(out / "frames.parquet").to_pydict()
    reasons = dict(zip(table["frame_id"], table["status"], strict=True))
    assert reasons["drive_1/999999"].startswith("empty: ")
    assert "drive_1/999999" not in facts["picks"]


def test_workspace_to_go_on_with(picked: tuple[Path, dict[str, Any]]) -> None:
    out, _ = picked
    workspace = Workspace.open(out)
    assert workspace.selection_names() == ["diversity-1"]
    assert workspace.embedding_names() == [DEFAULT_ENCODER]
    settings = workspace.manifest().steps["pick diversity-1"]
    assert (settings["budget"], settings["strategy"], settings["seed"]) == ("7", "diversity", 0)


def test_again_is_the_same_and_a_smaller_budget_a_prefix(
    picked: tuple[Path, dict[str, Any]], drives: Path, tmp_path: Path
) -> None:
    out, facts = picked
    before = files_of(out)
    assert run_json("pick", drives, "--budget", 7, "--out", out, "--no-report", "--workers", 1) == facts
    assert files_of(out) == before
    fewer = run_json("pick", drives, "--budget", 4, "--out", tmp_path / "out", "--no-report", "--workers", 1)
    assert fewer["picks"] == facts["picks"][:4]
    assert not (tmp_path / "out" / "report.html").exists()


def test_labelled_frames_are_covered_already(drives: Path, tmp_path: Path) -> None:
    """They are not picked, and the picks keep away from them."""
    labelled = tmp_path / "labelled.txt"
    ids = [f"drive_{number // 20}/{number:06d}" for number in range(0, 60, 6)]
    labelled.write_text("\n".join(ids))
    arguments = ("pick", drives, "--out", tmp_path / "out", "--no-report", "--workers", 1)
    facts = run_json(*arguments, "--budget", 5, "--labelled", labelled)
    assert facts["labelled"] == 10
    assert not set(facts["picks"]) & set(ids)
    with (tmp_path / "out" / "selection.csv").open() as file:
        first = next(csv.DictReader(file))
    assert first["nearest_selected"] in ids
    labelled.write_text("drive_0/000000\nno/such\n")
    assert "1 of 2 labelled frames are not in the data set: no/such" in error_of(
        *arguments, "--budget", 5, "--labelled", labelled
    )


def test_random_follows_its_seed(drives: Path, tmp_path: Path) -> None:
    def picks(seed: int, out: str) -> list[str]:
        arguments = ("--strategy", "random", "--seed", seed, "--out", tmp_path / out, "--no-report", "--workers", 1)
        return run_json("pick", drives, "--budget", "20%", *arguments)["picks"]

    assert len(picks(3, "a")) == 12
    assert picks(3, "a") == picks(3, "b") != picks(4, "a")


def test_what_cannot_be_is_told_before_frames_are_read(drives: Path, tmp_path: Path) -> None:
    arguments = ("pick", drives, "--out", tmp_path / "out", "--workers", 1, "--budget")
    assert "Unknown strategy 'diversty'. Did you mean 'diversity'" in error_of(*arguments, 5, "--strategy", "diversty")
    assert "Unknown encoder 'scan'" in error_of(*arguments, 5, "--encoder", "scan")
    assert "Unknown option of encoder 'scan_context', 'ring'. Did you mean 'rings'" in error_of(
        *arguments, 5, "--encoder", "scan_context", "--encoder-option", "ring=3"
    )
    assert "Budget" in error_of(*arguments, "many") or "budget" in error_of(*arguments, "many")
    assert "--file and --ids go with --encoder import" in error_of(
        *arguments, 5, "--encoder", "statistics", "--file", "x.npy"
    )
    assert "no such folder" in error_of("pick", tmp_path / "nothing", "--budget", 5, "--out", tmp_path / "out")
    assert not (tmp_path / "out" / "frames.parquet").exists()


def test_budget_larger_than_the_pool(drives: Path, tmp_path: Path) -> None:
    """An error that names both numbers; with --at-most, all there is, each once."""
    arguments = ("pick", drives, "--out", tmp_path / "out", "--no-report", "--workers", 1, "--budget", 100)
    assert "100" in error_of(*arguments)
    assert "60" in error_of(*arguments)
    assert len(set(run_json(*arguments, "--at-most")["picks"])) == 60


def test_summary_for_people(drives: Path, tmp_path: Path) -> None:
    result = run("pick", drives, "--budget", 3, "--out", tmp_path / "out", "--no-report", "--workers", 1)
    assert result.exit_code == 0
    assert "frames.txt" in result.stdout
    assert "1 frames were set aside" in result.stderr
    assert "drive_1/999999: empty" in result.stderr


STAGES: dict[str, Callable[[Path], bool]] = {
    "reading": lambda out: any(out.glob(".readings/*/0*.readings")),
    "embedding": lambda out: (out / "frames.parquet").exists(),
    "selecting": lambda out: (out / "embeddings" / DEFAULT_ENCODER / "meta.json").exists(),
}


@pytest.mark.parametrize("stage", STAGES)
def test_killed_anywhere_it_goes_on(stage: str, tmp_path: Path) -> None:
    """SIGKILL as soon as a stage has begun; the same command then ends with the bytes of a run that was not killed."""
    drives = write_drives(tmp_path / "drives", frames=300, drives=3)
    options = ("--budget", 20, "--no-report", "--workers", 1)
    killed = tmp_path / "killed"
    command = [sys.executable, "-m", "scanpick", "pick", drives, "--out", killed, *options]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    started = time.monotonic()
    while process.poll() is None and not STAGES[stage](killed):
        assert time.monotonic() - started < 60
        time.sleep(0.001)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    for out in (killed, tmp_path / "whole"):
        run_json("pick", drives, "--out", out, *options)
    assert _without_times(files_of(killed)) == _without_times(files_of(tmp_path / "whole"))


def _without_times(files: dict[str, bytes]) -> dict[str, bytes]:
    """The list of what happened says when, and is sealed with that."""
    rounds = files["rounds.toml"].splitlines()
    return files | {"rounds.toml": b"".join(line for line in rounds if not line.startswith((b"when = ", b"# ")))}


@pytest.mark.parametrize("name", ["kitti", "kitti_tracking", "kitti_raw", "view_of_delft"])
def test_real_frames(test_data: Path, tmp_path: Path, name: str) -> None:
    with_report = name in ("kitti", "view_of_delft")
    flags = ("--at-most", "--report" if with_report else "--no-report")
    facts = run_json("pick", test_data / name, "--budget", 10, "--out", tmp_path / "out", *flags)
    assert facts["set_aside"] == 0
    assert len(set(facts["picks"])) == min(10, facts["frames"])
    assert (tmp_path / "out" / "report.html").exists() == with_report
    if with_report:
        assert facts["picks"][0] in Path(facts["report.html"]).read_text()


def test_diversity_spreads_over_a_drive(test_data: Path, tmp_path: Path) -> None:
    """No two of 15 picks of a real drive are closer than 3 frames in time; the default encoder sees to it."""
    arguments = ("--budget", 15, "--out", tmp_path / "out", "--no-report")
    picks = run_json("pick", test_data / "kitti_tracking", *arguments)["picks"]
    places = sorted(int(frame_id.split("/")[1]) for frame_id in picks)
    assert min(second - first for first, second in itertools.pairwise(places)) >= 3


def test_simulated_frames_are_picked_and_handed_over(tmp_path: Path) -> None:
    """Frames that are in no file have no path, and can still be copied out as a KITTI folder with their labels."""
    arguments = ("--option", "frames=12", "--budget", 3, "--out", tmp_path / "out", "--no-report", "--workers", 1)
    facts = run_json("pick", "simulated:demo", *arguments)
    assert facts["frames"] == 12
    with (tmp_path / "out" / "selection.csv").open() as file:
        assert "path" not in next(csv.reader(file))
    facts = run_json("export", tmp_path / "out", "--copy", "--out", tmp_path / "kitti")
    assert facts["written"] == {"points": 3, "labels": 3, "calibrations": 3}
    assert run_json("index", tmp_path / "kitti", "--out", tmp_path / "again")["usable"] == 3


@pytest.mark.parametrize("name", ["frames.txt", "selection.csv", "selection.parquet", "report.html"])
def test_files_of_others_stay(drives: Path, tmp_path: Path, name: str) -> None:
    """A folder with other files may be used, as long as none of them would be replaced."""
    out = tmp_path / "out"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    (out / name).write_text("mine, too")
    told = error_of("pick", drives, "--budget", 3, "--out", out, "--workers", 1)
    assert f"is no workspace, but holds {name}, which would be replaced" in told
    assert files_of(out) == {"notes.txt": b"mine", name: b"mine, too"}
    (out / name).unlink()
    for budget in (3, 4):  # its own results are replaced
        run_json("pick", drives, "--budget", budget, "--out", out, "--no-report", "--workers", 1)
        assert len((out / "frames.txt").read_text().split()) == budget
    assert (out / "notes.txt").read_text() == "mine"


def test_another_pick_takes_the_place_at_the_top_and_the_first_stays(drives: Path, tmp_path: Path) -> None:
    """The lists beside the workspace are those of the newest pick; each selection has its own, and its own page."""
    out = tmp_path / "out"
    arguments = ("pick", drives, "--out", out, "--workers", 1, "--strategy", "random", "--no-report")
    first = run_json(*arguments, "--budget", 3)
    kept = files_of(out / "selections")
    second = run_json(*arguments, "--budget", 4, "--labelled", out / "selections" / "random-1.txt")
    assert (first["selection"], second["selection"]) == ("random-1", "random-2")
    assert not set(first["picks"]) & set(second["picks"])
    assert (out / "frames.txt").read_text().split() == second["picks"]
    assert (out / "selections" / "random-1.txt").read_text().split() == first["picks"]
    assert kept.items() <= files_of(out / "selections").items()
    again = run_json(*arguments, "--budget", 4, "--labelled", out / "selections" / "random-1.txt")
    assert again["selection"] == "random-2", "the same again is no new selection"
    third = run_json(*arguments, "--budget", 3)
    assert not set(third["picks"]) & set(first["picks"]), "the first round has its labels: it is over"
    assert (out / "frames.txt").read_text().split() == third["picks"]
    assert "has another selection 'random-2' already" in error_of(*arguments, "--budget", 5, "--name", "random-2")
    run_json(*arguments, "--budget", 5, "--name", "random-2", "--replace")
    assert len((out / "selections" / "random-2.txt").read_text().split()) == 5
    assert run_json("export", out, "--out", tmp_path / "list")["selection"] == "random-2"
    assert run_json("export", out, "--out", tmp_path / "first", "--selection", "random-1")["frames"] == 3
