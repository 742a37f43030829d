"""The folder that an export writes into. Every exporter writes through it, so that no file of anybody is lost.

What an export wrote is remembered by digest in ``.scanpick-export.json``. It may be written again while nobody changed
it; whatever else is there is refused, an original always, and nothing is written through a linked folder.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from scanpick.errors import ScanpickError
from scanpick.files import atomic_path, place_below, write_bytes, write_link, write_text
from scanpick.structures.checks import name_some
from scanpick.texts import parse_json, read_text

MEMORY = ".scanpick-export.json"
_FORMAT = 1


@dataclass(frozen=True)
class ExportFile:
    """A file to be written.

    Attributes:
        place: Where to, below the folder, with slashes: "training/velodyne/000001.bin".
        content: Its bytes; None for a link to `original`.
        original: The file that it is a copy of or a link to; None where there is none.
    """

    place: str
    content: bytes | None
    original: Path | None = None

    @cached_property
    def digest(self) -> str:
        """What is remembered of it."""
        if self.content is None:
            return _digest_of_link(os.path.abspath(str(self.original)))
        return hashlib.sha256(self.content).hexdigest()


class ExportFolder:
    """A folder that an export writes into, and others may have written into before.

    Args:
        path: The folder; it need not exist, and may be a link itself.
        replace: Also replace files that no export wrote, or that were changed since; never an original.

    Raises:
        ScanpickError: It is no folder, or what is remembered of earlier exports cannot be read.

    Example:
        >>> with ExportFolder(Path("to-label")).remembered() as folder:  # doctest: +SKIP
        ...     folder.check(files)
        ...     folder.write(files)
    """

    def __init__(self, path: Path, *, replace: bool = False) -> None:
        if os.path.lexists(path) and not path.is_dir():
            raise ScanpickError(f"{path}: expected a folder to write into, or none yet, got something else.")
        self.path = path
        self.replace = replace
        self._digests = _read_memory(path / MEMORY)

    @contextmanager
    def remembered(self) -> Iterator[ExportFolder]:
        """Remember what was written when the block ends, well or with an error."""
        try:
            yield self
        finally:
            self.remember()

    def remember(self) -> None:
        """Write down what was written, so that a later export may replace it even where this one is killed."""
        if self._digests != _read_memory(self.path / MEMORY):
            memory = {"format": _FORMAT, "files": self._digests}
            write_text(self.path / MEMORY, json.dumps(memory, indent=0, sort_keys=True) + "\n")

    def names_in(self, place: str) -> set[str]:
        """The names, without suffix, of what is in a folder below this one; none where there is no such folder.

        Raises:
            ScanpickError: It is a link, or reached through one.
        """
        folder = place_below(self.path, f"{place}/any").parent
        return {Path(name).stem for name in os.listdir(folder)} if folder.is_dir() else set()

    def check(self, files: Iterable[ExportFile]) -> None:
        """See that all of these may be written, before the first one is.

        Raises:
            ScanpickError: A place is taken by somebody else's file, by one that was changed since an export wrote it,
                or by the original itself; or a folder on the way is a link.
        """
        refused = [f"{file.place} {why}" for file in files if (why := self._refused(file))]
        if refused:
            insist = "" if self.replace else " Or replace what is no original: `replace=True`."
            raise ScanpickError(f"{self.path}: {name_some(refused, 3)}. Give another folder to write into.{insist}")

    def write(self, files: Iterable[ExportFile]) -> None:
        """Write these; what is there as it should be stays as it is.

        Raises:
            ScanpickError: As `check`, or a file cannot be linked.
        """
        for file in files:
            self.check([file])
            path = place_below(self.path, file.place)
            if _digest_at(path) != file.digest:
                _write(path, file)
            self._digests[file.place] = file.digest

    @contextmanager
    def growing(self, place: str) -> Iterator[Path]:
        """The path of a file to be written bit by bit, which is put in its place when the block ends well.

        Raises:
            ScanpickError: As `check`.
        """
        self.check([ExportFile(place, b"")])
        path = place_below(self.path, place)
        with atomic_path(path) as temporary:
            yield temporary
        self._digests[place] = _digest_at(path)

    @contextmanager
    def archive(self, place: str) -> Iterator[zipfile.ZipFile]:
        """A zip to be filled; see `growing`."""
        with self.growing(place) as temporary, zipfile.ZipFile(temporary, "w") as archive:
            yield archive

    def _refused(self, file: ExportFile) -> str:
        """Why this file may not be written; "" where it may."""
        path = place_below(self.path, file.place)
        original = None if file.original is None else file.original.stat()
        try:
            there = path.lstat()
        except FileNotFoundError:
            return ""
        if not stat.S_ISREG(there.st_mode) and not stat.S_ISLNK(there.st_mode):
            return "is there, and is no file"
        if original is not None and os.path.samestat(there, original):
            return "is the original itself, by another name"
        if self.replace or _digest_at(path) in (self._digests.get(file.place), file.digest):
            return ""
        with suppress(OSError):  # a link to the original holds nothing that could be lost
            if stat.S_ISLNK(there.st_mode) and original is not None and os.path.samestat(path.stat(), original):
                return ""
        return "was changed since an export wrote it" if file.place in self._digests else "was not written by an export"


def _write(path: Path, file: ExportFile) -> None:
    if file.content is not None:
        write_bytes(path, file.content)
        return
    assert file.original is not None
    try:
        write_link(path, file.original)
    except OSError as fault:
        raise ScanpickError(f"{path}: cannot link to {file.original}: {fault}. Have it copied instead.") from fault


def _digest_at(path: Path) -> str:
    """The digest of the file or link at a place; "" where there is none that can be read."""
    try:
        if path.is_symlink():
            return _digest_of_link(os.readlink(path))
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


def _digest_of_link(target: str) -> str:
    return hashlib.sha256(b"link\0" + os.fsencode(target)).hexdigest()


def _read_memory(path: Path) -> dict[str, str]:
    """Place -> digest of what earlier exports wrote."""
    if not os.path.lexists(path):
        return {}
    memory: Any = parse_json(read_text(path), str(path))
    files = memory.get("files") if isinstance(memory, dict) and memory.get("format") == _FORMAT else None
    if not isinstance(files, dict) or not all(isinstance(digest, str) for digest in files.values()):
        raise ScanpickError(f"{path}: expected what earlier exports wrote, got something else. Give another folder.")
    return files
