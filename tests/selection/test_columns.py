"""Columns from tables and predictions reach their places in a pool, matched by frame id."""

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.formats.frame_columns import read_frame_columns
from scanpick.formats.object_embeddings import read_object_embeddings
from scanpick.selection import Pool, select
from scanpick.selection.columns import with_columns, with_detections, with_objects
from scanpick.structures import Boxes3D, Detections

POOL = Pool(("a", "b", "c"), labelled=[False, False, True])


def detections(frame_id, names, scores):
    boxes = Boxes3D(np.tile([0, 0, 0, 1, 1, 1, 0.0], (len(names), 1)), np.array(names, dtype=np.str_))
    return Detections(frame_id, boxes, np.array(scores))


def test_columns_have_their_places():
    columns = {
        "entropy": np.array([0.2, 0.1]),
        "weather": np.array(["dry", "rain"]),
        "sequence": np.array(["s", "s"]),
        "time_s": np.array([2.0, 1.0]),
        "position_x_m": np.array([5.0, 4.0]),
        "position_y_m": np.array([0.0, 0.0]),
        "expected_boxes": np.array([7.0, 3.0]),
        "count_Car": np.array([2.0, 1.0]),
        "night": np.array([True, False]),
    }
    pool = with_columns(POOL, ["b", "a"], columns)
    np.testing.assert_array_equal(pool.scores["entropy"], [0.1, 0.2, np.nan])
    assert pool.metadata["weather"].tolist() == ["rain", "dry", ""]
    assert pool.sequences.tolist() == ["s", "s", ""]
    np.testing.assert_array_equal(pool.times_s, [1, 2, np.nan])
    np.testing.assert_array_equal(pool.positions_m, [[4, 0], [5, 0], [np.nan, np.nan]])
    np.testing.assert_array_equal(pool.expected_boxes, [3, 7, np.nan])  # the third is labelled: nothing is spent on it
    np.testing.assert_array_equal(pool.class_counts["Car"], [1, 2, np.nan])
    assert pool.metadata["night"].tolist()[:2] == [0, 1]
    assert set(pool.scores) == {"entropy", "night"}


@pytest.mark.parametrize(
    ("ids", "columns", "message"),
    [
        (["x", "y"], {"e": np.ones(2)}, "no frame of the pool: it has ids like x, y, the pool has a, b"),
        (["a"], {"expected_boxes": np.array([1.0])}, "Pool.expected_boxes: expected numbers of 0 or more, .* frames b"),
        (["a"], {"time_s": np.array(["noon"])}, "expected numbers, got text"),
    ],
)
def test_columns_that_do_not_fit(ids, columns, message):
    with pytest.raises(ScanpickError, match=message):
        with_columns(POOL, ids, columns)


def test_expected_boxes_and_classes_of_predictions():
    found = {"a": detections("a", ["Car", "Van", "Car"], [0.9, 0.5, 0.25]), "b": Detections.empty("b")}
    pool = with_detections(POOL, found)
    np.testing.assert_array_equal(pool.expected_boxes, [1.65, 0, np.nan])
    np.testing.assert_array_equal(pool.class_counts["Car"], [1.15, 0, np.nan])
    np.testing.assert_array_equal(pool.class_counts["Van"], [0.5, 0, np.nan])
    pool = with_detections(POOL, found, min_score=0.5)
    np.testing.assert_array_equal(pool.expected_boxes, [2, 0, np.nan])
    assert select(pool, "random", "2 objects").summary["spent"] == 2


def test_predictions_that_cannot_be_counted():
    with pytest.raises(ScanpickError, match="nothing on 1 of 2 frames: b"):
        with_detections(POOL, {"a": Detections.empty("a")})
    logits = {"a": detections("a", ["Car"], [-2.0]), "b": Detections.empty("b")}
    with pytest.raises(ScanpickError, match="scores from 0 to 1"):
        with_detections(POOL, logits)
    assert with_detections(POOL, logits, min_score=-3).expected_boxes.tolist()[:2] == [1, 0]


def test_tables_keep_ids_as_text(tmp_path):
    (tmp_path / "t.csv").write_text("frame_id,n,text,flag,gap,none\n0001,3,a,true,1.5,\n0002,4,,false,,\n")
    ids, columns = read_frame_columns(tmp_path / "t.csv")
    assert ids == ["0001", "0002"]
    assert columns["n"].tolist() == [3, 4]
    assert columns["text"].tolist() == ["a", ""]
    assert columns["flag"].tolist() == [True, False]
    np.testing.assert_array_equal(columns["gap"], [1.5, np.nan])
    assert np.isnan(columns["none"]).all()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.csv", b"id,a\n1,2\n", "expected a column 'frame_id', got: id, a"),
        ("t.csv", b"frame_id,a\n1,2\n1,3\n", "duplicates: 1"),
        ("t.csv", b"", "expected CSV: Empty"),
        ("t.parquet", b"PAR1", "expected a Parquet table"),
        ("t.csv", b"frame_id,a\n1\n", "expected CSV"),
    ],
)
def test_damaged_tables(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ScanpickError, match=message):
        read_frame_columns(tmp_path / name)


def test_balance_asks_for_the_classes_of_labelled_frames():
    pool = with_detections(POOL, {"a": detections("a", ["Car"], [1.0]), "b": Detections.empty("b")})
    objective = {"type": "balance"}
    with pytest.raises(ScanpickError, match="classes are not known: c"):
        select(pool, "combined", 1, options={"objectives": [objective]})
    options = {"objectives": [{**objective, "count_labelled": False}]}
    assert select(pool, "combined", 1, options=options).frame_ids == ("a",)


def test_objects_of_frames(tmp_path):
    np.savez(tmp_path / "crops.npz", values=np.arange(6.0).reshape(3, 2), frame_id=np.array(["b", "z", "a"]))
    values, ids = read_object_embeddings(tmp_path / "crops.npz")
    pool = with_objects(POOL, "crops", values, ids)
    assert pool.objects["crops"].values.tolist() == [[0, 1], [4, 5]]
    assert pool.objects["crops"].frame_index.tolist() == [1, 0]
    with pytest.raises(ScanpickError, match="none is in a frame of the pool"):
        with_objects(POOL, "crops", values[:1], ["z"])
    with pytest.raises(ScanpickError, match="NaN or infinity in the rows 0"):
        with_objects(POOL, "crops", values[:1] * np.nan, ["a"])


def test_damaged_objects(tmp_path):
    path = tmp_path / "x.npz"
    np.savez(path, values=np.zeros((2, 3)), frame_id=np.array(["a"]))
    with pytest.raises(ScanpickError, match=r"expected values \(M, D\) of numbers and frame_id"):
        read_object_embeddings(path)
    np.savez(path, values=np.array([{}], dtype=object), frame_id=np.array(["a"]))
    good = path.read_bytes()
    for content in (good, good[:100], b"", b"PK"):
        path.write_bytes(content)
        with pytest.raises(ScanpickError, match=r"expected a \.npz file"):
            read_object_embeddings(path)
    np.save(path.with_suffix(".npy"), np.zeros((2, 3)))
    with pytest.raises(ScanpickError, match=r"expected a \.npz file"):
        read_object_embeddings(path.with_suffix(".npy"))
