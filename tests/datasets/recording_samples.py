"""Small recordings, written by the libraries that others write theirs with: a street seen while driving along +x."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from mcap.writer import CompressionType
from mcap.writer import Writer as McapWriter
from rosbags.rosbag1 import Writer as Writer1
from rosbags.rosbag2 import CompressionFormat, CompressionMode, StoragePlugin
from rosbags.rosbag2 import Writer as Writer2
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from scanpick.arrays import Points
from tests.datasets.samples import sweep

START_NS = 1_700_000_000_000_000_000
STEP_NS = 100_000_000
LATE_NS = 20_000_000
"""By how much later than measured messages were recorded."""
SPEED = 8.0
"""Metres a second along +x of the world."""
MOUNT = (1.0, 0.0, 1.8)
"""Where the LiDAR sits on the vehicle; it looks backwards."""

_TF = "geometry_msgs/TransformStamped[] transforms\n"


@cache
def store(ros: int) -> Any:
    """The types of messages of ROS 1 or 2; those of tf are the same in both."""
    types = get_typestore(Stores.ROS1_NOETIC if ros == 1 else Stores.ROS2_HUMBLE)
    if ros == 1:
        types.register(get_types_from_msg(_TF, "tf2_msgs/msg/TFMessage"))
    return types


def cloud(types: Any, ros: int, points: Points, stamp_ns: int, frame: str = "lidar") -> Any:
    """A PointCloud2 with x, y, z, intensity and ring, padded to 24 bytes a point."""
    row = np.dtype(
        {
            "names": ["x", "y", "z", "intensity", "ring"],
            "formats": ["<f4"] * 4 + ["<u2"],
            "offsets": [0, 4, 8, 12, 16],
            "itemsize": 24,
        }
    )
    rows = np.zeros(len(points), dtype=row)
    for place, name in enumerate(("x", "y", "z", "intensity")):
        rows[name] = points[:, place]
    field = types.types["sensor_msgs/msg/PointField"]
    fields = [field(name, row.fields[name][1], 4 if name == "ring" else 7, 1) for name in row.names]
    content = np.frombuffer(rows.tobytes(), dtype=np.uint8)
    message = types.types["sensor_msgs/msg/PointCloud2"]
    return message(header(types, ros, stamp_ns, frame), 1, len(points), fields, False, 24, len(content), content, True)


def header(types: Any, ros: int, stamp_ns: int, frame: str) -> Any:
    """A header."""
    stamp = types.types["builtin_interfaces/msg/Time"](*divmod(stamp_ns, 1_000_000_000))
    return types.types["std_msgs/msg/Header"](*([0] if ros == 1 else []), stamp, frame)


def transform(types: Any, ros: int, stamp_ns: int, parent: str, child: str, place: Sequence[float], yaw: float) -> Any:
    """A TransformStamped with a turn about z."""
    vector, turn = types.types["geometry_msgs/msg/Vector3"], types.types["geometry_msgs/msg/Quaternion"]
    moved = types.types["geometry_msgs/msg/Transform"](
        vector(*map(float, place)), turn(0.0, 0.0, float(np.sin(yaw / 2)), float(np.cos(yaw / 2)))
    )
    return types.types["geometry_msgs/msg/TransformStamped"](header(types, ros, stamp_ns, parent), child, moved)


def messages(
    ros: int, frames: int, start_ns: int = START_NS, poses: str = "tf"
) -> Iterable[tuple[str, str, int, bytes]]:
    """Topic, type, time of recording and content of a drive's messages.

    The LiDAR looks backwards: what `sweep` has in front of the vehicle is written as lying behind the sensor.
    """
    types = store(ros)
    write = types.serialize_ros1 if ros == 1 else types.serialize_cdr
    tf = types.types["tf2_msgs/msg/TFMessage"]

    def written(topic: str, kind: str, time_ns: int, message: Any) -> tuple[str, str, int, bytes]:
        return topic, kind, time_ns, bytes(write(message, kind))

    if poses != "none":
        static = tf([transform(types, ros, start_ns, "base_link", "lidar", MOUNT, np.pi)])
        yield written("/tf_static", "tf2_msgs/msg/TFMessage", start_ns, static)
    for place in range(-1, frames + 1):  # one pose before the first frame, and one after the last
        time_ns = start_ns + place * STEP_NS
        x = SPEED * (time_ns - START_NS) * 1e-9
        if poses == "tf":
            moved = tf([transform(types, ros, time_ns, "odom", "base_link", (x, 0, 0), 0)])
            yield written("/tf", "tf2_msgs/msg/TFMessage", time_ns + LATE_NS // 2, moved)
        if poses == "odometry":
            yield written("/odom", "nav_msgs/msg/Odometry", time_ns + LATE_NS // 2, odometry(types, ros, time_ns, x))
        if 0 <= place < frames:
            backwards = sweep(place) * np.array([-1, -1, 1, 1], dtype=np.float32)
            message = cloud(types, ros, backwards, time_ns)
            yield written("/points", "sensor_msgs/msg/PointCloud2", time_ns + LATE_NS, message)


def odometry(types: Any, ros: int, stamp_ns: int, x: float) -> Any:
    """An Odometry of base_link in odom."""
    kind = types.types
    zero = kind["geometry_msgs/msg/Vector3"](0.0, 0.0, 0.0)
    pose = kind["geometry_msgs/msg/Pose"](
        kind["geometry_msgs/msg/Point"](x, 0.0, 0.0), kind["geometry_msgs/msg/Quaternion"](0.0, 0.0, 0.0, 1.0)
    )
    return kind["nav_msgs/msg/Odometry"](
        header(types, ros, stamp_ns, "odom"),
        "base_link",
        kind["geometry_msgs/msg/PoseWithCovariance"](pose, np.zeros(36)),
        kind["geometry_msgs/msg/TwistWithCovariance"](kind["geometry_msgs/msg/Twist"](zero, zero), np.zeros(36)),
    )


def write_bag(path: Path, frames: int = 3, *, codec: str = "none", start_ns: int = START_NS, poses: str = "tf") -> Path:
    """A ROS 1 bag."""
    path.parent.mkdir(parents=True, exist_ok=True)
    types, writer = store(1), Writer1(path)
    if codec != "none":
        writer.set_compression(Writer1.CompressionFormat[codec.upper()])
    with writer:
        _write_all(writer, types, messages(1, frames, start_ns, poses))
    return path


def write_ros2(folder: Path, frames: int = 3, *, kind: str = "mcap", packed: str = "none", poses: str = "tf") -> Path:
    """A ROS 2 bag in a folder: "sqlite3" or "mcap", packed "message" by message, by the "storage", or not."""
    types = store(2)
    writer = Writer2(folder, version=9, storage_plugin=StoragePlugin[kind.upper()])
    if packed != "none":
        writer.set_compression(CompressionMode[packed.upper()], CompressionFormat.ZSTD)
    with writer:
        _write_all(writer, types, messages(2, frames, START_NS, poses))
    return folder


def _write_all(writer: Any, types: Any, written: Iterable[tuple[str, str, int, bytes]]) -> None:
    connections: dict[str, Any] = {}
    for topic, kind, time_ns, content in written:
        if topic not in connections:
            connections[topic] = writer.add_connection(topic, kind, typestore=types)
        writer.write(connections[topic], time_ns, content)


def write_mcap(
    path: Path,
    written: Iterable[tuple[str, str, int, bytes]],
    *,
    encodings: tuple[str, str] = ("cdr", "ros2msg"),
    profile: str = "ros2",
    definition: bytes = b"",
    finish: bool = True,
    **options: Any,
) -> Path:
    """A lone MCAP file by the library of its makers; not closed where `finish` is false."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        writer = McapWriter(file, **options)
        writer.start(profile)
        channels: dict[str, int] = {}
        for topic, kind, time_ns, content in written:
            if topic not in channels:
                channels[topic] = writer.register_channel(
                    topic, encodings[0], writer.register_schema(kind, encodings[1], definition)
                )
            writer.add_message(channels[topic], time_ns, content, time_ns)
        if finish:
            writer.finish()
    return path


PACKINGS = {"plain": CompressionType.NONE, "lz4": CompressionType.LZ4, "zstd": CompressionType.ZSTD}


def foxglove_json(points: Points, stamp_ns: int) -> bytes:
    """A ``foxglove.PointCloud`` as JSON, whose points are given 1 m above the frame's origin."""
    seconds, nanoseconds = divmod(stamp_ns, 1_000_000_000)
    fields = [{"name": name, "offset": 4 * place, "type": 7} for place, name in enumerate(("x", "y", "z", "intensity"))]
    position, orientation = {"x": 0, "y": 0, "z": 1}, {"x": 0, "y": 0, "z": 0, "w": 1}
    message = {
        "timestamp": {"sec": seconds, "nsec": nanoseconds},
        "frame_id": "lidar",
        "pose": {"position": position, "orientation": orientation},
        "point_stride": 16,
        "fields": fields,
        "data": base64.b64encode(points[:, :4].astype("<f4").tobytes()).decode(),
    }
    return json.dumps(message).encode()


def foxglove_protobuf(points: Points, stamp_ns: int) -> bytes:
    """The same in protobuf."""
    message = message_factory.GetMessageClass(_pool().FindMessageTypeByName("foxglove.PointCloud"))()
    message.timestamp.seconds, message.timestamp.nanos = divmod(stamp_ns, 1_000_000_000)
    message.frame_id, message.point_stride = "lidar", 16
    message.pose.position.z = message.pose.orientation.w = 1.0
    for place, name in enumerate(("x", "y", "z", "intensity")):
        message.fields.add(name=name, offset=4 * place, type=7)
    message.data = points[:, :4].astype("<f4").tobytes()
    content: bytes = message.SerializeToString()
    return content


def foxglove_definition() -> bytes:
    """The description of ``foxglove.PointCloud`` as files hold it, of one file."""
    label, kinds = descriptor_pb2.FieldDescriptorProto, descriptor_pb2.FieldDescriptorProto
    described = {
        "Time": [("seconds", kinds.TYPE_INT64, ""), ("nanos", kinds.TYPE_INT32, "")],
        "Vector": [(name, kinds.TYPE_DOUBLE, "") for name in ("x", "y", "z", "w")],
        "Pose": [(name, kinds.TYPE_MESSAGE, "Vector") for name in ("position", "orientation")],
        "Field": [("name", kinds.TYPE_STRING, ""), ("offset", kinds.TYPE_FIXED32, ""), ("type", kinds.TYPE_INT32, "")],
        "PointCloud": [
            ("timestamp", kinds.TYPE_MESSAGE, "Time"),
            ("frame_id", kinds.TYPE_STRING, ""),
            ("pose", kinds.TYPE_MESSAGE, "Pose"),
            ("point_stride", kinds.TYPE_FIXED32, ""),
            ("fields", kinds.TYPE_MESSAGE, "Field"),
            ("data", kinds.TYPE_BYTES, ""),
        ],
    }
    file = descriptor_pb2.FileDescriptorProto(name="cloud.proto", package="foxglove", syntax="proto3")
    for name, fields in described.items():
        message = file.message_type.add(name=name)
        for number, (field, kind, of) in enumerate(fields, 1):
            repeated = label.LABEL_REPEATED if field == "fields" else label.LABEL_OPTIONAL
            added = message.field.add(name=field, number=number, type=kind, label=repeated)
            if of:
                added.type_name = f".foxglove.{of}"
    content: bytes = descriptor_pb2.FileDescriptorSet(file=[file]).SerializeToString()
    return content


def _pool() -> Any:
    pool = descriptor_pool.DescriptorPool()
    pool.Add(descriptor_pb2.FileDescriptorSet.FromString(foxglove_definition()).file[0])
    return pool


def livox(points: Points, stamp_ns: int) -> bytes:
    """A ``livox_ros_driver2/CustomMsg`` in CDR."""
    seconds, nanoseconds = divmod(stamp_ns, 1_000_000_000)
    content = struct.pack("<IIi", seconds, nanoseconds, 6) + b"livox\0"
    content += b"\0" * (-len(content) % 8) + struct.pack("<QIBBBBI", stamp_ns, len(points), 0, 0, 0, 0, len(points))
    for place, point in enumerate(points):
        content += b"\0" * (-len(content) % 4)
        content += struct.pack("<IfffBBB", place, *point[:3], round(float(point[3]) * 255), 0, 1)
    return b"\0\1\0\0" + content
