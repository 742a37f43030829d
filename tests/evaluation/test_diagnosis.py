"""Each common mistake of convention, made on purpose, is named; a good detector is not accused."""

import re

import numpy as np
import pytest

from scanpick.evaluation.diagnosis import diagnose
from scanpick.evaluation.kitti import evaluate
from scanpick.formats.object_table import ObjectTable
from scanpick.structures import CameraObjects


def _changed(table, **columns):
    values = {name: getattr(table.objects, name) for name in table.objects.__dataclass_fields__}
    return ObjectTable(table.frame_ids, table.offsets, CameraObjects(**(values | columns)))


@pytest.fixture(scope="module")
def tables(make_frames, as_tables):
    """Labels, and detections that lie on all of them with a little noise."""
    labels = ObjectTable.from_frames(
        {
            str(index): frame[np.char.lower(frame.class_names) != "dontcare"]
            for index, (frame, _) in enumerate(make_frames(51, 40))
        }
    )
    rng = np.random.default_rng(0)
    places = labels.objects.bottom_centres + rng.normal(0, 0.05, (len(labels), 3))
    return labels, _changed(labels, bottom_centres=places, scores=rng.uniform(size=len(labels)))


def _findings(labels, detections, name="Car"):
    return " ".join(diagnose(evaluate(labels, detections), name).findings)


def test_a_good_detector_is_not_accused(tables):
    found = diagnose(evaluate(*tables), "Car")
    assert found.findings == ()
    assert found.best_overlap["3d"] > 0.8
    assert found.offsets.distance_m < 0.2
    np.testing.assert_allclose(found.offsets.size_ratios, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda o: {"bottom_centres": o.bottom_centres[:, [2, 0, 1]] * [1, -1, -1]}, "LiDAR coordinates"),
        (lambda o: {"bottom_centres": o.bottom_centres[:, [1, 0, 2]]}, r"Swapped axes.*\(y, x, z\) were"),
        (lambda o: {"sizes_hwl": o.sizes_hwl / 2}, "half sizes"),
        (lambda o: {"sizes_hwl": o.sizes_hwl * 2}, "twice"),
        (lambda o: {"sizes_hwl": o.sizes_hwl[:, [2, 1, 0]]}, "Sizes look like length, width, height"),
        (lambda o: {"rotation_y": np.degrees(o.rotation_y)}, "degrees"),
        (lambda o: {"rotation_y": -o.rotation_y - np.pi / 2}, "LiDAR's yaw"),
        (lambda o: {"rotation_y": o.rotation_y + np.pi / 2}, "turned by 90 degrees"),
        (lambda o: {"rotation_y": -o.rotation_y}, "other sign"),
        (lambda o: {"bottom_centres": o.bottom_centres - o.sizes_hwl[:, :1] * [0, 0.5, 0]}, "half a height.*centre's"),
        (lambda o: {"image_boxes": o.image_boxes * 0}, "lower than 25 pixels"),
        (lambda o: {"image_boxes": o.image_boxes * [1, 0, 1, 0]}, r"(\d+) of \1 detections have no 2D box"),
        (
            lambda o: {"sizes_hwl": o.sizes_hwl * [1, -1, -1]},
            r"Widths and lengths are negative \((\d+) of \1 detections",
        ),
        (lambda o: {"sizes_hwl": o.sizes_hwl * [0, 1, 1]}, r"Heights are 0 \(.*column 9 \(height: 0\)"),
        (lambda o: {"sizes_hwl": o.sizes_hwl * 0 - 1, "bottom_centres": o.bottom_centres * 0 - 1000}, "no 3D box"),
        (lambda o: {"scores": np.full(len(o), 0.5)}, "All .* scores are 0.5"),
        (lambda o: {"bottom_centres": o.bottom_centres + 300}, "No overlap in space at all"),
    ],
)
def test_mistakes_are_named(tables, change, message):
    labels, detections = tables
    detections = _changed(detections, **change(detections.objects))
    assert re.search(message, _findings(labels, detections)), _findings(labels, detections)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            lambda o: {"image_boxes": o.image_boxes * 0},
            r"(\d+) of \1 labels have no 2D box.*line \d+, column 5 \(left\)",
        ),
        (lambda o: {"image_boxes": o.image_boxes * 0 - 1}, r"All (\d+) labels are lower than 25 pixels"),
        (lambda o: {"sizes_hwl": o.sizes_hwl * [1, -1, 1]}, r"Widths are negative \((\d+) of \1 labels"),
        (lambda o: {"rotation_y": np.degrees(o.rotation_y)}, "rotation_y of labels reaches .* degrees"),
    ],
)
def test_mistakes_in_labels_are_named(tables, change, message):
    labels, detections = tables
    text = _findings(_changed(labels, **change(labels.objects)), detections)
    assert re.search(message, text), text
    assert "detections have" not in text
    assert "of detections" not in text


def test_the_place_of_the_first_wrong_value_is_told(tables):
    """Row 7 of the table is in the frame that holds it, on its line."""
    labels, detections = tables
    cars = np.flatnonzero(labels.objects.class_names == "Car")
    row = cars[7]
    sizes = labels.objects.sizes_hwl.copy()
    sizes[row, 2] = -3.9
    frame = int(labels.frame_of_rows[row])
    place = f"frame {labels.frame_ids[frame]}, line {row - labels.offsets[frame] + 1}, column 11 (length: -3.9)"
    text = _findings(_changed(labels, sizes_hwl=sizes), detections)
    assert f"Lengths are negative (1 of {len(cars)} labels; the first is {place})" in text


def test_class_names_that_differ(tables):
    labels, detections = tables
    names = np.where(detections.objects.class_names == "Car", "vehicle", detections.objects.class_names)
    text = _findings(labels, _changed(detections, class_names=names))
    assert "No Car among the" in text
    assert "called 'vehicle' within 1 m: class names differ" in text
    typo = np.where(detections.objects.class_names == "Car", "Cars", detections.objects.class_names)
    assert "Is 'cars' meant?" in _findings(labels, _changed(detections, class_names=typo))
    other = labels.objects.class_names.astype("<U20")
    other[np.char.lower(other) == "car"] = "Auto"
    assert "No Car among the" in _findings(_changed(labels, class_names=other), detections)


def test_frames_that_do_not_meet(tables):
    labels, detections = tables
    half = len(labels.frame_ids) // 2
    one, other = ({str(i): t.frame(i) for i in range(2 * half)} for t in (labels, detections))
    for i in range(half):
        one[str(i)] = one[str(i)][:0]
        other[str(i + half)] = other[str(i + half)][:0]
    text = _findings(ObjectTable.from_frames(one), ObjectTable.from_frames(other))
    assert "No frame has both a label and a detection of Car" in text


def test_nothing_at_all(tables):
    labels, _ = tables
    nothing = ObjectTable.from_frames(
        {i: _changed(labels, scores=np.zeros(len(labels))).objects[:0] for i in labels.frame_ids}
    )
    assert "No Car among the 0 detections; there are: none at all" in _findings(labels, nothing)


@pytest.mark.parametrize(
    ("label", "detection", "order"),
    [
        ([1.75, 0.65, 0.66], [1.75, 0.66, 0.65], None),  # as good as square: nothing tells the order
        ([1.0, 0.81, 0.66], [0.81, 0.66, 1.0], "width, length, height"),
        ([1.5, 1.6, 3.9], [5.5, 2.2, 2.1], None),  # no order fits
    ],
)
def test_an_order_of_sizes_is_named_where_it_alone_explains_them(tables, label, detection, order):
    labels, detections = tables
    text = _findings(
        _changed(labels, sizes_hwl=np.tile(label, (len(labels), 1))),
        _changed(detections, sizes_hwl=np.tile(detection, (len(detections), 1))),
    )
    assert ("Sizes look like" in text) == (order is not None), text
    assert order is None or f"Sizes look like {order};" in text
