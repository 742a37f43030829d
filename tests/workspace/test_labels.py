"""`labels/labels.parquet`: labels come back as they were read, and a changed file is read again."""

from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from scanpick.datasets import Dataset, open_dataset
from scanpick.datasets.view import DatasetView
from scanpick.errors import FrameError
from scanpick.structures import Boxes3D, Labels
from scanpick.workspace.index import index, index_frames
from scanpick.workspace.labels import (
    LabelledPool,
    LabelTable,
    labels_for,
    read_label_table,
    update_labels,
    write_label_table,
)
from scanpick.workspace.source import find_source
from scanpick.workspace.workspace import Workspace
from tests.studies.toys import write_toy_kitti

ARRAYS = ("truncation", "occlusion", "image_boxes", "track_ids")


def equal(one: Labels, other: Labels) -> None:
    """All that is kept of labels is the same, to the last digit."""
    np.testing.assert_array_equal(one.boxes.array, other.boxes.array)
    np.testing.assert_array_equal(one.boxes.class_names, other.boxes.class_names)
    for name in ARRAYS:
        mine, theirs = getattr(one, name), getattr(other, name)
        assert (mine is None) == (theirs is None) or not len(one)
        if mine is not None and theirs is not None:
            np.testing.assert_array_equal(mine, theirs)
    np.testing.assert_array_equal(one.dont_care_image_boxes, other.dont_care_image_boxes)
    assert (one.camera_objects is None) == (other.camera_objects is None)
    if one.camera_objects is not None:
        for name, value in vars(one.camera_objects).items():
            np.testing.assert_array_equal(value, vars(other.camera_objects)[name])


def round_trip(labels: dict[str, Labels], path: Path) -> dict[str, Labels]:
    write_label_table(path, LabelTable(labels, {}, dict.fromkeys(labels, "points")))
    return dict(read_label_table(path).labels)


@pytest.mark.parametrize("place", ["kitti", "kitti_tracking", "simulated:demo"])
def test_labels_come_back_as_they_were(place: str, test_data: Path, tmp_path: Path) -> None:
    dataset = open_dataset(place, frames=8) if ":" in place else open_dataset(str(test_data / place))
    ids = [record.frame_id for record in dataset.records[:12]]
    read = {one: labels for one in ids if (labels := dataset.labels(one)) is not None}
    back = round_trip(read, tmp_path / "labels.parquet")
    assert list(back) == list(read)
    for frame_id, labels in read.items():
        equal(back[frame_id], labels)


def test_labels_of_other_forms_come_back(tmp_path: Path) -> None:
    boxes = Boxes3D(np.array([[10.0, 0, 0, 4, 2, 1.5, 0.1], [20, 1, 0, 1, 1, 2, -0.0]]), np.array(["Car", "dontcarer"]))
    kitti = open_dataset("simulated:demo", frames=1)
    objects = kitti.labels(kitti.records[0].frame_id)
    assert objects is not None
    assert objects.camera_objects is not None
    nothing = objects.camera_objects[np.zeros(len(objects.camera_objects), dtype=bool)]
    labels = {
        "bare": Labels(boxes),
        "told": Labels(boxes, np.array([0.5, 0]), np.array([0, 3]), np.arange(8.0).reshape(2, 4), np.array([7, 2**52])),
        "empty": Labels(Boxes3D.empty()),
        "empty in KITTI's form": Labels(Boxes3D.empty(), camera_objects=nothing),
        "regions": Labels(boxes, dont_care_image_boxes=np.array([[1.0, 2, 3, 4]])),
    }
    back = round_trip(labels, tmp_path / "labels.parquet")
    for name, one in labels.items():
        equal(back[name], one)
    table = pyarrow.parquet.read_table(tmp_path / "labels.parquet").to_pydict()
    assert table["frame_id"].count("bare") == 2
    assert table["track_id"][2:4] == [7, 2**52]
    assert table["truncated"][:2] == [None, None], "what is not known is empty"


class Once(DatasetView):
    """Counts how often labels are read."""

    def __init__(self, dataset: Dataset) -> None:
        super().__init__(dataset)
        self.asked: list[str] = []

    def labels(self, frame_id: str) -> Labels | None:
        self.asked.append(frame_id)
        return super().labels(frame_id)


def test_computed_labels_are_read_once_with_their_frames(tmp_path: Path) -> None:
    source, dataset = find_source("simulated:demo", {"frames": 6})
    counted, pool = Once(dataset), Workspace(tmp_path)
    index_frames(pool, source, counted, labels=True, workers=1)
    assert sorted(counted.asked) == sorted(pool.frames().frame_ids)
    before = pool.labels_path.read_bytes()
    index_frames(pool, source, counted, labels=True, workers=1)
    assert len(counted.asked) == 6
    assert pool.labels_path.read_bytes() == before


def test_changed_files_of_labels_are_read_again(tmp_path: Path) -> None:
    root = write_toy_kitti(tmp_path / "kitti")
    pool = index(f"kitti-object:{root}", tmp_path / "pool", workers=1)
    first = labels_for(pool, ["000000", "000001", "000010"])
    assert isinstance(first, LabelledPool)
    assert set(first.table.labels) == {"000000", "000001"}
    assert first.labels("000010") is None
    path = root / "training" / "label_2" / "000001.txt"
    path.write_text("".join(path.read_text().splitlines(keepends=True)[1:]))
    now = update_labels(pool, ["000001", "000002"])
    assert len(now.labels["000001"]) == len(first.table.labels["000001"]) - 1
    equal(now.labels["000000"], first.table.labels["000000"])
    path.write_text("Car 0 0\n")
    broken = labels_for(pool, ["000001"])
    with pytest.raises(FrameError, match=r"000001\.txt, line 1: expected 15 columns") as raised:
        broken.labels("000001")
    assert raised.value.kind == "labels"
