"""``scanpick study``: run, status, resume, compare, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from scanpick.studies.scheduler import Scheduler
from tests.cli.running import error_of, run, run_json
from tests.studies.toys import DETECTORS, METRIC, table, toy_values, write_toy_kitti

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of three trainings on small frames."""
    folder = tmp_path_factory.mktemp("cli")
    root = write_toy_kitti(folder / "kitti")
    split = {"by": "files", "pool": str(folder / "pool.txt"), "evaluation": str(folder / "evaluation.txt")}
    (folder / "pool.txt").write_text("".join(f"{number:06d}\n" for number in range(21, 49)))
    (folder / "evaluation.txt").write_text("".join(f"{number:06d}\n" for number in range(7)))
    values = toy_values(root, split=split, rounds=[3], seeds=[0])
    path = folder / "toy.yaml"
    path.write_text(yaml.safe_dump(values))
    return path


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(DETECTORS))
    # Worker processes have a test of their own; starting them takes longer than the work here.
    monkeypatch.setattr(Scheduler, "_run_in_processes", Scheduler._run_here)


@pytest.fixture(scope="module")
def finished(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the study."""
    out = tmp_path_factory.mktemp("out") / "toy"
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DETECTORS))
        patch.setattr(Scheduler, "_run_in_processes", Scheduler._run_here)
        result = run("study", config, "--out", out, "--no-report", "--jobs", 1)
    assert result.exit_code == 0, result.output
    assert "diversity" in result.stdout
    return out


def test_it_writes_tables_and_tells_the_scores(finished: Path, config: Path) -> None:
    assert len(table(finished, "trainings")) == 3
    facts = run_json("study", "resume", finished, "--no-report", "--jobs", 1)
    assert facts["metric"] == METRIC
    by_name = {one["strategy"]: one for one in facts["scores"]}
    assert set(by_name) == {"start", "random", "diversity"}
    assert (by_name["start"]["frames"], by_name["random"]["frames"]) == (4, 7)
    (row,) = (row for row in table(finished, "scores") if row["strategy"] == "random")
    assert by_name["random"][METRIC] == float(row[METRIC])


def test_status(finished: Path) -> None:
    facts = run_json("study", "status", finished)
    assert (facts["done"], facts["planned"], facts["failed"]) == (3, 3, 0)
    assert "3 of 3 trainings" in run("study", "status", finished).stdout


def test_a_seed_is_added_on_resuming(finished: Path, tmp_path: Path) -> None:
    import shutil

    folder = tmp_path / "copy"
    shutil.copytree(finished, folder)
    facts = run_json("study", "resume", folder, "--seeds", "0,4", "--no-report", "--jobs", 1)
    assert {one["seeds"] for one in facts["scores"]} == {2}
    assert {row["seed"] for row in table(folder, "trainings")} == {"0", "4"}
    # Compared with itself as it was, one seed earlier.
    assert run("study", "compare", finished, folder).exit_code == 0


def test_the_plan_is_shown_and_nothing_is_done(config: Path, tmp_path: Path) -> None:
    arguments = ("study", config, "--out", tmp_path / "out", "--dry-run", "--seeds", "3", "--set", "rounds=[2, 2]")
    facts = run_json(*arguments)
    assert facts["trainings"] == 3 * (1 + 2 * 2)
    assert facts["seconds"] > 0
    assert facts["folds"] == [{"name": "", "pool": 28, "evaluation": 7}]
    assert not (tmp_path / "out").exists()
    assert "15 trainings" in run(*arguments).stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Give either a configuration or --preset"),
        (("a.yaml", "--preset", "simulated"), "Give either a configuration or --preset"),
        (("a.yaml",), "a.yaml: cannot be read"),
        (("a.yaml", "b.yaml"), "expected one configuration"),
        (("--preset", "simulatd"), "Did you mean 'simulated'"),
        (("--preset", "kitti-mini"), "--data FOLDER"),
        (("--preset", "simulated", "--set", "detector.iteration=3"), "iteration"),
        (
            ("--preset", "simulated", "--seeds", "few"),
            "expected a number (5), a range (0-4) or a list (0,3), got 'few'",
        ),
        (("--preset", "simulated", "--seeds", "0"), "'0' are no seeds. A single number says how many"),
        (("--preset", "simulated", "--seeds", "4-2"), "'4-2' are no seeds"),
        (("status",), "expected 1 folder, got 0"),
        (("compare", "a"), "expected 2 folders, got 1"),
        (("status", "nowhere"), "expected the folder of a study that was begun"),
        (("status", "nowhere", "--seeds", "3"), "takes folders only"),
        (("resume", "nowhere"), "nowhere is no study"),
        (("compare", "nowhere", "there"), "scores.csv"),
    ],
)
def test_what_is_refused(
    arguments: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert message in error_of("study", *arguments)


def test_a_pool_that_is_too_small(config: Path, tmp_path: Path) -> None:
    told = error_of("study", config, "--out", tmp_path, "--set", "rounds=[300]", "--jobs", 1)
    assert "The pool has 28 usable frames, but the start takes 4 and the rounds add 300" in told


def test_a_failed_experiment_is_an_error_that_says_how_to_go_on(
    config: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from scanpick.errors import ScanpickError
    from scanpick.studies.units import TrainingUnit

    def broken(*_: object) -> None:
        raise ScanpickError("the loss is nan")

    monkeypatch.setattr(TrainingUnit, "run", broken)
    told = error_of("study", config, "--out", tmp_path / "out", "--no-report", "--jobs", 1)
    assert "3 of 3 experiments failed" in told
    assert f"scanpick study resume {tmp_path / 'out'}" in told
