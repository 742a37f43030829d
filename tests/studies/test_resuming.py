"""A study that was killed, changed, repeated or spread over processes gives the numbers that it would have given."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scanpick.errors import ScanpickError
from scanpick.studies.units import PoolPredictionUnit, TrainingUnit, Unit
from tests.studies.toys import DETECTORS, numbers, table, toy_study

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("toy_detector")]

STRATEGIES = ["random", "uncertainty", {"name": "probcover", "grid": {"delta": [0.1]}}]
CHANGES: dict[str, Any] = {"strategies": STRATEGIES, "rounds": [3], "seeds": [0]}
KILLS = 5


def _counted(monkeypatch: pytest.MonkeyPatch) -> list[Unit]:
    """The units that are done from here on."""
    done: list[Unit] = []
    for kind in (TrainingUnit, PoolPredictionUnit):
        run: Callable[..., None] = kind.run

        def noted(self: Unit, dataset: Any, run: Callable[..., None] = run) -> None:
            done.append(self)
            run(self, dataset)

        monkeypatch.setattr(kind, "run", noted)
    return done


@pytest.fixture(scope="module")
def whole(toy_kitti: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study that nothing disturbed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(DETECTORS))
        study = toy_study(toy_kitti, tmp_path_factory.mktemp("whole"), **CHANGES)
        assert study.run() == {}
    return study.folder


def _run_in_child(root: Path, folder: Path) -> None:
    sys.path.insert(0, str(DETECTORS))
    toy_study(root, folder, **CHANGES).run()


def test_killing_it_at_random_moments_changes_no_number(whole: Path, toy_kitti: Path, tmp_path: Path) -> None:
    """Five kills without warning, wherever the study is; it is then run to its end."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.studies.toys", "scanpick.studies.study"])
    chance, kills, longest = random.Random(4), 0, 1.0
    for _ in range(40):
        child = context.Process(target=_run_in_child, args=(toy_kitti, tmp_path))
        began = set(tmp_path.rglob("*"))
        child.start()
        child.join(chance.uniform(0.05, longest))
        if child.exitcode is None and kills < KILLS:
            os.kill(child.pid or 0, signal.SIGKILL)
            child.join()
            kills += 1
            # On a slow machine the moments are further apart, so that they fall everywhere.
            longest *= 1.6 if len(set(tmp_path.rglob("*")) - began) < 3 else 1.0
            continue
        child.join()
        assert child.exitcode == 0
        if kills < KILLS:  # it came to its end too soon: begin again
            for row in table(tmp_path, "trainings")[::2]:
                (tmp_path / "trainings" / row["fingerprint"] / "result.json").unlink(missing_ok=True)
            longest *= 0.7
            continue
        break
    assert kills == KILLS
    assert numbers(tmp_path) == numbers(whole)


def test_two_processes_give_the_numbers_of_one(whole: Path, toy_kitti: Path, tmp_path: Path) -> None:
    study = toy_study(toy_kitti, tmp_path, jobs=2, in_process=False, **CHANGES)
    assert study.run() == {}
    assert numbers(tmp_path) == numbers(whole)


def test_a_finished_study_computes_nothing(whole: Path, toy_kitti: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, done = numbers(whole), _counted(monkeypatch)
    assert toy_study(toy_kitti, whole, **CHANGES).run() == {}
    assert done == []
    assert numbers(whole) == before


def test_an_added_seed_or_strategy_computes_only_itself(
    whole: Path, toy_kitti: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, done = numbers(whole), _counted(monkeypatch)
    strategies = [*STRATEGIES, "diversity"]
    assert toy_study(toy_kitti, whole, **{**CHANGES, "strategies": strategies}).run() == {}
    folds = 2
    assert len(done) <= folds  # fewer where it picked the same frames as another
    assert all(isinstance(unit, TrainingUnit) for unit in done)
    done.clear()
    assert toy_study(toy_kitti, whole, **{**CHANGES, "seeds": [0, 7]}).run() == {}
    assert {unit.run_settings.settings.seed for unit in done if isinstance(unit, TrainingUnit)} == {7}
    kept = [row for row in numbers(whole)["trainings"] if row["seed"] == "0"]
    assert kept == before["trainings"]
    toy_study(toy_kitti, whole, **CHANGES).run()


def test_a_changed_setting_computes_what_depends_on_it(
    whole: Path, toy_kitti: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = _counted(monkeypatch)
    # Another score changes what uncertainty picks, not the start, nor what the others do.
    changed = ["random", {"name": "uncertainty", "score": {"aggregate": "sum"}}, STRATEGIES[2]]
    toy_study(toy_kitti, whole, **{**CHANGES, "strategies": changed}).run()
    assert all(isinstance(unit, TrainingUnit) for unit in done)
    assert len(done) <= 2
    done.clear()
    # Prices are counted anew without any work.
    toy_study(toy_kitti, whole, **CHANGES, cost={"per_frame": 3}).run()
    assert done == []
    assert {float(row["cost"]) for row in table(whole, "trainings")} == {12.0, 21.0}
    # More steps change everything, predictions of the pool too.
    detector = {"name": "toy", "iterations": 3, "learning_rate": 0.1}
    toy_study(toy_kitti, whole, **CHANGES, detector=detector).run()
    assert len(done) >= 2 * 3
    toy_study(toy_kitti, whole, **CHANGES).run()


def test_a_changed_frame_is_another_study(toy_kitti: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import shutil

    root = tmp_path / "kitti"
    shutil.copytree(toy_kitti, root)
    changes: dict[str, Any] = {"strategies": ["random"], "rounds": [2], "seeds": [0]}
    toy_study(root, tmp_path / "out", **changes).run()
    (picked,) = [r["frame_id"] for r in table(tmp_path / "out", "picks") if r["strategy"] == "start"][:1]
    label = root / "training" / "label_2" / f"{picked}.txt"
    label.write_text("".join(label.read_text().splitlines(keepends=True)[1:]))
    done = _counted(monkeypatch)
    toy_study(root, tmp_path / "out", **changes).run()
    trained = [unit for unit in done if isinstance(unit, TrainingUnit)]
    # It is trained on in one fold and evaluated in the other: everything depends on it.
    assert len(trained) == 4


def test_one_experiment_that_fails_leaves_the_others(
    toy_kitti: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = TrainingUnit.run

    def failing(self: TrainingUnit, dataset: Any) -> None:
        if len(self.run_settings.frames) > 8:
            raise ScanpickError("the loss is nan")
        run(self, dataset)

    monkeypatch.setattr(TrainingUnit, "run", failing)
    changes: dict[str, Any] = {"split": {"by": "drives", "folds": 2}, "strategies": ["random"], "reference": True}
    study = toy_study(toy_kitti, tmp_path, **{**CHANGES, **changes})
    failures = study.run()
    assert set(failures) == {"all, seed 0, fold 1", "all, seed 0, fold 2"}
    assert all("loss is nan" in why for why in failures.values())
    assert {row["strategy"] for row in table(tmp_path, "scores")} == {"start", "random"}
    monkeypatch.setattr(TrainingUnit, "run", run)
    assert toy_study(toy_kitti, tmp_path, **{**CHANGES, **changes}).run() == {}
    assert "all" in {row["strategy"] for row in table(tmp_path, "scores")}
