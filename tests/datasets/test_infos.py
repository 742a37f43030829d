import pickle
from pathlib import Path

import numpy as np
import pytest

from scanpick.datasets import open_dataset
from scanpick.datasets.dataset import ego_pose
from scanpick.errors import ScanpickError
from scanpick.formats.plain_pickle import read_plain_pickle
from scanpick.structures import Boxes3D
from tests.datasets.samples import sweep, write_bin


def write_infos(root: Path, names: list[str]) -> Path:
    """A list of OpenPCDet for one's own data, one box a frame."""
    for place, name in enumerate(names):
        write_bin(root / "points" / f"{name}.bin", sweep(place))
    infos = [
        {
            "point_cloud": {"num_features": 4, "lidar_idx": name},
            "annos": {"name": np.array(["Car"]), "gt_boxes_lidar": np.array([[10.0, 0, 0, 4, 2, 1.5, 0.1]])},
        }
        for name in names
    ]
    path = root / "custom_infos_train.pkl"
    path.write_bytes(pickle.dumps(infos))
    return path


def test_lists_of_openpcdet(tmp_path: Path) -> None:
    dataset = open_dataset(str(write_infos(tmp_path, ["000000", "000001"])))
    assert [record.frame_id for record in dataset.records] == ["000000", "000001"]
    labels = dataset.labels("000001")
    assert labels is not None
    assert labels.boxes.class_names.tolist() == ["Car"]
    np.testing.assert_allclose(labels.boxes.array, [[10, 0, 0, 4, 2, 1.5, 0.1]])


def test_dots_in_names_tell_frames_apart(tmp_path: Path) -> None:
    dataset = open_dataset(str(write_infos(tmp_path, ["1315.10", "1315.20"])))
    assert [record.frame_id for record in dataset.records] == ["1315.10", "1315.20"]


@pytest.mark.parametrize("content", [{"infos": []}, {}, [], 3, [{"point_cloud": {}}], {"data_list": [{}]}])
def test_other_pickles_are_refused(content: object, tmp_path: Path) -> None:
    (tmp_path / "a.pkl").write_bytes(pickle.dumps(content))
    with pytest.raises(ScanpickError, match=r"a\.pkl"):
        open_dataset(str(tmp_path / "a.pkl"))


def _inside(boxes: Boxes3D, points: np.ndarray) -> list[int]:
    counts = []
    for x, y, z, length, width, height, yaw in boxes.array:
        at = points[:, :3].astype(np.float64) - [x, y, z]
        along, across = at[:, 0] * np.cos(yaw) + at[:, 1] * np.sin(yaw), at[:, 1] * np.cos(yaw) - at[:, 0] * np.sin(yaw)
        inside = (abs(along) <= length / 2) & (abs(across) <= width / 2) & (abs(at[:, 2]) <= height / 2)
        counts.append(int(inside.sum()))
    return counts


def test_boxes_of_nuscenes_hold_what_the_list_counts(test_data: Path) -> None:
    path = test_data / "formats/nuscenes/mmdet3d_demo/n015-2018-07-24-11-22-45+0800.pkl"
    dataset = open_dataset(str(path))
    (record,) = dataset.records
    labels = dataset.labels(record.frame_id)
    assert labels is not None
    instances = read_plain_pickle(path)["data_list"][0]["instances"]
    claims = [int(one["num_lidar_pts"]) for one in instances if one["bbox_label_3d"] >= 0]
    counts = _inside(labels.boxes, dataset.read(record.frame_id).points)
    assert sum(count == claim for count, claim in zip(counts, claims, strict=True)) >= 60  # a box keeps its yaw alone
    assert ego_pose(dataset, record.frame_id) is not None


def test_boxes_of_kitti_are_those_of_its_own_labels(test_data: Path) -> None:
    dataset = open_dataset(str(test_data / "formats/kitti_mmdet3d/tests/kitti_infos_train.pkl"))
    labels, kitti = (one.labels("000000") for one in (dataset, open_dataset(f"kitti-object:{test_data / 'kitti'}")))
    assert labels is not None
    assert kitti is not None
    np.testing.assert_allclose(labels.boxes.array, kitti.boxes.array, atol=0.01)
