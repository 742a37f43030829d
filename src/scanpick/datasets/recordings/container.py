"""What the files of recordings have in common: topics, an index without payloads, and one message at a time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from scanpick.arrays import Int64Array
from scanpick.datasets.point_files.cloud import most_unpacked
from scanpick.errors import FrameError, ScanpickError
from scanpick.files import check_regular


@dataclass(frozen=True)
class Topic:
    """A channel of messages of one type.

    Attributes:
        name: ``/lidar/points``.
        type: The type of its messages, without the ``/msg`` of ROS 2: ``sensor_msgs/PointCloud2``.
        encoding: How messages are written: "ros1", "cdr", "protobuf" or "json".
        definition: The description of the type that protobuf messages come with.
    """

    name: str
    type: str
    encoding: str
    definition: bytes = b""


@dataclass(frozen=True, eq=False)
class MessageIndex:
    """Where the N messages of a topic are, in time order.

    Attributes:
        times_ns: (N,) when each was recorded.
        places: (N, K) where each is; what the numbers mean is the container's.
    """

    times_ns: Int64Array
    places: Int64Array

    def __len__(self) -> int:
        return len(self.times_ns)

    @classmethod
    def of(cls, rows: array[int], width: int) -> MessageIndex:
        """From a time and the `width` numbers of a place, message by message; those of one time keep theirs."""
        table = np.array(rows, dtype=np.int64).reshape(-1, 1 + width)
        table = table[np.argsort(table[:, 0], kind="stable")]
        return cls(table[:, 0], table[:, 1:])


def growing() -> defaultdict[Any, array[int]]:
    """Rows of `MessageIndex.of` for each topic, while a file is looked through: 8 bytes a number."""
    return defaultdict(lambda: array("q"))


class Container(ABC):
    """One file of a recording. What differs between formats is in the sub-classes.

    Indices are read once, when the file is opened; payloads are read one at a time, with the chunk that holds them. A
    container that was pickled has no indices: who reads messages knows their places.

    Args:
        path: The file.

    Attributes:
        topics: Name -> topic.
        notes: What is odd about the file, in words ("was not closed").

    Raises:
        ScanpickError: It is not what its suffix says, or damaged.
    """

    def __init__(self, path: Path) -> None:
        check_regular(path)
        self.path = path
        self.topics: dict[str, Topic] = {}
        self.notes: list[str] = []
        self._indices: dict[str, MessageIndex] = {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_indices": {}}

    @abstractmethod
    def close(self) -> None:
        """Give the file back; reading opens it again."""

    @abstractmethod
    def read(self, place: Sequence[int]) -> bytes:
        """The message at a place of an index.

        Raises:
            FrameError: It cannot be read.
        """

    def index(self, topic: str) -> MessageIndex:
        """Where the messages of a topic are; empty for a topic that the file does not have."""
        return self._indices.get(topic, MessageIndex.of(array("q"), 1))


@contextmanager
def translated(what: str, error: type[ScanpickError] = FrameError, advice: str = "") -> Iterator[None]:
    """Whatever a library says of damaged bytes, as an error of scanpick.

    Readers of recordings raise errors of their own and of Python's, down to failed assertions, and list none of them.
    """
    try:
        yield
    except ScanpickError:
        raise
    except Exception as fault:
        raise error(
            f"{what}: cannot be read: {str(fault)[:200] or type(fault).__name__}. Is it whole?{advice}"
        ) from fault


def unpacked(packed: bytes, codec: str, size: int, path: Path) -> bytes:
    """Bytes that were packed with "bz2", "lz4" (frames) or "zstd"; "" and "none" are not packed.

    The libraries unpack whatever a few bytes become; here that ends at what points may be.

    Args:
        packed: The packed bytes.
        codec: How.
        size: How many bytes they become, as the file says; -1 where it does not say.
        path: The file, for messages.

    Raises:
        FrameError: Another codec, damaged, more than promised, or more than `most_unpacked` allows.
    """
    if codec in ("", "none"):
        return packed
    if codec not in ("bz2", "lz4", "zstd"):
        raise FrameError(f"{path}: packed with {codec[:20]!r}; bz2, lz4 and zstd are read.")
    most = most_unpacked(len(packed)) if size < 0 else min(size, most_unpacked(len(packed)))
    with translated(f"{path}, a chunk packed with {codec}"):
        with pa.CompressedInputStream(pa.BufferReader(packed), codec) as stream:
            content: bytes = stream.read(most + 1)
        if len(content) > most or 0 <= size != len(content):
            raise FrameError(f"{path}: a chunk unpacks to more or fewer bytes than the {size} that the file promises.")
        return content


def plain_type(name: str) -> str:
    """A type's name as ROS 1 writes it: ``sensor_msgs/msg/PointCloud2`` becomes ``sensor_msgs/PointCloud2``."""
    return name.replace("/msg/", "/")
