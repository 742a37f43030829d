from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets import open_dataset
from scanpick.datasets.inspection import inspect_dataset
from scanpick.errors import FrameError, ScanpickError
from tests.datasets.samples import CAR_BOX, sweep, write_bin, write_lines

LINE = " ".join(map(str, CAR_BOX)) + " Car"


def write_openpcdet(root: Path, frame_ids: list[str]) -> Path:
    """A folder as OpenPCDet's, the last frame for validation."""
    for place, frame_id in enumerate(frame_ids):
        (root / "points").mkdir(parents=True, exist_ok=True)
        np.save(root / "points" / f"{frame_id}.npy", sweep(place))
        write_lines(root / "labels" / f"{frame_id}.txt", LINE)
    write_lines(root / "ImageSets" / "train.txt", *frame_ids[:-1])
    write_lines(root / "ImageSets" / "val.txt", frame_ids[-1])
    return root


def test_frames_boxes_and_splits(tmp_path: Path) -> None:
    dataset = open_dataset(str(write_openpcdet(tmp_path, ["000000", "000001"])))
    assert dataset.name == "openpcdet"
    assert [record.metadata["split"] for record in dataset.records] == ["train", "val"]
    labels = dataset.labels("000001")
    assert labels is not None
    np.testing.assert_allclose(labels.boxes.array, [CAR_BOX])
    assert labels.boxes.class_names.tolist() == ["Car"]
    assert inspect_dataset(dataset).problems == ()


def test_what_z_means_is_asked_for_where_points_are_bin(tmp_path: Path) -> None:
    write_bin(tmp_path / "points" / "1.bin", sweep())
    write_lines(tmp_path / "labels" / "1.txt", LINE)
    with pytest.raises(ScanpickError, match="box_origin=centre or box_origin=bottom"):
        open_dataset(str(tmp_path))
    labels = open_dataset(str(tmp_path), box_origin="bottom").labels("1")
    assert labels is not None
    assert labels.boxes.array[0, 2] == CAR_BOX[2] + CAR_BOX[5] / 2


@pytest.mark.parametrize("line", ["1 2 3 4 5 6 7", "1 2 3 4 5 6 x Car", "1 2 3 -4 5 6 7 Car", "nan 2 3 4 5 6 7 Car"])
def test_a_damaged_line_is_told(line: str, tmp_path: Path) -> None:
    root = write_openpcdet(tmp_path, ["1", "2"])
    write_lines(root / "labels" / "1.txt", LINE, line)
    with pytest.raises(FrameError, match=r"1\.txt, line 2: expected x y z length") as caught:
        open_dataset(str(root)).labels("1")
    assert caught.value.kind == "labels"
