"""The official protocol: golden arrays, a plain twin on crowded frames, and properties that must hold for any input."""

import json

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.evaluation.kitti import evaluate
from scanpick.evaluation.settings import KITTI_2017_R11, KITTI_2019_R40, METRICS
from scanpick.formats.object_table import ObjectTable, object_files, read_object_files
from scanpick.structures import CameraObjects
from tests.evaluation.plain_kitti import image_overlap, precision

LEVELS = ("easy", "moderate", "hard")


def _read(folder):
    files = object_files(folder / "label_2")
    return read_object_files(files), read_object_files(object_files(folder / "det", list(files)), with_scores=True)


def _assert_as_expected(folder):
    """Every array and average of a golden case, None included. Returns how many were compared."""
    expected = json.loads((folder / "expected.json").read_text())
    tables = _read(folder)
    assert expected["n_frames"] == len(tables[0].frame_ids)
    newer, older = evaluate(*tables), evaluate(*tables, KITTI_2017_R11)
    compared = 0
    for metric, classes in expected["precision"].items():
        for name, levels in classes.items():
            rule = KITTI_2019_R40.of_class(name).name
            where = f"{folder.name} {metric} {name}"
            if levels is None:
                assert set(newer.curves[rule][metric].values()) == {None}, where
                compared += 1
            for level, values in (levels or {}).items():
                got, at = newer.curves[rule][metric][level], f"{where} {level}"
                np.testing.assert_allclose(got.precision, values, rtol=0, atol=1e-6, err_msg=at)
                assert abs(got.ap_r40 - expected["AP_R40"][metric][name][level]) < 1e-4, at
                assert abs(got.ap_r11 - expected["AP_R11"][metric][name][level]) < 1e-4, at
                r11 = older.curves[rule][metric][level].ap_r11
                assert abs(r11 - expected["AP_R11_old_offline_tool"][metric][name][level]) < 1e-4, at
                compared += 1
    return compared


@pytest.mark.golden
def test_official_tool_on_many_frames(golden):
    assert _assert_as_expected(golden / "kitti_eval") > 0


@pytest.mark.golden
def test_official_tool_on_every_edge_case(golden):
    cases = json.loads((golden / "kitti_edge" / "cases.json").read_text())
    assert cases
    for name in cases:
        assert _assert_as_expected(golden / "kitti_edge" / name) > 0, name


@pytest.mark.parametrize("seed", range(4))
def test_agrees_with_the_plain_twin(make_frames, as_tables, seed):
    """Crowded frames with equal scores, low detections, neutral classes and DontCare: every sampled position."""
    frames = make_frames(seed, 25)
    evaluation = evaluate(*as_tables(frames))
    for rule in KITTI_2019_R40.classes:
        for metric in ("bbox", "bev", "3d"):
            for level in LEVELS:
                expected = precision(frames, rule.name.lower(), metric, level)
                got = evaluation.curves[rule.name][metric][level]
                np.testing.assert_allclose(got.precision, expected[0], rtol=0, atol=1e-12)
                if metric == "bbox":
                    oriented = evaluation.curves[rule.name]["aos"][level]
                    np.testing.assert_allclose(oriented.precision, expected[1], rtol=0, atol=1e-12)
    assert evaluation.curves["Car"]["bbox"]["hard"].ap_r40 > 5


def _apart(labels):
    """Labels of which none covers another in the image: an ignored one then cannot take another's detection."""
    parts = {}
    for index, frame_id in enumerate(labels.frame_ids):
        frame, kept = labels.frame(index), []
        for row, box in enumerate(frame.image_boxes):
            if all(image_overlap(box, frame.image_boxes[other]) == 0 for other in kept):
                kept.append(row)
        parts[frame_id] = frame[np.array(kept, dtype=int)]
    return ObjectTable.from_frames(parts)


def _perfect(labels):
    parts = {}
    for index, frame_id in enumerate(labels.frame_ids):
        frame = labels.frame(index)
        frame = frame[np.char.lower(frame.class_names) != "dontcare"]
        columns = {name: getattr(frame, name) for name in frame.__dataclass_fields__}
        scores = 0.5 + 0.4 * np.sin(np.arange(len(frame)) + 3 * index)
        parts[frame_id] = type(frame)(**(columns | {"scores": scores}))
    return ObjectTable.from_frames(parts)


def test_identity_gives_the_best_reachable_average(make_frames, as_tables):
    """100 with at least 41 objects; below, as many of the 40 positions as the devkit's rule can reach."""
    for count in (3, 200):
        labels = _apart(as_tables(make_frames(11, count))[0])
        evaluation = evaluate(labels, _perfect(labels))
        for name, metrics in evaluation.curves.items():
            for metric in METRICS:
                for level in LEVELS:
                    got = metrics[metric][level]
                    if got is None or got.ground_truths == 0:
                        continue
                    reached = min(len(got.thresholds), 41)
                    assert reached >= min(got.ground_truths, 40) - 2, (name, metric, level)
                    np.testing.assert_allclose(got.ap_r40, 100 * (reached - 1) / 40)
                    np.testing.assert_allclose(got.ap_exact, 100)
                    if got.ground_truths >= 41:
                        np.testing.assert_allclose([got.ap_r40, got.ap_r11], 100)


def _flat(evaluation):
    return {
        (name, metric, level): got.precision.tolist()
        for name, metrics in evaluation.curves.items()
        for metric, levels in metrics.items()
        for level, got in levels.items()
    }


def test_order_of_frames_changes_nothing(make_frames, as_tables):
    frames = make_frames(5, 20)
    order = np.random.default_rng(0).permutation(len(frames))
    expected, got = (_flat(evaluate(*as_tables(f))) for f in (frames, [frames[i] for i in order]))
    for key in expected:
        np.testing.assert_allclose(got[key], expected[key], rtol=0, atol=1e-12)


def test_order_of_detections_changes_nothing_where_scores_and_overlaps_differ(make_frames, as_tables):
    """Only ties look at the order, and low detections, of which the devkit takes the first in the file."""
    rng = np.random.default_rng(1)
    frames, shuffled = [], []
    for labels, detections in make_frames(6, 20):
        tall = detections[(detections.image_boxes[:, 3] - detections.image_boxes[:, 1]) >= 40]
        columns = {name: getattr(tall, name) for name in tall.__dataclass_fields__}
        distinct = type(tall)(**(columns | {"scores": rng.permutation(len(tall)) / 100 + rng.uniform(0, 0.005)}))
        frames.append((labels, distinct))
        shuffled.append((labels, distinct[rng.permutation(len(tall))]))
    assert _flat(evaluate(*as_tables(frames))) == _flat(evaluate(*as_tables(shuffled)))


def test_a_detection_below_all_scores_never_raises_precision_before_it(make_frames, as_tables):
    frames = make_frames(7, 20)
    labels, detections = as_tables(frames)
    worst = detections.objects.scores.min() - 1
    rng = np.random.default_rng(2)
    before = evaluate(labels, detections)
    for _ in range(5):
        place = rng.integers(len(frames))
        copied = frames[rng.integers(len(frames))][1]
        columns = {name: getattr(copied[:1], name) for name in copied.__dataclass_fields__}
        extra = type(copied)(**(columns | {"scores": np.full(len(copied[:1]), worst)}))
        parts = [detections.frame(i) for i in range(len(frames))]
        parts[place] = ObjectTable.from_frames({"a": parts[place], "b": extra}).objects
        after = evaluate(labels, ObjectTable.from_frames(dict(zip(labels.frame_ids, parts, strict=True))))
        for name, metrics in before.curves.items():
            for metric, levels in metrics.items():
                for level, old in levels.items():
                    new = after.curves[name][metric][level]
                    at = new.all_scores > worst
                    np.testing.assert_array_equal(new.all_precision[at], old.all_precision)
                    np.testing.assert_array_equal(new.all_recall[at], old.all_recall)


def test_classes_of_ones_own(make_frames, as_tables):
    """Any class with its limit; a limit that is easier to exceed never finds less here."""
    tables = as_tables(make_frames(8, 30))
    settings = KITTI_2019_R40.with_class("Van", 0.5).with_class("Car", 0.5, neutral=("Van",))
    assert settings.name == "KITTI_2019_R40 (changed)"
    assert KITTI_2019_R40.of_class("car").min_overlap["3d"] == 0.7
    loose, strict = evaluate(*tables, settings), evaluate(*tables)
    assert list(loose.curves) == ["Pedestrian", "Cyclist", "Van", "Car"]
    assert loose.curves["Van"]["3d"]["hard"].ap_r40 > 0
    assert loose.curves["Car"]["3d"]["hard"].ap_r40 > strict.curves["Car"]["3d"]["hard"].ap_r40
    alone = evaluate(*tables, KITTI_2019_R40.only(["car"]))
    np.testing.assert_array_equal(
        alone.curves["Car"]["3d"]["easy"].precision, strict.curves["Car"]["3d"]["easy"].precision
    )


def test_few_objects_are_warned_of(make_frames, as_tables):
    labels = _apart(as_tables(make_frames(9, 6))[0])
    warnings = evaluate(labels, _perfect(labels)).warnings()
    assert warnings
    assert "With fewer than 41 even a perfect detector stays below 100" in warnings[0]
    labels = _apart(as_tables(make_frames(9, 400))[0])
    enough = evaluate(labels, _perfect(labels))
    assert enough.curves["Car"]["3d"]["hard"].ground_truths > 41
    assert not [w for w in enough.warnings() if w.startswith("Car") and "hard" in w]


def test_tables_that_do_not_fit_are_named(make_frames, as_tables):
    labels, detections = as_tables(make_frames(3, 4))
    fewer = ObjectTable.from_frames({i: detections.frame(0) for i in ("000000", "x")})
    with pytest.raises(ScanpickError, match="in one of the two only: 000001, 000002, 000003, x"):
        evaluate(labels, fewer)
    with pytest.raises(ScanpickError, match="expected detections with scores"):
        evaluate(labels, labels)
    with pytest.raises(ScanpickError, match="expected labels without scores"):
        evaluate(detections, detections)
    with pytest.raises(ScanpickError, match="Unknown class 'Truk'"):
        KITTI_2019_R40.only(["Truk"])


def test_no_frames_at_all(as_tables, make_frames):
    labels, detections = as_tables(make_frames(3, 1))
    empty = [ObjectTable.from_frames({"a": table.objects[:0]}) for table in (labels, detections)]
    assert all(
        got is None
        for metrics in evaluate(*empty).curves.values()
        for levels in metrics.values()
        for got in levels.values()
    )


def test_classes_without_matches_are_named(make_frames, as_tables):
    """Detected nowhere near their labels, or never; not one that matches in every metric."""
    labels, detections = as_tables(make_frames(61, 20))
    columns = {name: getattr(detections.objects, name) for name in detections.objects.__dataclass_fields__}
    lower = np.char.lower(detections.objects.class_names)
    columns["bottom_centres"] = columns["bottom_centres"] + 500 * (lower == "pedestrian")[:, None]
    columns["class_names"] = np.where(lower == "cyclist", "Tram", detections.objects.class_names)
    moved = ObjectTable(detections.frame_ids, detections.offsets, CameraObjects(**columns))
    assert evaluate(labels, moved).classes_without_matches() == ["Pedestrian", "Cyclist"]
