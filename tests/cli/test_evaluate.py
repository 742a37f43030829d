"""``scanpick evaluate``: the table, the JSON, the picture, missing frames, and every option once."""

import csv
import json
import re

import numpy as np
import pytest
from typer.testing import CliRunner

from scanpick.cli.app import app
from scanpick.errors import ScanpickError
from scanpick.formats.kitti_text import format_objects
from scanpick.formats.predictions import write_predictions
from scanpick.structures import Boxes3D, Detections
from tests.evaluation.conftest import random_frame

LEAF = {"R40", "R11", "AP_exact", "objects", "ci95", "ci95_R11", "precision", "thresholds"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """30 frames in a KITTI folder with results beside it."""
    folder, rng = tmp_path_factory.mktemp("kitti"), np.random.default_rng(61)
    for name in ("label_2", "results"):
        (folder / name).mkdir()
    for index in range(30):
        labels, detections = random_frame(rng)
        (folder / "label_2" / f"{index:06d}.txt").write_text(format_objects(labels))
        (folder / "results" / f"{index:06d}.txt").write_text(format_objects(detections))
    return folder


def _run(folder, *options, predictions="results"):
    arguments = ["evaluate", "--labels", folder / "label_2", "--predictions", folder / predictions, *options]
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def _json(*arguments, **options):
    result = _run(*arguments, "--json", **options)
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_json_has_every_class_metric_and_difficulty(folder):
    found = _json(folder, "--bootstrap", 50)
    assert list(found) == ["Car", "Pedestrian", "Cyclist"]
    for metrics in found.values():
        assert list(metrics) == ["bbox", "aos", "bev", "3d"]
        for levels in metrics.values():
            assert list(levels) == ["easy", "moderate", "hard"]
            for leaf in levels.values():
                assert set(leaf) == LEAF
    leaf = found["Car"]["bbox"]["hard"]
    assert 0 < leaf["R40"] <= 100
    assert leaf["ci95"][0] <= leaf["R40"] <= leaf["ci95"][1]
    assert len(leaf["precision"]) == 41
    assert _json(folder, "--bootstrap", 50) == found  # the same seed, the same numbers
    assert _json(folder, "--bootstrap", 50, "--seed", 1)["Car"]["bbox"]["hard"]["ci95"] != leaf["ci95"]
    assert _json(folder, "--bootstrap", 0)["Car"]["bbox"]["hard"]["ci95"] is None


def test_what_is_not_evaluated_is_null(folder, tmp_path):
    (tmp_path / "empty").mkdir()
    for index in range(30):
        (tmp_path / "empty" / f"{index:06d}.txt").write_text("")
    result = _run(folder, "--json", predictions=tmp_path / "empty")
    leaf = json.loads(result.stdout)["Car"]["3d"]["moderate"]
    assert all(value is None for value in leaf.values())
    assert "Nothing was found of: Car, Pedestrian, Cyclist. Run again with --diagnose" in result.stderr
    explained = _run(folder, "--diagnose", predictions=tmp_path / "empty")
    assert "No Car among the 0 detections" in explained.stderr


def test_the_table_fits_a_terminal_and_names_both_averages(folder):
    result = _run(folder, "--bootstrap", 50)
    assert result.exit_code == 0, result.output
    assert max(map(len, result.stdout.splitlines())) <= 80
    assert re.search(r"3d > 0.7 +R40 +\d", result.stdout)
    assert "R11" in result.stdout
    assert "Car" in result.stdout
    assert "Warning:" in result.stderr  # few objects
    assert "exact" in result.stdout


def test_the_picture_is_written_and_does_not_change(folder, tmp_path):
    for name in ("a.png", "b.png", "c.svg"):
        result = _run(folder, "--bootstrap", 0, "--classes", "Pedestrian", "--plot", tmp_path / name)
        assert result.exit_code == 0, result.output
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert (tmp_path / "a.png").read_bytes()[:4] == b"\x89PNG"
    assert b"Pedestrian, 3d &gt; 0.5" in (tmp_path / "c.svg").read_bytes()
    assert isinstance(_run(folder, "--plot", tmp_path / "none").exception, ScanpickError)


def test_frames_and_classes_can_be_chosen(folder, tmp_path):
    (tmp_path / "frames.txt").write_text("000003\n000001\n")
    found = _json(folder, "--frames", tmp_path / "frames.txt", "--classes", "car,Van=0.5", "--bootstrap", 0)
    assert list(found) == ["Car", "Van"]
    assert found["Car"]["bbox"]["hard"]["objects"] < _json(folder, "--bootstrap", 0)["Car"]["bbox"]["hard"]["objects"]
    (tmp_path / "frames.txt").write_text("000003\n000099\n")
    assert "no file for 1 of 2 frames: 000099" in str(_run(folder, "--frames", tmp_path / "frames.txt").exception)
    assert "such as Truck=0.7" in str(_run(folder, "--classes", "Truck=x").exception)
    assert "Unknown class 'Carr'. Did you mean 'Car'?" in str(_run(folder, "--classes", "Carr").exception)
    assert "Unknown settings 'KITTI'" in str(_run(folder, "--settings", "KITTI").exception)


def test_missing_frames_are_an_error_or_empty(folder, tmp_path):
    (tmp_path / "some").mkdir()
    for index in range(28):
        name = f"{index:06d}.txt"
        (tmp_path / "some" / name).write_text((folder / "results" / name).read_text())
    error = _run(folder, predictions=tmp_path / "some").exception
    assert isinstance(error, ScanpickError)
    assert "no detections for 2 of 30 frames: 000028, 000029" in str(error)
    result = _run(folder, "--missing", "empty", "--bootstrap", 0, predictions=tmp_path / "some")
    assert result.exit_code == 0
    assert "2 frames without predictions count as empty: 000028, 000029" in result.stderr


def test_malformed_lines_are_named(folder, tmp_path):
    (tmp_path / "bad").mkdir()
    for path in (folder / "results").iterdir():
        (tmp_path / "bad" / path.name).write_text(path.read_text())
    (tmp_path / "bad" / "000002.txt").write_text("Car -1 -1 x 0 0 1 1 1 1 1 1 1 1 1 0.5\n")
    error = _run(folder, predictions=tmp_path / "bad").exception
    assert re.search(r"000002\.txt, line 1, column 4 \(alpha\): expected a finite number, got 'x'", str(error))


def test_parts_comparison_and_outcomes(folder, tmp_path):
    options = ["--by", "range", "--by", "occlusion", "--ranges", "15", "--against", folder / "results"]
    found = _json(folder, *options, "--bootstrap", 20, "--outcomes", tmp_path / "o.csv", "--threshold", 0.3)
    leaf = found["Car"]["bbox"]["hard"]
    assert list(leaf["by_range"]) == ["0-15 m", "15+ m"]
    assert sum(part["objects"] for part in leaf["by_range"].values()) == leaf["objects"]
    assert list(leaf["by_occlusion"]) == ["visible", "partly", "largely", "unknown"]
    assert leaf["against"] == {"R40": 0.0, "ci95": [0.0, 0.0], "p_value": 1.0}
    with (tmp_path / "o.csv").open(newline="") as file:
        assert {row["outcome"] for row in csv.DictReader(file)} >= {"true positive", "false positive", "missed"}
    table = _run(folder, *options, "--bootstrap", 20)
    assert table.exit_code == 0, table.output
    assert "R40 less that of the other detector" in table.stdout
    assert "`bootstrap=...` a number above 0" in str(_run(folder, "--against", folder, "--bootstrap", 0).exception)
    assert "metres such as 20,40" in str(_run(folder, "--by", "range", "--ranges", "x").exception)


def test_sequences_widen_the_interval(folder, tmp_path):
    """Drawing whole drives: two of them give far wider intervals than thirty frames."""
    lines = [f"{index:06d},{'a' if index < 15 else 'b'}" for index in range(30)]
    (tmp_path / "s.csv").write_text("\n".join(["frame_id,sequence", *lines]))
    by_sequence = _json(folder, "--bootstrap", 50, "--sequences", tmp_path / "s.csv")["Car"]["bbox"]["hard"]["ci95"]
    assert by_sequence != _json(folder, "--bootstrap", 50)["Car"]["bbox"]["hard"]["ci95"]
    (tmp_path / "s.csv").write_text("\n".join(["frame_id,sequence", *lines[1:]]))
    assert "no sequence of 1 of 30 frames: 000000" in str(_run(folder, "--sequences", tmp_path / "s.csv").exception)
    (tmp_path / "s.csv").write_text("frame_id\n000000\n")
    assert "got no sequence" in str(_run(folder, "--sequences", tmp_path / "s.csv").exception)


def test_image_sizes_are_checked(folder):
    assert "such as 1242x375, got '1242'" in str(_run(folder, "--image-size", "1242").exception)


@pytest.mark.golden
def test_golden_averages_from_the_command_line(golden):
    expected = json.loads((golden / "kitti_eval" / "expected.json").read_text())["AP_R40"]
    found = _json(golden / "kitti_eval", "--bootstrap", 0, predictions="det")
    for metric, classes in expected.items():
        for name, levels in classes.items():
            for level, average in (levels or {}).items():
                assert abs(found[name.capitalize()][metric][level]["R40"] - average) < 1e-4


@pytest.mark.parametrize(("unit", "told"), [(1.0, False), (180 / np.pi, True)])
def test_degrees_in_a_table_are_told(folder, tmp_path, unit, told):
    """Angles lose their turns on the way to the camera, so degrees show in the table alone."""
    boxes = Boxes3D(np.array([[20, 0, -1, 4, 1.6, 1.5, 2.0 * unit]]), np.array(["Car"]))
    found = Detections("000000", boxes, np.array([0.5], np.float32), image_boxes=np.array([[600, 150, 700, 250.0]]))
    write_predictions(tmp_path / "p.parquet", [found])
    (tmp_path / "calib").mkdir()
    (tmp_path / "calib" / "000000.txt").write_text(
        "P2: 700 0 600 0 0 700 180 0 0 0 1 0\nR0_rect: 1 0 0 0 1 0 0 0 1\n"
        "Tr_velo_to_cam: 0 -1 0 0 0 0 -1 -0.1 1 0 0 -0.3\n"
    )
    result = _run(
        folder,
        "--missing",
        "empty",
        "--calib",
        tmp_path / "calib",
        "--bootstrap",
        0,
        predictions=tmp_path / "p.parquet",
    )
    assert result.exit_code == 0, result.output
    assert ("yaw reaches 115: it looks like degrees; expected are radians." in result.output) == told
