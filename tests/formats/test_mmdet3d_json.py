"""mmdetection3d's JSON: what is no such file, or holds something else than numbers, is refused by name."""

import json
from pathlib import Path

import pytest

from scanpick.errors import ScanpickError
from scanpick.formats.mmdet3d_json import read_mmdet3d

SOUND = {
    "bboxes_3d": [[10, 2, -1.7, 3.9, 1.6, 1.5, 0.1], [20, 2, -1.7, 3.9, 1.6, 1.5, 0.1]],
    "scores_3d": [0.8, 0.2],
    "labels_3d": [1, 0],
    "box_type_3d": "LiDAR",
}


def read(tmp_path: Path, content: object):
    path = tmp_path / "000000.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return read_mmdet3d(path, ["Pedestrian", "Car"])


def test_a_sound_file_is_read(tmp_path: Path) -> None:
    found = read(tmp_path, SOUND)
    assert found.boxes.class_names.tolist() == ["Car", "Pedestrian"]
    assert found.boxes.array[0].tolist() == pytest.approx([10, 2, -1.7 + 0.75, 3.9, 1.6, 1.5, 0.1])
    nothing = {**SOUND, "bboxes_3d": [], "scores_3d": [], "labels_3d": []}
    assert len(read(tmp_path, nothing)) == 0
    with_velocity = {**SOUND, "bboxes_3d": [[*box, 0.5, 0.5] for box in SOUND["bboxes_3d"]]}
    assert read(tmp_path, with_velocity).boxes.array.shape == (2, 7)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([{"obj_type": "Car"}], "000000.json: expected mmdetection3d's predictions, .* got a list"),
        (None, "got nothing"),
        (7, "got '7'"),
        ("{", "expected JSON"),
        ("[" * 100_000, "expected JSON"),
        ({"bboxes_3d": []}, "got no scores_3d, labels_3d, box_type_3d"),
        ({**SOUND, "box_type_3d": "Camera"}, "expected boxes of the type 'LiDAR', got 'Camera'"),
        ({**SOUND, "box_type_3d": [1]}, r"expected boxes of the type 'LiDAR', got '\[1\]'"),
        ({**SOUND, "scores_3d": [0.8]}, "as many boxes as scores and labels, got 2, 1 and 2"),
        ({**SOUND, "scores_3d": [[0.8], [0.2]]}, r"in 1 dimension\(s\) in 'scores_3d', got the shape \(2, 1\)"),
        ({**SOUND, "scores_3d": {"a": 1}}, "expected numbers in 'scores_3d'"),
        ({**SOUND, "labels_3d": [None, 1]}, "'labels_3d'"),
        ({**SOUND, "labels_3d": [0.5, 1]}, "whole numbers in 'labels_3d'"),
        ({**SOUND, "labels_3d": [0, 2]}, "numbers from 0 to 2, but 2 class names"),
        ({**SOUND, "bboxes_3d": [[1, 2], [3]]}, "expected numbers in 'bboxes_3d'"),
        ({**SOUND, "bboxes_3d": [[1, 2], [3, 4]]}, "7 numbers a box in 'bboxes_3d', got 2"),
        ({**SOUND, "bboxes_3d": [[10, 2, -1.7, 3.9, 1.6, 10**400, 0.1]] * 2}, "'bboxes_3d'"),
    ],
)
def test_anything_else_is_refused(tmp_path: Path, content: object, message: str) -> None:
    with pytest.raises(ScanpickError, match=message):
        read(tmp_path, content)
