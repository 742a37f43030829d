"""``scanpick doctor``: what it prints, and its exit status."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from scanpick.cli.app import app
from scanpick.errors import ScanpickError
from tests.datasets.samples import sweep, write_kitti_object

runner = CliRunner()


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Eight frames of which seven are empty."""
    write_kitti_object(tmp_path, [f"{number:06d}" for number in range(8)])
    for number in range(1, 8):
        (tmp_path / "training" / "velodyne" / f"{number:06d}.bin").write_bytes(b"")
    return tmp_path


def test_a_sound_data_set_exits_0(tmp_path: Path) -> None:
    write_kitti_object(tmp_path, ["000000", "000001"])
    result = runner.invoke(app, ["doctor", str(tmp_path)])
    assert result.exit_code == 0
    assert "No problems found." in result.stdout
    assert "Car 2" in result.stdout


def test_problems_are_counted_and_named_by_frame_and_exit_1(broken: Path) -> None:
    result = runner.invoke(app, ["doctor", str(broken)])
    assert result.exit_code == 1
    assert "000005: " in result.stdout
    assert "000006: " not in result.stdout
    assert "and 2 more frames" in result.stdout
    assert "000007: " in runner.invoke(app, ["doctor", str(broken), "--all"]).stdout


def test_json_is_all_of_stdout_and_the_same_in_processes(broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = runner.invoke(app, ["doctor", str(broken), "--json", "--workers", "1"])
    assert alone.exit_code == 1
    found = json.loads(alone.stdout)
    assert found["frames"] == 8
    assert found["frames_with_problem"] == {"empty": 7}
    assert [problem["frame_id"] for problem in found["problems"]] == [f"{number:06d}" for number in range(1, 8)]
    monkeypatch.setattr("scanpick.workspace.worker_pool.POOL_PAYS_AFTER_S", -1.0)
    monkeypatch.setattr("scanpick.face.doctor.FRAMES_IN_A_JOB", 2)
    shared = runner.invoke(app, ["doctor", str(broken), "--json", "--workers", "2"])
    assert json.loads(shared.stdout) == found


def test_options_reach_the_data_set(tmp_path: Path) -> None:
    np.column_stack([sweep(), np.arange(1200) % 32]).astype("<f4").tofile(tmp_path / "1.bin")
    result = runner.invoke(app, ["doctor", str(tmp_path), "--columns", "4"])
    assert result.exit_code == 1
    assert "the values look like 5" in result.stdout
    assert runner.invoke(app, ["doctor", str(tmp_path), "--option", "columns=5"]).exit_code == 0
    with pytest.raises(ScanpickError, match="Did you mean 'columns'"):
        runner.invoke(app, ["doctor", str(tmp_path), "--option", "colums=5"], catch_exceptions=False)


def test_pick_and_index_say_what_doctor_says(tmp_path: Path) -> None:
    """Crops of objects and points without intensity are named on stderr and in JSON by every verb that reads frames."""
    for seed in range(3):
        np.save(tmp_path / f"{seed}.npy", sweep(seed)[:, :3])
        np.save(tmp_path / f"crop_{seed}.npy", sweep(seed)[-30:, :3] - [10, 2, -1])
    crops = {"crop_0", "crop_1", "crop_2"}
    doctor = json.loads(runner.invoke(app, ["doctor", str(tmp_path), "--json"]).stdout)
    assert {p["frame_id"] for p in doctor["problems"] if p["kind"] == "no sweep"} == crops
    out = tmp_path.parent / f"{tmp_path.name}_out"
    pick = [
        "pick",
        str(tmp_path),
        "--budget",
        "2",
        "--encoder",
        "statistics",
        "--no-report",
        "--out",
        str(out),
        "-w",
        "1",
    ]
    for verb in (["index", str(tmp_path), "--out", str(out), "-w", "1"], pick):
        told = runner.invoke(app, verb).stderr
        assert "3 of 6 frames, no sweep: crop_0: all points lie within" in told
        assert "note: 3690 points without intensity" in told
        facts = json.loads(runner.invoke(app, [*verb, "--json"]).stdout)
        assert facts["doubts"] == {"no sweep": 3}
        assert sum(facts["notes"].values()) == 3690
