"""From files of recordings to drives: which files there are, the topic of points, and what was recorded in one go."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scanpick.arrays import Int64Array
from scanpick.datasets.listed import natural_key
from scanpick.datasets.recordings.bag1 import Bag1
from scanpick.datasets.recordings.container import Container, Topic
from scanpick.datasets.recordings.db3 import Db3
from scanpick.datasets.recordings.mcap import Mcap
from scanpick.datasets.recordings.messages import holds_points
from scanpick.errors import FrameError, ScanpickError

CONTAINERS: Mapping[str, Callable[[Path], Container]] = {".bag": Bag1, ".db3": Db3, ".mcap": Mcap}
"""Suffix -> what opens such a file."""
ROS_BAG_2 = "metadata.yaml"
_ONE_AT_A_TIME = threading.Lock()
"""A file is read at a place; threads, such as those of the review page, would move it under each other."""

_SPLIT_GAP_NS = 1_000_000_000
_OUSTER = "ouster-cli source FILE save NAME.bag, or the replay of ouster_ros"
PACKETS = {
    "ouster_ros/PacketMsg": _OUSTER,
    "ouster_sensor_msgs/PacketMsg": _OUSTER,
    "pandar_msgs/PandarScan": "nebula_ros, or Hesai's driver",
    "nebula_msgs/NebulaPackets": "nebula_ros",
    "hesai_ros_driver/UdpFrame": "Hesai's driver",
    "rslidar_msg/RslidarPacket": "rslidar_sdk",
}
"""Types of messages that hold packets of a sensor, and what makes points of them."""


@dataclass(frozen=True, eq=False)
class Drive:
    """What was recorded in one go, in one file or several.

    Attributes:
        name: A sequence's name.
        containers: All its files, also those without the topic.
        times_ns: (N,) when each message of the topic was recorded, in order.
        owners: (N,) in which of the containers each is.
        places: (N, K) its place there.
    """

    name: str
    containers: Sequence[Container]
    times_ns: Int64Array
    owners: Int64Array
    places: Int64Array

    def __len__(self) -> int:
        return len(self.times_ns)

    def read(self, row: int) -> bytes:
        """The message of a row.

        Raises:
            FrameError: It cannot be read.
        """
        with _ONE_AT_A_TIME:
            return self.container(row).read(self.places[row].tolist())

    def container(self, row: int) -> Container:
        """The file of a row."""
        return self.containers[int(self.owners[row])]


def open_container(path: Path) -> Container:
    """Open a file of a recording.

    Raises:
        ScanpickError: It cannot be read.
    """
    opener = CONTAINERS.get(path.suffix.lower())
    if opener is None:
        raise ScanpickError(f"{path}: expected a recording ({', '.join(CONTAINERS)}).")
    try:
        return opener(path)
    except FrameError as fault:  # of a file, not of a frame
        raise ScanpickError(str(fault)) from fault


def open_all(paths: Iterator[Path]) -> tuple[list[Container], list[str]]:
    """Open files; those that cannot be read are told."""
    containers, faults = [], []
    for path in paths:
        try:
            containers.append(open_container(path))
        except ScanpickError as fault:
            faults.append(str(fault))
    return containers, faults


def choose_topic(root: Path, containers: Sequence[Container], wanted: str) -> Topic:
    """The topic of points: the one asked for, or the only one.

    Raises:
        ScanpickError: There is none, there are several, or the one asked for holds no points.
    """
    topics = {name: topic for container in containers for name, topic in container.topics.items()}
    clouds = [topic for topic in topics.values() if holds_points(topic)]
    if wanted != "auto":
        if wanted in topics and holds_points(topics[wanted]):
            return topics[wanted]
        raise ScanpickError(f"{root}: no points on the topic '{wanted}'. {topics_told(containers)}")
    if len(clouds) == 1:
        return clouds[0]
    if clouds:
        raise ScanpickError(
            f"{root}: points on {len(clouds)} topics. Choose one with the option topic, such as "
            f"topic={clouds[0].name}. {topics_told(containers, clouds)}"
        )
    packets = next((topic for topic in topics.values() if topic.type in PACKETS), None)
    advice = (
        "" if packets is None else f" {packets.name} holds packets of a sensor: {PACKETS[packets.type]} make points."
    )
    raise ScanpickError(f"{root}: no topic of points.{advice} {topics_told(containers)}")


def topics_told(containers: Sequence[Container], topics: Sequence[Topic] | None = None) -> str:
    """Topics with their types and numbers of messages, those that hold points first."""
    counts: Counter[Topic] = Counter()
    for container in containers:
        for topic in container.topics.values():
            if topics is None or topic in topics:
                counts[topic] += len(container.index(topic.name))
    order = sorted(counts, key=lambda topic: (not holds_points(topic), topic.name))
    told = [f"{topic.name[:80]} ({topic.type[:60]}, {counts[topic]})" for topic in order]
    return f"Topics: {', '.join(told[:20])}{f' and {len(told) - 20} more' if len(told) > 20 else ''}."


def find_drives(root: Path, containers: Sequence[Container], topic: str) -> list[Drive]:
    """The drives with messages of a topic, by name."""
    by_folder: defaultdict[Path, list[Container]] = defaultdict(list)
    for container in containers:
        by_folder[container.path.parent].append(container)
    groups: list[tuple[str, list[Container]]] = []
    for folder, inside in by_folder.items():
        if root.is_dir() and (folder / ROS_BAG_2).is_file():
            groups.append((_name(root, folder), inside))
        else:
            chains = _chains(inside, topic)
            stems = Counter(chain[0].path.stem for chain in chains)
            for chain in chains:
                path = chain[0].path
                groups.append((_name(root, path.with_suffix("") if stems[path.stem] == 1 else path), chain))
    drives = [_drive(name, inside, topic) for name, inside in sorted(groups, key=lambda group: natural_key(group[0]))]
    return [drive for drive in drives if len(drive)]


def _name(root: Path, path: Path) -> str:
    name = path.relative_to(root if root.is_dir() else root.parent).as_posix()
    return root.absolute().name if name == "." else name


def _chains(containers: Sequence[Container], topic: str) -> list[list[Container]]:
    """Files of a folder by what goes on from one to the next; files without the topic go with the only drive."""
    spans = {}
    without = []
    for container in containers:
        times = container.index(topic).times_ns
        if len(times):
            spans[container] = (int(times[0]), int(times[-1]))
        else:
            without.append(container)
    chains: list[list[Container]] = []
    for container in sorted(spans, key=lambda container: spans[container]):
        start = spans[container][0]
        follows = next((c for c in chains if 0 < start - spans[c[-1]][1] <= _SPLIT_GAP_NS), None)
        if follows is None:
            chains.append([container])
        else:
            follows.append(container)
    if len(chains) == 1:
        chains[0] += without
    return chains


def _drive(name: str, containers: Sequence[Container], topic: str) -> Drive:
    indices = [container.index(topic) for container in containers]
    times = np.concatenate([index.times_ns for index in indices])
    owners = np.repeat(np.arange(len(indices)), [len(index) for index in indices])
    width = max(index.places.shape[1] for index in indices)  # files of a folder may be of several formats
    places = np.concatenate([np.pad(one.places, ((0, 0), (0, width - one.places.shape[1]))) for one in indices])
    order = np.argsort(times, kind="stable")
    return Drive(name, containers, times[order], owners[order], places[order])
