import json
import pickle
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from scanpick.datasets import open_dataset
from scanpick.datasets.dataset import ego_pose, licence
from scanpick.datasets.waymo import _beside, _lasers, _origin
from scanpick.datasets.waymo_ranges import Laser, points_of, rotations
from scanpick.errors import FrameError, ScanpickError
from tests.datasets.waymo_samples import BOX, HEIGHT, SPEED, TOP_PLACE, WIDTH, write_waymo

SEGMENTS = {"training/1_0_1_20_1": 3, "testing/2_0_1_20_1": 1}


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return write_waymo(tmp_path, SEGMENTS)


def test_splits_places_and_poses(root: Path) -> None:
    dataset = pickle.loads(pickle.dumps(open_dataset(str(root))))
    assert dataset.name == "waymo"
    assert "Non-Commercial" in licence(dataset)
    assert [record.metadata["split"] for record in dataset.records] == ["train"] * 3 + ["test"]
    last = dataset.records[2]
    assert last.metadata["position_x_m"] == pytest.approx(SPEED * 0.2)
    assert last.metadata["speed"] == pytest.approx(SPEED)
    assert last.metadata["weather"] == "sunny"
    pose = ego_pose(dataset, last.frame_id)
    assert pose is not None
    np.testing.assert_allclose(pose[:3, 3], np.add(TOP_PLACE, (SPEED * 0.2, 0, 0)))


def test_all_returns_of_all_lidars_with_the_origin_at_the_top_one(root: Path) -> None:
    both = open_dataset(str(root)).read("1_0_1_20_1/1500000000100000").points
    second = open_dataset(str(root), returns="second", lasers="top").read("1_0_1_20_1/1500000000100000").points
    assert len(both) == 2 * HEIGHT * (WIDTH + 5)
    assert len(second) == HEIGHT * 5
    assert set(both[:, 5]) == {1, 2}
    np.testing.assert_array_equal(second, both[: HEIGHT * (WIDTH + 5)][both[: HEIGHT * (WIDTH + 5), 5] == 2])
    top = both[: HEIGHT * WIDTH]
    elevation = np.arctan2(top[:, 2], np.hypot(top[:, 0], top[:, 1])).reshape(HEIGHT, WIDTH)
    np.testing.assert_allclose(elevation, np.repeat(np.linspace(0.04, -0.3, HEIGHT)[:, None], WIDTH, 1), atol=1e-4)


def test_boxes_with_points_and_their_names(root: Path) -> None:
    dataset = open_dataset(str(root))
    labels = dataset.labels("1_0_1_20_1/1500000000000000")
    assert labels is not None
    np.testing.assert_allclose(labels.boxes.array, [np.subtract(BOX, (*TOP_PLACE, 0, 0, 0, 0))])
    assert labels.boxes.class_names.tolist() == ["Vehicle"]
    common = open_dataset(str(root), classes="common").labels("1_0_1_20_1/1500000000000000")
    assert common is not None
    assert common.boxes.class_names.tolist() == ["Car"]
    assert dataset.labels("2_0_1_20_1/1500000000000000") is None


def test_a_point_straight_ahead_and_motion_by_hand() -> None:
    image = np.zeros((1, 3, 3), dtype=np.float32)
    image[0, 1] = (10.0, 0.5, 0.25)  # the middle column looks along +x
    ahead = points_of(image, Laser(np.eye(4), np.zeros(1), 0, 0), None, None)
    np.testing.assert_allclose(ahead, [[10, 0, 0, 0.5, 0.25]], atol=1e-12)
    poses = np.zeros((1, 3, 6), dtype=np.float32)
    poses[0, 1] = (0, 0, np.pi / 2, 1, 0, 0)  # when it was measured the vehicle looked along +y of the world
    moved = points_of(image, Laser(np.eye(4), np.zeros(1), 0, 0), np.eye(4), poses)
    np.testing.assert_allclose(moved[:, :3], [[1, 10, 0]], atol=1e-6)
    np.testing.assert_allclose(rotations(np.array([[0.0, 0, np.pi / 2]]))[0] @ [1, 0, 0], [0, 1, 0], atol=1e-12)


@pytest.mark.parametrize(
    "component", ["lidar", "lidar_box", "lidar_pose", "lidar_calibration", "vehicle_pose", "stats"]
)
def test_a_table_cut_short_is_told(component: str, root: Path) -> None:
    path = root / "training" / component / "1_0_1_20_1.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(ScanpickError, match=r"cannot be read"):
        _read_everything(root)


@pytest.mark.parametrize(
    ("component", "column"),
    [
        ("lidar", "[LiDARComponent].range_image_return1.shape"),
        ("lidar_calibration", "[LiDARCalibrationComponent].extrinsic.transform"),
        ("lidar_box", "[LiDARBoxComponent].box.center.x"),
        ("vehicle_pose", "[VehiclePoseComponent].world_from_vehicle.transform"),
    ],
)
def test_a_column_that_is_missing_or_of_another_kind_is_told(component: str, column: str, root: Path) -> None:
    path = root / "training" / component / "1_0_1_20_1.parquet"
    table = pq.read_table(path)
    pq.write_table(table.drop_columns([column]), path)
    with pytest.raises(ScanpickError):
        _read_everything(root)
    pq.write_table(table.set_column(table.column_names.index(column), column, [["no number"] * len(table)]), path)
    with pytest.raises(ScanpickError):
        _read_everything(root)


def test_a_shape_that_does_not_fit_sets_the_frame_aside(root: Path) -> None:
    path = root / "training" / "lidar" / "1_0_1_20_1.parquet"
    table = pq.read_table(path)
    name = "[LiDARComponent].range_image_return1.shape"
    pq.write_table(table.set_column(table.column_names.index(name), name, [[[10**9, 10**9, 4]] * len(table)]), path)
    dataset = open_dataset(str(root))
    with pytest.raises(FrameError, match="a range image of the shape"):
        dataset.read(dataset.records[0].frame_id)


def test_version_1_says_what_to_download(tmp_path: Path) -> None:
    (tmp_path / "segment-1_with_camera_labels.tfrecord").write_bytes(b"\0" * 100)
    with pytest.raises(ScanpickError, match="download the same frames as version 2"):
        open_dataset(str(tmp_path))


def _read_everything(root: Path) -> None:
    dataset = open_dataset(str(root))
    for record in dataset.records[:1]:
        dataset.read(record.frame_id)
        dataset.labels(record.frame_id)
        ego_pose(dataset, record.frame_id)


def test_points_and_boxes_are_those_of_the_official_library(test_data: Path) -> None:
    folder = test_data / "formats/waymo/semireal"
    dataset = open_dataset(str(folder / "v2"))
    (record,) = dataset.records
    assert record.path is not None
    points, labels = dataset.read(record.frame_id).points, dataset.labels(record.frame_id)
    with np.load(folder / "golden_points.npz") as golden:
        wanted = np.concatenate([golden[f"return{n}_laser{laser}"] for laser in range(1, 6) for n in (1, 2)])
    origin = _origin(_lasers(_beside(record.path, "lidar_calibration")))
    assert len(points) == len(wanted) == 93_220
    np.testing.assert_allclose(points[:, :3] + origin, wanted[:, 3:], atol=8e-4)
    np.testing.assert_allclose(points[:, 3], np.tanh(wanted[:, 1]), atol=1e-6)
    np.testing.assert_array_equal(points[:, 4], wanted[:, 2])
    boxes = np.array([box["box"] for box in json.loads((folder / "golden_boxes.json").read_text())])
    assert labels is not None
    np.testing.assert_allclose(labels.boxes.array + np.array([*origin, 0, 0, 0, 0]), boxes, atol=1e-12)
