"""A study's folder is read as it lies there: whole, unfinished, copied in part, or damaged and then named."""

import math

import pytest

from scanpick.errors import ScanpickError
from scanpick.reports.study.folder import Arm, read_study
from tests.reports.study.conftest import METRIC, OTHER, FakeStudy, read_rows, write_rows


def test_a_whole_folder(fake_study):
    folder = fake_study(seeds=2, rounds=1, variants={"probcover": {"delta=0.3": 5.0}})
    study = read_study(folder)
    assert (study.name, study.metric, study.metrics) == ("fake", METRIC, [METRIC, OTHER])
    assert len(study.scores) == 2 * (1 + 4 + 1)
    one = next(s for s in study.scores if s.arm == Arm("probcover", "delta=0.3"))
    assert str(one.arm) == "probcover (delta=0.3)"
    assert one.boxes_of == {"Car": one.boxes * 0.75, "Pedestrian": one.boxes * 0.25}
    assert study.missing == ("There is no picks.csv: what was picked cannot be shown.",)


def test_other_metric_and_unknown_one(fake_study):
    folder = fake_study()
    assert read_study(folder, OTHER).metric == OTHER
    with pytest.raises(ScanpickError, match=r"Unknown metric 'Car_3d_moderate_R40_0\.6'"):
        read_study(folder, "Car_3d_moderate_R40_0.6")


def test_scores_alone_are_enough(fake_study):
    """A folder of docs/results may lack everything else."""
    folder = fake_study()
    for name in ("study.yaml", "trainings.csv"):
        (folder / name).unlink()
    study = read_study(folder)
    assert (study.name, study.metric) == ("fake", METRIC)
    assert len(study.missing) == 3


def test_empty_cells_are_no_number(fake_study):
    folder = fake_study(seeds=1)
    rows = read_rows(folder / "scores.csv")
    rows[1][METRIC] = rows[1]["cost"] = ""
    write_rows(folder / "scores.csv", rows)
    score = read_study(folder).scores[1]
    assert math.isnan(score.metrics[METRIC])
    assert math.isnan(score.cost)


def test_no_scores_yet(fake_study):
    folder = fake_study()
    header = (folder / "scores.csv").read_text().splitlines()[0]
    (folder / "scores.csv").write_text(header + "\n")
    assert read_study(folder).scores == ()


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("seed", "one", "line 3: expected a whole number under 'seed', got 'one'"),
        ("seed", "", "line 3: expected a value under 'seed', got none"),
        (METRIC, "good", f"line 3: expected a number under '{METRIC}', got 'good'"),
        ("frames", "many", "line 3: expected a number under 'frames', got 'many'"),
    ],
)
def test_damaged_cells_are_named(fake_study, column, value, message):
    folder = fake_study()
    rows = read_rows(folder / "scores.csv")
    rows[1][column] = value
    write_rows(folder / "scores.csv", rows)
    with pytest.raises(ScanpickError, match=message):
        read_study(folder)


def test_other_damage(fake_study, tmp_path):
    with pytest.raises(ScanpickError, match=r"expected the folder of a study with its scores\.csv"):
        read_study(tmp_path)
    folder = fake_study()
    text = (folder / "scores.csv").read_text().splitlines()
    (folder / "scores.csv").write_text("\n".join([*text, text[1]]) + "\n")
    with pytest.raises(ScanpickError, match="expected one line for start, seed 0, round 0"):
        read_study(folder)
    (folder / "scores.csv").write_text("\n".join([*text, "cut,off"]) + "\n")
    with pytest.raises(ScanpickError, match=f"row {len(text) + 1}: fewer values"):
        read_study(folder)
    folder = fake_study("other")
    (folder / "study.yaml").write_text("a: [")
    with pytest.raises(ScanpickError, match=r"study\.yaml: expected YAML"):
        read_study(folder)
    (folder / "study.yaml").write_text("- a list")
    with pytest.raises(ScanpickError, match="lines, got list"):
        read_study(folder)


def test_settings_name_the_study(tmp_path):
    folder = FakeStudy(settings={"name": "real", "primary_metric": OTHER}).write(tmp_path / "x")
    assert (read_study(folder).name, read_study(folder).metric) == ("real", OTHER)
