"""Messages that hold points or poses: of ROS 1 and ROS 2 by the library rosbags, of Foxglove in protobuf and JSON."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rosbags.typesys import Stores, get_types_from_msg, get_typestore
from rosbags.typesys.store import Typestore

from scanpick.arrays import Float64Array
from scanpick.datasets.point_files.cloud import PointCloud, cloud_from_fields, cloud_from_table
from scanpick.datasets.recordings.container import Topic, translated
from scanpick.errors import FrameError, MissingExtraError, ScanpickError, require
from scanpick.geometry.quaternions import transforms_from_quaternions

ROS_NUMBERS = dict(enumerate(("i1", "u1", "i2", "u2", "i4", "u4", "f4", "f8"), start=1))
"""``sensor_msgs/PointField``: number -> numpy type."""
FOXGLOVE_NUMBERS = dict(enumerate(("u1", "i1", "u2", "i2", "u4", "i4", "f4", "f8"), start=1))
"""``foxglove.PackedElementField``: other numbers for the same types."""
ROS_CLOUD, VELODYNE, FOXGLOVE_CLOUD = "sensor_msgs/PointCloud2", "velodyne_msgs/VelodyneScan", "foxglove.PointCloud"
LIVOX = ("livox_ros_driver/CustomMsg", "livox_ros_driver2/CustomMsg", "livox_interfaces/CustomMsg")
TRANSFORMS = ("tf2_msgs/TFMessage", "tf/tfMessage", "foxglove.FrameTransform", "foxglove.FrameTransforms")
ODOMETRY = "nav_msgs/Odometry"
POSES = (*TRANSFORMS, ODOMETRY, "geometry_msgs/PoseStamped", "geometry_msgs/PoseWithCovarianceStamped")
"""Types of messages that hold transforms or poses."""
_TF = "geometry_msgs/TransformStamped[] transforms\n"
DEFINITIONS = {
    "tf2_msgs/msg/TFMessage": _TF,
    "tf/msg/tfMessage": _TF,
    "velodyne_msgs/msg/VelodynePacket": "time stamp\nuint8[1206] data\n",
    "velodyne_msgs/msg/VelodyneScan": "std_msgs/Header header\nvelodyne_msgs/VelodynePacket[] packets\n",
}
"""Types that rosbags does not have for all versions of ROS; so no description in a file has to be trusted."""
_LIVOX_POINT = np.dtype(
    {
        "names": ["x", "y", "z", "reflectivity"],
        "formats": ["<f4", "<f4", "<f4", "u1"],
        "offsets": [4, 8, 12, 16],
        "itemsize": 19,
    }
)


@dataclass(frozen=True, eq=False)
class CloudMessage:
    """A message of points.

    Attributes:
        stamp_ns: Time of the sweep by the sensor's clock; 0 where it was not set.
        frame_id: The coordinate frame of its points.
        fields: Name -> (P,) numbers.
        packets: The packets of a Velodyne where the message holds these, not points.
        pose: (4, 4) from the coordinates of the points to those of `frame_id`; None where they are these.
    """

    stamp_ns: int
    frame_id: str
    fields: Mapping[str, NDArray[Any]]
    packets: tuple[bytes, ...] = ()
    pose: Float64Array | None = None

    def cloud(self, source: Path) -> PointCloud:
        """Its points with intensities as they are, in the axes of the sensor.

        Raises:
            FrameError: It holds no points, or they cannot be made of its packets.
            MissingExtraError: The decoder of packets is not installed.
        """
        if self.packets:
            return cloud_from_table(_decode_packets(self.packets, source), source, keeps_gaps=True)
        cloud = cloud_from_fields(self.fields, source)
        if self.pose is None:
            return cloud
        points = cloud.points.copy()
        points[:, :3] = points[:, :3] @ self.pose[:3, :3].T + self.pose[:3, 3]
        return cloud_from_table(points, source, keeps_gaps=True)


@dataclass(frozen=True, eq=False)
class TransformMessage:
    """Where a coordinate frame is in another one.

    Attributes:
        stamp_ns: When.
        parent: The frame in which it is.
        child: The frame that is there.
        parent_SE3_child: (4, 4).
    """

    stamp_ns: int
    parent: str
    child: str
    parent_SE3_child: Float64Array


def holds_points(topic: Topic) -> bool:
    """Whether a topic's messages can be read as points."""
    if topic.encoding in ("protobuf", "json"):
        return topic.type == FOXGLOVE_CLOUD
    return topic.type in (ROS_CLOUD, VELODYNE, *LIVOX)


def holds_transforms(topic: Topic) -> bool:
    """Whether a topic's messages are transforms between coordinate frames."""
    return topic.type in TRANSFORMS and topic.encoding in ("ros1", "cdr", "protobuf")


def decode_cloud(topic: Topic, content: bytes, source: str) -> CloudMessage:
    """A message of points.

    Raises:
        FrameError: It is damaged.
    """
    with translated(source):
        if topic.encoding == "json":
            return _foxglove_cloud(_json_cloud(content), source)
        if topic.encoding == "protobuf":
            return _foxglove_cloud(_protobuf(topic.type, topic.definition)(content), source)
        if topic.type in LIVOX:
            return _livox(content, ros1=topic.encoding == "ros1")
        message = _ros(topic, content)
        header = message.header
        if topic.type == VELODYNE:
            packets = tuple(packet.data.tobytes() for packet in message.packets)
            return CloudMessage(_stamp(header.stamp), header.frame_id, {}, packets)
        return CloudMessage(_stamp(header.stamp), header.frame_id, _fields(message, source))


def decode_transforms(topic: Topic, content: bytes, source: str) -> Iterator[TransformMessage]:
    """The transforms in a message of one of `POSES`; those that are no rotation and place are left out.

    Raises:
        FrameError: It is damaged.
    """
    with translated(source):
        is_foxglove = topic.encoding == "protobuf"
        message = _protobuf(topic.type, topic.definition)(content) if is_foxglove else _ros(topic, content)
        for one in getattr(message, "transforms", [message]):
            if is_foxglove:
                place, turn, parent, child = one.translation, one.rotation, one.parent_frame_id, one.child_frame_id
                stamp = _stamp(one.timestamp)
            else:
                stamp, parent, child = _stamp(one.header.stamp), one.header.frame_id, getattr(one, "child_frame_id", "")
                pose = one.transform if hasattr(one, "transform") else getattr(one.pose, "pose", one.pose)
                place = pose.translation if hasattr(pose, "translation") else pose.position
                turn = pose.rotation if hasattr(pose, "rotation") else pose.orientation
            try:
                yield TransformMessage(stamp, parent, child, _se3(place, turn))
            except ScanpickError:
                continue


@lru_cache(maxsize=2)
def _types(encoding: str) -> Typestore:
    """The types of ROS 1 or ROS 2, with those of `DEFINITIONS` that are missing."""
    store = get_typestore(Stores.ROS1_NOETIC if encoding == "ros1" else Stores.ROS2_HUMBLE)
    for name, text in DEFINITIONS.items():
        if name not in store.types:
            store.register(get_types_from_msg(text, name))
    return store


def _ros(topic: Topic, content: bytes) -> Any:
    package, _, name = topic.type.rpartition("/")
    types = _types(topic.encoding)
    read = {"ros1": types.deserialize_ros1, "cdr": types.deserialize_cdr}.get(topic.encoding)
    if read is None:
        raise FrameError(f"written as {topic.encoding[:20]!r}; ros1 and cdr are read.")
    return read(content, f"{package}/msg/{name}")


def _stamp(stamp: Any) -> int:
    """Nanoseconds, of ROS and of protobuf."""
    if hasattr(stamp, "sec"):
        return int(stamp.sec) * 1_000_000_000 + int(stamp.nanosec)
    return int(stamp.seconds) * 1_000_000_000 + int(stamp.nanos)


def _se3(place: Any, turn: Any) -> Float64Array:
    translation = np.array([[place.x, place.y, place.z]], dtype=np.float64)
    wxyz = np.array([[turn.w, turn.x, turn.y, turn.z]], dtype=np.float64)
    length = np.linalg.norm(wxyz)
    return transforms_from_quaternions("a transform", translation, wxyz / length if length > 0 else wxyz)[0]


def _fields(message: Any, source: str) -> dict[str, NDArray[Any]]:
    layout: dict[str, tuple[int, str]] = {}
    for field in message.fields:
        if field.count <= 1 and field.datatype in ROS_NUMBERS:
            layout.setdefault(field.name, (field.offset, ROS_NUMBERS[field.datatype]))
    step = message.point_step
    # Some drivers leave the bytes of a row at 0; rows may be padded.
    row_step = message.row_step if message.height > 1 and message.row_step else step * message.width
    shape = (message.height, message.width, step, row_step)
    return _unpack(message.data, layout, shape, source, big=message.is_bigendian)


def _unpack(
    content: NDArray[np.uint8] | bytes,
    layout: Mapping[str, tuple[int, str]],
    shape: tuple[int, int, int, int],
    source: str,
    *,
    big: bool = False,
) -> dict[str, NDArray[Any]]:
    """The fields of rows of points, as (P,) arrays."""
    height, width, step, row_step = shape
    farthest = max((offset + np.dtype(kind).itemsize for offset, kind in layout.values()), default=0)
    needed = (height - 1) * row_step + width * step if height and width else 0
    if row_step < width * step or farthest > step or needed > len(content):
        raise FrameError(
            f"{source}: {height} rows of {width} points of {step} bytes are promised, and fields up to byte "
            f"{farthest} of each; the message holds {len(content)} bytes."
        )
    order = ">" if big else "<"
    found = {}
    for name, (offset, kind) in layout.items() if needed else ():
        values: NDArray[Any] = np.ndarray((height, width), order + kind, content, offset, (row_step, step))
        found[name] = values.reshape(-1)
    return found or {name: np.zeros(0, dtype=kind) for name, (_, kind) in layout.items()}


def _livox(content: bytes, *, ros1: bool) -> CloudMessage:
    """Livox' own message, without an object for each of its points."""
    if not ros1 and content[:2] != b"\0\1":
        raise FrameError(f"written as CDR {content[:2]!r}; little-endian plain CDR is read.")
    body = content[4:]  # a number of the message in ROS 1, the encapsulation in CDR
    seconds, nanoseconds, length = np.frombuffer(body, "<u4", 3).tolist()
    frame = body[12 : 12 + length].rstrip(b"\0").decode()
    position = 12 + length
    if not ros1:
        position += -position % 8
    count = int(np.frombuffer(body, "<u4", 1, position + 16)[0])  # after timebase, point_num, lidar_id and 3 bytes
    start, stride = position + 20, 19 if ros1 else 20
    if start + stride * (count - 1) + 19 > len(body):
        raise FrameError(f"{count} points are promised; the message holds {len(body)} bytes.")
    rows: NDArray[Any] = np.ndarray((count,), _LIVOX_POINT, body, start, (stride,))
    stamp = seconds * 1_000_000_000 + nanoseconds
    return CloudMessage(stamp, frame, {name: rows[name] for name in _LIVOX_POINT.names or ()})


@dataclass(frozen=True)
class _JsonMessage:
    """A JSON object with its values as attributes, as the message of protobuf has them."""

    values: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            value = self.values["nsec" if name == "nanosec" else name]
        except KeyError:
            raise AttributeError(name) from None
        if isinstance(value, list):
            return [_JsonMessage(one) for one in value]
        return _JsonMessage(value) if isinstance(value, dict) else value

    def HasField(self, name: str) -> bool:  # noqa: N802
        return self.values.get(name) is not None


def _json_cloud(content: bytes) -> Any:
    message = json.loads(content)
    return _JsonMessage({**message, "data": base64.b64decode(message["data"], validate=True)})


@lru_cache(maxsize=16)
def _protobuf(name: str, definition: bytes) -> Any:
    """What reads messages of a type, by the description that comes with them."""
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
    except ImportError as fault:
        raise MissingExtraError("protobuf", "ros", "Reading Foxglove's messages in protobuf") from fault

    pool = descriptor_pool.DescriptorPool()
    files = {file.name: file for file in descriptor_pb2.FileDescriptorSet.FromString(definition).file}

    def add(file: Any) -> None:  # those that it needs first
        for needed in file.dependency:
            if needed in files:
                add(files.pop(needed))
        pool.Add(file)

    while files:
        add(files.popitem()[1])
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(name)).FromString


def _foxglove_cloud(message: Any, source: str) -> CloudMessage:
    layout = {
        field.name: (field.offset, FOXGLOVE_NUMBERS[field.type])
        for field in message.fields
        if field.type in FOXGLOVE_NUMBERS
    }
    step = message.point_stride
    if step <= 0:
        raise FrameError(f"{source}: points of {step} bytes are promised.")
    width = len(message.data) // step
    fields = _unpack(message.data, layout, (1, width, step, width * step), source)
    pose = _se3(message.pose.position, message.pose.orientation) if message.HasField("pose") else None
    return CloudMessage(_stamp(message.timestamp), message.frame_id, fields, pose=pose)


def _decode_packets(packets: tuple[bytes, ...], source: Path) -> NDArray[Any]:
    """(P, 4) x, y, z, intensity of Velodyne packets, by the calibration of the model that they name."""
    require("velodyne_decoder", "velodyne", "Reading packets of a Velodyne")
    import velodyne_decoder

    with translated(str(source)):
        scan = velodyne_decoder.PacketVector([velodyne_decoder.VelodynePacket(0.0, packet) for packet in packets])
        points: NDArray[Any] = velodyne_decoder.ScanDecoder(velodyne_decoder.Config()).decode(scan)[1]
        return np.asarray(points)[:, :4]
