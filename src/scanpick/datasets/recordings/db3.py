"""ROS 2 bags in SQLite (rosbag2's ``.db3``): a table of topics, and one of messages.

Read with Python's own SQLite: the library rosbags has no way to a message's time that does not read all messages.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

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

_PACKED = b"\x28\xb5\x2f\xfd"
"""How zstd begins, and no message does: rosbag2's ``compression_mode: message``."""


class Db3(Container):
    """A ``.db3`` file. Places are the id of a row."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._database: sqlite3.Connection | None = None
        with translated(str(path), ScanpickError):
            kinds = dict(self._query("SELECT name, type FROM sqlite_master"))
            if kinds.get("topics") != "table" or kinds.get("messages") != "table":  # a view may compute for ever
                raise ScanpickError(f"{path}: expected the tables topics and messages, as rosbag2 writes them.")
            names = {}
            for number, name, kind, encoding in self._query("SELECT id, name, type, serialization_format FROM topics"):
                names[int(number)] = str(name)
                self.topics[str(name)] = Topic(str(name), plain_type(str(kind)), str(encoding))
            rows = growing()
            for topic, time, row in self._query("SELECT topic_id, timestamp, id FROM messages"):
                if topic in names:
                    rows[names[topic]].extend((time, row))
            self._indices = {name: MessageIndex.of(of_topic, 1) for name, of_topic in rows.items()}

    def read(self, place: Sequence[int]) -> bytes:
        """See `Container.read`."""
        with translated(f"{self.path}, message {place[0]}"):
            query = "SELECT data FROM messages WHERE id = ? AND length(data) <= ?"
            row = self._query(query, int(place[0]), MOST_BYTES).fetchone()
        if row is None or not isinstance(row[0], bytes):
            raise FrameError(f"{self.path}: message {place[0]} is missing, or of more than {MOST_BYTES} bytes.")
        content: bytes = row[0]
        return unpacked(content, "zstd", -1, self.path) if content.startswith(_PACKED) else content

    def close(self) -> None:
        """See `Container.close`."""
        if self._database is not None:
            self._database.close()
        self._database = None

    def __getstate__(self) -> dict[str, Any]:
        return {**super().__getstate__(), "_database": None}

    def _query(self, query: str, *values: Any) -> sqlite3.Cursor:
        if self._database is None:
            # Read only, and without looking for other processes: the folder may not be writable.
            name = f"file:{quote(str(self.path.absolute()))}?mode=ro&immutable=1"
            self._database = sqlite3.connect(name, uri=True, check_same_thread=False)
            self._database.execute("PRAGMA trusted_schema = OFF")
        return self._database.execute(query, values)
