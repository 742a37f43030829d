"""Parts of documents are made from committed results, the same each time, and only between their marks."""

import numpy as np
import pytest
import yaml

from benchmarks.learning_curves import cross_validation_table, learning_curves
from benchmarks.study_documents import COPIED, PARTS, has_marks, keep, markdown, read_redundancy, rebuild
from benchmarks.study_figures import main
from scanpick.errors import ScanpickError
from scanpick.evaluation.study_statistics.estimates import Estimate
from scanpick.reports.study import report
from scanpick.reports.study.folder import Arm, read_study
from scanpick.reports.study.redundancy import MEASURES, Redundancy
from scanpick.reports.study.report import write_study_report
from scanpick.reports.study.tables import Table, csv_text, redundancy_rows
from tests.reports.study.conftest import METRIC, FakeStudy, read_rows

NEEDS_REPORT = ("pool", "redundancy")


@pytest.fixture
def no_figures(monkeypatch):
    """Pages without figures: drawing them takes seconds."""
    monkeypatch.setattr(report, "study_figures", lambda *results: {})


@pytest.fixture
def fake_study(tmp_path):
    """Write a fake study: ``fake_study(seeds=3, gains={...})`` gives its folder."""
    return lambda name="study", *, picks=(), **options: FakeStudy(**options).write(tmp_path / name, picks=picks)


@pytest.fixture
def results(tmp_path):
    """``docs/results`` with one study."""
    FakeStudy(variants={"probcover": {"delta=0.1": 3.0, "delta=0.3": 5.5}}).write(tmp_path / "docs/results/sim")
    return tmp_path / "docs/results"


def document(tmp_path, *parts, name="sim"):
    path = tmp_path / "docs" / "study.md"
    marks = [f"<!-- study {name} {part}: begin -->\nFORMER\n<!-- study {name} {part}: end -->" for part in parts]
    path.write_text("# Study\n\n" + "\n\ntext\n\n".join(marks) + "\n\nend\n")
    return path


def test_every_part_is_made(tmp_path, results):
    parts = [part for part in PARTS if part not in NEEDS_REPORT]
    path = document(tmp_path, *parts)
    text = rebuild(path, results, tmp_path / "docs/images")
    assert "FORMER" not in text
    assert text.startswith("# Study\n\n<!-- study sim findings: begin -->\n\nThe start reaches")
    assert text.endswith("-->\n\nend\n")
    assert text.count("text") >= len(parts) - 1
    assert "| diversity | 6 |" in text
    assert (
        "![AP of each strategy, and its difference to random, with every seed](images/study-sim-strategies.svg)" in text
    )
    for link in ("strategies", "curves", "grid-probcover", "learning-curve"):
        assert (tmp_path / f"docs/images/study-sim-{link}.png").stat().st_size > 5000
        assert f"images/study-sim-{link}.svg" in text
    path.write_text(text)
    assert rebuild(path, results, tmp_path / "docs/images") == text


def test_marks_in_an_example_are_left_alone(tmp_path, results):
    path = tmp_path / "docs" / "study.md"
    path.write_text("    <!-- study x y: begin -->\n    <!-- study x y: end -->\n")
    assert not has_marks(path)
    assert rebuild(path, results, tmp_path) == path.read_text()


def test_links_are_relative_to_the_document(tmp_path, results):
    readme = tmp_path / "README.md"
    readme.write_text("<!-- study sim strategies: begin -->\n<!-- study sim strategies: end -->\n")
    assert "](docs/images/study-sim-strategies.svg)" in rebuild(readme, results, tmp_path / "docs/images")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<!-- study sim scores: begin -->\nno end", "expected an end for every mark"),
        (
            "<!-- study sim score: begin -->\n<!-- study sim score: end -->",
            "Unknown part of a study's document 'score'",
        ),
        ("<!-- study x scores: begin -->\n<!-- study x scores: end -->", "expected the folder of a study"),
        ("<!-- study sim pool: begin -->\n<!-- study sim pool: end -->", "expected the map of the pool"),
        ("<!-- study sim redundancy: begin -->\n<!-- study sim redundancy: end -->", "expected the measures"),
    ],
)
def test_wrong_marks(tmp_path, results, text, message):
    path = tmp_path / "docs" / "study.md"
    path.write_text(text)
    with pytest.raises(ScanpickError, match=message):
        rebuild(path, results, tmp_path / "docs/images")


@pytest.mark.usefixtures("no_figures")
def test_results_of_a_run_are_kept(tmp_path, fake_study):
    run = fake_study(
        "run", picks=[{"seed": 0, "round": 1, "strategy": "random", "rank": 1, "frame_id": "a", "boxes": 3}]
    )
    write_study_report(run)
    (run / "figures").mkdir()
    (run / "figures" / "pool.svg").write_text("<svg/>")
    settings = yaml.safe_load((run / "study.yaml").read_text())
    where = {"data": [{"source": "kitti-object:/data/of mine/kitti/"}, {"source": "a/b"}], "file": "/lists/train.txt"}
    (run / "study.yaml").write_text(yaml.safe_dump(settings | where))
    target = keep(run, tmp_path / "docs/results", tmp_path / "docs/images")
    assert target == tmp_path / "docs/results/fake"
    told = {"data": [{"source": "kitti-object:kitti"}, {"source": "a/b"}], "file": "train.txt"}
    assert yaml.safe_load((target / "study.yaml").read_text()) == settings | told
    assert all((target / name).read_bytes() == (run / name).read_bytes() for name in COPIED if name != "study.yaml")
    text = rebuild(
        document(tmp_path, "pool", "redundancy", name="fake"), tmp_path / "docs/results", tmp_path / "docs/images"
    )
    assert "| random | 3.00 |" in text
    assert "](images/study-fake-pool.svg)" in text


def test_command(tmp_path, results, capsys):
    path = document(tmp_path, "scores")
    folders = ["--results", str(results), "--images", str(tmp_path / "images")]
    assert main([str(path), "--check", *folders]) == 1
    assert "FORMER" in path.read_text()
    assert main([str(path), *folders]) == 0
    assert main([str(path), "--check", *folders]) == 0
    assert main(["--parts"]) == 0
    path.write_text("<!-- study sim x: begin -->\n<!-- study sim x: end -->")
    assert main([str(path), *folders]) == 1
    assert "Unknown part" in capsys.readouterr().err


def iterations(folder, count):
    """The same study with other iterations."""
    text = (folder / "scores.csv").read_text().replace(",pillar-nano,100,", f",pillar-nano,{count},")
    (folder / "scores.csv").write_text(text)
    return read_study(folder)


def test_learning_curves_by_iterations(fake_study):
    """Start, random and the whole pool; strategies that choose have no place in it."""
    studies = [iterations(fake_study(f"s{count}", seeds=2, settings={"name": "s"}), count) for count in (1000, 300)]
    curves = learning_curves(studies)
    assert [curve.name for curve in curves] == ["300 iterations", "1,000 iterations"]
    assert curves[0].frames == (20, 30, 40, 50, 500)
    rows = read_rows(studies[1].path / "scores.csv")
    expected = [float(r[METRIC]) for r in rows if (r["strategy"], r["round"]) == ("random", "2")]
    assert curves[0].values[2] == tuple(expected)


def test_learning_curves_need_one_metric(fake_study):
    with pytest.raises(ScanpickError, match="expected studies of one metric"):
        learning_curves([read_study(fake_study("a")), read_study(fake_study("b"), "Car_3d_moderate_R40_0.5")])
    empty = fake_study("c", gains={}, full=None)
    (empty / "scores.csv").write_text((empty / "scores.csv").read_text().splitlines()[0] + "\n")
    with pytest.raises(ScanpickError, match="got none"):
        learning_curves([read_study(empty)])


def test_cross_validation_table(fake_study):
    """What is the same in all rows is left out; the rest is mean and deviation over seeds."""
    study = read_study(fake_study(seeds=4, gains={}, rounds=0))
    table = cross_validation_table([study])
    assert [name for name, _ in table.columns][:4] == [
        "Trained on",
        "Frames",
        "Seeds",
        "Car, 3D AP, moderate, R40, IoU > 0.7",
    ]
    rows = {row[0]: row for row in table.rows}
    values = [float(r[METRIC]) for r in read_rows(study.path / "scores.csv") if r["strategy"] == "all"]
    assert rows["whole pool"][1:4] == ("500", "4", f"{np.mean(values):.1f} ± {np.std(values, ddof=1):.1f}")
    assert "| Trained on | Frames |" in markdown(table)
    both = cross_validation_table([study, read_study(fake_study("b", seeds=1, settings={"name": "b"}))])
    assert both.columns[0][0] == "Study"


def test_markdown_escapes_bars():
    text = markdown(Table((("a|b", False), ("n", True)), (("x|y", "1"), ("two\nlines", "2"))))
    assert text.splitlines() == ["| a\\|b | n |", "| --- | --: |", "| x\\|y | 1 |", "| two lines | 2 |"]


def test_rows_are_read_back_as_they_were(tmp_path):
    nothing = Estimate(None, None, None, 0, "no value")
    measures = dict.fromkeys(MEASURES, nothing) | {"objects": Estimate(2.0, (1.0, 3.0), 1.0, 3)}
    written = [Redundancy(Arm("diversity", "delta=1"), measures)]
    (tmp_path / "r.csv").write_text(csv_text(redundancy_rows(written)))
    again = read_redundancy(tmp_path / "r.csv")
    assert again[0].arm == written[0].arm
    assert again[0].measures["objects"] == measures["objects"]
    assert again[0].measures["nearest"].value is None
