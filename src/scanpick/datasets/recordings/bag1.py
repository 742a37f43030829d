"""ROS 1 bags, version 2.0, by the library rosbags."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rosbags.rosbag1 import Reader
from rosbags.rosbag1.reader import IndexData, decompressors

from scanpick.datasets.recordings.container import (
    Container,
    MessageIndex,
    Topic,
    growing,
    plain_type,
    translated,
    unpacked,
)
from scanpick.errors import ScanpickError

_CODECS: dict[Callable[[bytes], bytes], str] = {unpack: name for name, unpack in decompressors.items()}


class Bag1(Container):
    """A ``.bag`` file. Places are the numbers of a connection, of a chunk's first byte, of an offset in it, and a time.

    A bag that was not closed has no index: it is refused, and ``rosbag reindex`` makes one.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._reader: Reader | None = None
        with translated(str(path), ScanpickError, " rosbag reindex mends a bag that was not closed."):
            reader = Reader(path)
            reader.open()
            rows = growing()
            for connection in reader.connections:
                self.topics[connection.topic] = Topic(connection.topic, plain_type(connection.msgtype), "ros1")
                for entry in reader.indexes[connection.id]:
                    rows[connection.topic].extend(
                        (entry.time, connection.id, entry.chunk_pos, entry.offset, entry.time)
                    )
            self._indices = {name: MessageIndex.of(of_topic, 4) for name, of_topic in rows.items()}
            reader.close()

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_reader": None}

    def close(self) -> None:
        """See `Container.close`."""
        if self._reader is not None:
            self._reader.close()
        self._reader = None

    def read(self, place: Sequence[int]) -> bytes:
        """See `Container.read`."""
        connection, chunk, offset, time = place[:4]
        with translated(str(self.path)):
            reader = self._opened()
            reader.indexes[connection] = [IndexData(time, chunk, offset)]  # so that it does not look through all others
            wanted = [known for known in reader.connections if known.id == connection]
            return next(iter(reader.messages(wanted)))[2]

    def _opened(self) -> Reader:
        if self._reader is None:
            reader = Reader(self.path)
            reader.open()
            reader.indexes.clear()
            for start, chunk in reader.chunks.items():
                unpack = partial(unpacked, codec=_CODECS[chunk.decompressor], size=-1, path=self.path)
                reader.chunks[start] = chunk._replace(decompressor=unpack)
            self._reader = reader
        return self._reader
