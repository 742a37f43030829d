"""Pre-labels go along from a score that labels show to be right often enough, and this is said."""

from pathlib import Path

import numpy as np

import scanpick as sp
from scanpick.formats.predictions import write_predictions
from scanpick.structures import Boxes3D, Detections
from scanpick.workspace.rounds import HandedOff, Rounds, items_of
from tests.cli.running import run_json
from tests.exporters.hand_offs import in_zip
from tests.face.annotators import answer


def test_the_score_comes_from_labels_once_there_are_some(tmp_path: Path) -> None:
    recordings, project = tmp_path / "recordings", tmp_path / "project"
    sp.simulate(recordings, 10, seed=1, workers=1)
    dataset = sp.open_dataset(str(recordings))
    truth, found = {}, []
    for record in dataset.records:
        labels = dataset.labels(record.frame_id)
        assert labels is not None
        boxes = labels.boxes
        truth[record.frame_id] = boxes
        away = Boxes3D(boxes.array + np.array([200, 0, 0, 0, 0, 0, 0]), boxes.class_names)  # where nothing is
        scores = np.concatenate([np.full(len(boxes), 0.8), np.full(len(boxes), 0.4)])
        found.append(Detections(record.frame_id, Boxes3D.concatenate([boxes, away]), scores))
    write_predictions(tmp_path / "found.parquet", found)
    sp.pick(recordings, 6, project, encoder="statistics", report=False, workers=1)

    first = sp.hand_off(project, "cvat", tmp_path / "first.zip", predictions=tmp_path / "found.parquet")
    assert "from a score of 0.3 on" in first.note
    pool = sp.open_pool(project)
    items = items_of(pool, Rounds.of(pool).of_kind(HandedOff)[-1].number)
    assert sum(len(truth[frame_id]) for frame_id in items.values()) >= 15
    zipped = answer(tmp_path / "done.zip", items, truth)
    sp.add_labels(project, zipped, classes={str(name): str(name) for one in truth.values() for name in one.class_names})

    sp.next(project, 2, predictions=tmp_path / "found.parquet", report=False)
    printed = run_json("hand-off", project, "--to", "cvat", "--out", tmp_path / "second.zip", "--predictions",
                    tmp_path / "found.parquet")  # fmt: skip
    assert "from a score of 0.8 on, where half of them are right: 100% of all above it" in printed["pre_labels"]
    scores = {
        box["attributes"]["score"]
        for item in in_zip(tmp_path / "second-annotations.zip", "annotations/default.json")["items"]
        for box in item["annotations"]
    }
    assert scores == {"0.8000"}
