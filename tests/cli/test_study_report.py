"""``scanpick report`` writes the page of a study, too, and ``scanpick study compare`` tells two of them apart."""

import json

import pytest
from typer.testing import CliRunner

from scanpick.cli.app import app
from scanpick.errors import ScanpickError
from scanpick.reports.study import report
from tests.reports.study.conftest import OTHER, FakeStudy


@pytest.fixture
def study(tmp_path, monkeypatch):
    """A study's folder; its page is made without figures, which take seconds to draw."""
    monkeypatch.setattr(report, "study_figures", lambda *results: {})
    return FakeStudy().write(tmp_path / "study")


def run(*words):
    return CliRunner().invoke(app, [str(word) for word in words], catch_exceptions=False)


def test_report_of_a_study(study, tmp_path):
    done = run("report", study, "--json")
    assert json.loads(done.stdout) == {"study": str(study), "report": str(study / "report.html")}
    assert "Study fake" in (study / "report.html").read_text()
    done = run("report", study, "--out", tmp_path / "other.html", "--metric", OTHER)
    assert "IoU &gt; 0.5" in (tmp_path / "other.html").read_text()


def test_options_that_do_not_fit(study, tmp_path):
    with pytest.raises(ScanpickError, match=r"`selection=.*` is for a workspace"):
        run("report", study, "--selection", "diversity")
    with pytest.raises(ScanpickError, match=r"`metric=.*` is for the folder of a study"):
        run("report", tmp_path, "--metric", OTHER)
    with pytest.raises(ScanpickError, match="is not a workspace"):
        run("report", tmp_path)


def test_compare(study, tmp_path):
    other = FakeStudy(gains={"random": 4.0, "diversity": 9.0}).write(tmp_path / "other")
    told = json.loads(run("study", "compare", study, other, "--json").stdout)
    assert [one["strategy"] for one in told["strategies"]] == ["start", "random", "diversity", "all"]
    assert told["only"] == [["uncertainty"], []]
    shown = run("study", "compare", study, other).stdout
    assert "Settings that differ" in shown
    assert "better" in shown
