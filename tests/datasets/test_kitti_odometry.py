"""KITTI odometry and SemanticKITTI: sequences, times, poses, and what is refused."""

import os
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets import open_dataset
from scanpick.datasets.dataset import ego_pose, licence
from scanpick.datasets.inspection import inspect_dataset
from scanpick.errors import ScanpickError
from tests.datasets.drive_samples import write_kitti_odometry

DATA = Path(os.environ.get("SCANPICK_TEST_DATA", "nowhere"))


@pytest.fixture
def sequences(tmp_path: Path) -> Path:
    return write_kitti_odometry(tmp_path / "dataset", {"00": 3, "08": 2, "11": 1})


def test_sequences_have_times_poses_and_a_split(sequences: Path) -> None:
    for folder in (sequences.parent, sequences, sequences / "sequences", sequences / "sequences" / "00"):
        assert open_dataset(str(folder)).name == "kitti-odometry"
    dataset = open_dataset(str(sequences))
    assert "6 frames of 3 sequences (3 with poses, 3 with labels of points, which are not read)" in dataset.description
    assert [record.metadata["split"] for record in dataset.records] == ["train"] * 3 + ["val"] * 2 + ["test"]
    record = dataset.records[1]
    assert (record.frame_id, record.timestamp_ns) == ("00/000001", 100_000_000)
    assert {"position_x_m": 0.5, "position_y_m": 0.0, "speed": 5.0}.items() <= dict(record.metadata).items()
    pose = ego_pose(dataset, "00/000002")
    assert pose is not None
    np.testing.assert_allclose(pose[:3, 3], [1.0, 0, 0])
    assert dataset.calibration("00/000000") is not None
    assert "non-commercial" in licence(dataset)
    assert not inspect_dataset(dataset).problems


def test_poses_lie_beside_the_sequences_or_nowhere(sequences: Path) -> None:
    (sequences / "poses").mkdir()
    (sequences / "sequences" / "00" / "poses.txt").rename(sequences / "poses" / "00.txt")
    (sequences / "sequences" / "08" / "poses.txt").unlink()
    dataset = open_dataset(str(sequences))
    assert ego_pose(dataset, "00/000001") is not None
    assert ego_pose(dataset, "08/000001") is None
    assert ego_pose(open_dataset(str(sequences / "sequences" / "00")), "00/000001") is not None
    (sequences / "sequences" / "00" / "times.txt").unlink()
    assert open_dataset(str(sequences)).records[2].timestamp_ns == 200_000_000


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("poses.txt", "1 2 3\n", "expected 12 numbers in each line"),
        ("poses.txt", "nan " * 12, "expected 12 numbers in each line"),
        ("times.txt", "0\n0\n", "expected a time in seconds in each line, rising"),
        ("times.txt", "soon\n", "expected a time in seconds"),
        ("calib.txt", "P2: 1\n", "P2"),
    ],
)
def test_broken_lists_are_told(sequences: Path, name: str, text: str, message: str) -> None:
    (sequences / "sequences" / "00" / name).write_text(text, encoding="utf-8")
    with pytest.raises(ScanpickError, match=message):
        open_dataset(str(sequences))


@pytest.mark.skipif(not (DATA / "formats").is_dir(), reason="SCANPICK_TEST_DATA is not set")
def test_a_cut_of_semantickitti_is_read() -> None:
    dataset = open_dataset(str(DATA / "formats" / "semantickitti" / "mmdet3d_tests"))
    assert dataset.read("00/000000").points.shape == (50, 4)
