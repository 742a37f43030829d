"""Labels, objects, detections, embeddings and selections: one length, ids that come once, finite values."""

from typing import Any

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.structures import Boxes3D, CameraObjects, Detections, EmbeddingTable, Labels, Selection

BOXES = Boxes3D(np.array([[1.0, 2, 3, 4, 2, 1.5, 0.3]] * 2), np.array(["Car", "Van"]))


def test_labels_have_a_row_per_box() -> None:
    labels = Labels(BOXES, track_ids=np.array([1, 2]), image_boxes=np.zeros((2, 4)))
    assert len(labels) == 2
    assert labels.truncation is None
    assert labels.dont_care_image_boxes.shape == (0, 4)
    for wrong in ({"truncation": np.zeros(3)}, {"image_boxes": np.zeros((2, 5))}, {"track_ids": np.zeros(1)}):
        with pytest.raises(ScanpickError, match=rf"Labels\.{next(iter(wrong))}: expected shape"):
            Labels(BOXES, **wrong)  # type: ignore[arg-type]


def camera_objects(count: int, **changes: Any) -> CameraObjects:
    values: dict[str, Any] = {name: np.zeros(count) for name in ("truncation", "occlusion", "alpha", "rotation_y")}
    values |= {name: np.zeros((count, 3)) for name in ("sizes_hwl", "bottom_centres")}
    values |= {"class_names": np.array([f"c{row}" for row in range(count)]), "image_boxes": np.zeros((count, 4))}
    return CameraObjects(**(values | changes))


def test_camera_objects_are_chosen_together() -> None:
    objects = camera_objects(3, scores=np.arange(3))
    chosen = objects[np.array([2, 0])]
    assert chosen.class_names.tolist() == ["c2", "c0"]
    assert chosen.scores is not None
    assert chosen.scores.tolist() == [2, 0]
    assert camera_objects(2)[:1].scores is None
    assert len(camera_objects(0)) == 0
    with pytest.raises(ScanpickError, match=r"CameraObjects\.alpha: expected shape \(2\)"):
        camera_objects(2, alpha=np.zeros(3))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scores": np.array([1.0, np.nan])}, "scores: expected finite numbers"),
        ({"scores": np.zeros(3)}, r"scores: expected shape \(2\)"),
        ({"class_probabilities": np.full((2, 1), 1.5), "probability_classes": ("Car",)}, "values from 0 to 1"),
        ({"class_probabilities": np.zeros((2, 2)), "probability_classes": ("Car",)}, "expected shape"),
        ({"image_boxes": np.zeros((2, 3))}, "image_boxes: expected shape"),
        ({"extras": {"entropy": np.zeros(3)}}, r"extras\['entropy'\]: expected shape"),
    ],
)
def test_wrong_detections_are_refused(changes: dict[str, Any], message: str) -> None:
    arguments = {"scores": np.array([0.5, 0.25])} | changes
    with pytest.raises(ScanpickError, match=message):
        Detections("1", BOXES, **arguments)


def test_no_detections() -> None:
    assert len(Detections.empty("1")) == 0


def test_embeddings_are_found_by_id() -> None:
    table = EmbeddingTable("x", ("a", "b", "c"), np.arange(6, dtype=np.float32).reshape(3, 2))
    np.testing.assert_array_equal(table.rows(["c", "a"]), [[4, 5], [0, 1]])
    with pytest.raises(ScanpickError, match="no row for 2 of 3 frames: d, e"):
        table.rows(["a", "d", "e"])


@pytest.mark.parametrize(
    ("ids", "values", "message"),
    [
        (("a", "a"), np.zeros((2, 2)), "got duplicates: a"),
        (("a", "b"), np.zeros((3, 2)), r"expected shape \(2, any\), got \(3, 2\)"),
        (("a", "b"), np.array([[0, 0], [0, np.inf]]), "NaN or infinity in frames b"),
    ],
)
def test_wrong_embeddings_are_refused(ids: tuple[str, ...], values: np.ndarray, message: str) -> None:
    with pytest.raises(ScanpickError, match=message):
        EmbeddingTable("x", ids, values)


def test_an_embedding_that_is_a_memory_map_stays_one(tmp_path: Any) -> None:
    np.save(tmp_path / "x.npy", np.zeros((3, 2), dtype=np.float32))
    mapped = np.load(tmp_path / "x.npy", mmap_mode="r")
    assert np.shares_memory(EmbeddingTable("x", ("a", "b", "c"), mapped).values, mapped)


def test_selections_have_a_row_per_pick() -> None:
    column = np.zeros(2)
    picked = Selection("random", ("a", "b"), column, ("", "a"), column, column, {"diversity": column})
    assert len(picked) == 2
    with pytest.raises(ScanpickError, match="got duplicates: a"):
        Selection("random", ("a", "a"), column, ("", "a"), column, column)
    with pytest.raises(ScanpickError, match=r"Selection\.gains: expected shape \(2\)"):
        Selection("random", ("a", "b"), np.zeros(3), ("", "a"), column, column)
    with pytest.raises(ScanpickError, match="nearest_selected: expected shape"):
        Selection("random", ("a", "b"), column, ("",), column, column)
    with pytest.raises(ScanpickError, match=r"contributions\['diversity'\]"):
        Selection("random", ("a", "b"), column, ("", "a"), column, column, {"diversity": np.zeros(1)})
