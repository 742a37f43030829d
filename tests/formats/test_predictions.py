"""The predictions table goes out and comes back, and bad tables are named."""

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from scanpick.errors import ScanpickError
from scanpick.formats.predictions import REQUIRED_COLUMNS, read_predictions, read_predictions_meta, write_predictions
from scanpick.structures import Boxes3D, Detections


def _frame(frame_id, count, seed=0, *, rich=False):
    rng = np.random.default_rng(seed)
    boxes = Boxes3D(rng.uniform(0.1, 5, (count, 7)), rng.choice(["Car", "Pedestrian"], count))
    more = {}
    if rich:
        more = {
            "class_probabilities": rng.uniform(0, 1, (count, 2)),
            "probability_classes": ("Car", "Pedestrian"),
            "image_boxes": rng.uniform(0, 300, (count, 4)),
            "extras": {"heading_entropy": rng.uniform(0, 1, count)},
        }
    return Detections(frame_id, boxes, rng.uniform(0, 1, count), **more)


def _assert_same(a, b):
    assert a.frame_id == b.frame_id
    np.testing.assert_array_equal(a.boxes.array, b.boxes.array)
    assert a.boxes.class_names.tolist() == b.boxes.class_names.tolist()
    np.testing.assert_array_equal(a.scores, b.scores)
    assert a.probability_classes == b.probability_classes
    for name in ("class_probabilities", "image_boxes"):
        if getattr(a, name) is None:
            assert getattr(b, name) is None
        else:
            np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert a.extras.keys() == b.extras.keys()
    for name in a.extras:
        np.testing.assert_array_equal(a.extras[name], b.extras[name])


@pytest.mark.parametrize("rich", [False, True])
def test_round_trip_keeps_every_bit_and_empty_frames(tmp_path, rich):
    frames = [_frame("b", 3, 1, rich=rich), Detections.empty("nothing"), _frame("a", 5, 2, rich=rich)]
    path = tmp_path / "predictions.parquet"
    write_predictions(path, frames, {"detector": "tiny"})
    found = read_predictions(path)
    assert list(found) == ["b", "a", "nothing"]
    for frame in (frames[0], frames[2]):
        _assert_same(found[frame.frame_id], frame)
    assert len(found["nothing"]) == 0
    assert read_predictions_meta(path) == {"detector": "tiny"}


def test_a_table_of_frames_without_detections(tmp_path):
    write_predictions(tmp_path / "p.parquet", [Detections.empty("x")])
    assert {name: len(value) for name, value in read_predictions(tmp_path / "p.parquet").items()} == {"x": 0}


def test_rows_of_a_frame_need_not_be_neighbours(tmp_path):
    """A table written elsewhere, with float32 and integers, in any order."""
    columns = {name: np.arange(4, dtype=np.float32) for name in REQUIRED_COLUMNS[2:]}
    table = pa.table({"class": ["Car"] * 4, "frame_id": ["q", "p", "q", "p"], "votes": [1, 2, 3, 4], **columns})
    pq.write_table(table, tmp_path / "p.parquet")
    found = read_predictions(tmp_path / "p.parquet")
    assert list(found) == ["q", "p"]
    assert found["q"].scores.tolist() == [0, 2]
    assert found["p"].extras["votes"].tolist() == [2, 4]
    assert read_predictions_meta(tmp_path / "p.parquet") == {}


def _table(**changed):
    columns = {name: [1.0, 1.0] for name in REQUIRED_COLUMNS} | {"frame_id": ["a", "b"], "class": ["Car", "Car"]}
    return pa.table({name: values for name, values in (columns | changed).items() if values is not None})


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"yaw": None}, "got no yaw"),
        ({"x": ["1", "2"]}, "expected numbers in column 'x', got string"),
        ({"x": [1.0, float("nan")]}, "NaN or infinity in row 2"),
        ({"score": [1.0, None]}, "got none in column 'score', row 2"),
        ({"height": [1.0, -1.0]}, "negative ones in row 2"),
        ({"class": [1, 2]}, "expected text in every row of column 'class', got int64"),
        ({"p_Car": [0.5, 1.5]}, "values from 0 to 1"),
    ],
)
def test_bad_tables_are_named(tmp_path, changed, message):
    pq.write_table(_table(**changed), tmp_path / "p.parquet")
    with pytest.raises(ScanpickError, match=message):
        read_predictions(tmp_path / "p.parquet")


def test_files_that_are_no_table(tmp_path):
    with pytest.raises(ScanpickError, match="no such file"):
        read_predictions(tmp_path / "none.parquet")
    (tmp_path / "text.parquet").write_text("hello")
    with pytest.raises(ScanpickError, match="expected a Parquet table"):
        read_predictions(tmp_path / "text.parquet")


def test_frames_that_cannot_share_a_table(tmp_path):
    path = tmp_path / "p.parquet"
    with pytest.raises(ScanpickError, match="got duplicates: a"):
        write_predictions(path, [_frame("a", 1), _frame("a", 1)])
    with pytest.raises(ScanpickError, match="the same image boxes in every frame"):
        write_predictions(path, [_frame("a", 1), _frame("b", 1, rich=True)])
    taken = Detections("a", Boxes3D(np.ones((1, 7)), np.array(["Car"])), np.ones(1), extras={"yaw": np.ones(1)})
    with pytest.raises(ScanpickError, match="'yaw' of frame 'a' has a column's name"):
        write_predictions(path, [taken])
    assert not list(tmp_path.iterdir())
