"""Recordings of ROS 1 (``.bag``), ROS 2 (``.db3``, ``.mcap``) and Foxglove (``.mcap``) with a topic of points.

One file, or a folder of them. Files of a folder with rosbag2's ``metadata.yaml`` are one sequence; other files of a
folder are one where each goes on within a second of the end of the one before, as split recordings do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from scanpick.arrays import Float64Array, Int64Array, Transform
from scanpick.datasets.boundary import Boundary
from scanpick.datasets.intensity import given_intensity, infer_intensity
from scanpick.datasets.listed import ListedDataset, counted
from scanpick.datasets.metadata import motion_columns
from scanpick.datasets.point_files import PointCloud
from scanpick.datasets.point_reading import AUTO, PointReading
from scanpick.datasets.recordings.container import Topic
from scanpick.datasets.recordings.drives import Drive, choose_topic, find_drives, open_all, topics_told
from scanpick.datasets.recordings.files import SUFFIXES, recording_files
from scanpick.datasets.recordings.messages import (
    ODOMETRY,
    POSES,
    CloudMessage,
    TransformMessage,
    decode_cloud,
    decode_transforms,
    holds_transforms,
)
from scanpick.datasets.recordings.poses import Place, TransformTree, told, with_odometry
from scanpick.errors import FrameError, ScanpickError
from scanpick.structures import Frame, FrameRecord
from scanpick.structures.checks import name_some

_SAMPLED = 8
_LATEST_NS = 10_000_000_000


class RosRecordings(ListedDataset):
    """Frames of one topic of points. Frame ids are ``NAME/TIME``, with the time of recording in nanoseconds.

    Points are turned to the axes of the vehicle by the transforms of the recording, and keep the sensor's origin.
    Poses come from moving transforms (``/tf``), else from the one odometry topic. They are looked up at the time of
    recording less what messages of points come late, which is the median of some of them.

    Args:
        root: A file, or a folder with files in and below it.
        topic: The topic of points; "auto" takes the only one.
        base: The vehicle's coordinate frame; "auto" takes base_link or what is usual instead of it.
        poses: A topic of odometry or poses; "none" spares the look at all transforms that "auto" takes.
        intensity: The largest intensity that the sensor gives; "auto" infers it, "none" leaves intensities out.
        follow: Whether links that lead out of the folder are followed; otherwise they are passed over.

    Raises:
        ScanpickError: There is no file, none can be read, or the topic is to be chosen.
    """

    def __init__(
        self,
        root: Path | str,
        *,
        topic: str = AUTO,
        base: str = AUTO,
        poses: str = AUTO,
        intensity: float | str = AUTO,
        follow: bool = False,
    ) -> None:
        self.root = Path(root)
        boundary = Boundary(self.root, follow)
        containers, faults = open_all(recording_files(self.root, boundary))
        if not containers:
            expected = f"{self.root}: no recordings: expected {', '.join(SUFFIXES)}{boundary.told}."
            raise ScanpickError(faults[0] if faults else expected)
        self.topic = choose_topic(self.root, containers, topic)
        self._drives = {drive.name: drive for drive in find_drives(self.root, containers, self.topic.name)}
        if not self._drives:
            raise ScanpickError(f"{self.root}: {self.topic.name} has no messages. {topics_told(containers)}")
        places = {}
        for drive in self._drives.values():
            sensor, late_ns = self._sensor(drive)
            places[drive.name] = _place(drive, sensor, drive.times_ns - late_ns, base, poses)
        self._axes = {name: place.base_SE3_sensor[:3, :3] for name, place in places.items()}
        self._ego = {name: place.frame_poses for name, place in places.items()}
        records = [record for drive in self._drives.values() for record in _records(drive, self._ego[drive.name])]
        given = given_intensity(intensity)
        reading = PointReading(None, given or infer_intensity(self._sample()))
        for container in containers:
            container.close()
        odd = [f"{c.path.name} {note}" for c in containers for note in c.notes] + faults
        description = (
            f"{self.topic.type} of {self.topic.name}: {counted(len(records), 'frame')} in "
            f"{counted(len(self._drives), 'recording')}, {counted(len(containers), 'file')}; {told(places)}"
            f"{f'; {name_some(odd, 3)}' if odd else ''}{boundary.told}"
        )
        super().__init__("rosbag", description, records, reading)

    def read(self, frame_id: str) -> Frame:
        """The points of one message. See `Dataset.read`."""
        record = self.record(frame_id)
        drive, row = self._drives[record.sequence], record.index_in_sequence
        source = _source(drive, row)
        cloud = self.reading.intensity.applied(self._message(drive, row).cloud(source), source)
        points = cloud.points.copy()
        points[:, :3] = points[:, :3] @ self._axes[drive.name].T.astype(np.float32)
        return Frame(record, points, notes=cloud.notes)

    def ego_pose(self, frame_id: str) -> Transform | None:
        """Where the frame was in the recording's fixed frame. See `dataset.ego_pose`."""
        record = self.record(frame_id)
        poses = self._ego[record.sequence]
        if poses is None or np.isnan(poses[record.index_in_sequence]).any():
            return None
        pose: Transform = poses[record.index_in_sequence]
        return pose

    def _message(self, drive: Drive, row: int) -> CloudMessage:
        topic = drive.container(row).topics[self.topic.name]  # files of one topic may be written in several ways
        return decode_cloud(topic, drive.read(row), str(_source(drive, row)))

    def _sensor(self, drive: Drive) -> tuple[str, int]:
        """The coordinate frame of a drive's points, and by how much later than measured they were recorded, in ns."""
        frames, late = [], []
        for row in _spread(len(drive)):
            try:
                message = self._message(drive, row)
            except FrameError:
                continue
            frames.append(message.frame_id)
            late.append(int(drive.times_ns[row]) - message.stamp_ns)
        median = int(np.median(late)) if late else 0
        return frames[0] if frames else "", median if 0 <= median <= _LATEST_NS else 0  # else another clock

    def _sample(self) -> dict[Path, PointCloud]:
        """Some clouds from everywhere with their intensities as they are; those that cannot be read are passed over."""
        rows = [(drive, row) for drive in self._drives.values() for row in _spread(len(drive))]
        clouds = {}
        for drive, row in [rows[place] for place in _spread(len(rows))]:
            source = _source(drive, row)
            try:
                clouds[source] = self._message(drive, row).cloud(source)
            except FrameError:
                continue
        return clouds


def _spread(count: int) -> list[int]:
    return sorted(set(np.linspace(0, count - 1, min(_SAMPLED, count)).astype(int).tolist()))


def _place(drive: Drive, sensor: str, times_ns: Int64Array, base: str, poses: str) -> Place:
    """Where a drive's sensor is on the vehicle, and where that was.

    Raises:
        ScanpickError: A frame or topic that was asked for is not there.
    """
    topics = {name: topic for container in drive.containers for name, topic in container.topics.items()}
    wanted = [t for t in topics.values() if holds_transforms(t) and (poses != "none" or t.name.endswith("_static"))]
    tree = TransformTree(_transforms(drive, wanted))
    place = tree.place(sensor, base, times_ns)
    if base != AUTO and place.base != base.lstrip("/"):
        chain = ", ".join(tree.above(sensor))
        raise ScanpickError(
            f"{drive.container(0).path}: no coordinate frame '{base}' that the points are given in: {chain}."
        )
    if poses == "none":
        return replace(place, world_SE3_base=None)
    if poses == AUTO:
        odometry = [topic for topic in topics.values() if topic.type == ODOMETRY]
        if place.world_SE3_base is not None or len(odometry) != 1:
            return place
    elif poses in topics and topics[poses].type in POSES:
        odometry = [topics[poses]]
    else:
        known = ", ".join(sorted(t.name for t in topics.values() if t.type in POSES)) or "none"
        raise ScanpickError(f"{drive.container(0).path}: no poses on the topic '{poses}'. Topics of poses: {known}.")
    messages = list(_transforms(drive, odometry))
    return with_odometry(place, tree, messages, times_ns) if messages else place


def _transforms(drive: Drive, topics: Sequence[Topic]) -> Iterator[TransformMessage]:
    """What the topics tell; damaged messages are passed over, since a way is known from many."""
    for container in drive.containers:
        for topic in topics:
            for place in container.index(topic.name).places.tolist():
                try:
                    yield from decode_transforms(
                        container.topics[topic.name], container.read(place), str(container.path)
                    )
                except FrameError:
                    continue


def _records(drive: Drive, ego: Float64Array | None) -> Iterator[FrameRecord]:
    """The frames of a drive. Of messages of one time the first has it, and the others an id with their number."""
    times = drive.times_ns
    first = np.diff(times, prepend=-1) > 0
    columns: list[dict[str, float]] = [{} for _ in times]
    posed = np.zeros_like(first) if ego is None else first & np.isfinite(ego).all(axis=(1, 2))
    if ego is not None and posed.any():
        rows = np.flatnonzero(posed).tolist()
        for row, found in zip(rows, motion_columns(ego[posed][:, :2, 3], times[posed]), strict=True):
            columns[row] = found
    repeats = 0
    for row, time in enumerate(times.tolist()):
        repeats = 0 if first[row] else repeats + 1
        frame_id = f"{drive.name}/{time}" + (f"-{repeats + 1}" if repeats else "")
        stamp = None if repeats else time
        yield FrameRecord(frame_id, drive.name, row, stamp, drive.container(row).path, columns[row])


def _source(drive: Drive, row: int) -> Path:
    """A message's name in messages."""
    return Path(f"{drive.container(row).path}, message at {drive.times_ns[row]}")
