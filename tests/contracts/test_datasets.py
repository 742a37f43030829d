"""What every registered data set keeps to; a new one is tested by adding a small sample of it here."""

import pickle
from collections.abc import Callable
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets import DATASETS, Dataset, open_dataset
from scanpick.errors import FrameError, ScanpickError
from tests.datasets.drive_samples import write_argoverse2, write_kitti_odometry, write_nuscenes
from tests.datasets.recording_samples import write_bag
from tests.datasets.samples import sweep, write_bin, write_kitti_object, write_kitti_raw, write_kitti_tracking
from tests.datasets.test_infos import write_infos
from tests.datasets.test_openpcdet import write_openpcdet
from tests.datasets.test_pandaset import write_pandaset
from tests.datasets.waymo_samples import write_waymo


def _kitti_object(root: Path) -> str:
    return str(write_kitti_object(root, ["000000", "000001", "000002"]))


def _kitti_tracking(root: Path) -> str:
    return str(write_kitti_tracking(root, [3, 2]))


def _kitti_raw(root: Path) -> str:
    return str(write_kitti_raw(root, ["2011_09_26_drive_0001_sync", "2011_09_26_drive_0002_sync"]))


def _folder(root: Path) -> str:
    for place, name in enumerate(["a/1.bin", "a/2.bin", "b/1.bin"]):
        write_bin(root / name, sweep(place))
    return str(root)


def _kitti_odometry(root: Path) -> str:
    return str(write_kitti_odometry(root, {"00": 3, "08": 2}))


def _nuscenes(root: Path) -> str:
    return str(write_nuscenes(root, {"scene-0061": 2, "scene-0103": 2}))


def _argoverse2(root: Path) -> str:
    return str(write_argoverse2(root, {"val/log-a": 2, "val/log-b": 2}))


def _openpcdet(root: Path) -> str:
    return str(write_openpcdet(root, ["000000", "000001", "000002"]))


def _waymo(root: Path) -> str:
    return str(write_waymo(root, {"training/1_0_1_20_1": 2, "validation/2_0_1_20_1": 2}))


def _rosbag(root: Path) -> str:
    return str(write_bag(root / "drive.bag").parent)


SAMPLES: dict[str, Callable[[Path], str]] = {
    "kitti-object": _kitti_object,
    "kitti-tracking": _kitti_tracking,
    "kitti-raw": _kitti_raw,
    "kitti-odometry": _kitti_odometry,
    "nuscenes": _nuscenes,
    "argoverse2": _argoverse2,
    "openpcdet": _openpcdet,
    "infos": lambda root: str(write_infos(root, ["000000", "000001", "000002"])),
    "pandaset": lambda root: str(write_pandaset(root, {"001": 2, "002": 2})),
    "waymo": _waymo,
    "rosbag": _rosbag,
    "folder": _folder,
    "simulated": lambda root: "demo",
}
"""Name -> what writes a small sample and gives the argument to open it with."""

OPTIONS = {"simulated": {"frames": "5"}}


@pytest.fixture(scope="module", params=DATASETS.names())
def dataset(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    assert request.param in SAMPLES, "a new data set needs a sample here"
    argument = SAMPLES[request.param](tmp_path_factory.mktemp(request.param))
    return open_dataset(f"{request.param}:{argument}", **OPTIONS.get(request.param, {}))


def test_is_what_it_says(dataset: Dataset) -> None:
    assert isinstance(dataset, Dataset)
    assert dataset.name
    assert str(len(dataset.records)) in dataset.description


def test_ids_come_once_and_records_by_sequence_then_in_time(dataset: Dataset) -> None:
    records = list(dataset.records)
    assert records == list(dataset.records)
    assert len({record.frame_id for record in records}) == len(records) > 0
    sequences = [name for name, _ in groupby(records, key=lambda record: record.sequence)]
    assert len(set(sequences)) == len(sequences), "the frames of a sequence stand together"
    for before, after in pairwise(records):
        if before.sequence == after.sequence:
            assert before.index_in_sequence < after.index_in_sequence
            if before.timestamp_ns is not None and after.timestamp_ns is not None:
                assert before.timestamp_ns < after.timestamp_ns


def test_frames_are_finite_and_the_same_each_time_and_after_pickle(dataset: Dataset) -> None:
    copy = pickle.loads(pickle.dumps(dataset))
    assert list(copy.records) == list(dataset.records)
    for record in list(dataset.records)[::2]:
        frame = dataset.read(record.frame_id)
        assert frame.record == record
        assert frame.points.dtype == np.float32
        assert frame.points.shape[0] > 0
        assert np.isfinite(frame.points).all()
        np.testing.assert_array_equal(copy.read(record.frame_id).points, frame.points)


def test_labels_and_calibration_belong_together(dataset: Dataset) -> None:
    for record in list(dataset.records)[::2]:
        labels, calibration = dataset.labels(record.frame_id), dataset.calibration(record.frame_id)
        read = dataset.read(record.frame_id).calibration
        assert (read is None) == (calibration is None)
        if read is not None and calibration is not None:
            np.testing.assert_array_equal(read.camera_SE3_lidar, calibration.camera_SE3_lidar)
        if labels is not None:
            assert "DontCare" not in labels.boxes.class_names
            assert labels.camera_objects is None or calibration is not None


def test_an_unknown_frame_is_told_and_is_not_a_bad_frame(dataset: Dataset) -> None:
    for action in (dataset.read, dataset.labels, dataset.calibration):
        with pytest.raises(ScanpickError, match="no-such-frame") as caught:
            action("no-such-frame")
        assert not isinstance(caught.value, FrameError)


def test_an_unknown_option_is_told(dataset: Dataset, tmp_path: Path) -> None:
    name = dataset.name.partition(":")[0]
    with pytest.raises(ScanpickError, match="no_such_option"):
        open_dataset(f"{name}:{SAMPLES[name](tmp_path)}", no_such_option="1")
