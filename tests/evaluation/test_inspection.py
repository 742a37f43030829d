"""Outcomes at a threshold add up to the curve's counts, and the file says them line by line."""

import csv
from collections import Counter

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.evaluation.inspection import COLUMNS, inspect, write_inspections
from scanpick.evaluation.kitti import evaluate


@pytest.mark.parametrize("metric", ["bbox", "bev", "3d"])
def test_counts_are_those_of_the_curve(make_frames, as_tables, metric):
    evaluation = evaluate(*as_tables(make_frames(41, 30)))
    for name in evaluation.curves:
        for level in ("easy", "moderate", "hard"):
            curve = evaluation.curves[name][metric][level]
            for threshold, tp, fp in zip(curve.thresholds, curve.true_positives, curve.false_positives, strict=True):
                found = inspect(evaluation, name, metric, level, threshold)
                counts = np.sum(list(found.frame_counts().values()), axis=0)
                assert counts[:2].tolist() == [tp, fp]
                assert (found.labels == "found").sum() == tp
                low = (found.labels == "ignored") & (found.detection_of_label >= 0)
                assert tp + counts[2] <= curve.ground_truths <= tp + counts[2] + low.sum()
                assert (found.overlap_of_label[found.labels == "found"] > 0.5).all()


def test_the_file_lists_what_plays_a_part(make_frames, as_tables, tmp_path):
    evaluation = evaluate(*as_tables(make_frames(42, 10)))
    inspections = [inspect(evaluation, name, "bbox", "hard", 0.4) for name in ("Car", "Pedestrian")]
    write_inspections(tmp_path / "outcomes.csv", inspections)
    with (tmp_path / "outcomes.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [row["frame_id"] for row in rows] == sorted(row["frame_id"] for row in rows)
    outcomes = Counter((row["kind"], row["outcome"]) for row in rows)
    counts = np.sum([list(i.frame_counts().values()) for i in inspections], axis=(0, 1))
    expected = [("detection", "true positive"), ("detection", "false positive"), ("label", "missed")]
    assert [outcomes[key] for key in expected] == counts.tolist()
    assert all(float(row["score"]) >= 0.4 for row in rows if row["kind"] == "detection")


def test_unknown_names(make_frames, as_tables):
    evaluation = evaluate(*as_tables(make_frames(43, 2)))
    for arguments, message in (
        (("Carr",), "Unknown class 'Carr'. Did you mean 'Car'"),
        (("Car", "aos"), "Unknown metric to inspect 'aos'"),
        (("Car", "3d", "medium"), "Unknown difficulty 'medium'"),
    ):
        with pytest.raises(ScanpickError, match=message):
            inspect(evaluation, *arguments)
