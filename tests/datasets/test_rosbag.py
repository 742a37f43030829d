import pickle
import sqlite3
import struct
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scanpick.arrays import Points
from scanpick.datasets import Dataset, open_dataset
from scanpick.datasets.dataset import ego_pose
from scanpick.datasets.inspection import inspect_dataset
from scanpick.errors import FrameError, MissingExtraError, ScanpickError
from tests.datasets import recording_samples as samples
from tests.datasets.recording_samples import LATE_NS, MOUNT, PACKINGS, SPEED, START_NS, STEP_NS
from tests.datasets.samples import sweep

WRITERS = {
    "bag": lambda root: samples.write_bag(root / "drive.bag"),
    "bag-bz2": lambda root: samples.write_bag(root / "drive.bag", codec="bz2"),
    "bag-lz4": lambda root: samples.write_bag(root / "drive.bag", codec="lz4"),
    "db3": lambda root: samples.write_ros2(root / "drive", kind="sqlite3"),
    "db3-message": lambda root: samples.write_ros2(root / "drive", kind="sqlite3", packed="message"),
    "mcap": lambda root: samples.write_ros2(root / "drive", kind="mcap"),
    "mcap-zstd": lambda root: samples.write_ros2(root / "drive", kind="mcap", packed="storage"),
    "mcap-lz4": lambda root: samples.write_mcap(
        root / "drive.mcap", samples.messages(2, 3), compression=PACKINGS["lz4"], chunk_size=4096
    ),
    "mcap-without-chunks": lambda root: samples.write_mcap(
        root / "drive.mcap", samples.messages(2, 3), use_chunking=False
    ),
    "mcap-without-index": lambda root: samples.write_mcap(
        root / "drive.mcap",
        samples.messages(2, 3),
        compression=PACKINGS["zstd"],
        use_summary_offsets=False,
        repeat_channels=False,
        repeat_schemas=False,
        use_statistics=False,
        index_types=_no_index(),
    ),
    "mcap-ros1": lambda root: samples.write_mcap(
        root / "drive.mcap", samples.messages(1, 3), encodings=("ros1", "ros1msg"), profile="ros1"
    ),
}


def _no_index() -> Any:
    from mcap.writer import IndexType

    return IndexType.NONE


def _street(place: int) -> Points:
    return sweep(place)


@pytest.mark.parametrize("name", WRITERS)
def test_points_axes_times_and_poses_are_the_same_in_every_container(name: str, tmp_path: Path) -> None:
    path = WRITERS[name](tmp_path)
    dataset = pickle.loads(pickle.dumps(open_dataset(str(path))))
    assert dataset.name == "rosbag"
    assert "axes of base_link by its transforms; poses in odom" in dataset.description
    assert [record.sequence for record in dataset.records] == ["drive"] * 3
    for place, record in enumerate(dataset.records):
        assert record.timestamp_ns == START_NS + place * STEP_NS + LATE_NS
        assert record.frame_id == f"drive/{record.timestamp_ns}"
        np.testing.assert_allclose(dataset.read(record.frame_id).points, _street(place), atol=2e-5)
        pose = ego_pose(dataset, record.frame_id)
        expected = np.eye(4)
        expected[:3, 3] = np.add(MOUNT, (SPEED * place * STEP_NS * 1e-9, 0, 0))
        assert pose is not None
        np.testing.assert_allclose(pose, expected, atol=1e-9)
        assert record.metadata["position_x_m"] == pytest.approx(expected[0, 3], abs=1e-3)
        assert record.metadata["speed"] == pytest.approx(SPEED, abs=1e-2)


def test_odometry_gives_poses_where_no_transform_moves(tmp_path: Path) -> None:
    dataset = open_dataset(str(samples.write_bag(tmp_path / "a.bag", poses="odometry")))
    pose = ego_pose(dataset, dataset.records[2].frame_id)
    assert pose is not None
    np.testing.assert_allclose(pose[:3, 3], np.add(MOUNT, (SPEED * 0.2, 0, 0)), atol=1e-9)
    assert "no poses" in open_dataset(str(tmp_path / "a.bag"), poses="none").description
    with pytest.raises(ScanpickError, match=r"no poses on the topic '/gps'\. Topics of poses: /odom, /tf_static"):
        open_dataset(str(tmp_path / "a.bag"), poses="/gps")


def test_without_transforms_the_axes_are_the_sensors(tmp_path: Path) -> None:
    dataset = open_dataset(str(samples.write_bag(tmp_path / "a.bag", poses="none")))
    assert "axes as the sensor's" in dataset.description
    assert ego_pose(dataset, dataset.records[0].frame_id) is None
    np.testing.assert_array_equal(
        dataset.read(dataset.records[0].frame_id).points, _street(0) * np.array([-1, -1, 1, 1], dtype=np.float32)
    )
    with pytest.raises(ScanpickError, match="no coordinate frame 'car' that the points are given in: lidar"):
        open_dataset(str(tmp_path / "a.bag"), base="car")


def test_split_files_are_one_sequence_and_drives_apart_are_several(tmp_path: Path) -> None:
    samples.write_bag(tmp_path / "town_0.bag", 2)
    samples.write_bag(tmp_path / "town_1.bag", 2, start_ns=START_NS + 2 * STEP_NS, poses="none")
    samples.write_bag(tmp_path / "lane.bag", 2, start_ns=START_NS + 10_000_000_000)
    dataset = open_dataset(str(tmp_path))
    assert [record.sequence for record in dataset.records] == ["lane"] * 2 + ["town_0"] * 4
    np.testing.assert_allclose(dataset.read(dataset.records[5].frame_id).points, _street(1), atol=2e-5)


def test_topics_are_listed_and_chosen(tmp_path: Path) -> None:
    two = [
        (f"/{side}", kind, time, content)
        for topic, kind, time, content in samples.messages(2, 2)
        if topic == "/points"
        for side in ("left", "right")
    ]
    path = samples.write_mcap(tmp_path / "a.mcap", two)
    with pytest.raises(ScanpickError, match=r"topic=/left\. Topics: /left \(sensor_msgs/PointCloud2, 2\), /right"):
        open_dataset(str(path))
    assert len(open_dataset(str(path), topic="/right").records) == 2
    with pytest.raises(ScanpickError, match="no points on the topic '/top'"):
        open_dataset(str(path), topic="/top")
    packets = samples.write_mcap(tmp_path / "b.mcap", [("/packets", "ouster_ros/msg/PacketMsg", 1, b"")])
    with pytest.raises(ScanpickError, match=r"/packets holds packets of a sensor: ouster-cli"):
        open_dataset(str(packets))


@pytest.mark.parametrize(
    ("encodings", "write"),
    [(("json", "jsonschema"), samples.foxglove_json), (("protobuf", "protobuf"), samples.foxglove_protobuf)],
)
def test_foxglove_clouds(encodings: tuple[str, str], write: Any, tmp_path: Path) -> None:
    street = _street(0)
    written = [("/lidar", "foxglove.PointCloud", START_NS, write(street, START_NS))]
    definition = samples.foxglove_definition()
    path = samples.write_mcap(tmp_path / "a.mcap", written, encodings=encodings, profile="", definition=definition)
    dataset = open_dataset(str(path))
    np.testing.assert_allclose(
        dataset.read(dataset.records[0].frame_id).points, street + np.array([0, 0, 1, 0], dtype=np.float32), atol=1e-5
    )


def test_livox_clouds(tmp_path: Path) -> None:
    street = _street(0)
    written = [("/livox/lidar", "livox_ros_driver2/msg/CustomMsg", START_NS, samples.livox(street, START_NS))]
    dataset = open_dataset(str(samples.write_mcap(tmp_path / "a.mcap", written)))
    points = dataset.read(dataset.records[0].frame_id).points
    np.testing.assert_array_equal(points[:, :3], street[:, :3])
    np.testing.assert_allclose(points[:, 3], street[:, 3], atol=0.5 / 255 + 1e-6)


def test_a_file_that_was_not_closed_is_read_up_to_its_end(tmp_path: Path) -> None:
    whole = samples.write_mcap(tmp_path / "a.mcap", samples.messages(2, 4), use_chunking=False)
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size * 3 // 5])
    dataset = open_dataset(str(whole))
    assert 1 <= len(dataset.records) < 4
    assert "was not closed" in dataset.description


def test_a_bag_of_ros_1_that_was_not_closed_says_what_mends_it(tmp_path: Path) -> None:
    bag = samples.write_bag(tmp_path / "b.bag", 60)
    bag.write_bytes(bag.read_bytes()[: bag.stat().st_size * 7 // 10])
    with pytest.raises(ScanpickError, match="rosbag reindex"):
        open_dataset(str(bag))


def test_messages_of_one_time_are_frames_of_their_own(tmp_path: Path) -> None:
    written = [m for m in samples.messages(2, 2, poses="none") for _ in range(2)]
    dataset = open_dataset(str(samples.write_mcap(tmp_path / "a.mcap", written)))
    assert [record.frame_id.rpartition("/")[2][-2:] for record in dataset.records] == ["00", "-2", "00", "-2"]
    assert [record.timestamp_ns is None for record in dataset.records] == [False, True, False, True]


def test_a_damaged_file_among_others_is_told_and_one_alone_is_refused(tmp_path: Path) -> None:
    samples.write_bag(tmp_path / "a.bag", 2)
    (tmp_path / "b.bag").write_bytes(b"no bag at all")
    assert "b.bag: cannot be read" in open_dataset(str(tmp_path)).description
    for name in ("c.bag", "c.db3", "c.mcap"):
        (tmp_path / name).write_bytes(b"")
        with pytest.raises(ScanpickError):
            open_dataset(str(tmp_path / name))


def test_a_database_whose_tables_are_computed_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db3") as database:
        database.execute("CREATE TABLE topics (id, name, type, serialization_format)")
        database.execute(
            "CREATE VIEW messages AS WITH RECURSIVE n(id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n) SELECT * FROM n"
        )
    with pytest.raises(ScanpickError, match="expected the tables"):
        open_dataset(str(tmp_path / "a.db3"))


def test_promises_of_many_points_take_no_memory(tmp_path: Path) -> None:
    (_, kind, time, content), *_ = [m for m in samples.messages(2, 1) if m[0] == "/points"]
    width = content.index(struct.pack("<II", 1, 1200)) + 4
    broken = content[:width] + struct.pack("<I", 10**9) + content[width + 4 :]
    path = samples.write_mcap(tmp_path / "a.mcap", [("/points", kind, time, broken)])
    dataset = open_dataset(str(path))
    with pytest.raises(FrameError, match="1000000000 points of 24 bytes are promised"):
        dataset.read(dataset.records[0].frame_id)


def test_a_chunk_that_unpacks_to_more_than_it_says_is_refused(tmp_path: Path) -> None:
    zeros = [("/points", "sensor_msgs/msg/PointCloud2", START_NS, b"\0\1\0\0" + bytes(1 << 27))]
    path = samples.write_mcap(tmp_path / "a.mcap", zeros, compression=PACKINGS["zstd"], chunk_size=1 << 28)
    assert path.stat().st_size < 1 << 17
    dataset = open_dataset(str(path))
    with pytest.raises(FrameError, match="unpacks to more or fewer bytes"):
        dataset.read(dataset.records[0].frame_id)


def _read_all(path: Path) -> None:
    try:
        dataset: Dataset = open_dataset(str(path))
    except ScanpickError:
        return
    for record in dataset.records:
        try:
            dataset.read(record.frame_id)
        except FrameError:
            continue


@pytest.fixture(scope="module")
def wholes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    root = tmp_path_factory.mktemp("wholes")
    return {
        ".bag": samples.write_bag(root / "a.bag", 1).read_bytes(),
        ".db3": next(samples.write_ros2(root / "b", 1, kind="sqlite3").glob("*.db3")).read_bytes(),
        ".mcap": next(samples.write_ros2(root / "c", 1, kind="mcap").glob("*.mcap")).read_bytes(),
    }


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_anywhere_is_told(data: st.DataObject, wholes: dict[str, bytes], tmp_path: Path) -> None:
    suffix = data.draw(st.sampled_from(sorted(wholes)))
    content = bytearray(wholes[suffix])
    # Points are most of a file; damage to what says where they are is near its ends.
    ends = st.one_of(st.integers(0, 1500), st.integers(len(content) - 2500, len(content) - 1))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(ends)] = data.draw(st.sampled_from([0, 1, 127, 128, 255]))
    cut = data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))
    path = tmp_path / f"a{suffix}"
    path.write_bytes(bytes(content[:cut]))
    _read_all(path)


def test_reference_recordings(test_data: Path) -> None:
    """The first 3,000 points of a KITTI frame, written by rosbags in three formats."""
    kitti = np.fromfile(test_data / "kitti/training/velodyne_reduced/000000.bin", dtype="<f4").reshape(-1, 4)[:3000]
    dataset = open_dataset(str(test_data / "formats/rosbag_written"))
    assert [record.sequence for record in dataset.records] == ["pc2"] * 2 + ["pc2_db3"] * 2 + ["pc2_mcap"] * 2
    for record in dataset.records:
        np.testing.assert_array_equal(dataset.read(record.frame_id).points, kitti)


def test_packets_of_a_velodyne(test_data: Path) -> None:
    """Against another decoder (nebula), which cuts the turn at another angle and knows no corrections of the lasers."""
    from scipy.spatial import cKDTree

    from scanpick.datasets.point_files.pcd import read

    dataset = open_dataset(str(test_data / "formats/rosbag2/nebula_vlp16/1673400471837873222"))
    assert len(dataset.records) == 4
    frame = dataset.read(dataset.records[3].frame_id)
    reference = read(test_data / "formats/rosbag2/nebula_vlp16/1673400472138016708.pcd").points
    assert abs(len(frame.points) - len(reference)) < 30
    distances = cKDTree(frame.points[:, :3]).query(reference[:, :3])[0]
    assert np.median(distances) < 0.01
    assert distances.max() < 0.1


def test_doctor_finds_nothing_wrong(tmp_path: Path) -> None:
    inspection = inspect_dataset(open_dataset(str(samples.write_bag(tmp_path / "a.bag", 3))))
    assert inspection.problems == ()


def test_without_the_libraries_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    samples.write_bag(tmp_path / "a.bag", 1)
    for name in [name for name in sys.modules if name.startswith(("rosbags", "scanpick.datasets.recordings.bag1"))]:
        monkeypatch.delitem(sys.modules, name, raising=False)
    for name in ("scanpick.datasets.rosbag", "scanpick.datasets.recordings.drives"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.setitem(sys.modules, "rosbags", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'scanpick\[ros\]'"):
        open_dataset(str(tmp_path / "a.bag"))
