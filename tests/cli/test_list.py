"""`scanpick list` shows names, a line of documentation and options, of every kind."""

import json

import pytest
from typer.testing import CliRunner

from scanpick.cli.app import app
from scanpick.cli.list import Kind, entries_of
from scanpick.registry import Registry


def test_as_text_and_as_json() -> None:
    text = CliRunner().invoke(app, ["list", "strategies"]).stdout
    assert "facility_location  Greedy facility location (Nemhauser" in text
    assert "    embedding=none, metric=euclidean, start=mean" in text
    listed = json.loads(CliRunner().invoke(app, ["list", "objectives", "--json"]).stdout)["objectives"]
    assert listed["weight"]["options"]["column"] == "(required)"
    assert listed["weight"]["options"]["prefer"] == "high"


@pytest.mark.parametrize("kind", [Kind.SCORES, Kind.EXPORTERS, Kind.POINT_FILES, Kind.DATASETS])
def test_everything_has_a_line(kind: Kind) -> None:
    listed = json.loads(CliRunner().invoke(app, ["list", kind.value, "--json"]).stdout)[kind.value]
    assert all(entry["summary"] for entry in listed.values())


def test_the_arguments_that_scanpick_gives_are_no_options() -> None:
    listed = json.loads(CliRunner().invoke(app, ["list", "exporters", "--json"]).stdout)["exporters"]
    assert listed["kitti_subset"]["options"] == {"link": False, "calib": None}


def test_trained_detectors_are_encoders_too() -> None:
    listed = json.loads(CliRunner().invoke(app, ["list", "encoders", "--json"]).stdout)["encoders"]
    assert listed["detector:FOLDER"]["options"] == {"device": "cpu"}


def test_what_cannot_be_loaded_is_listed_with_the_reason() -> None:
    registry = Registry("toy", {"lost": "no_such_module:x", "found": "fractions:Fraction"}, group="test.toys")
    listed = entries_of(registry)
    assert "No module named 'no_such_module'" in listed["lost"]["summary"]
    assert "denominator" in listed["found"]["options"]
