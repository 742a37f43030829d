"""Tables and JSON of an evaluation say what the curves say."""

import io
import json

import numpy as np
from rich.console import Console

from scanpick.evaluation.bootstrap import differences, draw_frames, intervals
from scanpick.evaluation.breakdown import breakdown, range_parts
from scanpick.evaluation.diagnosis import diagnose
from scanpick.evaluation.kitti import evaluate
from scanpick.formats.object_table import ObjectTable
from scanpick.reports.evaluation import (
    diagnosis_lines,
    differences_table,
    evaluation_json,
    evaluation_table,
    parts_table,
)
from scanpick.reports.precision_recall import plot_precision_recall
from tests.evaluation.conftest import random_frame


def _evaluation(count=15, detected=True):
    rng = np.random.default_rng(71)
    frames = [random_frame(rng) for _ in range(count)]
    tables = [{str(i): frame[side] for i, frame in enumerate(frames)} for side in (0, 1)]
    if not detected:
        tables[1] = {name: objects[:0] for name, objects in tables[1].items()}
    return evaluate(*map(ObjectTable.from_frames, tables))


def _text(table):
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def test_json_holds_the_curves_numbers():
    evaluation = _evaluation()
    draws = draw_frames(15, 20, np.random.default_rng(0))
    bounds, compared = intervals(evaluation, draws), differences(evaluation, evaluation, draws)
    parts = {"by_range": breakdown(evaluation, range_parts())}
    leaf = evaluation_json(evaluation, bounds, parts, compared)["Car"]["3d"]["hard"]
    curve = evaluation.curves["Car"]["3d"]["hard"]
    assert (leaf["R40"], leaf["R11"], leaf["AP_exact"]) == (curve.ap_r40, curve.ap_r11, curve.ap_exact)
    assert leaf["ci95"] == list(bounds["Car", "3d", "hard"].r40)
    assert leaf["precision"] == curve.precision.tolist()
    assert leaf["by_range"]["20-40 m"]["objects"] == parts["by_range"]["Car", "3d", "hard"]["20-40 m"].ground_truths
    assert leaf["against"]["R40"] == 0
    json.dumps(evaluation_json(evaluation, bounds, parts, compared), allow_nan=False)


def test_tables_fit_and_hold_the_numbers():
    evaluation = _evaluation()
    draws = draw_frames(15, 20, np.random.default_rng(0))
    curve = evaluation.curves["Car"]["3d"]["hard"]
    text = _text(evaluation_table(evaluation, intervals(evaluation, draws)))
    assert f"{curve.ap_r40:.2f}" in text
    assert f"{curve.ap_exact:.2f}" in text
    assert f"{curve.ground_truths} objects" in text
    assert "…" not in text
    assert "…" not in _text(parts_table(evaluation, "by range", breakdown(evaluation, range_parts())))
    assert "…" not in _text(differences_table(differences(evaluation, evaluation, draws)))


def test_what_was_not_evaluated_is_said(tmp_path):
    evaluation = _evaluation(detected=False)
    assert "not evaluated" in _text(evaluation_table(evaluation))
    leaf = evaluation_json(evaluation)["Cyclist"]["aos"]["easy"]
    assert set(leaf.values()) == {None}
    path = plot_precision_recall(evaluation, tmp_path / "p.svg")
    assert path.read_text().count("not evaluated") == 12


def test_a_diagnosis_in_lines():
    lines = diagnosis_lines(diagnose(_evaluation(), "Car"))
    assert lines[0].startswith("Car: ")
    assert "Best overlap of a label with a detection: bbox 0." in lines[1]
    assert "m apart" in lines[2]
    assert lines[-1] == "  - Nothing stands out."
    assert "  - No Car among the 0 detections" in diagnosis_lines(diagnose(_evaluation(detected=False), "Car"))[1]
