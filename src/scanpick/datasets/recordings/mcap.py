"""MCAP files (https://mcap.dev/spec) by the library of their makers.

The library rosbags reads those alone that ROS 2 wrote, and unpacks every chunk to find a time. A file without an index,
such as one that was not closed, is looked through once instead.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from mcap.data_stream import ReadDataStream
from mcap.exceptions import McapError
from mcap.opcode import Opcode
from mcap.reader import SeekingReader
from mcap.records import Channel, Chunk, Message, Schema
from mcap.records import MessageIndex as IndexRecord
from mcap.stream_reader import MAGIC_SIZE

from scanpick.datasets.point_files.cloud import MOST_BYTES
from scanpick.datasets.recordings.container import (
    Container,
    MessageIndex,
    Topic,
    growing,
    plain_type,
    translated,
    unpacked,
)
from scanpick.errors import FrameError, ScanpickError

Rows: TypeAlias = "defaultdict[int, array[int]]"
MAGIC = b"\x89MCAP0\r\n"
_HEAD_BYTES, _MESSAGE_HEAD_BYTES = 9, 22
_FREE = -1
"""In the place of a chunk, of a message that lies in none."""


class Mcap(Container):
    """An ``.mcap`` file. Places are the first byte of a chunk, and the offset of the message's record in it."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._file: BinaryIO | None = None
        self._last: tuple[int, bytes] = (-1, b"")
        self._size = path.stat().st_size
        self._schemas: dict[int, Schema] = {}
        self._channels: dict[int, Channel] = {}
        rows = growing()
        with translated(str(path), ScanpickError):
            if self._opened().read(MAGIC_SIZE) != MAGIC:
                raise ScanpickError(f"{path}: expected an MCAP file, which begins with its magic bytes.")
            if not self._take_index(rows):
                rows.clear()
                self._look_through(rows)
            by_topic = growing()
            for number, channel in self._channels.items():
                schema = self._schemas.get(channel.schema_id)
                self.topics[channel.topic] = Topic(
                    channel.topic,
                    plain_type(schema.name if schema else ""),
                    channel.message_encoding,
                    schema.data if schema and channel.message_encoding == "protobuf" else b"",
                )
                by_topic[channel.topic].extend(rows[number])
            self._indices = {name: MessageIndex.of(of_topic, 2) for name, of_topic in by_topic.items()}
        del self._schemas, self._channels

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_file": None, "_last": (-1, b"")}

    def close(self) -> None:
        """See `Container.close`."""
        if self._file is not None:
            self._file.close()
        self._file, self._last = None, (-1, b"")

    def read(self, place: Sequence[int]) -> bytes:
        """See `Container.read`. The last chunk is kept: neighbours in time are in it."""
        chunk, offset = place[:2]
        with translated(str(self.path)):
            if chunk == _FREE:
                return _message(*self._record(offset), str(self.path)).data
            if self._last[0] != chunk:
                self._last = (chunk, self._chunk(self._record(chunk)[1]))
            content = self._last[1]
            code, size = _head(content[offset : offset + _HEAD_BYTES])
            start = offset + _HEAD_BYTES
            return _message(code, content[start : start + size], str(self.path)).data

    def _opened(self) -> BinaryIO:
        if self._file is None:
            self._file = self.path.open("rb")
        return self._file

    def _record(self, position: int, most: int = MOST_BYTES) -> tuple[int, bytes]:
        """Code and content of the record at a byte, whose size is held against what there is before it is read."""
        file = self._opened()
        file.seek(position)
        code, size = _head(file.read(_HEAD_BYTES))
        if size > min(MOST_BYTES, self._size - position - _HEAD_BYTES):
            raise FrameError(f"{self.path}: a record of {size} bytes is promised at byte {position}: is it truncated?")
        return code, file.read(min(size, most))

    def _chunk(self, content: bytes) -> bytes:
        chunk = Chunk.read(_stream(content))
        return unpacked(chunk.data, chunk.compression, chunk.uncompressed_size, self.path)

    def _take_index(self, rows: Rows) -> bool:
        """Take over what the end of the file says of where messages are; False where it does not say."""
        file = self._opened()
        file.seek(0)
        try:
            summary = SeekingReader(file, record_size_limit=min(MOST_BYTES, self._size)).get_summary()
        except (McapError, ValueError, OSError, EOFError):
            self.notes.append("was not closed: looked through from its start")
            return False
        if summary is None or not summary.chunk_indexes or not summary.channels:
            return False  # messages lie freely, or the summary is a short one
        self._schemas, self._channels = summary.schemas, summary.channels
        if any(channel.schema_id and channel.schema_id not in summary.schemas for channel in summary.channels.values()):
            return False
        for chunk in summary.chunk_indexes:
            if chunk.uncompressed_size and not chunk.message_index_offsets:
                return False
            for number, position in chunk.message_index_offsets.items():
                code, content = self._record(position)
                if code != Opcode.MESSAGE_INDEX:
                    raise ScanpickError(f"{self.path}: no index where the summary says that there is one.")
                entries = IndexRecord.read(_stream(content)).records
                for time, at in entries:
                    rows[number].extend((time, chunk.chunk_start_offset, at))
        return True

    def _look_through(self, rows: Rows) -> None:
        """Index the file from its start to its end, or to where it is cut off."""
        position = len(MAGIC)
        while position + _HEAD_BYTES <= self._size:
            file = self._opened()
            file.seek(position)
            code, size = _head(file.read(_HEAD_BYTES))
            if code in (Opcode.FOOTER, Opcode.DATA_END) or position + _HEAD_BYTES + size > self._size:
                return
            if code == Opcode.CHUNK:
                self._look_into(position, rows)
            elif code in (Opcode.SCHEMA, Opcode.CHANNEL):
                self._learn(code, self._record(position)[1])
            elif code == Opcode.MESSAGE:
                found = _message(code, self._record(position, _MESSAGE_HEAD_BYTES + 1)[1], str(self.path))
                rows[found.channel_id].extend((found.log_time, _FREE, position))
            position += _HEAD_BYTES + size

    def _look_into(self, start: int, rows: Rows) -> None:
        content, offset = self._chunk(self._record(start)[1]), 0
        while offset < len(content):
            code, size = _head(content[offset : offset + _HEAD_BYTES])
            inside = content[offset + _HEAD_BYTES : offset + _HEAD_BYTES + min(size, len(content))]
            if code == Opcode.MESSAGE:
                found = _message(code, inside[: _MESSAGE_HEAD_BYTES + 1], str(self.path))
                rows[found.channel_id].extend((found.log_time, start, offset))
            else:
                self._learn(code, inside)
            offset += _HEAD_BYTES + size

    def _learn(self, code: int, content: bytes) -> None:
        if code == Opcode.SCHEMA:
            schema = Schema.read(_stream(content))
            self._schemas[schema.id] = schema
        elif code == Opcode.CHANNEL:
            channel = Channel.read(_stream(content))
            self._channels[channel.id] = channel


def _stream(content: bytes) -> ReadDataStream:
    return ReadDataStream(BytesIO(content))


def _head(content: bytes) -> tuple[int, int]:
    stream = _stream(content)
    return stream.read1(), stream.read8()


def _message(code: int, content: bytes, source: str) -> Message:
    if code != Opcode.MESSAGE:
        raise FrameError(f"{source}: no message where the index says that there is one.")
    if len(content) == _MESSAGE_HEAD_BYTES:  # the library takes a message of no bytes for the file's end
        content += b"\0"
    return Message.read(_stream(content), len(content))
