"""Two studies side by side: what differs in their settings is named, seeds are paired, chance is called chance."""

import json

import pytest
from rich.console import Console

from scanpick.errors import ScanpickError
from scanpick.reports.study.compare import compare_studies, comparison_tables
from tests.reports.study.conftest import OTHER


def by_arm(comparison):
    return comparison.differences


def test_what_changed_is_found(fake_study):
    one = fake_study("one", seeds=8, noise=0.2)
    other = fake_study(
        "other",
        seeds=7,
        noise=0.2,
        gains={"random": 4.0, "diversity": 9.0, "typiclust": 3.0},
        settings={"detector": {"name": "pillar-nano", "iterations": 900}},
    )
    found = compare_studies(one, other)
    assert found.settings["detector.iterations"] == ("100", "900")
    assert "cost.per_box" not in found.settings
    arms = by_arm(found)
    assert list(arms) == ["start", "random", "diversity", "all"]
    assert found.only == (("uncertainty",), ("typiclust",))
    assert arms["diversity"].difference.value == pytest.approx(9, abs=0.5)
    assert arms["diversity"].verdict == "better"
    assert arms["random"].verdict == "no evidence of a difference"
    assert arms["diversity"].difference.seeds == 7
    assert any("Seeds: 0, 1, 2, 3, 4, 5, 6, 7 and 0, 1, 2, 3, 4, 5, 6" in text for text in found.cautions)


def test_for_machines_and_for_the_terminal(fake_study):
    found = compare_studies(fake_study("one", seeds=1), fake_study("other", seeds=1, start=25.0))
    told = json.loads(json.dumps(found.as_dict(), allow_nan=False))
    assert told["strategies"][0]["strategy"] == "start"
    assert told["strategies"][0]["difference"] == pytest.approx(5)
    assert told["strategies"][0]["ci95"] is None
    console = Console(width=100, record=True)
    for table in comparison_tables(found):
        console.print(table)
    text = console.export_text()
    assert "no evidence of a difference" in text
    assert "+5.0" in text


def test_cautions(fake_study):
    one = fake_study("one", settings={"data": [{"source": "a"}]})
    other = fake_study("other", rounds=2, settings={"data": [{"source": "b"}], "made_with": {"versions": {"x": "1"}}})
    found = compare_studies(one, other, OTHER)
    assert found.metric == OTHER
    assert not any(name.startswith("made_with") for name in found.settings)
    told = " ".join(found.cautions)
    assert "differ in their data or split" in told
    assert "Compared after round 3 of the first, round 2 of the second" in told


def test_nothing_in_common(fake_study, tmp_path):
    one = fake_study("one", gains={"random": 1.0})
    (one / "scores.csv").write_text((one / "scores.csv").read_text().splitlines()[0] + "\n")
    with pytest.raises(ScanpickError, match="have no strategy in common: none; start"):
        compare_studies(one, fake_study("other"))
    with pytest.raises(ScanpickError, match="expected the folder of a study"):
        compare_studies(one, tmp_path)
