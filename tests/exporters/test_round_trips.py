"""Hand-offs out and back, the same for every tool; what each writes of a box is measured by that tool's own rule."""

import re
from pathlib import Path

import numpy as np
import pytest

from scanpick.errors import ScanpickError
from scanpick.exporters import EXPORTERS, LabelReader
from scanpick.geometry.transforms import wrap_angle
from scanpick.structures import Boxes3D, Detections
from tests.exporters.hand_offs import (
    BOX,
    BOXES,
    CLASSES,
    CORNERS,
    ODD_IDS,
    Drive,
    detections,
    hand_off,
    of_x_family,
    tool_export,
    write,
)

READERS = [name for name in EXPORTERS.names() if isinstance(EXPORTERS.make(name, {}), LabelReader)]
IDS = [f"{number:06d}" for number in range(4)]


def check_same(boxes: np.ndarray, expected: np.ndarray = BOXES) -> None:
    assert np.abs(boxes[:, :6] - expected[:, :6]).max() < 1e-3
    assert np.abs(wrap_angle(boxes[:, 6] - expected[:, 6])).max() < 1e-3


@pytest.mark.parametrize("tool", EXPORTERS.names())
def test_the_corners_of_what_is_written_are_those_of_the_box(tool: str, tmp_path: Path) -> None:
    summary = write(tool, hand_off(Drive(tmp_path, IDS), IDS[:1]), tmp_path / "out")
    expected = of_x_family(BOX[:3], BOX[3:6], BOX[6])
    assert np.abs(CORNERS[tool](tmp_path / "out", summary.names[IDS[0]]) - expected).max() < 1e-3


@pytest.mark.parametrize("out", ["out", "task.zip", "mine.zip"])
@pytest.mark.parametrize("tool", [tool for tool in READERS if tool not in ("kitti_subset", "openpcdet", "mmdet3d")])
def test_the_commands_of_the_tool_name_files_that_are_there(tool: str, out: str, tmp_path: Path) -> None:
    summary = write(tool, hand_off(Drive(tmp_path, IDS), IDS[:2]), tmp_path / out)
    assert summary.upload
    words = re.split(r"[\s'\"=()\[\],]+", " ".join(summary.upload))
    named = [word for word in words if word.startswith(str(tmp_path)) or word.endswith("labels.json")]
    assert [word for word in named if not Path(word.partition("*")[0]).exists()] == []


@pytest.mark.parametrize("tool", READERS)
@pytest.mark.parametrize("bare", [False, True])
def test_labels_come_back_as_they_went(tool: str, bare: bool, tmp_path: Path) -> None:
    ids = ODD_IDS if bare else IDS
    summary = write(tool, hand_off(Drive(tmp_path, ids, bare=bare), ids), tmp_path / "out")
    assert summary.counts["pre-labels"] == len(ids) * len(BOXES)
    returned = EXPORTERS.make(tool, {}).read(tool_export(tool, tmp_path / "out", tmp_path / "back"), summary.items)
    assert sorted(returned.labels) == sorted(ids)
    assert not returned.rejected
    assert not returned.unknown
    assert set(CLASSES) <= set(returned.class_names)
    for boxes in returned.boxes.values():
        assert boxes.class_names.tolist() == list(CLASSES)
        check_same(boxes.array)


@pytest.mark.parametrize("tool", READERS)
def test_sequences_around_picks_come_back_as_they_went(tool: str, tmp_path: Path) -> None:
    work = hand_off(Drive(tmp_path, IDS), [IDS[2]], sequences=[IDS[1:4]])
    work.pre_labels.update({frame_id: detections(frame_id) for frame_id in IDS})  # type: ignore[attr-defined]
    summary = write(tool, work, tmp_path / "out")
    returned = EXPORTERS.make(tool, {}).read(tool_export(tool, tmp_path / "out", tmp_path / "back"), summary.items)
    assert sorted(returned.labels) == IDS[1:4]
    for boxes in returned.boxes.values():
        check_same(boxes.array)
    assert [name for name, _ in sorted(summary.items.items())] == list(summary.names.values())  # in time order


@pytest.mark.parametrize("tool", READERS)
def test_boxes_that_score_too_low_stay_at_home(tool: str, tmp_path: Path) -> None:
    work = hand_off(Drive(tmp_path, IDS), IDS[:1], least_score=0.5)
    work.pre_labels[IDS[0]] = detections(IDS[0], scores=[0.4, 0.9, 0.5])  # type: ignore[index]
    summary = write(tool, work, tmp_path / "out")
    returned = EXPORTERS.make(tool, {}).read(tool_export(tool, tmp_path / "out", tmp_path / "back"), summary.items)
    check_same(returned.boxes[IDS[0]].array, BOXES[1:])


@pytest.mark.parametrize("tool", READERS)
def test_a_box_called_rejected_refuses_the_frame_and_what_was_not_asked_for_is_named(tool: str, tmp_path: Path) -> None:
    work = hand_off(Drive(tmp_path, IDS), IDS[:3])
    boxes = Boxes3D(BOXES, np.array(["Car", "Rejected", "Car"]))
    work.pre_labels[IDS[1]] = Detections(IDS[1], boxes, np.ones(3))  # type: ignore[index]
    summary = write(tool, work, tmp_path / "out")
    items = {name: frame_id for name, frame_id in summary.items.items() if frame_id != IDS[2]}
    returned = EXPORTERS.make(tool, {}).read(tool_export(tool, tmp_path / "out", tmp_path / "back"), items)
    assert list(returned.labels) == [IDS[0]]
    assert list(returned.rejected) == [IDS[1]]
    assert len(returned.unknown) == 1


@pytest.mark.parametrize("tool", READERS)
def test_a_zip_is_as_good_as_a_folder(tool: str, tmp_path: Path) -> None:
    if tool == "kitti_subset":
        with pytest.raises(ScanpickError, match=r"without \.zip"):
            write(tool, hand_off(Drive(tmp_path, IDS), IDS), tmp_path / "task.zip")
        return
    summary = write(tool, hand_off(Drive(tmp_path, IDS), IDS), tmp_path / "zips" / "task.zip")
    assert (tmp_path / "zips" / "task.zip").is_file()
    assert (tmp_path / "zips" / "task-frames.csv").is_file()
    if tool in ("segments", "openlabel"):  # what they give back is no such zip
        return
    path = tmp_path / "zips" / ("task-annotations.zip" if tool == "cvat" else "task.zip")
    assert sorted(EXPORTERS.make(tool, {}).read(path, summary.items).labels) == IDS


@pytest.mark.parametrize("tool", ["kitti_subset", "openpcdet", "mmdet3d"])
def test_classes_of_several_words_are_refused_before_a_line_is_written(tool: str, tmp_path: Path) -> None:
    work = hand_off(Drive(tmp_path, IDS), IDS)
    boxes = Boxes3D(BOXES, np.array(["Car", "traffic cone", "Car"]))
    work.pre_labels[IDS[3]] = Detections(IDS[3], boxes, np.ones(3))  # type: ignore[index]
    with pytest.raises(ScanpickError, match="the class 'traffic cone'"):
        write(tool, work, tmp_path / "out")
    assert not (tmp_path / "out").exists()
