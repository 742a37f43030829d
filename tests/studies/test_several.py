"""Several evaluation sets of one training, and several trainings on the same frames."""

from __future__ import annotations

import csv
from pathlib import Path
from statistics import mean, stdev

import pytest

from scanpick.errors import ScanpickError
from scanpick.formats.predictions import read_predictions
from scanpick.reports.study.folder import read_study
from scanpick.reports.study.results import study_results
from scanpick.reports.study.sentences import dice_sentence
from scanpick.studies.config import StudyConfig
from scanpick.studies.study import Study
from scanpick.training.detector_training import PREDICTIONS
from scanpick.training.metrics import Metric, measure, read_ground_truth
from tests.studies.toys import table, toy_study, toy_values

SETS = ("balanced", "natural")
METRIC = "Car_bev_hard_exact_0.1"
SPLIT = {"by": "metadata", "column": "split", "evaluation": list(SETS)}


def write_fleet(values: dict[str, object], root: Path, **changes: object) -> StudyConfig:
    """A study on simulated frames, with a detector that trains in milliseconds."""
    data = [{"source": "simulated:fleet", "options": {"frames": 36}}]
    return StudyConfig.of({**values, "data": data, "split": SPLIT, "metrics": [METRIC], **changes})


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Two seeds, two trainings on the same frames, two evaluation sets."""
    with pytest.MonkeyPatch.context() as patch:
        from tests.studies.toys import DETECTORS

        patch.syspath_prepend(str(DETECTORS))
        folder = tmp_path_factory.mktemp("several")
        config = write_fleet(
            toy_values(folder), folder, training_seeds=2, rounds=[3], strategies=["random", "uncertainty"]
        )
        study = Study(config, folder / "study", 1, True)
        assert study.run() == {}
    return study


def test_every_training_is_evaluated_on_each_set_apart(finished: Study) -> None:
    columns = [f"{METRIC}@{name}" for name in SETS]
    fold = finished.prepared.folds[0]
    assert {*fold.sets["balanced"], *fold.sets["natural"]} == set(fold.evaluation)
    row = table(finished.folder, "trainings")[-1]
    found = read_predictions(finished.folder / "trainings" / row["fingerprint"] / PREDICTIONS)
    for name, column in zip(SETS, columns, strict=True):
        frames = fold.sets[name]
        truth = read_ground_truth(finished.prepared.dataset, frames)
        of_set = {one: found[one] for one in frames}
        values = measure(finished.prepared.dataset, truth, of_set, [Metric.parse(METRIC)])
        assert float(row[column]) == pytest.approx(values[METRIC])
    assert finished.config.primary == columns[0]
    assert read_study(finished.folder).metrics == columns
    assert read_study(finished.folder, columns[1]).metric == columns[1]


def test_scores_are_means_of_trainings_on_the_same_frames(finished: Study) -> None:
    trainings, scores = table(finished.folder, "trainings"), table(finished.folder, "scores")
    assert len(trainings) == 2 * len(scores) == 2 * 2 * 3
    column = f"{METRIC}@balanced"
    for score in scores:
        place = ("seed", "round", "strategy", "variant")
        both = [row for row in trainings if all(row[name] == score[name] for name in place)]
        assert [row["training"] for row in both] == ["0", "1"]
        assert len({row["fingerprint"] for row in both}) == 2
        values = [float(row[column]) for row in both]
        assert float(score[column]) == pytest.approx(mean(values))
        assert float(score["training_deviation"]) == pytest.approx(stdev(values), abs=1e-4)
    # strategies see the first training alone, and pick once
    assert len(table(finished.folder, "picks")) == 2 * (4 + 3 + 3)
    dice = study_results(read_study(finished.folder))
    assert "trained 2 times on the same frames" in dice_sentence(dice)


@pytest.mark.usefixtures("toy_detector")
def test_another_training_of_each_computes_only_itself(finished: Study, tmp_path: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in (finished.folder / "trainings").glob("*/result.json")}
    more = Study(finished.config.model_copy(update={"training_seeds": 3}), finished.folder, 1, True)
    assert more.run() == {}
    after = {path: path.stat().st_mtime_ns for path in (finished.folder / "trainings").glob("*/result.json")}
    assert before.items() <= after.items()
    assert 2 * len(after) == 3 * len(before)
    with (finished.folder / "scores.csv").open() as file:
        assert {row["trainings"] for row in csv.DictReader(file)} == {"3"}


@pytest.mark.usefixtures("toy_detector")
def test_a_study_without_either_has_the_columns_of_before(toy_kitti: Path, tmp_path: Path) -> None:
    study = toy_study(toy_kitti, tmp_path / "study", seeds=[0], rounds=[3], strategies=["random"])
    assert study.run() == {}
    row = table(study.folder, "scores")[0]
    assert METRIC in row
    assert not {"training", "trainings", "training_deviation"} & row.keys()
    assert "training" not in table(study.folder, "trainings")[0]
    assert dice_sentence(study_results(read_study(study.folder))) == ""


@pytest.mark.usefixtures("toy_detector")
@pytest.mark.parametrize(
    ("evaluation", "message"),
    [
        (["balanced", "balanced"], "evaluation sets of different names"),
        (["pool", "natural"], "evaluation sets of different names"),
        ([], "at least 1"),
    ],
)
def test_sets_that_make_no_sense(tmp_path: Path, evaluation: list[str], message: str) -> None:
    with pytest.raises(ScanpickError, match=message):
        write_fleet(toy_values(tmp_path), tmp_path, split={**SPLIT, "evaluation": evaluation})


@pytest.mark.usefixtures("toy_detector")
def test_an_evaluation_set_without_frames_is_named(tmp_path: Path) -> None:
    config = write_fleet(toy_values(tmp_path), tmp_path, split={**SPLIT, "evaluation": ["balanced", "sealed"]})
    with pytest.raises(ScanpickError, match="no usable frame is in the evaluation set 'sealed'"):
        Study(config, tmp_path / "study", 1, True).prepare()


@pytest.mark.usefixtures("toy_detector")
def test_the_primary_metric_may_name_its_set(tmp_path: Path) -> None:
    named = write_fleet(toy_values(tmp_path), tmp_path, primary_metric=f"{METRIC}@natural")
    assert named.primary == f"{METRIC}@natural"
    bare = write_fleet(toy_values(tmp_path), tmp_path, primary_metric=METRIC)
    assert bare.primary == f"{METRIC}@balanced"
